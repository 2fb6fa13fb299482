"""Which pods a node's taints drive away, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minikube8s.api.views import Node, Pod, from_dict
from minikube8s.controllers import tainteviction
from minikube8s.controllers.actions import NOTHING
from minikube8s.controllers.tainteviction import Snapshot, due, plan
from tests.support.objects import pod

NOW = datetime(2026, 1, 1, 1, tzinfo=UTC)
BEFORE = "2026-01-01T00:59:00Z"
"""A minute ago."""


def taint(key: str = "k", **fields: Any) -> dict[str, Any]:
    return {"key": key, "effect": "NoExecute", "timeAdded": BEFORE, **fields}


def bearing(key: str = "k", seconds: int | None = None, **fields: Any) -> dict[str, Any]:
    body = {"key": key, "operator": "Exists", "effect": "NoExecute", **fields}
    return body if seconds is None else body | {"tolerationSeconds": seconds}


def snapshot(taints: list[dict[str, Any]], *tolerations: dict[str, Any], **fields: Any) -> Snapshot:
    relieved = fields.pop("relieved", False)
    obj = pod("web", node="n1", tolerations=list(tolerations), **fields)
    node = from_dict(Node, {"spec": {"taints": taints}})
    return Snapshot(from_dict(Pod, obj), obj, node.spec.taints, relieved)


def left(seen: Snapshot) -> float | None:
    end = due(seen.pod, seen.taints, NOW)
    return None if end is None else (end - NOW).total_seconds()


@pytest.mark.parametrize(
    ("taints", "tolerations", "seconds"),
    [
        ([taint()], [], 0),
        ([taint()], [bearing()], None),
        ([taint()], [bearing(seconds=90)], 30),
        ([taint()], [bearing(seconds=30)], -30),
        ([taint()], [bearing(seconds=-5)], -60),
        ([taint()], [bearing("other")], 0),
        ([taint()], [bearing(effect="NoSchedule")], 0),
        ([taint(value="v")], [{"key": "k", "value": "v", "effect": "NoExecute"}], None),
        ([taint(value="w")], [{"key": "k", "value": "v", "effect": "NoExecute"}], 0),
        ([taint()], [{"operator": "Exists"}], None),
        ([taint()], [bearing(seconds=2**62)], 2**31 - 1 - 60),
        # the first toleration that covers a taint counts
        ([taint()], [bearing(seconds=90), bearing()], 30),
        ([taint()], [bearing(), bearing(seconds=90)], None),
        # of several taints the one that is borne shortest
        ([taint("a"), taint("b")], [bearing("a"), bearing("b", 70)], 10),
        ([taint("a"), taint("b")], [bearing("a", 300)], 0),
        # a taint that came just now without a time
        ([taint(timeAdded=None)], [bearing(seconds=90)], 90),
    ],
)
def test_a_pod_stays_as_long_as_it_bears_all_taints(
    taints: list[dict[str, Any]], tolerations: list[dict[str, Any]], seconds: float | None
) -> None:
    assert left(snapshot(taints, *tolerations)) == seconds


def test_the_time_of_a_pod_that_came_after_the_taint_begins_with_its_binding() -> None:
    seen = snapshot([taint()], bearing(seconds=90))
    seen.object["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:59:50Z"}
    ]
    late = Snapshot(from_dict(Pod, seen.object), seen.object, seen.taints)
    assert left(late) == 80


def test_a_pod_that_has_to_go_is_told_why_and_deleted_with_its_own_grace() -> None:
    seen = plan(snapshot([taint()]), NOW)
    (patch,), (delete,) = seen.patches, seen.deletes
    (condition,) = patch.patch["status"]["conditions"]
    assert condition == {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
        "lastTransitionTime": "2026-01-01T01:00:00Z",
    }
    assert (delete.target.name, delete.target.uid, delete.grace) == ("web", "uid-web", None)
    assert delete.report.reason == "TaintManagerEviction"
    assert delete.report.message == "Marking for deletion Pod default/web"


def test_a_pod_that_was_told_why_is_only_deleted() -> None:
    told = snapshot([taint()])
    told.object["status"] = dict(plan(told, NOW).patches[0].patch["status"])
    again = plan(told, NOW + timedelta(seconds=1))
    assert not again.patches
    assert len(again.deletes) == 1


def test_what_is_not_due_yet_is_looked_at_when_it_is() -> None:
    seen = plan(snapshot([taint()], bearing(seconds=90)), NOW)
    assert seen.requeue_after == 30
    assert not seen.acts


def test_nothing_is_planned_for_a_pod_that_bears_everything() -> None:
    assert plan(snapshot([taint()], bearing()), NOW) is NOTHING


def test_a_deletion_that_is_not_due_any_more_is_told() -> None:
    seen = plan(snapshot([], relieved=True), NOW)
    assert not seen.acts
    assert [one.message for one in seen.notices] == ["Cancelling deletion of Pod default/web"]


def test_taints_get_the_time_when_a_pod_that_bears_them_for_some_time_was_seen_first() -> None:
    taints = [taint(), {"key": "a", "effect": "NoExecute"}, {"key": "b", "effect": "NoSchedule"}]
    node = {
        "metadata": {"name": "n1", "uid": "u", "resourceVersion": "7"},
        "spec": {"taints": taints},
    }
    evicting = [one for one in taints if one["effect"] == "NoExecute"]

    def patches(*tolerations: dict[str, Any]) -> list[Any]:
        seen = replace(snapshot(evicting, bearing(), *tolerations), node=node)
        return [one.patch["spec"]["taints"] for one in plan(seen, NOW).patches]

    times = [BEFORE, "2026-01-01T01:00:00Z", None]
    (stamped,) = patches(bearing("a", 90))
    assert [one.get("timeAdded") for one in stamped] == times
    assert not patches(bearing("a"))


@pytest.mark.parametrize(
    ("tolerations", "ends"), [([], True), ([bearing()], False), ([bearing(seconds=9)], True)]
)
def test_a_pod_that_bears_a_taint_for_some_time_ends_by_it(
    tolerations: list[dict[str, Any]], ends: bool
) -> None:
    seen = snapshot([taint()], *tolerations)
    assert tainteviction.ends(seen.pod, seen.taints) is ends
    assert not tainteviction.ends(seen.pod, ())

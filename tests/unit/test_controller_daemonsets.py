"""The DaemonSet's plan: which nodes have a pod, and whose is replaced next."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from minikube8s.api.views import Node, Pod, from_dict
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.daemonsets.model import Snapshot
from minikube8s.controllers.daemonsets.placement import demanding, judge, wish_of
from minikube8s.controllers.daemonsets.planning import plan
from minikube8s.controllers.podfacts import PodFacts, facts_of
from minikube8s.controllers.relapses import Relapses
from minikube8s.controllers.revisions import name_of
from tests.support.objects import owner, pod, template
from tests.support.sets import (
    daemon,
    daemon_view,
    node_view,
    revision_view,
    stateful,
    taint,
)

NOW = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
READY = "2026-01-01T00:05:00Z"
Json = dict[str, Any]
NODES = tuple(node_view(f"n{number}") for number in range(3))


def wish(node: str) -> Json:
    """The affinity of a pod for its node."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def member(obj: Json, node: str, state: str = "ready", name: str = "", **fields: Any) -> PodFacts:
    """A pod of the set on a node: new or old, and ready, waiting, going, failed, succeeded."""
    which, _, condition = state.rpartition(" ")
    digest = "old" if which == "old" else name_of(obj, 0).rpartition("-")[2]
    phase = {"failed": "Failed", "succeeded": "Succeeded", "waiting": "Pending"}
    made = pod(
        name or f"web-{node}",
        labels={"app": "web", "controller-revision-hash": digest},
        phase=phase.get(condition, "Running"),
        ready_since=READY if condition in ("ready", "going") else "",
        deleting=condition == "going",
        node="" if condition == "unbound" else node,
        affinity=wish(node),
        **fields,
    )
    made["metadata"]["ownerReferences"] = [owner("DaemonSet", "web")]
    return facts_of(from_dict(Pod, made))


def planned(
    obj: Json, *pods: PodFacts, nodes: tuple[Node, ...] = NODES, failure: str = "", **fields: Any
) -> Plan:
    known = fields.pop("revisions", (revision_view("DaemonSet", obj),))
    # Which node a pod asks for stands in its name, too.
    wishes = {one.metadata.uid: one.metadata.name.removeprefix("web-").rstrip("ab") for one in pods}
    state = Snapshot(daemon_view(obj), obj, nodes, pods, known, wishes=wishes, **fields)
    return plan(state, NOW, failure)


def steps(result: Plan) -> tuple[list[str], list[str]]:
    """The nodes that get a pod, and the pods that go."""
    made = [wish_of(from_dict(Pod, one.object)) for one in result.creates]
    return made, [one.target.name for one in result.deletes]


def pods_on(obj: Json, states: list[str]) -> list[PodFacts]:
    """Pods of n0, n1, …: a state each, several of a node with + between."""
    return [
        member(obj, f"n{number}", state, f"web-n{number}{letter}")
        for number, of_node in enumerate(states)
        for letter, state in zip("ab", filter(None, of_node.split("+")), strict=False)
    ]


KEEPING = [
    ("nothing yet", ["", "", ""], ["n0", "n1", "n2"], []),
    ("one is there", ["ready", "", "waiting"], ["n1"], []),
    ("one is on its way", ["unbound", "ready", "ready"], [], []),
    ("one goes", ["going", "ready", "ready"], [], []),
    ("two on one node", ["ready+ready", "ready", "ready"], [], ["web-n0b"]),
    ("two, the younger ready", ["waiting+ready", "ready", "ready"], [], ["web-n0a"]),
    ("one goes, one is there", ["going+ready", "ready", "ready"], [], []),
    ("one ended", ["succeeded", "ready", "ready"], [], ["web-n0a"]),
    ("complete", ["ready", "ready", "ready"], [], []),
]


@pytest.mark.parametrize(("states", "nodes", "gone"), [one[1:] for one in KEEPING],
                         ids=[one[0] for one in KEEPING])  # fmt: skip
def test_every_node_has_one_pod(states: list[str], nodes: list[str], gone: list[str]) -> None:
    obj = daemon()
    assert steps(planned(obj, *pods_on(obj, states))) == (nodes, gone)


def test_a_pod_that_ended_and_waits_for_its_finalizers_keeps_no_place() -> None:
    obj = daemon()
    ended = member(obj, "n0", "going", "web-n0a")
    ended = msgspec.structs.replace(ended, phase="Failed", ready=False)
    others = pods_on(obj, ["", "ready", "ready"])
    assert steps(planned(obj, ended, *others)) == (["n0"], [])


def a_pod(**spec: Any) -> Json:
    made = template()
    made["spec"] |= spec
    return daemon(template=made)


TOLERATION = {"key": "k", "operator": "Exists"}
PLACES = [
    (a_pod(), node_view("n"), (True, True)),
    (a_pod(nodeSelector={"a": "b"}), node_view("n"), (False, False)),
    (a_pod(nodeSelector={"a": "b"}), node_view("n", {"a": "b"}), (True, True)),
    (a_pod(affinity=wish("n")), node_view("n"), (True, True)),
    (a_pod(affinity=wish("m")), node_view("n"), (False, False)),
    (a_pod(nodeName="m"), node_view("n"), (False, False)),
    (a_pod(nodeName="n"), node_view("n"), (True, True)),
    (a_pod(), node_view("n", {}, taint("k", "NoSchedule")), (False, True)),
    (a_pod(), node_view("n", {}, taint("k", "NoExecute")), (False, False)),
    (a_pod(), node_view("n", {}, taint("k", "PreferNoSchedule")), (True, True)),
    (a_pod(tolerations=[TOLERATION]), node_view("n", {}, taint("k", "NoExecute")), (True, True)),
    *(
        (a_pod(), node_view("n", {}, taint(f"node.kubernetes.io/{name}", effect)), (True, True))
        for name, effect in (
            ("not-ready", "NoExecute"),
            ("unreachable", "NoExecute"),
            ("disk-pressure", "NoSchedule"),
            ("memory-pressure", "NoSchedule"),
            ("pid-pressure", "NoSchedule"),
            ("unschedulable", "NoSchedule"),
        )
    ),
    (
        a_pod(),
        node_view("n", {}, taint("node.kubernetes.io/network-unavailable", "NoSchedule")),
        (False, True),
    ),
    (
        a_pod(hostNetwork=True),
        node_view("n", {}, taint("node.kubernetes.io/network-unavailable", "NoSchedule")),
        (True, True),
    ),
]


@pytest.mark.parametrize(("obj", "node", "verdict"), PLACES)
def test_labels_and_taints_tell_which_nodes_get_and_keep_a_pod(
    obj: Json, node: Node, verdict: tuple[bool, bool]
) -> None:
    assert judge(demanding(daemon_view(obj)), node) == verdict


def test_pods_go_from_nodes_that_are_not_meant_and_stay_where_they_are_only_not_wanted() -> None:
    obj = daemon()
    nodes = (
        node_view("n0", {}, taint("k", "NoExecute")),
        node_view("n1", {}, taint("k", "NoSchedule")),
        node_view("n2"),
    )
    result = planned(obj, *pods_on(obj, ["ready", "ready", "ready"]), nodes=nodes)
    assert steps(result) == ([], ["web-n0a"])
    result = planned(obj, *pods_on(obj, ["", "ready", "ready"]), nodes=nodes)
    assert result.status is not None
    status = result.status.status
    assert (status["desiredNumberScheduled"], status["numberMisscheduled"]) == (1, 1)


def test_a_pod_that_waits_for_a_node_that_is_gone_goes_and_one_that_ran_there_is_others() -> None:
    obj = daemon()
    pods = [member(obj, "x", "unbound"), member(obj, "gone", "ready")]
    assert steps(planned(obj, *pods, nodes=())) == ([], ["web-x"])


def test_a_pod_asks_for_its_node_by_name_and_bears_what_a_node_may_suffer() -> None:
    mine = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}
    kept = [{"key": "k", "operator": "Exists"}, mine | {"tolerationSeconds": 5}]
    preferred = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}
    obj = a_pod(tolerations=kept, affinity={"nodeAffinity": preferred | wish("x")["nodeAffinity"]})
    (create,) = planned(obj, nodes=(node_view("x"),)).creates
    spec, head = create.object["spec"], create.object["metadata"]
    assert spec["affinity"]["nodeAffinity"] == preferred | wish("x")["nodeAffinity"]
    assert spec["tolerations"][:2] == [{"key": "k", "operator": "Exists"}, mine]
    keys = [one["key"].rpartition("/")[2] for one in spec["tolerations"][1:]]
    assert keys == [
        "not-ready",
        "unreachable",
        "disk-pressure",
        "memory-pressure",
        "pid-pressure",
        "unschedulable",
    ]
    assert head["generateName"] == "web-"
    assert head["labels"]["controller-revision-hash"] == name_of(obj, 0).rpartition("-")[2]
    assert head["ownerReferences"] == [owner("DaemonSet", "web")]


def test_a_failed_pod_goes_when_its_time_has_come_and_is_told_of() -> None:
    obj = daemon()
    failed = member(obj, "n0", "failed")
    one = (node_view("n0"),)
    result = planned(obj, failed, nodes=one, due={"uid-web-n0": NOW})
    assert steps(result) == ([], ["web-n0"])
    (warning,) = result.warnings
    assert warning.reason == "FailedDaemonPod"
    assert warning.message == (
        "Found failed daemon pod default/web-n0 on node n0, will try to kill it"
    )
    result = planned(obj, failed, nodes=one, due={"uid-web-n0": NOW + timedelta(seconds=8)})
    assert (steps(result), result.requeue_after) == (([], []), 8.0)


def test_pods_that_fail_one_after_the_other_are_replaced_later_and_later() -> None:
    relapses, now = Relapses(), NOW
    pauses = []
    for number in range(13):
        due = relapses.due("place", f"uid{number}", now)
        assert relapses.due("place", f"uid{number}", now + timedelta(seconds=1)) == due
        pauses.append((due - now).total_seconds())
        now = due
    assert pauses == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert relapses.due("elsewhere", "x", now) == now
    later = now + timedelta(minutes=31)
    assert relapses.due("place", "y", later) == later
    assert len(relapses) == 1


def test_no_pause_outlasts_a_clock_that_was_set_back() -> None:
    relapses = Relapses()
    assert relapses.due("place", "a", NOW) == NOW
    before = NOW - timedelta(days=1)
    assert relapses.due("place", "b", before) == before


UPDATES = [
    # maxUnavailable, states by node, pods that go
    (1, ["old ready", "old ready", "old ready"], ["web-n0a"]),
    (2, ["old ready", "old ready", "old ready"], ["web-n0a", "web-n1a"]),
    ("50%", ["old ready", "old ready", "old ready"], ["web-n0a", "web-n1a"]),
    (1, ["ready", "old ready", "old ready"], ["web-n1a"]),
    (1, ["waiting", "old ready", "old ready"], []),
    (2, ["waiting", "old ready", "old ready"], ["web-n1a"]),
    (1, ["going", "old ready", "old ready"], []),
    (1, ["old waiting", "old ready", "old ready"], ["web-n0a"]),
    (1, ["waiting", "old waiting", "old ready"], ["web-n1a"]),
    (1, ["ready", "ready", "ready"], []),
]


@pytest.mark.parametrize(("most", "states", "gone"), UPDATES)
def test_an_update_takes_old_pods_away_as_far_as_max_unavailable_allows(
    most: int | str, states: list[str], gone: list[str]
) -> None:
    rolling = {"maxUnavailable": most, "maxSurge": 0}
    obj = daemon(updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})
    assert steps(planned(obj, *pods_on(obj, states))) == ([], gone)


SURGES = [
    # maxSurge, states by node, nodes that get a pod, pods that go
    (1, ["old ready", "old ready", "old ready"], ["n0"], []),
    ("67%", ["old ready", "old ready", "old ready"], ["n0", "n1", "n2"], []),
    (2, ["old ready", "old ready", "old ready"], ["n0", "n1"], []),
    (1, ["old ready+waiting", "old ready", "old ready"], [], []),
    (1, ["old ready+ready", "old ready", "old ready"], [], ["web-n0a"]),
    (1, ["old waiting+waiting", "old ready", "old ready"], [], ["web-n0a"]),
    (1, ["old waiting", "old ready", "old ready"], ["n0", "n1"], []),
    (1, ["ready", "old ready", "old ready"], ["n1"], []),
    (1, ["ready+ready", "old ready", "old ready"], [], ["web-n0b"]),
    (1, ["ready", "ready", "ready"], [], []),
]


@pytest.mark.parametrize(("most", "states", "nodes", "gone"), SURGES)
def test_a_surge_makes_new_pods_beside_old_ones_as_far_as_max_surge_allows(
    most: int | str, states: list[str], nodes: list[str], gone: list[str]
) -> None:
    rolling = {"maxUnavailable": 0, "maxSurge": most}
    obj = daemon(updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})
    assert steps(planned(obj, *pods_on(obj, states))) == (nodes, gone)


def test_nothing_is_updated_by_itself_on_delete() -> None:
    obj = daemon(updateStrategy={"type": "OnDelete"})
    pods = pods_on(obj, ["old ready", "", "old ready"])
    result = planned(obj, *pods)
    assert steps(result) == (["n1"], [])
    assert result.creates[0].object["spec"]["containers"][0]["image"] == "nginx:1"


def test_a_pod_counts_when_it_has_been_ready_for_long_enough() -> None:
    obj = daemon(minReadySeconds=310)
    result = planned(obj, *pods_on(obj, ["ready", "ready", "ready"]))
    assert result.requeue_after == 10.0
    assert result.status is not None
    assert result.status.status == {
        "observedGeneration": 1,
        "desiredNumberScheduled": 3,
        "currentNumberScheduled": 3,
        "updatedNumberScheduled": 3,
        "numberReady": 3,
        "numberMisscheduled": 0,
        "numberUnavailable": 3,
    }


def test_what_is_rolled_out_is_written_down_before_any_pod() -> None:
    obj = daemon()
    obj["metadata"]["annotations"] = {"kubernetes.io/change-cause": "first"}
    (create,) = planned(obj, revisions=()).creates
    made = create.object
    assert (made["kind"], made["revision"]) == ("ControllerRevision", 1)
    assert made["metadata"]["name"] == name_of(obj, 0)
    assert made["metadata"]["annotations"] == {"kubernetes.io/change-cause": "first"}
    digest = name_of(obj, 0).rpartition("-")[2]
    assert made["metadata"]["labels"] == {"app": "web", "controller-revision-hash": digest}


@pytest.mark.parametrize(("limit", "gone"), [(0, 2), (1, 1), (2, 0)])
def test_old_revisions_beyond_the_limit_go_but_not_one_that_a_pod_has(
    limit: int, gone: int
) -> None:
    obj = daemon(revisionHistoryLimit=limit, updateStrategy={"type": "OnDelete"})
    older = [revision_view("DaemonSet", obj, n, image=f"nginx:{n + 5}") for n in (1, 2, 3)]
    known = (*older, revision_view("DaemonSet", obj, 4))
    mine = pods_on(obj, ["ready", "ready", "ready"])
    digest = older[0].metadata.name.rpartition("-")[2]
    labels = {"app": "web", "controller-revision-hash": digest}
    head = msgspec.structs.replace(mine[0].metadata, labels=labels)
    mine[0] = msgspec.structs.replace(mine[0], metadata=head)
    names = [one.metadata.name for one in older[1:]]
    assert steps(planned(obj, *mine, revisions=known))[1] == names[:gone]


def test_a_failure_and_a_deletion_leave_only_the_counting() -> None:
    obj = daemon()
    assert not planned(obj, failure="no").acts
    obj["metadata"]["deletionTimestamp"] = READY
    assert not planned(obj).acts


def test_with_nothing_left_to_do_nothing_is_written() -> None:
    obj = daemon()
    pods = pods_on(obj, ["ready", "ready", "ready"])
    first = planned(obj, *pods)
    assert first.status is not None
    obj["status"] = first.status.status
    again = planned(obj, *pods)
    assert (again.acts, again.status, again.requeue_after) == (False, None, None)


def test_both_kinds_name_a_template_alike() -> None:
    assert name_of(daemon(), 0) == name_of(stateful(), 0) != name_of(daemon(), 1)

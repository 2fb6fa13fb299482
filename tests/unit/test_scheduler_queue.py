"""Whose turn it is, and who waits for what."""

import asyncio
from typing import Any

import pytest

from minikube8s.api.views import Pod
from minikube8s.scheduler.framework import Change, Kind
from minikube8s.scheduler.parking import Parking, Woken
from minikube8s.scheduler.plugins import all_plugins
from minikube8s.scheduler.pods import PodKey, facts_of, incoming
from minikube8s.scheduler.queue import PodQueue
from minikube8s.scheduler.states import NodeState
from minikube8s.scheduler.usage import Usage
from tests.support import virtualtime
from tests.support.scheduling import node, pod


def key(name: str) -> PodKey:
    return ("default", name)


def test_the_highest_priority_comes_first_then_who_waits_longest() -> None:
    async def scenario() -> None:
        queue = PodQueue()
        for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5), ("a", 9)):
            queue.add(key(name), priority)
        assert len(queue) == 4
        order = [(await queue.get())[1] for _ in range(4)]
        assert order == ["b", "d", "a", "c"]

    virtualtime.run(scenario())


def test_a_key_that_a_worker_holds_comes_back_only_after_that_and_behind_others() -> None:
    async def scenario() -> None:
        queue = PodQueue()
        queue.add(key("a"), 0)
        assert await queue.get() == key("a")
        queue.add(key("a"), 0)
        queue.add(key("b"), 0)
        assert len(queue) == 1
        queue.done(key("a"))
        assert [await queue.get(), await queue.get()] == [key("b"), key("a")]

    virtualtime.run(scenario())


def test_what_is_removed_is_not_handed_out_now_or_later() -> None:
    async def scenario() -> None:
        queue = PodQueue()
        queue.add(key("a"), 0)
        queue.add_after(key("b"), 0, 5)
        queue.add(key("c"), -1)
        queue.remove(key("a"))
        queue.remove(key("b"))
        assert queue.delayed == 0
        assert await queue.get() == key("c")
        await asyncio.sleep(10)
        assert len(queue) == 0
        for number in range(1000):
            queue.add(key(str(number)), 0)
            queue.remove(key(str(number)))
        assert len(queue._heap) < 200, "it is bounded by what waits"

    virtualtime.run(scenario())


def test_nobody_of_a_priority_waits_for_more_than_those_before_it() -> None:
    """Pods that are refused over and over do not keep one that came later from its turn."""

    async def scenario() -> None:
        queue = PodQueue()
        for number in range(50):
            queue.add(key(f"hopeless{number}"), 0)
        queue.add(key("late"), 0)
        for turns in range(200):
            got = await queue.get()
            if got == key("late"):
                assert turns == 50
                return
            queue.add(got, 0)
            queue.done(got)
        raise AssertionError("it starved")

    virtualtime.run(scenario())


def parking() -> Parking:
    plugins = all_plugins(Usage())
    return Parking([*plugins.local_filters, *plugins.filters])


def woken_by(change: Change, refused_by: str, **fields: Any) -> bool:
    places = parking()
    places.park(incoming(pod(**fields)), frozenset({refused_by} if refused_by else ()), 0.0)
    return places.release(change, 0.0) != []


def state(*pods: Pod, **fields: Any) -> NodeState:
    return NodeState(node(**fields), map(facts_of, pods))


GONE = facts_of(pod("gone", cpu="1"))


@pytest.mark.parametrize(
    ("change", "refused_by", "fields", "helps"),
    [
        (Change(Kind.NODE_ADDED, state()), "", {}, True),
        (Change(Kind.NODE_TAINTS, state()), "", {}, False),
        (Change(Kind.NODE_TAINTS, state()), "NodeUnschedulable", {}, True),
        (Change(Kind.NODE_TAINTS, state(unschedulable=True)), "NodeUnschedulable", {}, False),
        (Change(Kind.NODE_RESOURCES, state()), "NodeUnschedulable", {}, False),
        (Change(Kind.NODE_TAINTS, state()), "TaintToleration", {}, True),
        (Change(Kind.NODE_TAINTS, state()), "NodeResourcesFit", {"cpu": "1"}, False),
        (Change(Kind.NODE_ADDED, state()), "NodeResourcesFit", {"cpu": "1"}, True),
        (Change(Kind.NODE_ADDED, state()), "NodeResourcesFit", {"cpu": "9"}, False),
        (Change(Kind.POD_REMOVED, state(), GONE), "NodeResourcesFit", {"cpu": "2"}, True),
        (
            Change(Kind.POD_REMOVED, state(pod("a", cpu="1")), GONE),
            "NodeResourcesFit",
            {"cpu": "2"},
            False,
        ),
        (
            Change(Kind.POD_REMOVED, state(pod("a", cpu="1")), GONE),
            "NodeResourcesFit",
            {"cpu": "2", "priority": 5},
            True,
        ),
        (
            Change(Kind.POD_REMOVED, state(pod("a", cpu="1")), GONE),
            "NodeResourcesFit",
            {"cpu": "2", "priority": 5, "preemptionPolicy": "Never"},
            False,
        ),
        (Change(Kind.NODE_LABELS, state(labels={"a": "b"})), "NodeAffinity", {}, True),
        (Change(Kind.NODE_LABELS, state()), "NodeAffinity", {"nodeSelector": {"a": "b"}}, False),
        (Change(Kind.CLAIM), "VolumeBinding", {}, True),
        (Change(Kind.CLAIM), "NodeResourcesFit", {}, False),
        (Change(Kind.POD_ADDED, state(), GONE), "NodeResourcesFit", {}, False),
    ],
)
def test_a_pod_is_woken_only_by_what_may_help_it(
    change: Change, refused_by: str, fields: dict[str, Any], helps: bool
) -> None:
    assert woken_by(change, refused_by, **fields) is helps


def test_pods_of_many_shapes_share_the_look_at_a_node_without_its_lower_pods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copies = []
    changed = NodeState.changed

    def counted(self: NodeState, *moved: Any) -> NodeState:
        copies.append(self.name)
        return changed(self, *moved)

    monkeypatch.setattr(NodeState, "changed", counted)
    places, full = parking(), state(pod("a", cpu="1"), pod("b", cpu="1"))
    for number in range(50):
        wanted = incoming(pod(f"p{number}", cpu=f"{1950 + number}m", priority=5))
        places.park(wanted, frozenset({"NodeResourcesFit"}), 0.0)
    change = Change(Kind.POD_REMOVED, full, GONE)
    assert len(places.release(change, 0.0)) == 50
    assert copies == ["n1"]
    full.remove(key("a"))
    places.park(incoming(pod("p", cpu="2", priority=5)), frozenset({"NodeResourcesFit"}), 0.0)
    assert len(places.release(change, 0.0)) == 1
    assert copies == ["n1", "n1"]


def test_who_was_refused_several_times_holds_back_longer_and_no_longer_than_ten_seconds() -> None:
    places = parking()
    wanted = incoming(pod())
    pauses = []
    for attempt in range(7):
        places.park(wanted, frozenset(), 100.0 * attempt)
        (one,) = places.release(Change(Kind.NODE_ADDED, state()), 100.0 * attempt)
        pauses.append(one.pause)
    assert pauses == [0, 1, 2, 4, 8, 10, 10]
    places.forget(wanted.facts.key)
    places.park(wanted, frozenset(), 1000.0)
    assert places.release_all(1000.0) == [Woken(key("p"), 0, 0.0)]
    assert len(places) == 0
    assert places.release_all(1000.0) == []

"""How pods end when the machine is shut down: in order, and within the time that there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from mk8s_agent.node.settings import KubeletSettings
from mk8s_agent.node.shutdown import end_pods, groups
from mk8s_agent.pods.residents import Resident
from mk8s_agent.runtime.fake import IGNORES_TERM

from tests.support.agentnode import Node, container, fake_engine, pod_json, view
from tests.support.virtualtime import VirtualClock, run

SETTINGS = msgspec.convert(
    {"shutdownGracePeriod": "30s", "shutdownGracePeriodCriticalPods": "10s"}, KubeletSettings
)
SYSTEM = 2_000_000_000


def resident(name: str, priority: int, owner: str = "") -> Resident:
    made = pod_json(name=name, uid=name, priority=priority)
    if owner:
        reference = {"apiVersion": "apps/v1", "kind": owner, "name": "o", "uid": "o"}
        made["metadata"]["ownerReferences"] = [{**reference, "controller": owner != "Lease"}]
    return Resident(name, b"", view(made), ())


def test_pods_of_the_system_end_last_and_have_the_last_part_of_the_time() -> None:
    found = groups([resident("dns", SYSTEM), resident("a", 0), resident("b", 5)], SETTINGS)
    named = [([one.pod.metadata.name for one in group.pods], group.seconds) for group in found]
    assert named == [(["a", "b"], 20), (["dns"], 10)]
    assert groups([], SETTINGS) == []


def test_where_no_period_was_chosen_only_pods_end_that_a_controller_makes_again() -> None:
    bare, owned = resident("bare", 0), resident("owned", 0, "Lease")
    found = groups(
        [bare, resident("web", 0, "ReplicaSet"), owned, resident("dns", SYSTEM, "DaemonSet")],
        KubeletSettings(),
    )
    named = [([one.pod.metadata.name for one in group.pods], group.seconds) for group in found]
    assert named == [(["web"], 20), (["dns"], 10)]
    assert groups([bare, owned], KubeletSettings()) == []


@given(st.lists(st.sampled_from([-1, 0, 10**9, SYSTEM, SYSTEM + 1])))
def test_each_pod_ends_once_and_all_within_the_time(priorities: list[int]) -> None:
    residents = [resident(str(number), priority) for number, priority in enumerate(priorities)]
    found = groups(residents, SETTINGS)
    assert sorted(one.pod.metadata.name for group in found for one in group.pods) == sorted(
        one.pod.metadata.name for one in residents
    )
    assert sum(group.seconds for group in found) <= 30


def test_pods_end_group_by_group_as_terminated(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        node = Node(fake_engine(clock), clock, tmp_path)
        node.start()

        def pod(name: str, priority: int, **fields: Any) -> dict[str, Any]:
            return pod_json(container(**fields), name=name, uid=name, priority=priority)

        node.sync(pod("polite", 0), pod("deaf", 0, args=[IGNORES_TERM]), pod("dns", SYSTEM))
        for name in ("polite", "deaf", "dns"):
            await node.running(name)
        begun = clock.monotonic()
        await end_pods(node.pods, SETTINGS, clock)
        assert 20 <= clock.monotonic() - begun <= 23
        ends = {}
        for name in ("polite", "deaf", "dns"):
            await node.until(lambda n=name: node.reports.statuses[n]["phase"] == "Failed", 5)
            status = node.reports.statuses[name]
            assert status["reason"] == "Terminated"
            assert status["message"] == (
                "Pod was terminated in response to imminent node shutdown."
            )
            assert node.condition("DisruptionTarget", name) == "True"
            ends[name] = node.state("app", name)["terminated"]
        assert (
            ends["polite"]["finishedAt"] < ends["deaf"]["finishedAt"] <= ends["dns"]["finishedAt"]
        )
        assert [ends[name]["exitCode"] for name in ends] == [143, 137, 143]
        await node.stop()

    run(scenario())

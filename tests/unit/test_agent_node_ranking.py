"""Who has to go first when a node runs short, and what is said of it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mk8s_agent.node.ranking import is_limited, limit_message, low_message, ranked, resource_of
from mk8s_agent.node.tenants import ContainerUse, Tenant, Use, is_critical
from mk8s_agent.node.thresholds import Crossed, Threshold

from minikube8s.api import podresources
from tests.support.agentnode import container, pod_json, view

MIB = 1 << 20


def tenant(name: str, request: str = "", priority: int = 0, **use: Any) -> Tenant:
    """A pod of one container `app`."""
    resources = {"requests": {"memory": request}} if request else {}
    pod = pod_json(container(resources=resources), name=name, uid=name, priority=priority)
    return of(pod, **use)


def of(pod: dict[str, Any], **use: Any) -> Tenant:
    spec = pod["spec"]
    return Tenant(
        pod=view(pod),
        requests=podresources.requests(spec),
        limits=podresources.limits(spec),
        use=Use(**use),
    )


def memory(mib: int) -> dict[str, Any]:
    return {"containers": {"app": ContainerUse(mib * MIB)}}


def names(tenants: list[Tenant]) -> list[str]:
    return [one.pod.metadata.name for one in tenants]


def test_who_exceeds_its_request_goes_first_then_low_priority_then_the_largest_excess() -> None:
    tenants = [
        tenant("guaranteed", "100Mi", **memory(90)),
        tenant("high", priority=1000, **memory(500)),
        tenant("burst", "50Mi", **memory(80)),
        tenant("best-effort", **memory(40)),
        tenant("low-within", "500Mi", priority=-5, **memory(400)),
        tenant("low", priority=-5, **memory(1)),
    ]
    assert names(ranked("memory", tenants)) == [
        "low", "best-effort", "burst", "high", "low-within", "guaranteed",
    ]  # fmt: skip


def test_of_processes_the_lowest_priority_goes_first_then_who_has_most() -> None:
    tenants = [
        tenant("few", processes=3),
        tenant("many", processes=300),
        tenant("high", priority=9, processes=999),
    ]
    assert names(ranked("pids", tenants)) == ["many", "few", "high"]


def test_of_a_disk_all_counts_that_a_pod_has_on_it() -> None:
    tenants = [
        tenant("writer", containers={"app": ContainerUse(0, 5, 0)}),
        tenant("talker", containers={"app": ContainerUse(0, 0, 7)}),
        tenant("hoarder", volumes={"cache": 9}),
    ]
    assert names(ranked("ephemeral-storage", tenants)) == ["hoarder", "talker", "writer"]
    tenants = [tenant("one", inodes=5), tenant("two", inodes=7)]
    assert names(ranked("inodes", tenants)) == ["two", "one"]


@pytest.mark.parametrize(
    ("spec", "spared"),
    [
        ({}, False),
        ({"priority": 1_999_999_999}, False),
        ({"priority": 2_000_000_000}, True),
        ({"metadata": {"annotations": {"kubernetes.io/config.source": "api"}}}, False),
        ({"metadata": {"annotations": {"kubernetes.io/config.source": "file"}}}, True),
        ({"metadata": {"annotations": {"kubernetes.io/config.mirror": "abc"}}}, True),
    ],
)
def test_critical_and_static_pods_are_spared(spec: dict[str, Any], spared: bool) -> None:
    one = of(pod_json(**spec))
    assert is_critical(one.pod) == spared
    assert ranked("memory", [one]) == ([] if spared else [one])


def crossed(signal: str, limit: int, available: int) -> Crossed:
    return Crossed(Threshold(signal, ""), limit, available)


def test_the_message_names_what_was_low_and_who_used_more_than_it_asked_for() -> None:
    pod = pod_json(container("big"), container("small", resources={"requests": {"memory": "64Mi"}}))
    victim = of(pod, containers={"big": ContainerUse(20 * MIB), "small": ContainerUse(10 * MIB)})
    assert low_message(crossed("memory.available", 100 * MIB, 80 * MIB), victim) == (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. "
        "Container big was using 20Mi, request is 0, has larger consumption of memory. "
    )
    assert low_message(crossed("nodefs.inodesFree", 1000, 10), victim) == (
        "The node was low on resource: inodes. Threshold quantity: 1k, available: 10. "
    )
    assert resource_of("pid.available") == "pids"


def limited(**use: Any) -> Tenant:
    limits = {"resources": {"limits": {"ephemeral-storage": "10Mi"}}}
    volumes = [
        {"name": "cache", "emptyDir": {"sizeLimit": "5Mi"}},
        {"name": "free", "emptyDir": {}},
        {"name": "other", "configMap": {"name": "x"}},
    ]
    return of(pod_json(container("a", **limits), container("b", **limits), volumes=volumes), **use)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ({}, ""),
        ({"volumes": {"cache": 5 * MIB, "free": 14 * MIB}}, ""),
        (
            {"volumes": {"cache": 5 * MIB + 1}},
            'Usage of EmptyDir volume "cache" exceeds the limit "5Mi". ',
        ),
        (
            {"volumes": {"free": 21 * MIB}},
            "Pod ephemeral local storage usage exceeds the total limit of containers 20Mi. ",
        ),
        (
            {"containers": {"b": ContainerUse(0, 8 * MIB, 3 * MIB)}},
            'Container b exceeded its local ephemeral storage limit "10Mi". ',
        ),
    ],
)
def test_limits_of_the_disk_are_limits(use: dict[str, Any], said: str) -> None:
    assert is_limited(limited().pod)
    assert limit_message(limited(**use)) == said


def test_a_pod_without_limits_of_the_disk_is_not_measured() -> None:
    assert not is_limited(view(pod_json(volumes=[{"name": "free", "emptyDir": {}}])))


pods = st.builds(
    lambda name, request, priority, used: tenant(
        f"p{name}", f"{request}Mi" if request else "", priority, **memory(used)
    ),
    st.integers(0, 99),
    st.integers(0, 5),
    st.sampled_from([-1, 0, 1, 2_000_000_000]),
    st.integers(0, 8),
)


@given(st.lists(pods, max_size=12))
def test_nobody_within_its_request_goes_before_one_that_exceeds_it(tenants: list[Tenant]) -> None:
    order = ranked("memory", tenants)
    exceeds = [one.use.memory > one.requested("memory") for one in order]
    assert exceeds == sorted(exceeds, reverse=True)
    assert len(order) == sum(not is_critical(one.pod) for one in tenants)
    for first, second in itertools.pairwise(order):
        same = (first.use.memory > first.requested("memory")) == (
            second.use.memory > second.requested("memory")
        )
        assert not same or first.priority <= second.priority

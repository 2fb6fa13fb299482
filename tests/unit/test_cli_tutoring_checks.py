"""What a step expects, and what its command is filled with."""

from __future__ import annotations

import pytest

from minikube8s.cli.errors import CommandError
from minikube8s.cli.tutoring.checks import hopeless, missing, unwell
from minikube8s.cli.tutoring.course import Expectation
from minikube8s.cli.tutoring.facts import fill
from minikube8s.cli.tutoring.words import spoken
from minikube8s.cli.tutoring.world import World
from tests.support.tutorialworlds import a_pod, a_rollout, a_service, a_workload

READY = a_pod("a", image="nginx:1.11", labels={"app": "x"})
NOT_YET = a_pod("b", waiting="ContainerCreating", labels={"app": "x"})
GOING = a_pod("c", deletionTimestamp="2026-01-01T00:00:00Z")
ADDRESS = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}
BALANCER = a_service("lb", type="LoadBalancer", status=ADDRESS)


def told(world: World, language: str = "en", **expected: object) -> list[str]:
    return [spoken(language, one) for one in missing([Expectation(**expected)], world)]


@pytest.mark.parametrize(
    ("world", "expected", "clauses"),
    [
        (World(pods=(READY,)), {"pods": 1}, []),
        (World(pods=(READY,)), {"pods": 1, "image": "nginx:1.11", "where": "app=x"}, []),
        (World(pods=(READY,)), {"pods": 2}, ["1 of 2 pods are ready"]),
        (World(pods=(READY, NOT_YET)), {"pods": 2}, ["1 of 2 pods are ready"]),
        (
            World(pods=(READY,)),
            {"pods": 1, "image": "nginx:1.10"},
            ["0 of 1 pods (nginx:1.10) are ready"],
        ),
        (World(pods=(READY, GOING)), {"pods": 1}, ["1 more of the pods are still there"]),
        (World(pods=(GOING,)), {"pods": 0}, ["1 more of the pods are still there"]),
        (World(), {"pods": 0}, []),
        (World(), {"there": "svc/web"}, ["svc/web is not there"]),
        (World(services=(a_service("web"),)), {"there": "svc/web"}, []),
        (World(pods=(READY,)), {"gone": "pod/a"}, ["pod/a is still there"]),
        (World(), {"gone": "rs/a"}, []),
        (World(services=(BALANCER,)), {"address": "svc/lb"}, []),
        (
            World(services=(a_service("lb", type="LoadBalancer"),)),
            {"address": "svc/lb"},
            ["svc/lb has no external address yet"],
        ),
    ],
)
def test_what_is_missing_is_said(world, expected, clauses):
    assert told(world, **expected) == clauses


def test_it_is_said_in_korean_too():
    assert told(World(pods=(READY,)), "ko", pods=2) == ["Pod 2개 중 1개가 준비되었습니다"]


def test_pods_count_only_once_their_owners_status_tells_of_them():
    behind = a_workload("Deployment", "web")
    behind["status"]["readyReplicas"] = 2
    stale = a_workload("ReplicaSet", "web")
    stale["metadata"]["generation"] = 2
    for world in (World((behind,)), World((), (stale,))):
        assert told(world, pods=0) == ["the controllers have not counted the pods yet"]


def test_an_image_that_cannot_be_had_ends_the_waiting():
    lost = a_pod("p", image="nginx:none", waiting="ImagePullBackOff")
    assert hopeless(World(pods=(READY, lost))) == "nginx:none"
    assert hopeless(World(pods=(READY, NOT_YET))) == ""
    assert unwell(World(pods=(READY, NOT_YET, GOING))) == [NOT_YET, GOING]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("mk8s get po", "mk8s get po"),
        ("delete po {pod:}", "delete po web-55bb-2xk9p"),
        ("edit {pod:app=web} {pod:}", "edit web-55bb-2xk9p web-55bb-2xk9p"),
        ("curl {pod_ip:web-55bb-7hqlw}", "curl 10.244.0.7"),
        ("curl {cluster_ip:svc}:8080", "curl 10.99.228.48:8080"),
        ("curl 127.0.0.1:{node_port:svc}", "curl 127.0.0.1:32453"),
    ],
)
def test_a_command_is_filled_with_what_exists(text, filled):
    assert fill(text, a_rollout()) == filled


def test_the_outer_address_is_the_load_balancers():
    assert fill("{external_ip:lb}", World(services=(BALANCER,))) == "1.2.3.4"


def test_an_address_of_ipv6_stands_in_brackets_in_a_url():
    world = World(services=(a_service("six", clusterIP="fd00:10:96::7"),))
    assert fill("curl {cluster_ip:six}:8080", world) == "curl [fd00:10:96::7]:8080"


def test_no_word_of_a_command_comes_from_the_cluster():
    outside = {"loadBalancer": {"ingress": [{"hostname": "lb -o file"}]}}
    lb = a_service("lb", type="LoadBalancer", status=outside)
    with pytest.raises(CommandError, match="needs the external address"):
        fill("curl -s http://{external_ip:lb}:8080", World(services=(lb,)))


@pytest.mark.parametrize("place", ["{pod:}", "{pod_ip:a}", "{cluster_ip:a}", "{external_ip:a}"])
def test_what_does_not_exist_is_said_with_the_way_out(place):
    with pytest.raises(CommandError, match=r"there is none: go back"):
        fill(place, World(pods=(GOING,)) if place == "{pod:}" else World())

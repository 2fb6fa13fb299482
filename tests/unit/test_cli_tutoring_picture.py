"""The tutorial's picture: what is drawn of which objects."""

from __future__ import annotations

import pytest

from minikube8s.cli.tutoring.boxes import ASCII, UNICODE, above, beside, box
from minikube8s.cli.tutoring.picture import picture
from minikube8s.cli.tutoring.world import World
from tests.support.tutorialworlds import a_pod, a_rollout, a_service, a_workload

ROLLOUT = """\
┌ Service svc (NodePort) ───────────────┐
│ in the cluster 10.99.228.48:8080 → 80 │
│ every node :32453 → 80                │
└───────────────────────────────────────┘
  │ app=web: 2 of 2 ready
  ▼
┌ Deployment web 2/3 ───────────────┐
│ ┌ ReplicaSet …-55bb 2/2 ────────┐ │
│ │ ┌ …-2xk9p ───┐ ┌ …-7hqlw ───┐ │ │
│ │ │ ● Running  │ │ ● Running  │ │ │
│ │ │ nginx:1.11 │ │ nginx:1.11 │ │ │
│ │ │ 10.244.0.7 │ │ 10.244.0.7 │ │ │
│ │ │ on node1   │ │ on node2   │ │ │
│ │ └────────────┘ └────────────┘ │ │
│ └───────────────────────────────┘ │
│ ┌ ReplicaSet …-6b4b 0/0 ┐         │
│ │ nginx:1.10            │         │
│ └───────────────────────┘         │
└───────────────────────────────────┘
Pods on nodes: node1: 1  node2: 1"""

PLAIN = """\
+ Pod lonely ----+
| ! ErrImagePull |
| nginx:latest   |
| 10.244.0.7     |
| on node1       |
+----------------+"""


def drawn(world: World, width: int = 100, pen=UNICODE) -> str:
    return "\n".join(picture(world, width, pen))


def test_a_service_stands_above_the_deployment_that_holds_its_sets_newest_first():
    assert drawn(a_rollout()) == ROLLOUT


def test_without_unicode_the_same_is_drawn_in_ascii():
    world = World(pods=(a_pod("lonely", waiting="ErrImagePull"),))
    assert drawn(world, pen=ASCII) == PLAIN


def test_nothing_is_drawn_of_nothing():
    assert picture(World(), 80, UNICODE) == []


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({}, "in the cluster 10.99.228.48:8080 → 80"),
        ({"type": "NodePort"}, "every node :32453 → 80"),
        (
            {"type": "NodePort", "externalTrafficPolicy": "Local"},
            "nodes with its pods :32453 → 80",
        ),
        ({"type": "LoadBalancer"}, "from outside <pending>:8080 → 80"),
        (
            {"type": "LoadBalancer", "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}},
            "from outside 1.2.3.4:8080 → 80",
        ),
        ({"type": "ExternalName", "externalName": "my.database.com"}, "→ my.database.com"),
        ({"selector": {"app": "none"}}, "no pod is app=none"),
    ],
)
def test_a_service_says_who_reaches_it_where(spec, told):
    assert f"│ {told}" in drawn(World(services=(a_service("svc", **spec),)))


def test_services_stand_only_above_what_they_lead_to():
    labelled = a_pod("mine", labels={"app": "web"})
    world = World(
        pods=(labelled, a_pod("other")),
        services=(a_service("leads", selector={"app": "web"}), a_service("idle")),
    )
    order = [drawn(world).index(word) for word in ("leads", "Pod mine", "idle", "Pod other")]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("pod", "mark"),
    [
        (a_pod("p"), "● Running"),
        (a_pod("p", waiting="ContainerCreating"), "◌ ContainerCreating"),
        (a_pod("p", waiting="ImagePullBackOff"), "✗ ImagePullBackOff"),
        (a_pod("p", waiting="CrashLoopBackOff"), "✗ CrashLoopBackOff"),
        (a_pod("p", deletionTimestamp="2026-01-01T00:00:00Z"), "◌ Terminating"),
    ],
)
def test_a_pod_is_marked_well_on_its_way_or_in_trouble(pod, mark):
    assert f"│ {mark}" in drawn(World(pods=(pod,)))


def test_containers_of_a_pod_are_named_when_there_are_several():
    pod = a_pod("two")
    pod["spec"]["containers"].append({"name": "ubuntu", "image": "ubuntu:16.04"})
    assert "│ ubuntu: ubuntu:16.04" in drawn(World(pods=(pod,)))


def test_of_many_pods_the_first_are_drawn_and_the_others_counted():
    owner = a_workload("ReplicaSet", "many", replicas=20)
    world = World((), (owner,), tuple(a_pod(f"many-{n:02}", owner) for n in range(20)))
    shown = drawn(world)
    assert "…-11" in shown and "…-12" not in shown
    assert "and 8 more" in shown


def test_what_others_wrote_does_not_move_the_cursor():
    pod = a_pod("p", image="evil\x1b[2J\r\nimage")
    assert "evil?[2J??image" in drawn(World(pods=(pod,)))


def test_boxes_beside_each_other_go_to_the_next_row_where_the_width_ends():
    boxes = [box(ASCII, name, [], 20) for name in ("a", "b", "c")]
    assert len(beside(boxes, 11)[0]) == 11
    assert len(beside(boxes, 11)) == 4
    assert len(beside(boxes, 17)) == 2
    assert above([]) == []

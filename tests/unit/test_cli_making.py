"""What expose and autoscale make of other objects; golden tests compare it with kubectl."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.cli.errors import CommandError
from minikube8s.cli.making import autoscaling, exposing

FLAGS = dict.fromkeys(
    (
        "labels", "selector", "port", "target_port", "protocol", "name", "type", "cluster_ip",
        "external_ip", "load_balancer_ip", "session_affinity",
    ),
    "",
)  # fmt: skip


def deployment(*ports: dict[str, Any], **selector: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "a", "ports": list(ports)}]}}
    spec = {"selector": selector or {"matchLabels": {"app": "web"}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"l": "1"}},
        "spec": spec,
    }


def test_a_service_has_the_ports_of_the_pods_and_their_protocols() -> None:
    ports = ({"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}, {"containerPort": 80})
    made = exposing.service(deployment(*ports), "apps", FLAGS)
    assert made["spec"]["ports"] == [
        {"name": "port-1", "protocol": "UDP", "port": 53, "targetPort": 53},
        {"name": "port-2", "protocol": "TCP", "port": 53, "targetPort": 53},
        {"name": "port-3", "protocol": "TCP", "port": 80, "targetPort": 80},
    ]
    assert made["spec"]["selector"] == {"app": "web"}
    assert made["metadata"]["labels"] == {"l": "1"}


def test_one_port_needs_no_name_and_may_lead_to_a_named_one() -> None:
    made = exposing.service(deployment(), "apps", FLAGS | {"port": "80", "target_port": "http"})
    assert made["spec"]["ports"] == [{"protocol": "TCP", "port": 80, "targetPort": "http"}]


@pytest.mark.parametrize(
    ("obj", "group", "flags", "sentence"),
    [
        (deployment(), "apps", {}, "couldn't find port via --port flag or introspection"),
        (deployment(), "apps", {"port": "x"}, "'x' is no port"),
        (deployment(), "apps", {"port": "70000"}, "'70000' is no port"),
        (deployment(), "batch", {"port": "80"}, "cannot expose a Deployment.batch"),
        (
            deployment(matchExpressions=[{"key": "a", "operator": "Exists"}]),
            "apps",
            {"port": "80"},
            "give --selector",
        ),
        (deployment(), "apps", {"port": "80", "session_affinity": "x"}, "unknown session affinity"),
        (deployment(), "apps", {"port": "80", "labels": "a"}, "unexpected label spec: a"),
        (
            {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}},
            "",
            {"port": "80"},
            "the pod has no labels and cannot be exposed",
        ),
    ],
)
def test_what_cannot_be_exposed_is_told(
    obj: dict[str, Any], group: str, flags: dict[str, str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        exposing.service(obj, group, FLAGS | flags)


def test_an_autoscalers_bounds_are_checked() -> None:
    for least, most in ((-1, 0), (3, 2)):
        with pytest.raises(CommandError, match="--max=MAXPODS"):
            autoscaling.autoscaler(deployment(), "", least, most, -1)
    spec = autoscaling.autoscaler(deployment(), "x", 0, 2, 0)["spec"]
    assert set(spec) == {"scaleTargetRef", "maxReplicas"}

"""The Service that `expose` makes of another object's ports and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.making.base import Object, key_values, made, port_number

_MADE_OF_TEMPLATES = {("apps", "Deployment"), ("apps", "ReplicaSet"), ("", "ReplicationController")}
_LONGEST = 63


def service(obj: Object, group: str, flags: dict[str, Any]) -> Object:
    """The Service in front of ``obj``, of API group ``group``. Raises CommandError."""
    kind = obj["kind"]
    if (group, kind) not in _MADE_OF_TEMPLATES | {("", "Pod"), ("", "Service")}:
        raise CommandError(
            f"cannot expose a {kind}{'.' * bool(group)}{group}: pods, Services, Deployments, "
            "ReplicaSets and ReplicationControllers can be"
        )
    labels = key_values(flags["labels"]) if flags["labels"] else obj["metadata"].get("labels")
    selector = flags["selector"]
    affinity = flags["session_affinity"]
    if affinity not in {"", "None", "ClientIP"}:
        raise CommandError(f"unknown session affinity: {affinity}: use ClientIP or None")
    spec = {
        "ports": _ports(obj, flags),
        "selector": key_values(selector, "selector") if selector else _selector(obj),
        "clusterIP": flags["cluster_ip"],
        "type": flags["type"],
        "externalIPs": [flags["external_ip"]] if flags["external_ip"] else [],
        "sessionAffinity": affinity,
        "loadBalancerIP": flags["load_balancer_ip"],
    }
    return made(
        "Service",
        "v1",
        flags["name"] or obj["metadata"]["name"][:_LONGEST],
        labels=labels,
        spec={field: value for field, value in spec.items() if value},
        status={"loadBalancer": {}},
    )


def _selector(obj: Object) -> dict[str, str]:
    """The labels by which the object's pods are found."""
    wrong = "couldn't retrieve selectors via --selector flag or introspection: "
    if obj["kind"] == "Pod":
        labels: dict[str, str] = obj["metadata"].get("labels") or {}
        if not labels:
            raise CommandError(f"{wrong}the pod has no labels and cannot be exposed")
        return labels
    selector = obj["spec"].get("selector") or {}
    if obj["kind"] not in {"Service", "ReplicationController"}:
        if selector.get("matchExpressions"):
            raise CommandError(
                f"{wrong}its matchExpressions cannot be a Service's selector; give --selector"
            )
        selector = selector.get("matchLabels") or {}
    if not selector:
        raise CommandError(f"{wrong}the {obj['kind'].lower()} has no pod selector set")
    return dict(selector)


def _ports(obj: Object, flags: dict[str, Any]) -> list[Object]:
    """The ports of the line, else the object's own."""
    own = _own_ports(obj)
    numbers = [port_number(text) for text in flags["port"].split(",") if text] or [
        number for number, _ in own
    ]
    if not numbers:
        raise CommandError("couldn't find port via --port flag or introspection: give --port")
    protocols: dict[int, list[str]] = {}
    for number, protocol in own:
        protocols.setdefault(number, []).append(protocol)
    found = [
        (number, protocol)
        for number in dict.fromkeys(numbers)
        for protocol in ([flags["protocol"]] if flags["protocol"] else protocols.get(number))
        or ["TCP"]
    ]
    target = flags["target_port"]
    return [
        ({"name": f"port-{index}"} if len(found) > 1 else {})
        | {"protocol": protocol, "port": number}
        | {"targetPort": (int(target) if target.isdigit() else target) or number}
        for index, (number, protocol) in enumerate(found, 1)
    ]


def _own_ports(obj: Object) -> Sequence[tuple[int, str]]:
    if obj["kind"] == "Service":
        return [(one["port"], one.get("protocol", "TCP")) for one in obj["spec"].get("ports") or ()]
    spec = obj["spec"] if obj["kind"] == "Pod" else obj["spec"]["template"]["spec"]
    return [
        (port["containerPort"], port.get("protocol", "TCP"))
        for container in spec["containers"]
        for port in container.get("ports") or ()
    ]

"""A Service in the picture: its addresses, who may come in where, and where it leads. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from minikube8s.cli.tutoring.boxes import Block, Pen, above, box, fitted
from minikube8s.cli.tutoring.checks import addresses
from minikube8s.cli.tutoring.world import Object, is_well, part


def service_box(
    service: Object, pods: Sequence[Object], width: int, pen: Pen, *, leads: bool
) -> Block:
    """The box of a Service, with an arrow down to its pods where `leads`."""
    spec = part(service, "spec")
    kind = spec.get("type", "ClusterIP")
    lines = [line for port in spec.get("ports") or [] for line in _ways(service, port, pen)]
    if kind == "ExternalName":
        lines = [f"{pen.arrow_right} {spec.get('externalName')}"]
    selector = ",".join(f"{k}={v}" for k, v in sorted((spec.get("selector") or {}).items()))
    if selector and not pods:
        lines.append(f"no pod is {selector}")
    drawn = box(pen, f"Service {service['metadata']['name']} ({kind})", lines, width)
    if not leads:
        return drawn
    well = sum(map(is_well, pods))
    told = f"  {pen.down} {selector}: {well} of {len(pods)} ready"
    return above([drawn, [fitted(pen, told, width), f"  {pen.arrow_down}"]])


def _ways(service: Object, port: Any, pen: Pen) -> Iterator[str]:
    spec = part(service, "spec")
    number, target = port.get("port"), port.get("targetPort", port.get("port"))
    address = spec.get("clusterIP")
    if address and address != "None":
        yield f"in the cluster {address}:{number} {pen.arrow_right} {target}"
    local = spec.get("externalTrafficPolicy") == "Local"
    if port.get("nodePort"):
        where = "nodes with its pods" if local else "every node"
        yield f"{where} :{port['nodePort']} {pen.arrow_right} {target}"
    if spec.get("type") == "LoadBalancer":
        came = ", ".join(addresses(service)) or "<pending>"
        yield f"from outside {came}:{number} {pen.arrow_right} {target}"

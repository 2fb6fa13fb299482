"""Why a Service does not answer, an Ingress has no address, a claim is not bound. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from minikube8s.api.meta import is_pod_ready
from minikube8s.cli.explaining import pods
from minikube8s.cli.explaining.facts import Facts, Object, latest, plural, spec, status, words
from minikube8s.cli.explaining.story import Finding, finding, grouped


def service_state(facts: Facts) -> str:
    """Return in a few words how many endpoints the Service has."""
    if spec(facts.object).get("type") == "ExternalName":
        return f"is another name for {spec(facts.object).get('externalName')}"
    ready = _ready_endpoints(facts)
    return f"leads to {plural(ready, 'ready endpoint')}"


def service_troubles(facts: Facts) -> Iterator[Finding]:
    """Yield what keeps a Service from answering."""
    service = facts.object
    name, wish = service["metadata"]["name"], spec(service)
    if wish.get("type") == "LoadBalancer" and not (status(service).get("loadBalancer") or {}).get(
        "ingress"
    ):
        event = latest(facts.about)
        yield finding(
            "It has no address of the load balancer yet"
            + (f": {event['message']}" if event else "."),
            "Give the cluster more addresses (`mk8s up --load-balancer-pool`), or free one.",
        )
    if wish.get("type") == "ExternalName" or _ready_endpoints(facts):
        return
    selector = wish.get("selector")
    if not selector:
        yield finding(
            "It has no selector, so nobody looks for its endpoints.",
            f"Create an EndpointSlice with the label kubernetes.io/service-name={name}, or give it"
            " a selector.",
        )
        return
    wanted = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    if not facts.pods:
        yield finding(
            f"No pod of its namespace has the labels {wanted}.",
            "Give the Service the labels of the pods as its selector, or the pods those labels"
            " (`kubectl get pods --show-labels`).",
        )
    found = [
        (pod["metadata"]["name"], one)
        for pod in facts.pods
        for one in pods.troubles(facts, pod)[:1]
    ]
    yield from grouped(found, len(facts.pods))
    if facts.pods and all(is_pod_ready(pod) for pod in facts.pods):
        yield from _ports(facts)


def _ports(facts: Facts) -> Iterator[Finding]:
    names = {
        port.get("name")
        for pod in facts.pods
        for container in spec(pod).get("containers") or []
        for port in container.get("ports") or []
    }
    for port in spec(facts.object).get("ports") or []:
        target = port.get("targetPort")
        if isinstance(target, str) and target not in names:
            yield finding(
                f"Its targetPort {target!r} is the name of no port of its pods.",
                f"Name a container's port {target!r}, or give the number as targetPort.",
            )


def _ready_endpoints(facts: Facts) -> int:
    return sum(
        (one.get("conditions") or {}).get("ready", True)
        for piece in facts.related
        if piece.get("kind") == "EndpointSlice"
        for one in piece.get("endpoints") or []
    )


def claim_troubles(facts: Facts) -> Iterator[Finding]:
    """Yield what keeps a claim from being bound, or from going."""
    claim = facts.object
    phase = status(claim).get("phase", "Pending")
    users = ", ".join(pod["metadata"]["name"] for pod in facts.pods)
    if claim["metadata"].get("deletionTimestamp") and users:
        yield finding(f"It is in use by {users}.", "It goes when these pods are gone.")
    if phase == "Bound":
        return
    if phase == "Lost":
        volume = spec(claim).get("volumeName")
        yield finding(f"Its volume {volume} is gone.", "Delete it, and create it anew.")
        return
    event = latest(facts.about)
    if event is not None and event["reason"] == "WaitForFirstConsumer":
        yield finding(
            f"{event['message']}." if not users else f"It waits for the node of {users}.",
            "Create a pod that uses it." if not users else "See `mk8s why pod/NAME` for that pod.",
        )
        return
    yield finding(
        f"No volume is bound to it. {words(event) or 'Nobody has said why.'}",
        "Create a PersistentVolume that suits it, or name a StorageClass that makes one"
        " (`kubectl get storageclass`).",
    )


def ingress_troubles(facts: Facts) -> Iterator[Finding]:
    """Yield what keeps an Ingress from being served."""
    ingress = facts.object
    if not (status(ingress).get("loadBalancer") or {}).get("ingress"):
        name = spec(ingress).get("ingressClassName")
        yield finding(
            f"It has no address: nobody serves its class {name} yet." if name else
            "It has no address, and names no class.",
            "" if name else "Set spec.ingressClassName: mk8s.",
        )  # fmt: skip
    warnings: list[Object] = [one for one in facts.about if one.get("type") == "Warning"]
    event = latest(warnings)
    if event is not None:
        yield finding(words(event))

"""Whether what a step expects is true, and what is still missing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from minikube8s.cli.tutoring.course import Expectation
from minikube8s.cli.tutoring.words import Clause
from minikube8s.cli.tutoring.world import Object, World, images, is_ending, is_well, part


def missing(expected: Iterable[Expectation], world: World) -> list[Clause]:
    """What is not true yet; empty when all is."""
    return [clause for one in expected for clause in _missing(one, world)]


def _missing(one: Expectation, world: World) -> Iterator[Clause]:
    if one.there and world.find(one.there) is None:
        yield Clause("there", {"word": one.there})
    if one.gone and world.find(one.gone) is not None:
        yield Clause("gone", {"word": one.gone})
    if one.pods is not None:
        yield from _pods(one, one.pods, world)
    if one.address and not addresses(world.find(one.address) or {}):
        yield Clause("address", {"word": one.address})


def _pods(one: Expectation, wanted: int, world: World) -> Iterator[Clause]:
    pods = world.chosen(one.where)
    named = "".join(f" ({text})" for text in (one.where, one.image) if text)
    good = [pod for pod in pods if is_well(pod) and (not one.image or one.image in images(pod))]
    if len(good) != wanted:
        yield Clause("ready", {"good": len(good), "wanted": wanted, "named": named})
    elif len(pods) > wanted:
        yield Clause("more", {"more": len(pods) - wanted, "named": named})
    elif not all(_settled(obj) for obj in (*world.replica_sets, *world.deployments)):
        yield Clause("uncounted")


def _settled(obj: Object) -> bool:
    """Whether the object's status tells of its pods as they should be."""
    status, wanted = part(obj, "status"), part(obj, "spec").get("replicas", 1)
    if is_ending(obj):
        return False
    counted = [status.get("replicas", 0), status.get("readyReplicas", 0)]
    if obj.get("kind") == "Deployment":
        counted += [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    fresh = status.get("observedGeneration", 0) >= obj["metadata"].get("generation", 0)
    return fresh and all(count == wanted for count in counted)


def unwell(world: World) -> list[Object]:
    """The pods that are not as they should be: whom to ask why."""
    return [pod for pod in world.pods if not is_well(pod)]


def addresses(service: Object) -> list[str]:
    """The addresses that the outside reaches a LoadBalancer Service at."""
    balancer = part(part(service, "status"), "loadBalancer")
    return [str(one.get("ip") or one.get("hostname")) for one in balancer.get("ingress") or []]


def hopeless(world: World) -> str:
    """An image that a pod waits for and cannot get; "" when there is none."""
    for pod in world.pods:
        for status in part(pod, "status").get("containerStatuses") or []:
            reason = part(part(status, "state"), "waiting").get("reason")
            if reason in ("ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"):
                return str(status.get("image", ""))
    return ""

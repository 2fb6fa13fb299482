"""The next step towards nginx serving what the Ingresses say. Pure.

Objects come in two steps: first what pods mount, then, when that is there, the Deployment; what
old pods mounted goes when they have gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from minikube8s.api.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    INGRESSES,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
)
from minikube8s.controllers.actions import Create, Delete, Patch, Plan, Report, ref
from minikube8s.controllers.ingress import nginx, routing, workload
from minikube8s.controllers.ingress.reading import Object, Own, Snapshot
from minikube8s.controllers.ingress.routing import Item, Pair, Problem

_FAILED = Report(
    failed_reason="FailedToServe", failed_message="Ingresses cannot be served as they say: "
)


def plan(snapshot: Snapshot, image: str) -> Plan:
    """Plan one look at all Ingresses."""
    own = snapshot.own
    if not snapshot.items:
        patches = _statuses((), snapshot.strays, _addresses(own.service))
        return Plan(patches=tuple(patches), deletes=tuple(_all(own)))
    if own.occupied:
        return _refusal(snapshot)
    hosts, problems = routing.route(snapshot.items, snapshot.around)
    if own.deployment is not None and _is_stuck(own.deployment):
        problems = [*problems, _stuck(snapshot.items)]
    configuration = nginx.render(hosts)
    name = workload.config_name(configuration)
    pairs = nginx.pairs(hosts)
    wanted = workload.deployment(image, name)
    missing = tuple(_missing(own, name, configuration, pairs))
    patches = _statuses(snapshot.items, snapshot.strays, _addresses(own.service))
    if own.service is not None:
        patches += _service_patch(own.service)
    told = workload.digest(
        [(one.reason, one.message, one.about["metadata"]["uid"]) for one in problems]
    )
    wanted["metadata"]["annotations"][workload.TOLD] = told
    news = False
    if not missing:
        if own.deployment is None:
            missing = (Create(DEPLOYMENTS, workload.NAMESPACE, wanted, _FAILED),)
            news = True
        else:
            patch = _deployment_patch(own.deployment, wanted)
            patches += patch
            known = own.deployment["metadata"].get("annotations") or {}
            news = known.get(workload.TOLD) != told
    return Plan(
        about=_newest(snapshot.items),
        patches=tuple(patches),
        creates=missing,
        deletes=tuple(_outdated(own, name)),
        warnings=tuple(_report(one) for one in problems) if news else (),
    )


def _refusal(snapshot: Snapshot) -> Plan:
    """Tell that others have the names that are needed; nothing of theirs is touched."""
    own = snapshot.own
    message = (
        f"{_FAILED.failed_message}{', '.join(own.occupied)} is somebody else's: delete or rename it"
    )
    return Plan(
        about=_newest(snapshot.items),
        patches=tuple(_statuses(snapshot.items, snapshot.strays, _addresses(own.service))),
        warnings=(Report(_FAILED.failed_reason, message),),
    )


def _is_stuck(deployment: Object) -> bool:
    """Tell whether the pods do not come up: for want of the image, say."""
    conditions = (deployment.get("status") or {}).get("conditions") or ()
    return any(one.get("reason") == "ProgressDeadlineExceeded" for one in conditions)


def _stuck(items: Sequence[Item]) -> Problem:
    selected = f"-n {workload.NAMESPACE} -l app.kubernetes.io/name={workload.NAME}"
    message = (
        f"{_FAILED.failed_message}nginx has not started within {workload.START_SECONDS} s:"
        f" see `kubectl describe pods {selected}`"
    )
    return Problem(_newest(items), _FAILED.failed_reason, message)


def _newest(items: Sequence[Item]) -> Object:
    """Return the Ingress that is told of what keeps all of them from being served."""
    return max(items, key=lambda item: item[0].metadata.creation_timestamp or "")[1]


def _report(problem: Problem) -> Report:
    return Report(problem.reason, problem.message, about=problem.about)


def _missing(
    own: Own, name: str, configuration: str, pairs: Mapping[str, Pair]
) -> Iterator[Create]:
    """Yield what has to be there before pods are made."""
    if own.account is None:
        yield Create(SERVICEACCOUNTS, workload.NAMESPACE, workload.account(), _FAILED)
    if name not in _names(own.config_maps):
        yield Create(CONFIGMAPS, workload.NAMESPACE, workload.config_map(configuration), _FAILED)
    if name not in _names(own.secrets):
        yield Create(SECRETS, workload.NAMESPACE, workload.secret(configuration, pairs), _FAILED)
    if own.service is None:
        yield Create(SERVICES, workload.NAMESPACE, workload.service(), _FAILED)


def _deployment_patch(existing: Object, wanted: dict[str, Any]) -> list[Patch]:
    """Return the write that rolls the Deployment over, if it was made from something else."""
    known = existing["metadata"].get("annotations") or {}
    annotations = wanted["metadata"]["annotations"]
    if all(known.get(name) == value for name, value in annotations.items()):
        return []
    body: dict[str, Any] = {"metadata": {"annotations": annotations}}
    if known.get(workload.TEMPLATE) != annotations[workload.TEMPLATE]:
        body["spec"] = {name: wanted["spec"][name] for name in wanted["spec"] if name != "selector"}
    return [Patch(ref(DEPLOYMENTS, existing), body, report=_FAILED)]


def _service_patch(existing: Object) -> list[Patch]:
    """Return the write that makes the Service lead to nginx; what users added to it stays."""
    wanted = workload.service()["spec"]
    spec = existing["spec"]
    fields = ("name", "port", "protocol", "targetPort")
    ports = [{name: port.get(name) for name in fields} for port in spec.get("ports") or ()]
    if ports == wanted["ports"] and spec.get("selector") == wanted["selector"]:
        return []
    body = {"ports": wanted["ports"], "selector": wanted["selector"]}
    return [Patch(ref(SERVICES, existing), {"spec": body})]


def _outdated(own: Own, name: str) -> Iterator[Delete]:
    """Yield what only pods mounted that are gone."""
    if own.deployment is None or not _is_rolled_out(own.deployment, name):
        return
    for resource, objects in ((CONFIGMAPS, own.config_maps), (SECRETS, own.secrets)):
        for one in objects:
            if one["metadata"]["name"] != name:
                yield Delete(ref(resource, one))


def _is_rolled_out(deployment: Object, name: str) -> bool:
    """Tell whether all pods of the Deployment are such that mount ConfigMap and Secret `name`."""
    spec, status = deployment["spec"], deployment.get("status") or {}
    volumes = spec["template"]["spec"].get("volumes") or ()
    mounted = [(one.get("configMap") or {}).get("name") for one in volumes]
    wanted = spec.get("replicas", 1)
    return (
        name in mounted
        and status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
        and status.get("replicas", 0) == status.get("updatedReplicas", 0) == wanted
        and status.get("availableReplicas", 0) >= wanted
    )


def _all(own: Own) -> Iterator[Delete]:
    if own.deployment is not None:
        yield Delete(ref(DEPLOYMENTS, own.deployment), propagation="Background")
    if own.service is not None:
        yield Delete(ref(SERVICES, own.service))
    if own.account is not None:
        yield Delete(ref(SERVICEACCOUNTS, own.account))
    yield from (Delete(ref(CONFIGMAPS, one)) for one in own.config_maps)
    yield from (Delete(ref(SECRETS, one)) for one in own.secrets)


def _names(objects: Iterable[Object]) -> set[str]:
    return {one["metadata"]["name"] for one in objects}


def _addresses(service: Object | None) -> list[dict[str, Any]]:
    """Return where the Service is reached, as an Ingress' status says it."""
    status = (service or {}).get("status") or {}
    ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
    return [{name: one[name] for name in ("ip", "hostname") if one.get(name)} for one in ingress]


def _statuses(
    items: Sequence[Item], strays: Sequence[Item], addresses: list[dict[str, Any]]
) -> list[Patch]:
    """Return the writes that tell where Ingresses are reached.

    Of strays only what was told when they were ours is taken back: others may serve them.
    """
    patches = [_status(obj, addresses) for _, obj in items if _told(obj) != addresses]
    if addresses:
        patches += [_status(obj, []) for _, obj in strays if _told(obj) == addresses]
    return patches


def _told(ingress: Object) -> list[Any]:
    balancer = (ingress.get("status") or {}).get("loadBalancer") or {}
    return balancer.get("ingress") or []


def _status(ingress: Object, addresses: list[dict[str, Any]]) -> Patch:
    body = {"status": {"loadBalancer": {"ingress": addresses or None}}}
    return Patch(ref(INGRESSES, ingress), body, "status")

"""Defaults of pods and pod templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikube8s.api.defaults.fill import fill
from minikube8s.api.defaults.volumes import volume

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")
_PROBE_NUMBERS = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}


def pod(obj: dict[str, Any]) -> None:
    """Fill a pod: its spec, and what only pods (not templates) get."""
    spec = obj.setdefault("spec", {})
    fill(spec, enableServiceLinks=True)
    pod_spec(spec)
    for container in _run_containers(spec):
        _requests_from_limits(container)
    if spec.get("hostNetwork"):
        for container in _run_containers(spec):
            for port in container.get("ports") or ():
                if not port.get("hostPort"):
                    port["hostPort"] = port.get("containerPort", 0)
    fill(obj.setdefault("status", {}), phase="Pending")


def pod_template(template: dict[str, Any]) -> None:
    """Fill the pod template of a workload."""
    template.setdefault("metadata", {})
    pod_spec(template.setdefault("spec", {}))


def pod_spec(spec: dict[str, Any]) -> None:
    """Fill what pods and templates have in common."""
    fill(
        spec,
        dnsPolicy="ClusterFirst",
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        schedulerName="default-scheduler",
    )
    spec.setdefault("securityContext", {})
    _mirror_service_account(spec)
    for one in spec.get("volumes") or ():
        volume(one)
    for container in _run_containers(spec):
        _container(container)
    for container in spec.get("ephemeralContainers") or ():
        _container(container)


def pull_policy(image: str) -> str:
    """Return the policy of an image without one: Always for `latest`, else IfNotPresent.

    An image without tag and digest has the tag `latest`.
    """
    reference, _, digest = image.partition("@")
    tag = reference.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or not (tag or digest) else "IfNotPresent"


def _run_containers(spec: dict[str, Any]) -> Iterable[dict[str, Any]]:
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


def _mirror_service_account(spec: dict[str, Any]) -> None:
    """Keep the deprecated `serviceAccount` equal to `serviceAccountName`, as old clients expect."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name


def _container(container: dict[str, Any]) -> None:
    fill(
        container,
        imagePullPolicy=pull_policy(container.get("image") or ""),
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    container.setdefault("resources", {})
    for port in container.get("ports") or ():
        fill(port, protocol="TCP")
    for variable in container.get("env") or ():
        _value_from(variable.get("valueFrom") or {})
    for name in _PROBES:
        if container.get(name) is not None:
            _probe(container[name])
    for name in _HOOKS:
        _http_get((container.get("lifecycle") or {}).get(name) or {})


def _value_from(source: dict[str, Any]) -> None:
    if source.get("fieldRef") is not None:
        fill(source["fieldRef"], apiVersion="v1")
    if source.get("resourceFieldRef") is not None:
        fill(source["resourceFieldRef"], divisor="0")


def _probe(probe: dict[str, Any]) -> None:
    for name, value in _PROBE_NUMBERS.items():
        probe[name] = probe.get(name) or value
    _http_get(probe)
    if probe.get("grpc") is not None:
        probe["grpc"].setdefault("service", "")


def _http_get(action: dict[str, Any]) -> None:
    if action.get("httpGet") is not None:
        fill(action["httpGet"], path="/", scheme="HTTP")


def _requests_from_limits(container: dict[str, Any]) -> None:
    resources = container["resources"]
    limits = resources.get("limits")
    if limits:
        resources["requests"] = {**limits, **(resources.get("requests") or {})}

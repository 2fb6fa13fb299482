"""Validation of probes and lifecycle hooks."""

from __future__ import annotations

from minikube8s.api import names
from minikube8s.api.errors import Cause, forbidden_field, invalid_value, required
from minikube8s.api.strategy.checks.common import (
    Obj,
    named,
    not_negative,
    one_of,
    port,
    port_or_name,
)

SCHEMES = ("HTTP", "HTTPS")
_PROBE_ACTIONS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_ACTIONS = ("exec", "httpGet", "tcpSocket", "sleep")
_NUMBERS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)


def check_container(at: str, container: Obj, grace: int | None) -> list[Cause]:
    """Check the probes and hooks of the container at the path `at`.

    `grace` is how many seconds its pod has to end.
    """
    causes: list[Cause] = []
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is not None:
            causes += _probe(f"{at}.{name}", probe, once=name != "readinessProbe")
    for name, hook in (container.get("lifecycle") or {}).items():
        if name in ("postStart", "preStop") and hook is not None:
            field = f"{at}.lifecycle.{name}"
            causes += _action(field, hook, _HOOK_ACTIONS) + _sleep(field, hook, grace)
    return causes


def _sleep(field: str, hook: Obj, grace: int | None) -> list[Cause]:
    seconds = (hook.get("sleep") or {}).get("seconds", 0)
    if hook.get("sleep") is None or grace is None or 0 <= seconds <= grace:
        return []
    why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
    return [invalid_value(f"{field}.sleep", seconds, why)]


def _probe(field: str, probe: Obj, *, once: bool) -> list[Cause]:
    causes = _action(field, probe, _PROBE_ACTIONS)
    for name in _NUMBERS:
        causes += not_negative(f"{field}.{name}", probe.get(name))
    if once and probe.get("successThreshold", 1) != 1:
        causes.append(
            invalid_value(f"{field}.successThreshold", probe["successThreshold"], "must be 1")
        )
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None:
        at = f"{field}.terminationGracePeriodSeconds"
        if not once:
            causes.append(invalid_value(at, grace, "must not be set for readinessProbes"))
        elif grace <= 0:
            causes.append(invalid_value(at, grace, "must be greater than 0"))
    return causes


def _action(field: str, handler: Obj, actions: tuple[str, ...]) -> list[Cause]:
    found = [name for name in actions if handler.get(name) is not None]
    if not found:
        return [required(field, "must specify a handler type")]
    causes = [
        forbidden_field(f"{field}.{name}", "may not specify more than 1 handler type")
        for name in found[1:]
    ]
    name, at = found[0], f"{field}.{found[0]}"
    action = handler[name]
    match name:
        case "exec":
            causes += [] if action.get("command") else [required(f"{at}.command")]
        case "httpGet":
            causes += [] if action.get("path") else [required(f"{at}.path")]
            causes += port_or_name(f"{at}.port", action.get("port", 0))
            causes += one_of(f"{at}.scheme", action.get("scheme"), SCHEMES)
            for header in action.get("httpHeaders") or ():
                causes += named(f"{at}.httpHeaders", header.get("name") or "", names.http_header)
        case "tcpSocket":
            causes += port_or_name(f"{at}.port", action.get("port", 0))
        case "grpc":
            causes += port(f"{at}.port", action.get("port", 0))
    return causes

"""What each `--profile` of `mk8s debug` gives a container, and the pod that it is in. Pure.

The profiles are kubectl's: https://kubernetes.io/docs/reference/kubectl/generated/kubectl_debug/.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

LEGACY = "legacy"
DEFAULT = "general"
_SECURITY: dict[str, Object] = {
    LEGACY: {},
    "general": {"capabilities": {"add": ["SYS_PTRACE"]}},
    "baseline": {},
    "restricted": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "netadmin": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}},
    "sysadmin": {"privileged": True},
}
NAMES = tuple(_SECURITY)
_OF_THE_HOST = {LEGACY, "general", "netadmin", "sysadmin"}
_WITH_ITS_FILES = {LEGACY, "general", "sysadmin"}
_ROOT = "host-root"


def secured(profile: str, container: Object, *, on_node: bool = False) -> Object:
    """``container`` with the rights of the profile; on a node ``general`` needs none of its own."""
    security = {} if on_node and profile == "general" else _SECURITY[profile]
    if not security:
        return container
    return {
        **container,
        "securityContext": {**(container.get("securityContext") or {}), **security},
    }


def on_node(profile: str, spec: Object) -> Object:
    """``spec`` of a node's pod with what it sees of the node; its first container is the one."""
    first, *others = spec["containers"]
    first = secured(profile, first, on_node=True)
    if profile in _OF_THE_HOST:
        spec = {**spec, "hostNetwork": True, "hostPID": True, "hostIPC": True}
    if profile in _WITH_ITS_FILES:
        mount = {"name": _ROOT, "mountPath": "/host"}
        first = {**first, "volumeMounts": [mount]}
        spec = {**spec, "volumes": [{"name": _ROOT, "hostPath": {"path": "/"}}]}
    return {**spec, "containers": [first, *others]}

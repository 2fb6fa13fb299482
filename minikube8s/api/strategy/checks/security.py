"""Validation of security contexts, of pods and of containers, and of shared host namespaces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from minikube8s.api.errors import (
    Cause,
    duplicate,
    forbidden_field,
    invalid_value,
    required,
)
from minikube8s.api.strategy.checks.common import (
    Obj,
    local_path,
    one_of,
    optional_one_of,
)

PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_HIGHEST_ID = 2**31 - 1
_ID = f"must be between 0 and {_HIGHEST_ID}, inclusive"
_SYSCTL_LENGTH = 253
_SEGMENT = r"[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = re.compile(rf"^({_SEGMENT}[\./])*{_SEGMENT}$")
_IPC = re.compile(r"kernel[./](shm|msg|sem)|fs[./]mqueue[./]")
_POLICIES = {
    "fsGroupChangePolicy": ("Always", "OnRootMismatch"),
    "seLinuxChangePolicy": ("MountOption", "Recursive"),
    "supplementalGroupsPolicy": ("Merge", "Strict"),
}


def check_pod(field: str, spec: Obj) -> list[Cause]:
    """Check the pod's own context, and which of the host's namespaces it shares."""
    context = spec.get("securityContext") or {}
    at = f"{field}.securityContext"
    causes = _ids(at, context, ("fsGroup", "runAsUser", "runAsGroup"))
    for position, group in enumerate(context.get("supplementalGroups") or ()):
        causes += _id(f"{at}.supplementalGroups[{position}]", group)
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        why = "ShareProcessNamespace and HostPID cannot both be enabled"
        causes.append(invalid_value(f"{at}.shareProcessNamespace", True, why))
    causes += _sysctls(f"{at}.sysctls", context.get("sysctls") or [], spec)
    for name, valid in _POLICIES.items():
        causes += optional_one_of(f"{at}.{name}", context.get(name), valid)
    causes += _profiles(at, context)
    return causes + _host_users(field, spec)


def check_container(field: str, container: Obj, *, host_users: bool) -> list[Cause]:
    """Check a container's context; `field` is the container's path."""
    context = container.get("securityContext")
    if not context:
        return []
    at = f"{field}.securityContext"
    causes = _ids(at, context, ("runAsUser", "runAsGroup"))
    mount = context.get("procMount")
    causes += optional_one_of(f"{at}.procMount", mount, ("Default", "Unmasked"))
    if mount == "Unmasked" and host_users:
        why = "`hostUsers` must be false to use `Unmasked`"
        causes.append(invalid_value(f"{at}.procMount", mount, why))
    causes += _profiles(at, context)
    if context.get("allowPrivilegeEscalation") is False:
        causes += [invalid_value(at, context, why) for why in _escalations(context)]
    return causes


def _escalations(context: Obj) -> Iterator[str]:
    if context.get("privileged"):
        yield "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
    if "SYS_ADMIN" in _capabilities(context):
        yield "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"


def _capabilities(context: Obj) -> set[str]:
    added = (context.get("capabilities") or {}).get("add") or ()
    return {name.removeprefix("CAP_") for name in added}


def _ids(at: str, context: Obj, names: tuple[str, ...]) -> list[Cause]:
    return [cause for name in names for cause in _id(f"{at}.{name}", context.get(name))]


def _id(field: str, value: int | None) -> list[Cause]:
    if value is None or 0 <= value <= _HIGHEST_ID:
        return []
    return [invalid_value(field, value, _ID)]


def _sysctls(field: str, sysctls: list[Obj], spec: Obj) -> list[Cause]:
    causes: list[Cause] = []
    taken: set[str] = set()
    for position, one in enumerate(sysctls):
        at, name = f"{field}[{position}].name", one.get("name") or ""
        if not name:
            causes.append(required(at))
        elif len(name) > _SYSCTL_LENGTH or not _SYSCTL.match(name):
            why = f"must have at most {_SYSCTL_LENGTH} characters and match regex {_SYSCTL.pattern}"
            causes.append(invalid_value(at, name, why))
        elif name in taken:
            causes.append(duplicate(at, name))
        taken.add(name)
        if spec.get("hostNetwork") and re.match(r"net[./]", name):
            why = "may not be specified when 'hostNetwork' is true"
            causes.append(invalid_value(at, name, why))
        elif spec.get("hostIPC") and _IPC.match(name):
            causes.append(invalid_value(at, name, "may not be specified when 'hostIPC' is true"))
    return causes


def _profiles(at: str, context: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for name, word in (("seccompProfile", "seccomp"), ("appArmorProfile", "AppArmor")):
        profile = context.get(name)
        if profile is not None:
            causes += _profile(f"{at}.{name}", profile, name, word)
    return causes


def _profile(field: str, profile: Obj, name: str, word: str) -> list[Cause]:
    kind, local = profile.get("type"), profile.get("localhostProfile")
    at = f"{field}.localhostProfile"
    if not kind:
        return [required(f"{field}.type", f"type is required when {name} is set")]
    causes = one_of(f"{field}.type", kind, PROFILES)
    if kind != "Localhost":
        if local is not None:
            why = f"can only be set when {word} type is Localhost"
            causes.append(invalid_value(at, profile if word == "seccomp" else local, why))
    elif local is None or not local.strip():
        causes.append(required(at, f"must be set when {word} type is Localhost"))
    elif word == "seccomp":
        causes += local_path(at, local)
    elif local != local.strip():
        causes.append(invalid_value(at, local, "must not be padded with whitespace"))
    return causes


def _host_users(field: str, spec: Obj) -> list[Cause]:
    if spec.get("hostUsers") is not False:
        return []
    why = "when `pod.Spec.HostUsers` is false"
    shared = {"hostNetwork": "hostNetwork", "hostPID": "HostPID", "hostIPC": "HostIPC"}
    return [forbidden_field(f"{field}.{at}", why) for name, at in shared.items() if spec.get(name)]

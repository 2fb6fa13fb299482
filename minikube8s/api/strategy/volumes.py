"""PersistentVolumes and PersistentVolumeClaims."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from minikube8s.api import names, quantity
from minikube8s.api.errors import (
    Cause,
    forbidden_field,
    invalid_value,
    required,
    unsupported,
)
from minikube8s.api.strategy.checks.common import (
    Obj,
    kept,
    label_selector,
    named,
    no_backsteps,
    one_of,
    optional_one_of,
)
from minikube8s.api.strategy.model import Strategy

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
VOLUME_MODES = ("Block", "Filesystem")
_POSITIVE = "must be greater than zero"
_PLAIN = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)
"""The fields of a volume's spec that are not its source."""
_NEEDED = {
    "csi": ("driver", "volumeHandle"),
    "hostPath": ("path",),
    "local": ("path",),
    "nfs": ("server", "path"),
}
_CLAIM_FIXED = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for"
    " bound claims"
)


class PersistentVolumeStrategy(Strategy):
    """Hooks of PersistentVolumes."""

    first_status: ClassVar[Obj | None] = {"phase": "Pending"}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, size, access and source."""
        spec = obj["spec"]
        causes = super().validate(obj)
        causes += _access("spec.accessModes", spec.get("accessModes") or [])
        causes += _capacity("spec.capacity", spec.get("capacity") or {})
        causes += _source(spec)
        policy = spec.get("persistentVolumeReclaimPolicy")
        causes += optional_one_of("spec.persistentVolumeReclaimPolicy", policy, RECLAIM_POLICIES)
        if policy == "Recycle" and (spec.get("hostPath") or {}).get("path") == "/":
            why = "may not be 'recycle' for a hostPath mount of '/'"
            causes.append(forbidden_field("spec.persistentVolumeReclaimPolicy", why))
        return causes + _class_and_mode("spec", spec)

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the source, the mode, and where it can be reached from."""
        causes = super().validate_update(new, old, subresource)
        spec, before = new["spec"], old["spec"]
        if any(spec.get(name) != before.get(name) for name in {*spec, *before} - _PLAIN):
            why = "spec.persistentvolumesource is immutable after creation"
            causes.append(forbidden_field("spec.persistentvolumesource", why))
        causes += kept(spec, before, ("volumeMode",), "spec.")
        return causes + kept(spec, before, ("nodeAffinity",), "spec.", once_set=True)


class PersistentVolumeClaimStrategy(Strategy):
    """Hooks of PersistentVolumeClaims."""

    first_status: ClassVar[Obj | None] = {"phase": "Pending"}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata and spec."""
        return [*super().validate(obj), *check_claim_spec("spec", obj["spec"])]

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Allow a bound claim to grow, and an unbound one to be given a volume and a class."""
        causes = super().validate_update(new, old, subresource)
        spec, before = new["spec"], old["spec"]
        bound = (old.get("status") or {}).get("phase") == "Bound"
        free = {"volumeAttributesClassName"}
        if bound:
            free.add("resources")
        if not before.get("volumeName"):
            free.add("volumeName")
        if before.get("storageClassName") is None:
            free.add("storageClassName")
        names_of = {*spec, *before} - free
        if any(spec.get(name) != before.get(name) for name in names_of):
            causes.append(forbidden_field("spec", _CLAIM_FIXED))
        elif bound and _storage(spec) < _storage(before) and _storage(spec) < _granted(old):
            why = "field can not be less than status.capacity"
            causes.append(forbidden_field("spec.resources.requests.storage", why))
        return causes


def check_claim_spec(field: str, spec: Obj) -> list[Cause]:
    """Check a claim's spec, of its own or of a template."""
    modes = spec.get("accessModes") or []
    causes: list[Cause] = []
    if not modes:
        causes.append(required(f"{field}.accessModes", "at least 1 access mode is required"))
    else:
        causes += _access(f"{field}.accessModes", modes)
    causes += label_selector(f"{field}.selector", spec.get("selector"))
    wanted = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if wanted is None:
        causes.append(required(f"{field}.resources[storage]"))
    elif quantity.parse(wanted).nano <= 0:
        causes.append(invalid_value(f"{field}.resources[storage]", wanted, _POSITIVE))
    for name in ("dataSource", "dataSourceRef"):
        source = spec.get(name)
        if source is not None:
            causes += [
                required(f"{field}.{name}.{part}")
                for part in ("kind", "name")
                if not source.get(part)
            ]
    return causes + _class_and_mode(field, spec)


def _storage(spec: Obj) -> quantity.Quantity:
    requests = (spec.get("resources") or {}).get("requests") or {}
    return quantity.parse(requests.get("storage", "0"))


def _granted(claim: Obj) -> quantity.Quantity:
    return quantity.parse(((claim.get("status") or {}).get("capacity") or {}).get("storage", "0"))


def _access(field: str, modes: Iterable[str]) -> list[Cause]:
    given = list(modes)
    if not given:
        return [required(field)]
    causes = [unsupported(field, mode, ACCESS_MODES) for mode in given if mode not in ACCESS_MODES]
    if "ReadWriteOncePod" in given and len(given) > 1:
        why = "may not use ReadWriteOncePod with other access modes"
        causes.append(forbidden_field(field, why))
    return causes


def _capacity(field: str, capacity: Obj) -> list[Cause]:
    if not capacity:
        return [required(field)]
    if set(capacity) != {"storage"}:
        return [unsupported(field, capacity, ("storage",))]
    size = capacity["storage"]
    if quantity.parse(size).nano > 0:
        return []
    return [invalid_value(f"{field}[storage]", size, _POSITIVE)]


def _source(spec: Obj) -> list[Cause]:
    found = [name for name in spec if name not in _PLAIN]
    if not found:
        return [required("spec", "must specify a volume type")]
    causes = [
        forbidden_field(f"spec.{name}", "may not specify more than 1 volume type")
        for name in found[1:]
    ]
    name, source = found[0], spec[found[0]]
    causes += [
        required(f"spec.{name}.{part}") for part in _NEEDED.get(name, ()) if not source.get(part)
    ]
    if name in ("hostPath", "local"):
        causes += no_backsteps(f"spec.{name}.path", source.get("path") or "")
    if name == "local" and not spec.get("nodeAffinity"):
        causes.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
    return causes


def _class_and_mode(field: str, spec: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("storageClassName", "volumeAttributesClassName"):
        if spec.get(name):
            causes += named(f"{field}.{name}", spec[name], names.dns1123_subdomain)
    return causes + one_of(f"{field}.volumeMode", spec.get("volumeMode"), VOLUME_MODES)

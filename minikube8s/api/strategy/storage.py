"""The storage group: classes, drivers, and what they report."""

from __future__ import annotations

from typing import ClassVar

from minikube8s.api import names, quantity
from minikube8s.api.errors import (
    Cause,
    duplicate,
    forbidden_field,
    immutable,
    invalid_value,
    required,
    too_long,
    too_many,
    unsupported,
)
from minikube8s.api.strategy.checks.common import (
    Obj,
    kept,
    label_selector,
    named,
    needed_name,
    one_of,
    optional_one_of,
)
from minikube8s.api.strategy.model import Strategy

_PARAMETERS, _PARAMETERS_BYTES = 512, 256 * 1024
_DRIVER_NAME, _NODE_ID = 63, 192
_FIXED_IN_CLASSES = ("parameters", "provisioner", "reclaimPolicy")


class StorageClassStrategy(Strategy):
    """Hooks of StorageClasses."""

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, provisioner, parameters and policies."""
        causes = super().validate(obj)
        provisioner = obj.get("provisioner") or ""
        causes += needed_name("provisioner", provisioner.lower(), names.qualified_name)
        causes += _parameters("parameters", obj.get("parameters") or {})
        causes += one_of("reclaimPolicy", obj.get("reclaimPolicy"), ("Delete", "Retain"))
        modes = ("Immediate", "WaitForFirstConsumer")
        return causes + one_of("volumeBindingMode", obj.get("volumeBindingMode"), modes)

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep what volumes were made by."""
        causes = super().validate_update(new, old, subresource)
        causes += [
            forbidden_field(name, f"updates to {name} are forbidden.")
            for name in _FIXED_IN_CLASSES
            if (new.get(name) or None) != (old.get(name) or None)
        ]
        return causes + kept(new, old, ("volumeBindingMode",))


class VolumeAttributesClassStrategy(Strategy):
    """Hooks of VolumeAttributesClasses."""

    unconditional: ClassVar[bool] = False

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, driver and parameters."""
        parameters = obj.get("parameters") or {}
        causes = super().validate(obj) + _driver_name("driverName", obj.get("driverName"))
        if not parameters:
            why = "must contain at least one key/value pair"
            causes.append(required("parameters", why))
        return causes + _parameters("parameters", parameters)

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep everything."""
        causes = super().validate_update(new, old, subresource)
        return causes + kept(new, old, ("driverName", "parameters"))


class CSIDriverStrategy(Strategy):
    """Hooks of CSIDrivers."""

    unconditional: ClassVar[bool] = False

    def validate(self, obj: Obj) -> list[Cause]:
        """Check the name and the policies."""
        spec, causes = obj["spec"], super().validate(obj)
        name = obj["metadata"].get("name") or ""
        if len(name) > _DRIVER_NAME:
            causes.append(too_long("metadata.name", _DRIVER_NAME))
        policies = ("File", "None", "ReadWriteOnceWithFSType")
        causes += optional_one_of("spec.fsGroupPolicy", spec.get("fsGroupPolicy"), policies)
        causes += [
            unsupported("spec.volumeLifecycleModes", mode, ("Ephemeral", "Persistent"))
            for mode in spec.get("volumeLifecycleModes") or ()
            if mode not in ("Ephemeral", "Persistent")
        ]
        return causes + _audiences(spec.get("tokenRequests") or [])

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep how volumes are attached."""
        causes = super().validate_update(new, old, subresource)
        fixed = ("attachRequired", "volumeLifecycleModes")
        return causes + kept(new["spec"], old["spec"], fixed, "spec.")


class CSINodeStrategy(Strategy):
    """Hooks of CSINodes."""

    unconditional: ClassVar[bool] = False

    def validate(self, obj: Obj) -> list[Cause]:
        """Check the drivers of the node."""
        causes = super().validate(obj)
        taken: set[str] = set()
        for position, driver in enumerate((obj.get("spec") or {}).get("drivers") or ()):
            at, name = f"spec.drivers[{position}]", driver.get("name") or ""
            causes += _driver_name(f"{at}.name", name)
            if name and name in taken:
                causes.append(duplicate(f"{at}.name", name))
            taken.add(name)
            node = driver.get("nodeID") or ""
            if not node:
                causes.append(required(f"{at}.nodeID", node))
            elif len(node) > _NODE_ID:
                why = f"must be {_NODE_ID} characters or less"
                causes.append(invalid_value(f"{at}.nodeID", node, why))
        return causes


class CSIStorageCapacityStrategy(Strategy):
    """Hooks of CSIStorageCapacities."""

    unconditional: ClassVar[bool] = False

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, class, topology and amounts."""
        causes = super().validate(obj)
        causes += needed_name(
            "storageClassName", obj.get("storageClassName"), names.dns1123_subdomain
        )
        causes += label_selector("nodeTopology", obj.get("nodeTopology"))
        for name in ("capacity", "maximumVolumeSize"):
            amount = obj.get(name)
            if amount is not None and quantity.parse(amount).nano < 0:
                why = "must be greater than or equal to 0"
                causes.append(invalid_value(name, amount, why))
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep what the capacity is of."""
        causes = super().validate_update(new, old, subresource)
        return causes + kept(new, old, ("nodeTopology", "storageClassName"))


class VolumeAttachmentStrategy(Strategy):
    """Hooks of VolumeAttachments."""

    unconditional: ClassVar[bool] = False
    first_status: ClassVar[Obj | None] = {"attached": False}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check who attaches what to where."""
        spec, causes = obj.get("spec") or {}, super().validate(obj)
        causes += _driver_name("spec.attacher", spec.get("attacher"))
        causes += needed_name("spec.nodeName", spec.get("nodeName"), names.dns1123_subdomain)
        source = spec.get("source") or {}
        given = [name for name in ("inlineVolumeSpec", "persistentVolumeName") if source.get(name)]
        if len(given) != 1:
            why = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
            causes.append(required("spec.source", why))
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the spec."""
        causes = super().validate_update(new, old, subresource)
        if new.get("spec") != old.get("spec"):
            causes.append(immutable("spec", new.get("spec")))
        return causes


def _driver_name(field: str, name: str | None) -> list[Cause]:
    if not name:
        return [required(field)]
    causes = [too_long(field, _DRIVER_NAME)] if len(name) > _DRIVER_NAME else []
    return causes + named(field, name.lower(), names.dns1123_subdomain)


def _parameters(field: str, parameters: dict[str, str]) -> list[Cause]:
    causes: list[Cause] = []
    if len(parameters) > _PARAMETERS:
        causes.append(too_many(field, len(parameters), _PARAMETERS))
    if any(not key for key in parameters):
        causes.append(invalid_value(field, "", "field can not be empty."))
    size = sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items())
    if size > _PARAMETERS_BYTES:
        causes.append(too_long(field, _PARAMETERS_BYTES))
    return causes


def _audiences(requests: list[Obj]) -> list[Cause]:
    causes: list[Cause] = []
    taken: set[str] = set()
    for position, request in enumerate(requests):
        at, audience = f"spec.tokenRequests[{position}]", request.get("audience") or ""
        if audience in taken:
            causes.append(duplicate(f"{at}.audience", audience))
        taken.add(audience)
        seconds = request.get("expirationSeconds")
        if seconds is not None and seconds < 600:
            why = "may not specify a duration less than 10 minutes"
            causes.append(invalid_value(f"{at}.expirationSeconds", seconds, why))
    return causes

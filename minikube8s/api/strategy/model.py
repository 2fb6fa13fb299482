"""The rules that all kinds share; a kind's own strategy adds to them.

What the system writes into metadata (uid, times, revision) is the registry's, not told here;
only `generation`, which follows the sections that a kind counts.
"""

from __future__ import annotations

from typing import Any, ClassVar

from minikube8s.api import names
from minikube8s.api.errors import Cause
from minikube8s.api.resources import Resource
from minikube8s.api.strategy import kindwarnings
from minikube8s.api.strategy.checks import metadata as metadata_checks
from minikube8s.api.strategy.unsupported import unsupported

Obj = dict[str, Any]


class Strategy:
    """Hooks of one kind. `graceful`: deletion waits for someone (a node) to let go of it."""

    graceful: ClassVar[bool] = False
    orphans: ClassVar[bool] = False
    """Whether a deletion that does not say otherwise leaves the dependents behind."""
    generation_sections: ClassVar[tuple[str, ...]] = ()
    """Sections whose change moves metadata.generation; none means the kind has no generation."""
    first_status: ClassVar[Obj | None] = None
    """The status of a new object, whatever it says of itself; None leaves what is there."""

    unconditional: ClassVar[bool] = True
    """Whether an update may come without the resourceVersion that it is meant for."""
    created_by_update: ClassVar[bool] = False
    """Whether an update of an object that is not there creates it."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    def check_name(self, name: str) -> list[str]:
        """Return what is wrong with a name of this kind."""
        return names.dns1123_subdomain(name)

    def prepare_create(self, obj: Obj) -> None:
        """Bring a new object into its first state, in place."""
        if self.generation_sections:
            obj["metadata"]["generation"] = 1
        if self.first_status is not None:
            obj["status"] = dict(self.first_status)

    def prepare_update(self, new: Obj, old: Obj, subresource: str = "") -> None:
        """Undo in `new` what the endpoint may not write; move the generation. In place.

        The main endpoint keeps the old status, `status` keeps everything but the status.
        """
        if subresource == "status":
            self.prepare_status(new, old)
        else:
            self._prepare_main(new, old, subresource)

    def _prepare_main(self, new: Obj, old: Obj, subresource: str) -> None:
        if "status" in self.resource.subresources:
            keep(new, old, "status")
        self.prepare_spec(new, old, subresource)
        if self.generation_sections and self._changed(new, old):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1

    def prepare_spec(self, new: Obj, old: Obj, subresource: str) -> None:
        """Prepare an update through the main endpoint (a kind's hook)."""

    def prepare_status(self, new: Obj, old: Obj) -> None:
        """Prepare an update through the status endpoint: all but status and annotations stays."""
        for section in {*new, *old} - {"metadata", "status"}:
            keep(new, old, section)
        for name in ("labels", "ownerReferences", "finalizers"):
            keep(new["metadata"], old["metadata"], name)

    def validate(self, obj: Obj) -> list[Cause]:
        """Return everything that is wrong with the object by itself."""
        return metadata_checks.check(
            obj.get("metadata") or {},
            namespaced=self.resource.namespaced,
            name_check=self.check_name,
        )

    def validate_changed(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Return everything that is wrong with `new` by itself.

        What a write through `subresource` leaves as it was in `old` may be left out.
        """
        return self.validate(new)

    def validate_new(self, obj: Obj) -> list[Cause]:
        """Return what is wrong with the object because it is new; `validate` is called besides."""
        return []

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Return everything that is wrong with the change; `validate` is called besides."""
        return metadata_checks.check_update(new["metadata"], old["metadata"])

    def warnings(self, obj: Obj) -> list[str]:
        """Return Kubernetes' own warnings, and a sentence per field that is not acted on."""
        return [*kindwarnings.warnings(self.resource, obj), *unsupported(self.resource, obj)]

    def part_warnings(self, obj: Obj, subresource: str) -> list[str]:
        """Return what to say of an object that was written through a part's endpoint."""
        return []

    def _changed(self, new: Obj, old: Obj) -> bool:
        return any(new.get(name) != old.get(name) for name in self.generation_sections)


def keep(new: Obj, old: Obj, name: str) -> None:
    """Make a field of `new` what it is in `old`."""
    if name in old:
        new[name] = old[name]
    else:
        new.pop(name, None)

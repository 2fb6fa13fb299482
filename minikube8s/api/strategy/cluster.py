"""Nodes and namespaces."""

from __future__ import annotations

from minikube8s.api import names
from minikube8s.api.errors import Cause, duplicate, forbidden_field
from minikube8s.api.strategy.checks.common import Obj, named, needed_name, one_of, range_of
from minikube8s.api.strategy.checks.scheduling import EFFECTS
from minikube8s.api.strategy.model import Strategy

NAMESPACE_FINALIZER = "kubernetes"
_POD_SECURITY = "pod-security.kubernetes.io/"


class NamespaceStrategy(Strategy):
    """Hooks of namespaces, whose own finalizers are written through `finalize` only."""

    def check_name(self, name: str) -> list[str]:
        """Return what is wrong with a name that becomes a DNS label."""
        return names.dns1123_label(name)

    def prepare_create(self, obj: Obj) -> None:
        """A new namespace is Active, and holds until its content is gone."""
        super().prepare_create(obj)
        obj["status"] = {"phase": "Active"}
        finalizers = obj.setdefault("spec", {}).setdefault("finalizers", [])
        if NAMESPACE_FINALIZER not in finalizers:
            finalizers.append(NAMESPACE_FINALIZER)

    def prepare_spec(self, new: Obj, old: Obj, subresource: str) -> None:
        """Only `finalize` writes spec.finalizers."""
        if subresource != "finalize":
            new["spec"] = old.get("spec") or {}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata and finalizers."""
        causes = super().validate(obj)
        for position, finalizer in enumerate((obj.get("spec") or {}).get("finalizers") or ()):
            causes += named(f"spec.finalizers[{position}]", finalizer, names.qualified_name)
        return causes

    def warnings(self, obj: Obj) -> list[str]:
        """Tell also of labels that ask for checks of pods."""
        labels = obj["metadata"].get("labels") or {}
        asked = sorted(name for name in labels if name.startswith(_POD_SECURITY))
        return super().warnings(obj) + [
            f"metadata.labels[{name}]: mk8s stores this but does not act on it yet"
            for name in asked
        ]


class NodeStrategy(Strategy):
    """Hooks of nodes."""

    def prepare_status(self, new: Obj, old: Obj) -> None:
        """A node's status may come with new labels: its agent reports them together."""
        labels = new["metadata"].get("labels")
        super().prepare_status(new, old)
        if labels is not None:
            new["metadata"]["labels"] = labels

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, pod addresses and taints."""
        causes = super().validate(obj)
        spec = obj.get("spec") or {}
        ranges = spec.get("podCIDRs") or [one for one in (spec.get("podCIDR"),) if one]
        for position, value in enumerate(ranges):
            causes += range_of(f"spec.podCIDRs[{position}]", value)
        taken: set[tuple[str, str]] = set()
        for position, taint in enumerate(spec.get("taints") or ()):
            field = f"spec.taints[{position}]"
            causes += needed_name(f"{field}.key", taint.get("key"), names.qualified_name)
            causes += named(f"{field}.value", taint.get("value") or "", names.label_value)
            causes += one_of(f"{field}.effect", taint.get("effect"), EFFECTS)
            identity = (taint.get("key") or "", taint.get("effect") or "")
            if identity in taken:
                causes.append(duplicate(field, taint))
            taken.add(identity)
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the node's pod addresses once they are given."""
        causes = super().validate_update(new, old, subresource)
        before = (old.get("spec") or {}).get("podCIDR")
        if before and (new.get("spec") or {}).get("podCIDR") != before:
            why = 'node updates may not change podCIDR except from "" to valid'
            causes.append(forbidden_field("spec.podCIDR", why))
        return causes

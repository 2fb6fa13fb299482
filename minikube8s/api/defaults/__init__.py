"""Kubernetes' defaults: what an object gets for the fields that its author left out.

`apply` is pure apart from filling its argument, idempotent, and never changes a value that is
set. It expects an object that the schema accepted. Defaults that depend on the cluster (addresses,
node ports, names) are allocated elsewhere; so is what admission adds (`registry.admission`).
"""

from minikube8s.api.defaults.apply import apply

__all__ = ["apply"]

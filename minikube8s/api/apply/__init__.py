"""Server-side apply: who owns which field of an object, and what an applied configuration does.

Pure: objects, configurations and the entries of `metadata.managedFields` come in as values and are
not changed. What happens when, and to which objects, is the registry's.
"""

from minikube8s.api.apply.comparing import Changes, compare, created, fields_of
from minikube8s.api.apply.conflicts import conflict, faults
from minikube8s.api.apply.managers import Manager, Managers, Owned, manager
from minikube8s.api.apply.ownership import (
    Applied,
    Conflicts,
    Scope,
    apply,
    updated,
)
from minikube8s.api.apply.shapes import Shape

__all__ = [
    "Applied",
    "Changes",
    "Conflicts",
    "Manager",
    "Managers",
    "Owned",
    "Scope",
    "Shape",
    "apply",
    "compare",
    "conflict",
    "created",
    "faults",
    "fields_of",
    "manager",
    "updated",
]

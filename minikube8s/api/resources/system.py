"""What the cluster's own parts use: leases, priorities, runtimes, and events as of their group."""

from __future__ import annotations

from minikube8s.api.resources.build import row
from minikube8s.api.resources.core import EVENTS

LEASES = row("coordination.k8s.io", "v1", "Lease", "leases")
EVENTS_V1 = row("events.k8s.io", "v1", "Event", "events", short=("ev",), storage=EVENTS)
PRIORITYCLASSES = row(
    "scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", namespaced=False, short=("pc",)
)
RUNTIMECLASSES = row("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", namespaced=False)
# There are none, for nobody can create one yet; clients list them before they call a kind unknown.
CUSTOMRESOURCEDEFINITIONS = row(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    namespaced=False,
    short=("crd", "crds"),
    categories=("api-extensions",),
    verbs=("get", "list", "watch"),
    schema="io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
)

ROWS = (LEASES, EVENTS_V1, RUNTIMECLASSES, PRIORITYCLASSES, CUSTOMRESOURCEDEFINITIONS)

"""The resource table: which kinds exist and how they are named, scoped and addressed.

Everything that differs between kinds by a *name* is a row here; what differs by behaviour is a
hook in `api.strategy`. Imports nothing heavy, because the CLI reads it on every start.
"""

from minikube8s.api.resources.access import (
    CERTIFICATESIGNINGREQUESTS,
    CLUSTERROLEBINDINGS,
    CLUSTERROLES,
    ROLEBINDINGS,
    ROLES,
)
from minikube8s.api.resources.core import (
    CONFIGMAPS,
    ENDPOINTS,
    EVENTS,
    LIMITRANGES,
    NAMESPACES,
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    PODTEMPLATES,
    REPLICATIONCONTROLLERS,
    RESOURCEQUOTAS,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
)
from minikube8s.api.resources.model import Resource, ResourceTable, Subresource
from minikube8s.api.resources.networking import (
    ENDPOINTSLICES,
    INGRESSCLASSES,
    INGRESSES,
    IPADDRESSES,
    NETWORKPOLICIES,
    SERVICECIDRS,
)
from minikube8s.api.resources.rows import RESOURCES
from minikube8s.api.resources.storage import (
    CSIDRIVERS,
    CSINODES,
    CSISTORAGECAPACITIES,
    STORAGECLASSES,
    VOLUMEATTACHMENTS,
    VOLUMEATTRIBUTESCLASSES,
)
from minikube8s.api.resources.system import (
    EVENTS_V1,
    LEASES,
    PRIORITYCLASSES,
    RUNTIMECLASSES,
)
from minikube8s.api.resources.workloads import (
    CONTROLLERREVISIONS,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    HORIZONTALPODAUTOSCALERS,
    HORIZONTALPODAUTOSCALERS_V1,
    JOBS,
    PODDISRUPTIONBUDGETS,
    REPLICASETS,
    STATEFULSETS,
)

__all__ = [
    "CERTIFICATESIGNINGREQUESTS",
    "CLUSTERROLEBINDINGS",
    "CLUSTERROLES",
    "CONFIGMAPS",
    "CONTROLLERREVISIONS",
    "CRONJOBS",
    "CSIDRIVERS",
    "CSINODES",
    "CSISTORAGECAPACITIES",
    "DAEMONSETS",
    "DEPLOYMENTS",
    "ENDPOINTS",
    "ENDPOINTSLICES",
    "EVENTS",
    "EVENTS_V1",
    "HORIZONTALPODAUTOSCALERS",
    "HORIZONTALPODAUTOSCALERS_V1",
    "INGRESSCLASSES",
    "INGRESSES",
    "IPADDRESSES",
    "JOBS",
    "LEASES",
    "LIMITRANGES",
    "NAMESPACES",
    "NETWORKPOLICIES",
    "NODES",
    "PERSISTENTVOLUMECLAIMS",
    "PERSISTENTVOLUMES",
    "PODDISRUPTIONBUDGETS",
    "PODS",
    "PODTEMPLATES",
    "PRIORITYCLASSES",
    "REPLICASETS",
    "REPLICATIONCONTROLLERS",
    "RESOURCEQUOTAS",
    "RESOURCES",
    "ROLEBINDINGS",
    "ROLES",
    "RUNTIMECLASSES",
    "SECRETS",
    "SERVICEACCOUNTS",
    "SERVICECIDRS",
    "SERVICES",
    "STATEFULSETS",
    "STORAGECLASSES",
    "VOLUMEATTACHMENTS",
    "VOLUMEATTRIBUTESCLASSES",
    "Resource",
    "ResourceTable",
    "Subresource",
]

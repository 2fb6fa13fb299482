"""The core group: pods and what they stand on."""

from __future__ import annotations

from minikube8s.api.resources.build import SCALE, row
from minikube8s.api.resources.model import ALL_VERBS, Subresource

_PROXY_VERBS = ("create", "delete", "get", "patch", "update")
_NO_COLLECTION = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")

BINDINGS = row("", "v1", "Binding", "bindings", verbs=("create",))
COMPONENTSTATUSES = row(
    "",
    "v1",
    "ComponentStatus",
    "componentstatuses",
    namespaced=False,
    short=("cs",),
    verbs=("get", "list"),
    deprecated="v1 ComponentStatus is deprecated in v1.19+",
)
CONFIGMAPS = row("", "v1", "ConfigMap", "configmaps", short=("cm",))
ENDPOINTS = row(
    "",
    "v1",
    "Endpoints",
    "endpoints",
    short=("ep",),
    deprecated="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
)
EVENTS = row("", "v1", "Event", "events", short=("ev",))
LIMITRANGES = row("", "v1", "LimitRange", "limitranges", short=("limits",))
NAMESPACES = row(
    "",
    "v1",
    "Namespace",
    "namespaces",
    namespaced=False,
    short=("ns",),
    status=True,
    subresources=(Subresource("finalize", "Namespace", ("update",)),),
    verbs=_NO_COLLECTION,
)
NODES = row(
    "",
    "v1",
    "Node",
    "nodes",
    namespaced=False,
    short=("no",),
    status=True,
    subresources=(Subresource("proxy", "NodeProxyOptions", _PROXY_VERBS),),
)
PERSISTENTVOLUMECLAIMS = row(
    "",
    "v1",
    "PersistentVolumeClaim",
    "persistentvolumeclaims",
    short=("pvc",),
    status=True,
    returns_deleted=True,
)
PERSISTENTVOLUMES = row(
    "",
    "v1",
    "PersistentVolume",
    "persistentvolumes",
    namespaced=False,
    short=("pv",),
    status=True,
    returns_deleted=True,
)
PODS = row(
    "",
    "v1",
    "Pod",
    "pods",
    short=("po",),
    categories=("all",),
    status=True,
    returns_deleted=True,
    subresources=(
        Subresource("attach", "PodAttachOptions", ("create", "get")),
        Subresource("binding", "Binding", ("create",)),
        Subresource("ephemeralcontainers", "Pod"),
        Subresource("eviction", "Eviction", ("create",), group="policy", version="v1"),
        Subresource("exec", "PodExecOptions", ("create", "get")),
        Subresource("log", "Pod", ("get",)),
        Subresource("portforward", "PodPortForwardOptions", ("create", "get")),
        Subresource("proxy", "PodProxyOptions", _PROXY_VERBS),
        Subresource("resize", "Pod"),
    ),
)
PODTEMPLATES = row("", "v1", "PodTemplate", "podtemplates", returns_deleted=True)
REPLICATIONCONTROLLERS = row(
    "",
    "v1",
    "ReplicationController",
    "replicationcontrollers",
    short=("rc",),
    categories=("all",),
    status=True,
    subresources=(SCALE,),
)
RESOURCEQUOTAS = row(
    "",
    "v1",
    "ResourceQuota",
    "resourcequotas",
    short=("quota",),
    status=True,
    returns_deleted=True,
)
SECRETS = row("", "v1", "Secret", "secrets")
SERVICEACCOUNTS = row(
    "",
    "v1",
    "ServiceAccount",
    "serviceaccounts",
    short=("sa",),
    returns_deleted=True,
    subresources=(
        Subresource(
            "token", "TokenRequest", ("create",), group="authentication.k8s.io", version="v1"
        ),
    ),
)
SERVICES = row(
    "",
    "v1",
    "Service",
    "services",
    short=("svc",),
    categories=("all",),
    status=True,
    returns_deleted=True,
    subresources=(Subresource("proxy", "ServiceProxyOptions", _PROXY_VERBS),),
)

ROWS = (
    BINDINGS,
    COMPONENTSTATUSES,
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

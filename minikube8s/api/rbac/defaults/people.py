"""The roles that people are given: cluster-admin, admin, edit, view, and what makes them up.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
"""

from __future__ import annotations

from minikube8s.api.rbac.defaults.build import READ, WRITE, at, on, role

_EXTENSIONS = (
    "daemonsets deployments deployments/scale ingresses networkpolicies replicasets "
    "replicasets/scale replicationcontrollers/scale"
)
_APPS = (
    "daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets "
    "statefulsets/scale"
)

ROLES = (
    role("cluster-admin", on("*", "*", "*"), at("*", "*")),
    role("admin", aggregates="admin"),
    role("edit", into="admin", aggregates="edit"),
    role("view", into="edit", aggregates="view"),
    role(
        "system:aggregate-to-admin",
        on("authorization.k8s.io", "localsubjectaccessreviews", "create"),
        on("rbac.authorization.k8s.io", "rolebindings roles", f"{READ} {WRITE}"),
        into="admin",
    ),
    role(
        "system:aggregate-to-edit",
        on(
            '""',
            "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy",
            READ,
        ),
        on('""', "serviceaccounts", "impersonate"),
        on('""', "pods pods/attach pods/exec pods/portforward pods/proxy", WRITE),
        on('""', "pods/eviction", "create"),
        on(
            '""',
            "configmaps events persistentvolumeclaims replicationcontrollers "
            "replicationcontrollers/scale secrets serviceaccounts services services/proxy",
            WRITE,
        ),
        on('""', "serviceaccounts/token", "create"),
        on("apps", f"{_APPS} deployments/rollback", WRITE),
        on("autoscaling", "horizontalpodautoscalers", WRITE),
        on("batch", "cronjobs jobs", WRITE),
        on("extensions", f"{_EXTENSIONS} deployments/rollback", WRITE),
        on("policy", "poddisruptionbudgets", WRITE),
        on("networking.k8s.io", "ingresses networkpolicies", WRITE),
        on("coordination.k8s.io", "leases", f"{READ} {WRITE}"),
        into="edit",
    ),
    role(
        "system:aggregate-to-view",
        on(
            '""',
            "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods "
            "replicationcontrollers replicationcontrollers/scale serviceaccounts services "
            "services/status",
            READ,
        ),
        on(
            '""',
            "bindings events limitranges namespaces/status pods/log pods/status "
            "replicationcontrollers/status resourcequotas resourcequotas/status",
            READ,
        ),
        on('""', "namespaces", READ),
        on("discovery.k8s.io", "endpointslices", READ),
        on(
            "apps",
            f"{_APPS} controllerrevisions daemonsets/status deployments/status "
            "replicasets/status statefulsets/status",
            READ,
        ),
        on("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", READ),
        on("batch", "cronjobs cronjobs/status jobs jobs/status", READ),
        on(
            "extensions",
            f"{_EXTENSIONS} daemonsets/status deployments/status ingresses/status "
            "replicasets/status",
            READ,
        ),
        on("policy", "poddisruptionbudgets poddisruptionbudgets/status", READ),
        on("networking.k8s.io", "ingresses ingresses/status networkpolicies", READ),
        into="view",
    ),
    role(
        "system:aggregated-metrics-reader",
        on("metrics.k8s.io", "pods nodes", READ),
        into="view edit admin",
    ),
)

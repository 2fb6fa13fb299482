"""Who may do what with the default roles: questions with the answers that Kubernetes gives.

Beside the default roles there are: in the namespace `team` bindings of admin, edit and view, and a
Role for one ConfigMap; in all of the cluster a ClusterRole to watch pods.
"""

from minikube8s.api.rbac import Ask

SYSTEM = ("system:authenticated",)
ACCOUNT = "system:serviceaccount:team:robot"
ACCOUNT_GROUPS = ("system:serviceaccounts", "system:serviceaccounts:team", *SYSTEM)

USERS = {
    "anonymous": ("system:anonymous", ("system:unauthenticated",)),
    "anyone": ("anyone", SYSTEM),
    "node": ("system:node:n1", ("system:nodes", *SYSTEM)),
    "robot": (ACCOUNT, ACCOUNT_GROUPS),
    "root": ("root", ("system:masters", *SYSTEM)),
    "admin": ("admin-of-team", SYSTEM),
    "editor": ("editor-of-team", SYSTEM),
    "viewer": ("viewer-of-team", SYSTEM),
    "watcher": ("watcher", ("watchers", *SYSTEM)),
    "proxy": ("system:kube-proxy", SYSTEM),
    "scheduler": ("system:kube-scheduler", SYSTEM),
    "prometheus": ("prometheus", ("system:monitoring", *SYSTEM)),
}

# "who: verb resource[.group][/subresource] [namespace] [name]", or "who: verb /path"
ALLOWED = """
root: delete nodes - n1
root: escalate clusterroles.rbac.authorization.k8s.io - x
root: get /metrics
root: * *
anonymous: get /healthz
anonymous: get /livez
anonymous: get /readyz
anonymous: get /version
anonymous: get /version/
anyone: get /api
anyone: get /api/v1
anyone: get /apis
anyone: get /apis/apps/v1
anyone: get /openapi/v2
anyone: get /openapi/v3
anyone: get /version
anyone: create selfsubjectaccessreviews.authorization.k8s.io
anyone: create selfsubjectrulesreviews.authorization.k8s.io
anyone: create selfsubjectreviews.authentication.k8s.io
node: get /api
node: create selfsubjectreviews.authentication.k8s.io
node: get nodes - n1
node: create certificatesigningrequests.certificates.k8s.io/selfnodeclient
robot: get /.well-known/openid-configuration
robot: get /openid/v1/jwks
robot: get /apis
robot: get configmaps team settings
robot: update configmaps team settings
prometheus: get /metrics
prometheus: get /healthz/ping
prometheus: get /livez/ping
proxy: watch services
proxy: list endpointslices.discovery.k8s.io
proxy: get nodes - n1
proxy: create events team
proxy: patch events.events.k8s.io team x
scheduler: create pods/binding team p
scheduler: update leases.coordination.k8s.io kube-system kube-scheduler
scheduler: create leases.coordination.k8s.io kube-system
scheduler: patch pods/status team p
scheduler: list persistentvolumes
viewer: get pods team p
viewer: list pods team
viewer: watch pods team
viewer: get pods/log team p
viewer: get pods/status team p
viewer: list events team
viewer: get configmaps team c
viewer: get services team s
viewer: get serviceaccounts team s
viewer: get namespaces team team
viewer: get resourcequotas team q
viewer: list deployments.apps team
viewer: get deployments.apps/scale team d
viewer: list statefulsets.apps team
viewer: list controllerrevisions.apps team
viewer: list jobs.batch team
viewer: get cronjobs.batch/status team c
viewer: list horizontalpodautoscalers.autoscaling team
viewer: list poddisruptionbudgets.policy team
viewer: list ingresses.networking.k8s.io team
viewer: list networkpolicies.networking.k8s.io team
viewer: list endpointslices.discovery.k8s.io team
editor: get pods team p
editor: create pods team
editor: delete pods team p
editor: deletecollection pods team
editor: create pods/exec team p
editor: get pods/exec team p
editor: create pods/attach team p
editor: create pods/portforward team p
editor: get pods/proxy team p
editor: create pods/eviction team p
editor: get secrets team s
editor: create secrets team
editor: create configmaps team
editor: update services team s
editor: create services/proxy team s
editor: create serviceaccounts team
editor: impersonate serviceaccounts team robot
editor: create serviceaccounts/token team robot
editor: create deployments.apps team
editor: patch deployments.apps/scale team d
editor: update statefulsets.apps/scale team s
editor: delete daemonsets.apps team d
editor: create jobs.batch team
editor: create cronjobs.batch team
editor: create horizontalpodautoscalers.autoscaling team
editor: create poddisruptionbudgets.policy team
editor: create ingresses.networking.k8s.io team
editor: create networkpolicies.networking.k8s.io team
editor: update leases.coordination.k8s.io team l
editor: create events team
editor: create persistentvolumeclaims team
admin: create pods team
admin: get pods/log team p
admin: create roles.rbac.authorization.k8s.io team
admin: update rolebindings.rbac.authorization.k8s.io team b
admin: create localsubjectaccessreviews.authorization.k8s.io team
admin: delete secrets team s
watcher: watch pods
watcher: watch pods team
watcher: watch pods other
"""

DENIED = """
anonymous: get /
anonymous: get /api
anonymous: get /apis
anonymous: get /metrics
anonymous: get /openapi/v2
anonymous: get /healthz/ping
anonymous: post /version
anonymous: list pods team
anonymous: get /.well-known/openid-configuration
anonymous: create selfsubjectaccessreviews.authorization.k8s.io
anonymous: create selfsubjectreviews.authentication.k8s.io
anyone: get /
anyone: get /metrics
anyone: post /api
anyone: get /openid/v1/jwks
anyone: list namespaces
anyone: get pods team p
anyone: create tokenreviews.authentication.k8s.io
anyone: create subjectaccessreviews.authorization.k8s.io
anyone: impersonate users - root
anyone: impersonate groups - system:masters
node: list pods
node: get pods team p
node: get secrets team s
node: list nodes
node: update nodes/status - n1
node: list services
node: create events team
node: create tokenreviews.authentication.k8s.io
node: create serviceaccounts/token team robot
node: get leases.coordination.k8s.io kube-node-lease n1
robot: get configmaps team other
robot: list configmaps team
robot: get configmaps other settings
robot: delete configmaps team settings
robot: get secrets team settings
prometheus: post /metrics
prometheus: list nodes
proxy: update services team s
proxy: get secrets team s
proxy: delete events team x
scheduler: update leases.coordination.k8s.io kube-system other
scheduler: get secrets team s
scheduler: delete nodes - n1
viewer: get secrets team s
viewer: list secrets team
viewer: create pods team
viewer: delete pods team p
viewer: get pods/exec team p
viewer: create pods/portforward team p
viewer: get pods/proxy team p
viewer: get pods other p
viewer: list pods
viewer: list nodes
viewer: get namespaces other other
viewer: list namespaces
viewer: get roles.rbac.authorization.k8s.io team r
viewer: list rolebindings.rbac.authorization.k8s.io team
viewer: patch deployments.apps/scale team d
viewer: create events team
viewer: list persistentvolumes
viewer: list storageclasses.storage.k8s.io
viewer: impersonate serviceaccounts team robot
viewer: create serviceaccounts/token team robot
editor: get pods other p
editor: create roles.rbac.authorization.k8s.io team
editor: get rolebindings.rbac.authorization.k8s.io team b
editor: update resourcequotas team q
editor: create limitranges team
editor: delete namespaces team team
editor: update namespaces team team
editor: create endpointslices.discovery.k8s.io team
editor: create endpoints team
editor: create nodes
editor: impersonate users - root
editor: impersonate serviceaccounts other robot
editor: update pods/status team p
editor: create pods/binding team p
editor: create localsubjectaccessreviews.authorization.k8s.io team
editor: create customresourcedefinitions.apiextensions.k8s.io
admin: escalate roles.rbac.authorization.k8s.io team r
admin: bind clusterroles.rbac.authorization.k8s.io team admin
admin: create clusterroles.rbac.authorization.k8s.io
admin: create rolebindings.rbac.authorization.k8s.io other
admin: update resourcequotas team q
admin: delete namespaces team team
admin: list nodes
admin: get /metrics
watcher: watch pods/log team p
watcher: get pods team p
watcher: watch secrets team
"""


def questions(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def read(line: str) -> tuple[str, Ask]:
    who, _, rest = line.partition(": ")
    verb, what, namespace, name, *_ = [*rest.split(), "", "", ""]
    if what.startswith("/"):
        return who, Ask(verb, path=what)
    resource, _, subresource = what.partition("/")
    plural, _, group = resource.partition(".")
    return who, Ask(verb, group, plural, subresource, namespace.strip("-"), name)

"""The resource table is that of Kubernetes 1.36: names, verbs, categories and subresources.

Facts as Kubernetes' own discovery tells them. A line: resource, kind, short names, categories,
scope (n or c), verbs (`all` eight, or those named), subresources with their verbs.
"""

from __future__ import annotations

import pytest

from minikube8s.api.resources import RESOURCES, Resource
from minikube8s.api.resources.model import ALL_VERBS

PART = "get,patch,update"
PROXY = "create,delete,get,patch,update"
TABLE = f"""
v1
bindings Binding - - n create -
componentstatuses ComponentStatus cs - c get,list -
configmaps ConfigMap cm - n all -
endpoints Endpoints ep - n all -
events Event ev - n all -
limitranges LimitRange limits - n all -
namespaces Namespace ns - c create,delete,get,list,patch,update,watch \
finalize:Namespace:update;status:Namespace:{PART}
nodes Node no - c all proxy:NodeProxyOptions:{PROXY};status:Node:{PART}
persistentvolumeclaims PersistentVolumeClaim pvc - n all status:PersistentVolumeClaim:{PART}
persistentvolumes PersistentVolume pv - c all status:PersistentVolume:{PART}
pods Pod po all n all attach:PodAttachOptions:create,get;binding:Binding:create;\
ephemeralcontainers:Pod:{PART};eviction:Eviction:create;exec:PodExecOptions:create,get;\
log:Pod:get;portforward:PodPortForwardOptions:create,get;proxy:PodProxyOptions:{PROXY};\
resize:Pod:{PART};status:Pod:{PART}
podtemplates PodTemplate - - n all -
replicationcontrollers ReplicationController rc all n all \
scale:Scale:{PART};status:ReplicationController:{PART}
resourcequotas ResourceQuota quota - n all status:ResourceQuota:{PART}
secrets Secret - - n all -
serviceaccounts ServiceAccount sa - n all token:TokenRequest:create
services Service svc all n all proxy:ServiceProxyOptions:{PROXY};status:Service:{PART}
apps/v1
controllerrevisions ControllerRevision - - n all -
daemonsets DaemonSet ds all n all status:DaemonSet:{PART}
deployments Deployment deploy all n all scale:Scale:{PART};status:Deployment:{PART}
replicasets ReplicaSet rs all n all scale:Scale:{PART};status:ReplicaSet:{PART}
statefulsets StatefulSet sts all n all scale:Scale:{PART};status:StatefulSet:{PART}
autoscaling/v1
horizontalpodautoscalers HorizontalPodAutoscaler hpa all n all status:HorizontalPodAutoscaler:{PART}
autoscaling/v2
horizontalpodautoscalers HorizontalPodAutoscaler hpa all n all status:HorizontalPodAutoscaler:{PART}
batch/v1
cronjobs CronJob cj all n all status:CronJob:{PART}
jobs Job - all n all status:Job:{PART}
networking.k8s.io/v1
ingressclasses IngressClass - - c all -
ingresses Ingress ing - n all status:Ingress:{PART}
ipaddresses IPAddress ip - c all -
networkpolicies NetworkPolicy netpol - n all -
servicecidrs ServiceCIDR - - c all status:ServiceCIDR:{PART}
policy/v1
poddisruptionbudgets PodDisruptionBudget pdb - n all status:PodDisruptionBudget:{PART}
rbac.authorization.k8s.io/v1
clusterrolebindings ClusterRoleBinding - - c all -
clusterroles ClusterRole - - c all -
rolebindings RoleBinding - - n all -
roles Role - - n all -
storage.k8s.io/v1
csidrivers CSIDriver - - c all -
csinodes CSINode - - c all -
csistoragecapacities CSIStorageCapacity - - n all -
storageclasses StorageClass sc - c all -
volumeattachments VolumeAttachment - - c all status:VolumeAttachment:{PART}
volumeattributesclasses VolumeAttributesClass vac - c all -
coordination.k8s.io/v1
leases Lease - - n all -
discovery.k8s.io/v1
endpointslices EndpointSlice - - n all -
events.k8s.io/v1
events Event ev - n all -
scheduling.k8s.io/v1
priorityclasses PriorityClass pc - c all -
node.k8s.io/v1
runtimeclasses RuntimeClass - - c all -
certificates.k8s.io/v1
certificatesigningrequests CertificateSigningRequest csr - c all \
approval:CertificateSigningRequest:{PART};status:CertificateSigningRequest:{PART}
authentication.k8s.io/v1
selfsubjectreviews SelfSubjectReview - - c create -
tokenreviews TokenReview - - c create -
authorization.k8s.io/v1
localsubjectaccessreviews LocalSubjectAccessReview - - n create -
selfsubjectaccessreviews SelfSubjectAccessReview - - c create -
selfsubjectrulesreviews SelfSubjectRulesReview - - c create -
subjectaccessreviews SubjectAccessReview - - c create -
metrics.k8s.io/v1beta1
nodes NodeMetrics - - c get,list -
pods PodMetrics - - n get,list -
"""


def lines() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    version = ""
    for line in TABLE.strip().splitlines():
        if " " not in line:
            version = line
        else:
            found.setdefault(version, []).append(line)
    return found


def shown(row: Resource) -> str:
    parts = sorted(row.subresources.values(), key=lambda part: part.name)
    told = ";".join(f"{one.name}:{one.kind}:{','.join(one.verbs)}" for one in parts)
    return " ".join(
        (
            row.plural,
            row.kind,
            ",".join(row.short_names) or "-",
            ",".join(row.categories) or "-",
            "n" if row.namespaced else "c",
            "all" if set(row.verbs) == set(ALL_VERBS) else ",".join(row.verbs),
            told or "-",
        )
    )


@pytest.mark.parametrize("version", lines())
def test_a_group_has_what_kubernetes_has(version: str) -> None:
    rows = [row for row in RESOURCES.all() if row.api_version == version]
    assert sorted(map(shown, rows)) == sorted(lines()[version])

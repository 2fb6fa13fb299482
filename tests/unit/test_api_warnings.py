"""Kubernetes' own warnings are told, in its words."""

import pytest

from minikube8s.api.resources import RESOURCES
from minikube8s.api.strategy.kindwarnings import warnings
from minikube8s.api.strategy.unsupported import unsupported


def told(api_version, kind, spec, **metadata):
    resource = RESOURCES.by_api_version(api_version, kind)
    return warnings(resource, {"metadata": {"name": "a", **metadata}, "spec": spec})


def container(**fields):
    return {"containers": [{"name": "a", "image": "x", **fields}]}


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (
            {"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
            "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use"
            ' "kubernetes.io/os" instead',
        ),
        (
            container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
            'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when'
            " using apply",
        ),
        (
            container(resources={"limits": {"memory": "100m"}}),
            'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid,'
            " must be an integer",
        ),
        (
            container(ports=[{"containerPort": 80}, {"containerPort": 80, "hostPort": 8080}]),
            "spec.containers[0].ports[1]: overlapping port definition with"
            " spec.containers[0].ports[0]",
        ),
        (
            container(ports=[{"containerPort": 80}, {"containerPort": 80}]),
            "spec.containers[0].ports[1]: duplicate port definition with"
            " spec.containers[0].ports[0]",
        ),
        (
            {"imagePullSecrets": [{"name": ""}]},
            'spec.imagePullSecrets[0].name: invalid empty name ""',
        ),
        (
            {"hostAliases": [{"ip": "1.1.1.1"}, {"ip": "1.1.1.1"}]},
            'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
        ),
        (
            {"volumes": [{"name": "v", "gitRepo": {"repository": "r"}}]},
            "spec.volumes[0].gitRepo: deprecated in v1.11",
        ),
        (
            {"terminationGracePeriodSeconds": -1},
            "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and"
            " will be treated as 1",
        ),
        (
            {"topologySpreadConstraints": [{"topologyKey": "zone"}]},
            "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in"
            " matching no pod",
        ),
        (
            {
                "affinity": {
                    "nodeAffinity": {
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                            {
                                "preference": {
                                    "matchExpressions": [{"key": "beta.kubernetes.io/arch"}]
                                }
                            }
                        ]
                    }
                }
            },
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]"
            ".preference.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since"
            ' v1.14; use "kubernetes.io/arch" instead',
        ),
    ],
)
def test_a_doubtful_pod_is_taken_with_a_warning(spec, sentence):
    assert told("v1", "Pod", spec) == [sentence]
    in_template = told("apps/v1", "Deployment", {"template": {"spec": spec}})
    assert in_template == [sentence.replace("spec.", "spec.template.spec.")]


def test_a_variable_that_extends_the_one_before_is_no_mistake():
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]
    assert told("v1", "Pod", container(env=env)) == []


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "metadata", "sentence"),
    [
        (
            "networking.k8s.io/v1",
            "Ingress",
            {},
            {"annotations": {"kubernetes.io/ingress.class": "nginx"}},
            'annotation "kubernetes.io/ingress.class" is deprecated, please use'
            " 'spec.ingressClassName' instead",
        ),
        (
            "v1",
            "PersistentVolumeClaim",
            {"resources": {"requests": {"storage": "1500m"}}},
            {},
            'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an'
            " integer",
        ),
        (
            "v1",
            "PersistentVolume",
            {"persistentVolumeReclaimPolicy": "Recycle"},
            {},
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead,"
            " the recommended approach is to use dynamic provisioning.",
        ),
        (
            "v1",
            "Service",
            {"clusterIP": "None", "sessionAffinity": "ClientIP"},
            {},
            "spec.SessionAffinity is ignored for headless services",
        ),
        (
            "apps/v1",
            "StatefulSet",
            {"revisionHistoryLimit": -1},
            {},
            "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value"
            " >= 0 is recommended",
        ),
        (
            "v1",
            "LimitRange",
            {"limits": [{"type": "Container", "max": {"memory": "1m"}}]},
            {},
            'spec.limits[0].max[memory]: fractional byte value "1m" is invalid, must be an integer',
        ),
    ],
)
def test_a_doubtful_object_is_taken_with_a_warning(api_version, kind, spec, metadata, sentence):
    assert told(api_version, kind, spec, **metadata) == [sentence]


def test_a_jobs_template_is_looked_at_where_it_is():
    spec = {"template": {"spec": {"terminationGracePeriodSeconds": -1}}}
    (sentence,) = told("batch/v1", "CronJob", {"jobTemplate": {"spec": spec}})
    assert sentence.startswith("spec.jobTemplate.spec.template.spec.terminationGracePeriodSeconds:")


@pytest.mark.parametrize(
    ("kind", "obj", "fields"),
    [
        (
            "PersistentVolume",
            {"spec": {"hostPath": {"path": "/x"}, "volumeMode": "Filesystem"}},
            [],
        ),
        ("PersistentVolume", {"spec": {"csi": {"driver": "d"}}}, ["spec.csi"]),
        ("PersistentVolume", {"spec": {"volumeMode": "Block"}}, ["spec.volumeMode: Block"]),
        (
            "PersistentVolume",
            {"spec": {"persistentVolumeReclaimPolicy": "Recycle"}},
            ["spec.persistentVolumeReclaimPolicy: Recycle"],
        ),
        ("PersistentVolumeClaim", {"spec": {"storageClassName": "local-path"}}, []),
        ("PersistentVolumeClaim", {"spec": {"dataSource": {"name": "x"}}}, ["spec.dataSource"]),
    ],
)
def test_what_no_volume_can_do_is_named(kind, obj, fields):
    found = unsupported(RESOURCES.by_api_version("v1", kind), obj)
    assert found == [f"{one}: mk8s stores this but does not act on it yet" for one in fields]

"""Pods are validated as Kubernetes does, in its words."""

import copy

import pytest

from minikube8s.api.strategy.pods import qos_class
from tests.support.podchecks import STRATEGY, changed, pod, problems


def test_a_plain_pod_is_valid():
    assert problems(pod()) == []


def test_everything_a_pod_can_have_is_valid():
    spec = {
        "volumes": [{"name": "v", "configMap": {"name": "c"}}],
        "initContainers": [{"name": "i", "image": "x", "restartPolicy": "Always"}],
        "tolerations": [{"operator": "Exists"}],
        "nodeSelector": {"disk": "ssd"},
        "hostname": "web",
    }
    obj = pod(
        spec,
        ports=[{"containerPort": 80, "name": "http"}],
        env=[
            {"name": "A", "value": "1"},
            {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "D", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        ],
        envFrom=[{"configMapRef": {"name": "c"}}],
        resources={"limits": {"cpu": "1", "example.com/gpu": "2"}, "requests": {"cpu": "500m"}},
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
        livenessProbe={"httpGet": {"port": "http"}},
        readinessProbe={"tcpSocket": {"port": 80}, "successThreshold": 2},
        lifecycle={"preStop": {"sleep": {"seconds": 1}}},
    )
    assert problems(obj) == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": ""}, "spec.containers[0].name: Required value"),
        ({"image": ""}, "spec.containers[0].image: Required value"),
        (
            {"image": "nginx "},
            'spec.containers[0].image: Invalid value: "nginx ": must not have leading or trailing'
            " whitespace",
        ),
        (
            {"imagePullPolicy": "Sometimes"},
            'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values:'
            ' "Always", "IfNotPresent", "Never"',
        ),
        (
            {"ports": [{"containerPort": 70000}]},
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1"
            " and 65535, inclusive",
        ),
        ({"ports": [{}]}, "spec.containers[0].ports[0].containerPort: Required value"),
        (
            {"ports": [{"containerPort": 80, "protocol": "ICMP"}]},
            'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP": supported values:'
            ' "SCTP", "TCP", "UDP"',
        ),
        (
            {
                "ports": [
                    {"containerPort": 80, "name": "http"},
                    {"containerPort": 81, "name": "http"},
                ]
            },
            'spec.containers[0].ports[1].name: Duplicate value: "http"',
        ),
        (
            {
                "ports": [
                    {"containerPort": 80, "hostPort": 8080},
                    {"containerPort": 81, "hostPort": 8080},
                ]
            },
            'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//8080"',
        ),
        ({"env": [{"value": "1"}]}, "spec.containers[0].env[0].name: Required value"),
        (
            {"env": [{"name": "A=B"}]},
            'spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable'
            " name must consist only of printable ASCII characters other than '='",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {}}]},
            'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of:'
            " `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        ),
        (
            {
                "env": [
                    {
                        "name": "A",
                        "value": "1",
                        "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}},
                    }
                ]
            },
            'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when'
            " `value` is not empty",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c"}}}]},
            "spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}]},
            'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x":'
            " error converting fieldPath: field label not supported: spec.x",
        ),
        (
            {"envFrom": [{}]},
            'spec.containers[0].envFrom[0]: Invalid value: "": must specify one of: `configMapRef`'
            " or `secretRef`",
        ),
        (
            {"envFrom": [{"secretRef": {}}]},
            "spec.containers[0].envFrom[0].secretRef.name: Required value",
        ),
        (
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}},
            'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal'
            " to cpu limit of 1",
        ),
        (
            {"resources": {"requests": {"memory": "-1"}}},
            'spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater'
            " than or equal to 0",
        ),
        (
            {"resources": {"requests": {"pods": "1"}}},
            'spec.containers[0].resources.requests[pods]: Invalid value: "pods": must be a'
            " standard resource for containers",
        ),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/v"}]},
            'spec.containers[0].volumeMounts[0].name: Not found: "v"',
        ),
        (
            {"livenessProbe": {}},
            "spec.containers[0].livenessProbe: Required value: must specify a handler type",
        ),
        (
            {"livenessProbe": {"exec": {"command": ["a"]}, "successThreshold": 2}},
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ),
        (
            {"readinessProbe": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 80}}},
            "spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1"
            " handler type",
        ),
        (
            {"startupProbe": {"httpGet": {"port": 0}}},
            "spec.containers[0].startupProbe.httpGet.port: Invalid value: 0: must be between 1 and"
            " 65535, inclusive",
        ),
        (
            {"lifecycle": {"postStart": {"exec": {}}}},
            "spec.containers[0].lifecycle.postStart.exec.command: Required value",
        ),
    ],
)
def test_a_container_is_refused_in_one_sentence(fields, problem):
    assert problems(pod(**fields)) == [problem]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"containers": []}, "spec.containers: Required value"),
        (
            {"containers": [{"name": "a", "image": "x"}, {"name": "a", "image": "y"}]},
            'spec.containers[1].name: Duplicate value: "a"',
        ),
        (
            {"restartPolicy": "Sometimes"},
            'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always",'
            ' "OnFailure", "Never"',
        ),
        (
            {"dnsPolicy": "None"},
            "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
        ),
        (
            {"activeDeadlineSeconds": 0},
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647,"
            " inclusive",
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}]},
            'spec.volumes[1].name: Duplicate value: "v"',
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]},
            "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
        ),
        (
            {"volumes": [{"name": "v", "secret": {}}]},
            "spec.volumes[0].secret.secretName: Required value",
        ),
        (
            {"volumes": [{"name": "v", "configMap": {"name": "c", "defaultMode": 4096}}]},
            "spec.volumes[0].configMap.defaultMode: Invalid value: 4096: must be a number between"
            " 0 and 0777 (octal), both inclusive",
        ),
        (
            {"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]},
            'spec.tolerations[0].operator: Invalid value: "b": value must be empty when `operator`'
            " is 'Exists'",
        ),
        (
            {"tolerations": [{"value": "b"}]},
            'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when'
            ' `key` is empty, which means "match all values and all keys"',
        ),
        (
            {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}
                    }
                }
            },
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
            ".nodeSelectorTerms: Required value: must have at least one node selector term",
        ),
        (
            {
                "initContainers": [
                    {"name": "i", "image": "x", "livenessProbe": {"grpc": {"port": 1}}}
                ]
            },
            "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers"
            " without restartPolicy=Always",
        ),
    ],
)
def test_a_spec_is_refused_in_one_sentence(spec, problem):
    assert problems(pod(spec)) == [problem]


def test_all_problems_are_told_at_once():
    assert problems(pod({"restartPolicy": "x", "dnsPolicy": "y"}, image="")) == [
        "spec.containers[0].image: Required value",
        'spec.restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure",'
        ' "Never"',
        'spec.dnsPolicy: Unsupported value: "y": supported values:'
        ' "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ]


def test_a_pods_image_and_tolerations_may_change():
    old = pod()
    assert changed(old, containers=[{**old["spec"]["containers"][0], "image": "nginx:1"}]) == []
    assert changed(old, activeDeadlineSeconds=5) == []
    assert changed(old, tolerations=[{"operator": "Exists"}]) == []


@pytest.mark.parametrize(
    "spec", [{"nodeName": "n1"}, {"restartPolicy": "Never"}, {"hostNetwork": True}]
)
def test_nothing_else_of_a_pod_may_change(spec):
    (problem,) = changed(pod(), **spec)
    assert problem.startswith(
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"
    )
    assert f"spec.{next(iter(spec))}: " in problem


def test_a_toleration_may_not_be_taken_away():
    assert changed(pod({"tolerations": [{"operator": "Exists"}]}), tolerations=[])


def test_a_deadline_only_shrinks():
    old = pod({"activeDeadlineSeconds": 10})
    assert changed(old, activeDeadlineSeconds=5) == []
    assert changed(old, activeDeadlineSeconds=11) == [
        "spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous"
        " value"
    ]


def test_a_new_pod_is_pending_whatever_it_says():
    obj = pod()
    obj["status"] = {"phase": "Running", "podIP": "1.2.3.4"}
    STRATEGY.prepare_create(obj)
    assert obj["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert obj["metadata"]["generation"] == 1


def test_binding_gives_a_pod_its_node_once_and_no_generation():
    old = pod()
    old["metadata"]["generation"] = 1
    new = copy.deepcopy(old)
    new["spec"].update(nodeName="n1", restartPolicy="Never")
    new["status"]["conditions"] = [{"type": "PodScheduled", "status": "True"}]
    STRATEGY.prepare_update(new, old, "binding")
    assert new["spec"] == {**old["spec"], "nodeName": "n1"}
    assert new["status"]["conditions"]
    assert new["metadata"]["generation"] == 1
    assert STRATEGY.validate_update(new, old, "binding") == []
    again = copy.deepcopy(new)
    again["spec"]["nodeName"] = "n2"
    assert STRATEGY.validate_update(again, new, "binding")


def test_a_status_keeps_the_spec_and_the_quality_of_service():
    old = pod()
    old["status"] = {"phase": "Pending", "qosClass": "BestEffort"}
    new = copy.deepcopy(old)
    new["spec"]["nodeName"] = "n9"
    new["metadata"]["labels"] = {"a": "b"}
    new["status"] = {"phase": "Running"}
    STRATEGY.prepare_update(new, old, "status")
    assert new["spec"] == old["spec"]
    assert "labels" not in new["metadata"]
    assert new["status"] == {"phase": "Running", "qosClass": "BestEffort"}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{}], "BestEffort"),
        ([{"requests": {"cpu": "1"}}], "Burstable"),
        (
            [{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}],
            "Guaranteed",
        ),
        (
            [
                {
                    "limits": {"cpu": "1", "memory": "1Gi"},
                    "requests": {"cpu": "1000m", "memory": "1024Mi"},
                }
            ],
            "Guaranteed",
        ),
        (
            [
                {
                    "limits": {"cpu": "1", "memory": "1Gi"},
                    "requests": {"cpu": "1", "memory": "1Gi"},
                },
                {},
            ],
            "Burstable",
        ),
        ([{"requests": {"example.com/gpu": "1"}}], "BestEffort"),
    ],
)
def test_the_quality_of_service_follows_requests_and_limits(resources, expected):
    containers = [{"name": f"c{i}", "resources": one} for i, one in enumerate(resources)]
    assert qos_class({"containers": containers}) == expected


def test_pods_are_deleted_gracefully():
    assert STRATEGY.graceful

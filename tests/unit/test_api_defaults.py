"""Objects get Kubernetes' defaults, and nothing that is set is changed."""

import base64

import pytest

from minikube8s.api.defaults import apply
from minikube8s.api.defaults.pods import pull_policy
from minikube8s.api.resources import (
    DEPLOYMENTS,
    ENDPOINTS,
    ENDPOINTSLICES,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    SECRETS,
    SERVICES,
)

CONTAINER_DEFAULTS = {
    "imagePullPolicy": "IfNotPresent",
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
}
SPEC_DEFAULTS = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "schedulerName": "default-scheduler",
    "securityContext": {},
}


def pod(**spec):
    obj = {"metadata": {"name": "x"}, "spec": {"containers": [container()], **spec}}
    apply(PODS, obj)
    return obj


def container(**fields):
    return {"name": "a", "image": "nginx:1.10", **fields}


def service(**spec):
    obj = {"spec": {"ports": [{"port": 80}], **spec}}
    apply(SERVICES, obj)
    return obj["spec"]


def test_a_pod_gets_the_defaults_of_its_spec():
    assert pod()["spec"] == {
        **SPEC_DEFAULTS,
        "enableServiceLinks": True,
        "containers": [container(**CONTAINER_DEFAULTS)],
    }
    assert pod()["status"] == {"phase": "Pending"}


def test_a_template_gets_no_service_links_of_its_own():
    deployment = {"spec": {"template": {"spec": {"containers": [container()]}}}}
    apply(DEPLOYMENTS, deployment)
    assert deployment["spec"]["template"] == {
        "metadata": {},
        "spec": {**SPEC_DEFAULTS, "containers": [container(**CONTAINER_DEFAULTS)]},
    }


def test_a_deployment_rolls_by_quarters():
    deployment = {"spec": {}}
    apply(DEPLOYMENTS, deployment)
    spec = deployment["spec"]
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert (spec["replicas"], spec["revisionHistoryLimit"]) == (1, 10)
    assert spec["progressDeadlineSeconds"] == 600


def test_recreate_gets_no_rolling_update():
    deployment = {"spec": {"strategy": {"type": "Recreate"}}}
    apply(DEPLOYMENTS, deployment)
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


def test_zero_replicas_stay_zero():
    for resource in (DEPLOYMENTS, REPLICASETS):
        obj = {"spec": {"replicas": 0}}
        apply(resource, obj)
        assert obj["spec"]["replicas"] == 0


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.10", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("localhost:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
        ("nginx:latest@sha256:abc", "Always"),
    ],
)
def test_the_pull_policy_follows_the_tag(image, policy):
    assert pull_policy(image) == policy


def test_requests_follow_limits_in_pods():
    limits = {"cpu": "1", "memory": "64Mi"}
    resources = {"limits": limits, "requests": {"cpu": "500m"}}
    spec = pod(containers=[container(resources=resources)])["spec"]
    assert spec["containers"][0]["resources"] == {
        "limits": limits,
        "requests": {"cpu": "500m", "memory": "64Mi"},
    }


def test_requests_do_not_follow_limits_in_templates():
    template = {"spec": {"containers": [container(resources={"limits": {"cpu": "1"}})]}}
    apply(REPLICASETS, {"spec": {"template": template}})
    assert template["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}}


def test_ports_probes_and_variables_are_completed():
    spec = pod(
        containers=[
            container(
                ports=[{"containerPort": 80}],
                livenessProbe={"httpGet": {"port": 80}},
                readinessProbe={"grpc": {"port": 80}, "periodSeconds": 3},
                env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                lifecycle={"preStop": {"httpGet": {"port": 80}}},
            )
        ]
    )["spec"]
    one = spec["containers"][0]
    numbers = {
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert one["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert one["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        **numbers,
    }
    assert one["readinessProbe"] == {
        "grpc": {"port": 80, "service": ""},
        **numbers,
        "periodSeconds": 3,
    }
    assert one["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert one["lifecycle"]["preStop"]["httpGet"]["scheme"] == "HTTP"


def test_volumes_are_completed():
    volumes = pod(
        volumes=[
            {"name": "a"},
            {"name": "b", "configMap": {"name": "x"}},
            {"name": "c", "secret": {"secretName": "x", "defaultMode": 0}},
            {"name": "d", "hostPath": {"path": "/"}},
            {"name": "e", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
        ]
    )["spec"]["volumes"]
    assert volumes == [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "configMap": {"name": "x", "defaultMode": 420}},
        {"name": "c", "secret": {"secretName": "x", "defaultMode": 0}},
        {"name": "d", "hostPath": {"path": "/", "type": ""}},
        {
            "name": "e",
            "projected": {
                "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                "defaultMode": 420,
            },
        },
    ]


def test_host_network_makes_container_ports_host_ports():
    spec = pod(hostNetwork=True, containers=[container(ports=[{"containerPort": 80}])])["spec"]
    assert spec["containers"][0]["ports"][0]["hostPort"] == 80


def test_a_service_gets_its_type_and_target_ports():
    assert service() == {
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "internalTrafficPolicy": "Cluster",
    }


def test_a_service_on_nodes_gets_an_external_policy():
    assert service(type="NodePort")["externalTrafficPolicy"] == "Cluster"
    balanced = service(type="LoadBalancer")
    assert balanced["externalTrafficPolicy"] == "Cluster"
    assert balanced["allocateLoadBalancerNodePorts"] is True
    assert service(externalIPs=["10.0.0.1"])["externalTrafficPolicy"] == "Cluster"


def test_an_external_name_has_no_addresses():
    assert service(type="ExternalName").keys() == {"type", "sessionAffinity", "ports"}


def test_sticky_sessions_last_three_hours():
    assert service(sessionAffinity="ClientIP")["sessionAffinityConfig"] == {
        "clientIP": {"timeoutSeconds": 10800}
    }
    assert "sessionAffinityConfig" not in service(sessionAffinityConfig={"clientIP": {}})


def test_endpoints_are_tcp():
    endpoints = {"subsets": [{"ports": [{"port": 80}]}]}
    apply(ENDPOINTS, endpoints)
    assert endpoints["subsets"][0]["ports"] == [{"port": 80, "protocol": "TCP"}]
    part = {"ports": [{"port": 80}]}
    apply(ENDPOINTSLICES, part)
    assert part["ports"] == [{"port": 80, "name": "", "protocol": "TCP"}]


def test_a_namespace_is_labelled_with_its_name():
    obj = {"metadata": {"name": "x", "labels": {"a": "b", "kubernetes.io/metadata.name": "no"}}}
    apply(NAMESPACES, obj)
    assert obj["metadata"]["labels"] == {"a": "b", "kubernetes.io/metadata.name": "x"}
    assert obj["status"] == {"phase": "Active"}


def test_a_node_may_allocate_what_it_has():
    node = {"status": {"capacity": {"cpu": "2"}}}
    apply(NODES, node)
    assert node["status"]["allocatable"] == {"cpu": "2"}


def test_a_secrets_plain_texts_become_data():
    secret = {"data": {"a": "eA==", "b": "eA=="}, "stringData": {"b": "hé"}}
    apply(SECRETS, secret)
    assert secret == {
        "type": "Opaque",
        "data": {"a": "eA==", "b": base64.b64encode("hé".encode()).decode()},
    }

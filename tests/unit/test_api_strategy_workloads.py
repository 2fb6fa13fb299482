"""Deployments and ReplicaSets are validated as Kubernetes does, in its words."""

import copy

import pytest

from minikube8s.api import defaults, errors
from minikube8s.api.resources import DEPLOYMENTS, REPLICASETS, STATEFULSETS
from minikube8s.api.strategy import for_resource

WORKLOADS = [DEPLOYMENTS, REPLICASETS]


def workload(resource=DEPLOYMENTS, template_spec=None, **spec):
    labels = {"app": "web"}
    obj = {
        "metadata": {"name": "web", "namespace": "default", "uid": "u", "generation": 3},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "a", "image": "x"}], **(template_spec or {})},
            },
            **spec,
        },
    }
    defaults.apply(resource, obj)
    return obj


def problems(obj, resource=DEPLOYMENTS):
    causes = for_resource(resource).validate(obj)
    return [f"{cause.field}: {cause.message}" for cause in causes]


@pytest.mark.parametrize("resource", WORKLOADS, ids=lambda resource: resource.kind)
def test_a_plain_workload_is_valid(resource):
    assert problems(workload(resource), resource) == []


@pytest.mark.parametrize("resource", WORKLOADS, ids=lambda resource: resource.kind)
@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"selector": None}, "spec.selector: Required value"),
        (
            {"selector": {}},
            "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
        ),
        (
            {"selector": {"matchLabels": {"app": "other"}}},
            'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not'
            " match template `labels`",
        ),
        ({"replicas": -1}, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (
            {"selector": {"matchExpressions": [{"key": "app", "operator": "Like"}]}},
            'spec.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid'
            " selector operator",
        ),
        (
            {
                "selector": {
                    "matchLabels": {"app": "web"},
                    "matchExpressions": [{"key": "app", "operator": "In"}],
                }
            },
            "spec.selector.matchExpressions[0].values: Required value: must be specified when"
            " `operator` is 'In' or 'NotIn'",
        ),
    ],
)
def test_a_workload_is_refused_in_one_sentence(resource, spec, problem):
    assert problems(workload(resource, **spec), resource) == [problem]


@pytest.mark.parametrize(
    ("template_spec", "problem"),
    [
        (
            {"restartPolicy": "Never"},
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values:'
            ' "Always"',
        ),
        (
            {"activeDeadlineSeconds": 5},
            "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in"
            " ReplicaSet is not Supported",
        ),
        (
            {"containers": [{"name": "a"}]},
            "spec.template.spec.containers[0].image: Required value",
        ),
        ({"containers": []}, "spec.template.spec.containers: Required value"),
    ],
)
def test_a_template_is_a_pods_spec_that_runs_for_ever(template_spec, problem):
    assert problems(workload(template_spec=template_spec)) == [problem]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            {"strategy": {"type": "Recreate", "rollingUpdate": {}}},
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is"
            " 'Recreate'",
        ),
        (
            {"strategy": {"type": "Canary"}},
            'spec.strategy.type: Unsupported value: "Canary": supported values: "Recreate",'
            ' "RollingUpdate"',
        ),
        (
            {"strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}}},
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when"
            " `maxSurge` is 0",
        ),
        (
            {"strategy": {"rollingUpdate": {"maxUnavailable": "200%"}}},
            'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "200%": must not be'
            " greater than 100%",
        ),
        (
            {"progressDeadlineSeconds": 5, "minReadySeconds": 5},
            "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds",
        ),
        (
            {"revisionHistoryLimit": -1},
            "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
        ),
    ],
)
def test_a_deployments_strategy_is_refused_in_one_sentence(spec, problem):
    assert problems(workload(**spec)) == [problem]


def test_a_percentage_is_a_number_with_a_sign():
    (problem,) = problems(workload(strategy={"rollingUpdate": {"maxSurge": "many"}}))
    assert "a valid percent string must be a numeric string followed by an ending '%'" in problem


@pytest.mark.parametrize("resource", WORKLOADS, ids=lambda resource: resource.kind)
def test_the_selector_never_changes(resource):
    old = workload(resource)
    new = copy.deepcopy(old)
    new["spec"]["selector"] = {"matchLabels": {"app": "web", "tier": "a"}}
    causes = for_resource(resource).validate_update(new, old)
    assert errors.invalid(resource, "web", causes).message == (
        f'{resource.kind}.apps "web" is invalid: spec.selector: Invalid value:'
        ' {"matchLabels":{"app":"web","tier":"a"}}: field is immutable'
    )


@pytest.mark.parametrize("resource", WORKLOADS, ids=lambda resource: resource.kind)
def test_the_generation_moves_with_the_spec_only(resource):
    strategy = for_resource(resource)
    old = {**workload(resource), "status": {"replicas": 1}}
    new = copy.deepcopy(old)
    new["metadata"]["labels"] = {"a": "b"}
    new["status"] = {"replicas": 9}
    strategy.prepare_update(new, old)
    assert (new["metadata"]["generation"], new["status"]) == (3, {"replicas": 1})
    new["spec"]["replicas"] = 5
    strategy.prepare_update(new, old)
    assert new["metadata"]["generation"] == 4


def test_annotations_of_a_deployment_move_the_generation_except_through_the_status():
    strategy, old = for_resource(DEPLOYMENTS), workload()
    new = copy.deepcopy(old)
    new["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    strategy.prepare_update(new, old, "status")
    assert new["metadata"]["generation"] == 3
    assert new["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "1"}
    strategy.prepare_update(new, old)
    assert new["metadata"]["generation"] == 4


def test_the_status_endpoint_writes_only_the_status():
    old = workload()
    new = copy.deepcopy(old)
    new["spec"]["replicas"] = 9
    new["metadata"]["labels"] = {"a": "b"}
    new["status"] = {"replicas": 1}
    for_resource(DEPLOYMENTS).prepare_update(new, old, "status")
    assert new == {**old, "status": {"replicas": 1}}


def test_a_new_workload_starts_without_status():
    for resource, status in ((DEPLOYMENTS, {}), (REPLICASETS, {"replicas": 0})):
        obj = {**workload(resource), "status": {"replicas": 7}}
        for_resource(resource).prepare_create(obj)
        assert obj["status"] == status
        assert obj["metadata"]["generation"] == 1


def test_containers_of_a_stateful_set_may_mount_what_its_claims_will_be():
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in ("data", "other")]
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    container = {"name": "a", "image": "x", "volumeMounts": mounts}
    made = workload(
        STATEFULSETS, {"containers": [container]}, serviceName="s", volumeClaimTemplates=[claim]
    )
    assert problems(made, STATEFULSETS) == [
        'spec.template.spec.containers[0].volumeMounts[1].name: Not found: "other"'
    ]

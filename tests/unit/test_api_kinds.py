"""Kinds of the stable groups: valid ones are accepted, wrong ones refused in Kubernetes' words."""

import copy
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from minikube8s.api import defaults, schema, tables
from minikube8s.api.resources import RESOURCES
from minikube8s.api.strategy import for_resource

FILE = Path(__file__).parents[1] / "support" / "kinds.yaml"
OBJECTS = {obj["kind"]: obj for obj in yaml.safe_load_all(FILE.read_text())}
NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
GONE = object()


def made(kind, **changes):
    """A valid object with some fields (`spec__schedule=…`) set, or taken away by GONE."""
    obj = copy.deepcopy(OBJECTS[kind])
    resource = RESOURCES.by_api_version(obj["apiVersion"], kind)
    obj["metadata"] |= {"uid": "u-1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    if resource.namespaced:
        obj["metadata"]["namespace"] = "default"
    for path, value in changes.items():
        *way, last = path.split("__")
        place = obj
        for name in way:
            place = place.setdefault(name, {})
        if value is GONE:
            place.pop(last, None)
        else:
            place[last] = value
    defaults.apply(resource, obj)
    for_resource(resource).prepare_create(obj)
    return resource, obj


def problems(kind, **changes):
    resource, obj = made(kind, **changes)
    return [f"{cause.field}: {cause.message}" for cause in for_resource(resource).validate(obj)]


def update(kind, subresource="", **changes):
    resource, old = made(kind)
    _, new = made(kind, **changes)
    hooks = for_resource(resource)
    hooks.prepare_update(new, old, subresource)
    return new, [
        f"{cause.field}: {cause.message}" for cause in hooks.validate_update(new, old, subresource)
    ]


@pytest.mark.parametrize("kind", OBJECTS)
def test_the_examples_are_valid(kind):
    assert problems(kind) == []


@pytest.mark.parametrize("kind", OBJECTS)
def test_the_examples_with_their_defaults_fit_the_schema(kind):
    resource, obj = made(kind)
    assert schema.check(resource.schema, obj) == []


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_update_without_a_change_is_accepted(kind):
    assert update(kind)[1] == []


BACKEND = {"service": {"name": "shop", "port": {"number": 80}}}


def path(text, type_="Prefix"):
    return [{"http": {"paths": [{"path": text, "pathType": type_, "backend": BACKEND}]}}]


def metric(type_, target, **source):
    name = type_[0].lower() + type_[1:]
    return {"spec__metrics": [{"type": type_, name: {"target": target, **source}}]}


def scoped(*expressions):
    selector = {"matchExpressions": list(expressions)}
    return {"spec__scopeSelector": selector, "spec__hard": {"pods": "1"}}


def ratio(amount):
    bounds = {"min": {"cpu": "500m"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": amount}}
    return {"spec__limits": [{"type": "Container", **bounds}]}


def indexed(**changes):
    return {"spec__completionMode": "Indexed", "spec__completions": 2, **changes}


def failing(rule, **changes):
    return {"spec__podFailurePolicy": {"rules": [rule]}, **changes}


def exiting(**codes):
    return failing({"action": "FailJob", "onExitCodes": codes})


NOT_NEGATIVE = "must be greater than or equal to 0"
POD = {"containers": [{"name": "a", "image": "b"}]}


@pytest.mark.parametrize(
    ("kind", "changes", "problem"),
    [
        (
            "StatefulSet",
            {"spec__podManagementPolicy": "Fast"},
            "spec.podManagementPolicy: Invalid value: \"Fast\": must be 'OrderedReady' or"
            " 'Parallel'",
        ),
        (
            "StatefulSet",
            {"spec__selector": {}},
            "spec.selector: Invalid value: {}: empty selector is invalid for statefulset",
        ),
        (
            "DaemonSet",
            {"spec__updateStrategy": {"type": "Now"}},
            'spec.updateStrategy: Unsupported value: "Now": supported values: "OnDelete",'
            ' "RollingUpdate"',
        ),
        (
            "ReplicationController",
            {"spec__replicas": -1},
            f"spec.replicas: Invalid value: -1: {NOT_NEGATIVE}",
        ),
        (
            "Job",
            {"spec__template__spec": POD},
            'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
        ),
        (
            "Job",
            {"spec__completionMode": "Indexed", "spec__completions": GONE, "spec__parallelism": 2},
            "spec.completions: Required value: when completion mode is Indexed",
        ),
        (
            "Job",
            {"spec__maxFailedIndexes": 1},
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
        ),
        (
            "Job",
            {"spec__maxFailedIndexes": 1},
            "spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode",
        ),
        (
            "Job",
            indexed(spec__maxFailedIndexes=3, spec__backoffLimitPerIndex=1),
            "spec.maxFailedIndexes: Invalid value: 3: must be less than or equal to completions",
        ),
        (
            "Job",
            indexed(spec__parallelism=100_001),
            "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when"
            " completion mode is Indexed",
        ),
        (
            "Job",
            indexed(spec__completions=100_001, spec__backoffLimitPerIndex=1),
            "spec.maxFailedIndexes: Required value: must be specified when completions is above"
            " 100000",
        ),
        (
            "Job",
            indexed(metadata__name="x" * 62),
            f'metadata.name: Invalid value: "{"x" * 62}": will not able to create pod with invalid'
            f" DNS label: {'x' * 62}-1",
        ),
        (
            "Job",
            {"spec__managedBy": "me"},
            'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as'
            ' "acme.io/foo")',
        ),
        (
            "Job",
            failing({"action": "Ignore"}, spec__podReplacementPolicy="TerminatingOrFailed"),
            'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported'
            ' values: "Failed"',
        ),
        (
            "Job",
            failing({"onPodConditions": [{"type": "DisruptionTarget"}]}),
            'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count"'
            ' "FailIndex" "FailJob" "Ignore"]',
        ),
        (
            "Job",
            failing({"action": "FailIndex", "onPodConditions": [{"type": "a"}]}),
            'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the'
            " backoffLimitPerIndex to be set",
        ),
        (
            "Job",
            failing({"action": "Ignore"}),
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and"
            " OnPodConditions is required",
        ),
        (
            "Job",
            exiting(operator="In", values=[0]),
            "spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0"
            " for the In operator",
        ),
        (
            "Job",
            exiting(operator="In", values=[3, 2]),
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,2]: must be"
            " ordered",
        ),
        (
            "Job",
            exiting(operator="In", values=[1], containerName="other"),
            'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "other": must'
            " be one of the container or initContainer names in the pod template",
        ),
        (
            "Job",
            indexed(spec__successPolicy={"rules": []}),
            "spec.successPolicy.rules: Required value: at least one rules must be specified when"
            " the successPolicy is specified",
        ),
        (
            "Job",
            indexed(spec__successPolicy={"rules": [{"succeededCount": 3}]}),
            "spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or"
            " equal to 2 (the number of specified completions)",
        ),
        (
            "CronJob",
            {"spec__schedule": "often"},
            'spec.schedule: Invalid value: "often": expected exactly 5 fields, found 1: [often]',
        ),
        (
            "CronJob",
            {"spec__timeZone": "Mars/Base"},
            'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
        ),
        (
            "CronJob",
            {"metadata__name": "x" * 53},
            f'metadata.name: Invalid value: "{"x" * 53}": must be no more than 52 characters',
        ),
        (
            "HorizontalPodAutoscaler",
            {"spec__maxReplicas": 0},
            "spec.maxReplicas: Invalid value: 0: must be greater than 0",
        ),
        (
            "HorizontalPodAutoscaler",
            {"spec__minReplicas": 9},
            "spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`",
        ),
        (
            "HorizontalPodAutoscaler",
            {"spec__metrics": [{"type": "Pods"}]},
            "spec.metrics[0].pods: Required value: must populate information for the given metric"
            " source",
        ),
        (
            "HorizontalPodAutoscaler",
            {"spec__metrics": [{}]},
            "spec.metrics[0].type: Required value: must specify a metric source type",
        ),
        (
            "HorizontalPodAutoscaler",
            metric("Resource", {"type": "Utilization"}, name="cpu"),
            "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a"
            " target raw value or a target utilization",
        ),
        (
            "HorizontalPodAutoscaler",
            metric("Resource", {"type": "Utilization", "averageUtilization": 0}, name="cpu"),
            "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater"
            " than 0",
        ),
        (
            "HorizontalPodAutoscaler",
            metric("Resource", {"type": "Share", "averageUtilization": 5}, name="cpu"),
            'spec.metrics[0].resource.target.type: Invalid value: "Share": must be either'
            " Utilization, Value, or AverageValue",
        ),
        (
            "HorizontalPodAutoscaler",
            metric("Pods", {"type": "AverageValue"}, metric={"name": "hits"}),
            "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive"
            " target averageValue",
        ),
        (
            "HorizontalPodAutoscaler",
            metric(
                "External",
                {"type": "Value", "value": "1", "averageValue": "1"},
                metric={"name": "hits"},
            ),
            "spec.metrics[0].external.target.value: Forbidden: may not set both a target value for"
            " metric and a per-pod target",
        ),
        (
            "Ingress",
            {"spec__rules": path("shop")},
            'spec.rules[0].http.paths[0].path: Invalid value: "shop": must be an absolute path',
        ),
        (
            "Ingress",
            {"spec__rules": path("/", "")},
            "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
        ),
        (
            "Ingress",
            {"spec__rules": [{"host": "10.0.0.1"}]},
            'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
        ),
        (
            "Ingress",
            {"spec__defaultBackend": {}},
            'spec.defaultBackend: Invalid value: "": resource or service backend is required',
        ),
        (
            "Ingress",
            {"spec__defaultBackend": {"resource": {"kind": "Bucket"}}},
            "spec.defaultBackend.resource.name: Required value: name is required",
        ),
        (
            "NetworkPolicy",
            {"spec__ingress": [{"from": [{}]}]},
            "spec.ingress[0].from[0]: Required value: must specify a peer",
        ),
        (
            "NetworkPolicy",
            {
                "spec__ingress": [
                    {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/9"]}}]}
                ]
            },
            'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/9": must be a'
            " strict subset of `cidr`",
        ),
        (
            "NetworkPolicy",
            {"spec__egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/99"}}]}]},
            'spec.egress[0].to[0].ipBlock.cidr: Invalid value: "10.0.0.0/99": must be a valid CIDR'
            " value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        ),
        (
            "NetworkPolicy",
            {"spec__egress": [{"to": [{"ipBlock": {"cidr": "::/0"}, "podSelector": {}}]}]},
            "spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer",
        ),
        (
            "NetworkPolicy",
            {"spec__ingress": [{"ports": [{"port": 70000}]}]},
            "spec.ingress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535,"
            " inclusive",
        ),
        (
            "NetworkPolicy",
            {"spec__ingress": [{"ports": [{"port": 80, "endPort": 70000}]}]},
            "spec.ingress[0].ports[0].endPort: Invalid value: 70000: must be between 1 and 65535,"
            " inclusive",
        ),
        (
            "NetworkPolicy",
            {"spec__ingress": [{"ports": [{"port": 80, "endPort": 79}]}]},
            "spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to"
            " `port`",
        ),
        (
            "NetworkPolicy",
            {"spec__ingress": [{"ports": [{"port": "http", "endPort": 90}]}]},
            "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port`"
            " is non-numeric",
        ),
        (
            "NetworkPolicy",
            {"spec__ingress": [{"ports": [{"port": 80, "protocol": "ICMP"}]}]},
            'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values:'
            ' "SCTP", "TCP", "UDP"',
        ),
        (
            "PodDisruptionBudget",
            {"spec__minAvailable": "150%"},
            'spec.minAvailable: Invalid value: "150%": must not be greater than 100%',
        ),
        (
            "Role",
            {"rules": [{"apiGroups": [""], "resources": ["pods"]}]},
            "rules[0].verbs: Required value: verbs must contain at least one value",
        ),
        (
            "Role",
            {"rules": [{"nonResourceURLs": ["/x"], "verbs": ["get"]}]},
            'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to'
            " non-resource URLs",
        ),
        (
            "ClusterRoleBinding",
            {"roleRef__kind": "Role"},
            'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
        ),
        (
            "ClusterRoleBinding",
            {"subjects": [{"kind": "ServiceAccount", "name": "x"}]},
            "subjects[0].namespace: Required value",
        ),
        (
            "RoleBinding",
            {"roleRef__kind": "Group"},
            'roleRef.kind: Unsupported value: "Group": supported values: "Role", "ClusterRole"',
        ),
        (
            "RoleBinding",
            {"subjects": [{"kind": "Robot", "name": "x"}]},
            'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount",'
            ' "User", "Group"',
        ),
        (
            "RoleBinding",
            {"subjects": [{"kind": "User"}]},
            'subjects[0].name: Invalid value: "": user name cannot be empty',
        ),
        (
            "PersistentVolume",
            {"spec__hostPath": GONE},
            "spec: Required value: must specify a volume type",
        ),
        (
            "PersistentVolume",
            {"spec__nfs": {"server": "a", "path": "/"}},
            "spec.nfs: Forbidden: may not specify more than 1 volume type",
        ),
        (
            "PersistentVolumeClaim",
            {"spec__accessModes": []},
            "spec.accessModes: Required value: at least 1 access mode is required",
        ),
        (
            "PersistentVolumeClaim",
            {"spec__resources": {"requests": {"storage": "0"}}},
            'spec.resources[storage]: Invalid value: "0": must be greater than zero',
        ),
        ("StorageClass", {"provisioner": ""}, "provisioner: Required value"),
        (
            "ResourceQuota",
            {"spec__hard": {"pods": "500m"}},
            'spec.hard[pods]: Invalid value: "500m": must be an integer',
        ),
        (
            "ResourceQuota",
            {"spec__scopes": ["Sometimes"], "spec__hard": {"pods": "1"}},
            'spec.scopes: Invalid value: ["Sometimes"]: unsupported scope',
        ),
        (
            "ResourceQuota",
            {"spec__scopes": ["BestEffort"], "spec__hard": {"cpu": "1"}},
            'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
        ),
        (
            "ResourceQuota",
            {"spec__scopes": ["Terminating"], "spec__hard": {"services": "1"}},
            'spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource',
        ),
        (
            "ResourceQuota",
            scoped({"scopeName": "Sometimes", "operator": "Exists"}),
            'spec.scopeSelector.matchExpressions.scopeName: Invalid value: "Sometimes": unsupported'
            " scope",
        ),
        (
            "ResourceQuota",
            scoped({"scopeName": "BestEffort", "operator": "DoesNotExist"}),
            'spec.scopeSelector.matchExpressions.operator: Invalid value: "DoesNotExist": must be'
            " 'Exist' when scope is any of ResourceQuotaScopeTerminating,"
            " ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort,"
            " ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
        (
            "ResourceQuota",
            scoped(
                {"scopeName": "BestEffort", "operator": "Exists"},
                {"scopeName": "NotBestEffort", "operator": "Exists"},
            ),
            "spec.scopeSelector.matchExpressions: Invalid value: null: conflicting scopes",
        ),
        (
            "LimitRange",
            ratio("500m"),
            'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less'
            " than 1",
        ),
        (
            "LimitRange",
            ratio("5"),
            'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "5": ratio 5 is greater than'
            " max/min = 4.000000",
        ),
        (
            "LimitRange",
            {"spec__limits": [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]},
            'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        ),
        (
            "PriorityClass",
            {"value": 2_000_000_000},
            "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
        ),
        (
            "CertificateSigningRequest",
            {"spec__request": "eA=="},
            'spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST',
        ),
        ("RuntimeClass", {"handler": GONE}, "handler: Required value"),
        (
            "ServiceCIDR",
            {"spec__cidrs": []},
            "spec.cidrs: Required value: at least one CIDR required",
        ),
        ("ControllerRevision", {"data": GONE}, "data: Required value: data is mandatory"),
    ],
)
def test_wrong_objects_are_refused(kind, changes, problem):
    assert problem in problems(kind, **changes)


def test_a_role_binding_may_leave_out_the_namespace_of_its_own_accounts():
    assert problems("RoleBinding", subjects=[{"kind": "ServiceAccount", "name": "x"}]) == []


@pytest.mark.parametrize(
    ("kind", "changes", "problem"),
    [
        (
            "StatefulSet",
            {"spec__serviceName": "other"},
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas',"
            " 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit',"
            " 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
        ("Job", {"spec__completions": 4}, "spec.completions: Invalid value: 4: field is immutable"),
        (
            "PersistentVolume",
            {"spec__hostPath__path": "/other"},
            "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after"
            " creation",
        ),
        (
            "PersistentVolumeClaim",
            {"spec__resources": {"requests": {"storage": "2Gi"}}},
            "spec: Forbidden: spec is immutable after creation except resources.requests and"
            " volumeAttributesClassName for bound claims",
        ),
        (
            "StorageClass",
            {"provisioner": "x"},
            "provisioner: Forbidden: updates to provisioner are forbidden.",
        ),
        ("PriorityClass", {"value": 1}, "value: Forbidden: may not be changed in an update."),
        ("RuntimeClass", {"handler": "x"}, 'handler: Invalid value: "x": field is immutable'),
        (
            "RoleBinding",
            {"roleRef__name": "x"},
            "roleRef: Invalid value:"
            ' {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"x"}: cannot change'
            " roleRef",
        ),
    ],
)
def test_what_is_fixed_stays(kind, changes, problem):
    assert problem in update(kind, **changes)[1]


@pytest.mark.parametrize(
    "kind", ["StatefulSet", "DaemonSet", "Job", "CronJob", "Ingress", "NetworkPolicy"]
)
def test_the_generation_moves_with_the_spec_only(kind):
    _, obj = made(kind)
    assert obj["metadata"]["generation"] == 1
    assert update(kind, metadata__labels={"a": "b"})[0]["metadata"]["generation"] == 1
    field, value = {
        "CronJob": ("spec__suspend", True),
        "DaemonSet": ("spec__minReadySeconds", 5),
        "Ingress": ("spec__ingressClassName", "other"),
        "Job": ("spec__parallelism", 2),
        "NetworkPolicy": ("spec__policyTypes", ["Egress"]),
        "StatefulSet": ("spec__replicas", 7),
    }[kind]
    assert update(kind, **{field: value})[0]["metadata"]["generation"] == 2


def test_a_status_comes_through_its_own_endpoint_only():
    resource, old = made("Job")
    new = copy.deepcopy(old) | {"status": {"succeeded": 3}}
    kept = copy.deepcopy(new)
    for_resource(resource).prepare_update(kept, old, "")
    assert kept["status"] == {}
    for_resource(resource).prepare_update(new, old, "status")
    assert new["status"] == {"succeeded": 3}


def cells(kind, **changes):
    resource, obj = made(kind, **changes)
    return tables.row(resource, obj, NOW)


def test_jobs_show_how_they_ended():
    resource, obj = made("Job")
    obj["status"] = {
        "startTime": "2026-01-01T00:00:00Z",
        "completionTime": "2026-01-01T00:01:30Z",
        "succeeded": 3,
        "conditions": [{"type": "Complete", "status": "True"}],
    }
    assert tables.row(resource, obj, NOW)[:5] == ["pi", "Complete", "3/3", "90s", "5m"]


def test_default_classes_say_so():
    assert cells("StorageClass")[0] == "slow (default)"


def test_quotas_show_what_is_used():
    resource, obj = made("ResourceQuota")
    obj["status"] = {"hard": {"pods": "10", "limits.cpu": "2"}, "used": {"pods": "3"}}
    assert tables.row(resource, obj, NOW)[1:3] == ["pods: 3/10", "limits.cpu: 0/2"]


def test_bound_claims_show_their_volume():
    resource, obj = made("PersistentVolumeClaim", spec__volumeName="pv-0001")
    obj["status"] = {
        "phase": "Bound",
        "capacity": {"storage": "5Gi"},
        "accessModes": ["ReadWriteOnce"],
    }
    assert tables.row(resource, obj, NOW)[1:6] == ["Bound", "pv-0001", "5Gi", "RWO", "slow"]


def refused_new(**changes):
    resource, job = made("Job", **changes)
    return [f"{cause.field}: {cause.message}" for cause in for_resource(resource).validate_new(job)]


def test_a_job_copied_with_the_marks_of_another_is_refused():
    marks = {"batch.kubernetes.io/controller-uid": "u-0"}
    problems = refused_new(
        spec__selector={"matchLabels": marks}, spec__template__metadata={"labels": marks}
    )
    assert "`selector` not auto-generated" in problems[-1]
    assert problems[0].startswith(
        "spec.template.metadata.labels[batch.kubernetes.io/controller-uid]: Invalid value: "
    )
    assert problems[0].endswith(": must be 'u-1'")
    assert refused_new() == []
    assert refused_new(spec__manualSelector=True, spec__selector={"matchLabels": marks}) == []


def test_a_job_without_labels_has_those_of_its_pods():
    _, job = made("Job", metadata__labels=GONE)
    assert job["metadata"]["labels"] == job["spec"]["template"]["metadata"]["labels"]
    _, job = made("Job", metadata__labels={"a": "b"})
    assert job["metadata"]["labels"] == {"a": "b"}


def test_an_indexed_job_grows_in_tandem_with_its_parallelism():
    resource, old = made("Job", **indexed(spec__parallelism=2))
    new = copy.deepcopy(old)
    new["spec"]["completions"] = 4
    (cause,) = for_resource(resource).validate_update(new, old)
    assert (cause.field, cause.message) == (
        "spec.completions",
        "Invalid value: 4: can only be modified in tandem with spec.parallelism",
    )
    new["spec"]["parallelism"] = 4
    assert for_resource(resource).validate_update(new, old) == []


def test_a_jobs_pods_are_found_by_its_uid():
    _, job = made("Job")
    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}}
    marks = job["spec"]["template"]["metadata"]["labels"]
    assert marks["batch.kubernetes.io/job-name"] == "pi"

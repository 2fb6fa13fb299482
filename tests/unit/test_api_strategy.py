"""What all kinds share, and the small kinds."""

import base64
import copy

import pytest

from minikube8s.api import defaults
from minikube8s.api.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    ENDPOINTS,
    ENDPOINTSLICES,
    EVENTS,
    LEASES,
    NAMESPACES,
    NODES,
    PODS,
    RESOURCES,
    SECRETS,
    SERVICEACCOUNTS,
)
from minikube8s.api.strategy import for_resource


def thing(resource, metadata=None, **fields):
    about = {"name": "x", "uid": "u", **(metadata or {})}
    if resource.namespaced:
        about.setdefault("namespace", "default")
    obj = {"metadata": about, **fields}
    defaults.apply(resource, obj)
    return obj


def problems(resource, obj):
    return [f"{cause.field}: {cause.message}" for cause in for_resource(resource).validate(obj)]


def changes(resource, new, old):
    causes = for_resource(resource).validate_update(new, old)
    return [f"{cause.field}: {cause.message}" for cause in causes]


def test_every_kind_has_a_strategy():
    for resource in RESOURCES.all():
        assert for_resource(resource) is for_resource(resource)
        assert for_resource(resource).graceful is (resource is PODS)


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ({"name": ""}, "metadata.name: Required value: name or generateName is required"),
        ({"namespace": ""}, "metadata.namespace: Required value"),
        (
            {"labels": {"a": "b c"}},
            'metadata.labels: Invalid value: "b c": a valid label must be an empty string or',
        ),
        (
            {"labels": {"a b": "c"}},
            'metadata.labels: Invalid value: "a b": name part must consist of alphanumeric',
        ),
        (
            {"annotations": {"a": "x" * 300_000}},
            "metadata.annotations: Too long: may not be more than 262144 bytes",
        ),
        (
            {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "a"}]},
            'metadata.ownerReferences.uid: Invalid value: "": uid must not be empty',
        ),
        (
            {
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "Pod", "name": n, "uid": n, "controller": True}
                    for n in "ab"
                ]
            },
            "metadata.ownerReferences: Invalid value: ",
        ),
    ],
)
def test_metadata_is_refused_in_one_sentence(metadata, problem):
    (found,) = problems(CONFIGMAPS, thing(CONFIGMAPS, metadata))
    assert found.startswith(problem)


def test_a_generated_name_may_end_with_a_dash():
    assert problems(CONFIGMAPS, thing(CONFIGMAPS, {"name": "", "generateName": "web-"})) == []
    assert problems(CONFIGMAPS, thing(CONFIGMAPS, {"name": "", "generateName": "We-"}))


def test_a_cluster_wide_object_has_no_namespace():
    assert problems(NODES, thing(NODES, {"namespace": "a"})) == [
        "metadata.namespace: Forbidden: not allowed on this type"
    ]


def test_an_object_stays_itself():
    old = thing(CONFIGMAPS)
    new = copy.deepcopy(old)
    new["metadata"]["uid"] = "v"
    assert changes(CONFIGMAPS, new, old) == ['metadata.uid: Invalid value: "v": field is immutable']


def test_names_follow_the_rule_of_the_kind():
    assert problems(NAMESPACES, thing(NAMESPACES, {"name": "a.b"})) == [
        'metadata.name: Invalid value: "a.b": must not contain dots'
    ]
    assert problems(CONFIGMAPS, thing(CONFIGMAPS, {"name": "a.b"})) == []


def test_a_namespace_begins_active_and_holds_its_content():
    namespace = thing(NAMESPACES)
    for_resource(NAMESPACES).prepare_create(namespace)
    assert namespace["spec"] == {"finalizers": ["kubernetes"]}
    assert namespace["status"] == {"phase": "Active"}


def test_only_finalize_writes_a_namespaces_finalizers():
    strategy = for_resource(NAMESPACES)
    old = thing(NAMESPACES, spec={"finalizers": ["kubernetes"]})
    new = copy.deepcopy(old)
    new["spec"] = {"finalizers": []}
    strategy.prepare_update(new, old, "finalize")
    assert new["spec"] == {"finalizers": []}
    strategy.prepare_update(new, old)
    assert new["spec"] == {"finalizers": ["kubernetes"]}


def test_config_keys_are_file_names():
    (problem,) = problems(CONFIGMAPS, thing(CONFIGMAPS, data={"a/b": ""}))
    assert problem.startswith('data[a/b]: Invalid value: "a/b": a valid config key must consist')
    both = thing(CONFIGMAPS, data={"a": ""}, binaryData={"a": ""})
    assert problems(CONFIGMAPS, both) == [
        'data[a]: Invalid value: "a": duplicate of key present in binaryData'
    ]


def test_an_immutable_config_map_stays():
    old = thing(CONFIGMAPS, data={"a": "1"}, immutable=True)
    new = thing(CONFIGMAPS, data={"a": "2"})
    why = "Forbidden: field is immutable when `immutable` is set"
    assert changes(CONFIGMAPS, new, old) == [f"immutable: {why}", f"data: {why}"]
    assert changes(CONFIGMAPS, copy.deepcopy(old), old) == []


def test_data_is_bounded():
    assert problems(CONFIGMAPS, thing(CONFIGMAPS, data={"a": "x" * 1_100_000})) == [
        ": Too long: may not be more than 1048576 bytes"
    ]
    big = base64.b64encode(bytes(1_100_000)).decode()
    assert problems(SECRETS, thing(SECRETS, data={"a": big})) == [
        "data: Too long: may not be more than 1048576 bytes"
    ]


@pytest.mark.parametrize(
    ("type_", "missing"),
    [
        ("kubernetes.io/tls", ["data[tls.crt]", "data[tls.key]"]),
        ("kubernetes.io/dockerconfigjson", ["data[.dockerconfigjson]"]),
        ("kubernetes.io/basic-auth", ["data[username]", "data[password]"]),
        (
            "kubernetes.io/service-account-token",
            ["metadata.annotations[kubernetes.io/service-account.name]"],
        ),
    ],
)
def test_a_typed_secret_has_its_keys(type_, missing):
    found = problems(SECRETS, thing(SECRETS, type=type_))
    assert found == [f"{field}: Required value" for field in missing]


@pytest.mark.parametrize("value", ["bm90IGpzb24=", "W10="])
def test_a_secret_for_an_image_registry_is_json(value):
    secret = thing(
        SECRETS, type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": value}
    )
    (problem,) = problems(SECRETS, secret)
    assert problem.startswith(
        'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": '
    )
    secret["data"] = {".dockerconfigjson": "e30="}
    assert problems(SECRETS, secret) == []


def test_a_secrets_type_stays():
    assert changes(SECRETS, thing(SECRETS, type="b"), thing(SECRETS, type="a")) == [
        'type: Invalid value: "b": field is immutable'
    ]


def test_a_nodes_taints_are_complete_and_distinct():
    taint = {"key": "a", "effect": "NoSchedule"}
    node = thing(NODES, spec={"taints": [taint, taint, {"key": "b"}]})
    assert problems(NODES, node) == [
        'spec.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}',
        "spec.taints[2].effect: Required value",
    ]


def test_a_nodes_addresses_for_pods_stay():
    old = thing(NODES, spec={"podCIDR": "10.244.0.0/24"})
    assert changes(NODES, thing(NODES, spec={"podCIDR": "10.244.1.0/24"}), old) == [
        'spec.podCIDR: Forbidden: node updates may not change podCIDR except from "" to valid'
    ]


@pytest.mark.parametrize("spec", [{"podCIDR": "all"}, {"podCIDRs": ["10.244.0.0/33"]}])
def test_a_nodes_addresses_for_pods_are_networks(spec):
    (told,) = problems(NODES, thing(NODES, spec=spec))
    assert told.startswith("spec.podCIDRs[0]: Invalid value: ")
    assert "must be a valid CIDR value" in told


def test_a_nodes_status_may_bring_labels():
    old = thing(NODES, {"labels": {"a": "1"}}, spec={"podCIDR": "c"})
    new = thing(NODES, {"labels": {"a": "2"}}, spec={}, status={"phase": "x"})
    for_resource(NODES).prepare_update(new, old, "status")
    assert (new["metadata"]["labels"], new["spec"]) == ({"a": "2"}, {"podCIDR": "c"})


def test_an_event_lies_beside_what_it_is_about():
    assert problems(EVENTS, thing(EVENTS, involvedObject={"namespace": "default"})) == []
    assert problems(EVENTS, thing(EVENTS, involvedObject={"kind": "Node"})) == []
    assert problems(EVENTS, thing(EVENTS, involvedObject={"namespace": "other"})) == [
        'involvedObject.namespace: Invalid value: "other": does not match event.namespace'
    ]


def test_a_lease_lasts_for_some_time():
    assert problems(LEASES, thing(LEASES, spec={"leaseDurationSeconds": 0})) == [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"
    ]


def test_endpoints_have_addresses():
    assert problems(ENDPOINTS, thing(ENDPOINTS, subsets=[{"ports": [{"port": 80}]}])) == [
        "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"
    ]
    part = thing(ENDPOINTSLICES, addressType="IPv4", endpoints=[{"addresses": ["x"]}])
    assert problems(ENDPOINTSLICES, part) == [
        'endpoints[0].addresses[0]: Invalid value: "x": must be a valid IP address, (e.g.'
        " 10.9.8.7 or 2001:db8::ffff)"
    ]
    six = {**part, "addressType": "IPv6"}
    assert changes(ENDPOINTSLICES, six, part) == [
        'addressType: Invalid value: "IPv6": field is immutable'
    ]


@pytest.mark.parametrize(
    ("kind", "address", "why"),
    [
        ("IPv4", "127.0.0.1", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (
            "IPv4",
            "169.254.169.254",
            "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
        ),
        ("IPv6", "::1", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        ("IPv6", "fd00::1%eth0", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
        ("IPv6", "10.0.0.1", "must be a valid IPv6 address"),
        ("IPv4", "fd00::1", "must be a valid IPv4 address"),
    ],
)
def test_endpoints_are_no_addresses_of_a_machine_alone_or_of_another_family(kind, address, why):
    part = thing(ENDPOINTSLICES, addressType=kind, endpoints=[{"addresses": [address]}])
    told = f'Invalid value: "{address}": {why}'
    assert problems(ENDPOINTSLICES, part) == [f"endpoints[0].addresses[0]: {told}"]
    if "IPv" not in why:
        whole = thing(ENDPOINTS, subsets=[{"addresses": [{"ip": address}]}])
        assert problems(ENDPOINTS, whole) == [f"subsets[0].addresses[0].ip: {told}"]


def test_an_endpoints_host_name_is_a_label():
    endpoint = {"addresses": ["10.0.0.1"], "hostname": "a.b"}
    part = thing(ENDPOINTSLICES, addressType="IPv4", endpoints=[endpoint])
    [told] = problems(ENDPOINTSLICES, part)
    assert told.startswith('endpoints[0].hostname: Invalid value: "a.b": ')


def test_what_is_not_acted_on_is_named_with_its_place():
    source = {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}}
    container = {"name": "a", "image": "x:1", "env": [{"name": "E", "valueFrom": source}]}
    template = {"spec": {"containers": [container], "hostUsers": False, "hostNetwork": False}}
    obj = thing(DEPLOYMENTS, spec={"template": template})
    assert [one.partition(": mk8s")[0] for one in for_resource(DEPLOYMENTS).warnings(obj)] == [
        "spec.template.spec.containers[0].env[0].valueFrom.fileKeyRef",
        "spec.template.spec.hostUsers: false",
    ]


def test_what_works_is_not_warned_of():
    pod = thing(PODS, spec={"containers": [{"name": "a", "image": "x"}]})
    for_resource(PODS).prepare_create(pod)
    assert for_resource(PODS).warnings(pod) == []
    assert for_resource(SERVICEACCOUNTS).warnings(thing(SERVICEACCOUNTS)) == []


def test_labels_that_ask_for_checks_of_pods_are_warned_of() -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "team": "a"}
    namespace = {"metadata": {"name": "x", "labels": labels}, "spec": {}}
    assert for_resource(NAMESPACES).warnings(namespace) == [
        "metadata.labels[pod-security.kubernetes.io/enforce]: mk8s stores this but does not act"
        " on it yet"
    ]

"""Services are validated as Kubernetes does, in its words."""

import copy

import pytest

from minikube8s.api import defaults
from minikube8s.api.resources import SERVICES
from minikube8s.api.strategy import for_resource

STRATEGY = for_resource(SERVICES)


def service(**spec):
    obj = {
        "metadata": {"name": "web", "namespace": "default", "uid": "u"},
        "spec": {"ports": [{"port": 80}], **spec},
    }
    defaults.apply(SERVICES, obj)
    return obj


def problems(obj):
    return [f"{cause.field}: {cause.message}" for cause in STRATEGY.validate(obj)]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]},
        {"ports": [{"port": 53, "name": "a"}, {"port": 53, "protocol": "UDP", "name": "b"}]},
        {"clusterIP": "None", "clusterIPs": ["None"], "ports": []},
        {"clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5"]},
        {"type": "ExternalName", "externalName": "a.example.", "ports": []},
        {"type": "LoadBalancer", "externalTrafficPolicy": "Local"},
        {"sessionAffinity": "ClientIP"},
        {"externalIPs": ["10.0.0.1"]},
        {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"app": "web"}},
    ],
)
def test_services_of_every_type_are_valid(spec):
    assert problems(service(**spec)) == []


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"ports": []}, "spec.ports: Required value"),
        (
            {"type": "Cluster"},
            'spec.type: Unsupported value: "Cluster": supported values: "ClusterIP",'
            ' "ExternalName", "LoadBalancer", "NodePort"',
        ),
        (
            {"ports": [{"port": 0, "targetPort": 80}]},
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ),
        (
            {"ports": [{"port": 80, "name": "a"}, {"port": 81}]},
            "spec.ports[1].name: Required value",
        ),
        (
            {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]},
            'spec.ports[1].name: Duplicate value: "a"',
        ),
        (
            {"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]},
            'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
        ),
        (
            {"ports": [{"port": 80, "nodePort": 30080}]},
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ),
        (
            {
                "type": "NodePort",
                "ports": [
                    {"port": 80, "name": "a", "nodePort": 30080},
                    {"port": 81, "name": "b", "nodePort": 30080},
                ],
            },
            "spec.ports[1].nodePort: Duplicate value: 30080",
        ),
        (
            {"loadBalancerSourceRanges": ["10.0.0.0/8"]},
            "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is"
            " 'LoadBalancer'",
        ),
        (
            {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0"]},
            'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": must be a valid CIDR'
            " value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        ),
        (
            {"allocateLoadBalancerNodePorts": False},
            "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is"
            " 'LoadBalancer'",
        ),
        (
            {"healthCheckNodePort": 30000},
            "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is"
            " 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        ),
        (
            {"trafficDistribution": "Near"},
            'spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose",'
            ' "PreferSameNode", "PreferSameZone"',
        ),
        (
            {"ports": [{"port": 80, "appProtocol": "a/b/c"}]},
            'spec.ports[0].appProtocol: Invalid value: "a/b/c": a qualified name must consist of'
            " alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
            " character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
            " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and"
            " '/' (e.g. 'example.com/MyName')",
        ),
        (
            {"clusterIP": "nowhere", "clusterIPs": ["nowhere"]},
            'spec.clusterIPs[0]: Invalid value: "nowhere": must be a valid IP address, (e.g.'
            " 10.9.8.7 or 2001:db8::ffff)",
        ),
        (
            {"type": "NodePort", "clusterIP": "None", "clusterIPs": ["None"]},
            "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort"
            " services",
        ),
        ({"type": "ExternalName"}, "spec.externalName: Required value"),
        (
            {"sessionAffinity": "Cookie"},
            'spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP",'
            ' "None"',
        ),
        (
            {
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}},
            },
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be"
            " greater than 0 and less than 86400",
        ),
        (
            {"externalTrafficPolicy": "Local"},
            'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for'
            " externally-accessible services",
        ),
        (
            {"type": "NodePort", "externalTrafficPolicy": "Near"},
            'spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster",'
            ' "Local"',
        ),
        (
            {"externalIPs": ["127.0.0.1"]},
            'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range'
            " (127.0.0.0/8, ::1/128)",
        ),
        (
            {"ipFamilies": ["IPv5"]},
            'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
        ),
        (
            {"ipFamilies": ["IPv4", "IPv4"]},
            'spec.ipFamilies[1]: Duplicate value: "IPv4"',
        ),
        (
            {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "SingleStack"},
            "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or"
            " 'PreferDualStack' when multiple IP families are specified",
        ),
        (
            {"ipFamilies": ["IPv6"], "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"]},
            'spec.clusterIPs[0]: Invalid value: "10.96.0.9": expected an IPv6 value as indicated by'
            " `ipFamilies[0]`",
        ),
    ],
)
def test_a_service_is_refused_in_one_sentence(spec, problem):
    assert problems(service(**spec)) == [problem]


def test_a_service_name_starts_with_a_letter():
    obj = service()
    obj["metadata"]["name"] = "1web"
    (problem,) = problems(obj)
    assert problem.startswith('metadata.name: Invalid value: "1web": a DNS-1035 label must')


def test_the_cluster_address_stays():
    old = service(clusterIP="10.96.0.5", clusterIPs=["10.96.0.5"])
    new = copy.deepcopy(old)
    new["spec"].update(clusterIP="10.96.0.6", clusterIPs=["10.96.0.6"])
    (cause,) = STRATEGY.validate_update(new, old)
    assert (cause.field, cause.message) == (
        "spec.clusterIPs[0]",
        'Invalid value: ["10.96.0.6"]: may not change once set',
    )


def test_an_external_name_may_get_a_cluster_address():
    old = service(type="ExternalName", externalName="a.example")
    new = service(clusterIP="10.96.0.6", clusterIPs=["10.96.0.6"])
    assert STRATEGY.validate_update(new, old) == []


def reached(*ingress, **spec):
    obj = service(**{"type": "LoadBalancer", **spec})
    obj["status"] = {"loadBalancer": {"ingress": list(ingress)}}
    return obj


@pytest.mark.parametrize(
    ("obj", "problem"),
    [
        (reached({"ip": "10.0.0.1", "ipMode": "VIP"}, {"hostname": "a.example"}), None),
        (
            reached({"ip": "10.0.0.1", "ipMode": "VIP"}, type="NodePort"),
            "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is"
            ' "LoadBalancer"',
        ),
        (
            reached({"ip": "x", "ipMode": "VIP"}),
            'status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address,'
            " (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ),
        (
            reached({"ip": "10.0.0.1"}),
            "status.loadBalancer.ingress[0].ipMode: Required value: must be specified when `ip` is"
            " set",
        ),
        (
            reached({"hostname": "a", "ipMode": "VIP"}),
            "status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is"
            " not set",
        ),
        (
            reached({"ip": "10.0.0.1", "ipMode": "Magic"}),
            'status.loadBalancer.ingress[0].ipMode: Unsupported value: "Magic": supported values:'
            ' "Proxy", "VIP"',
        ),
        (
            reached({"hostname": "10.0.0.1"}),
            'status.loadBalancer.ingress[0].hostname: Invalid value: "10.0.0.1": must be a DNS'
            " name, not an IP address",
        ),
    ],
)
def test_where_a_service_is_reached_is_checked(obj, problem):
    assert problems(obj) == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("type_", "text", "words"),
    [
        ("LoadBalancer", " 10.0.0.0/8, 192.0.2.0/24 ", None),
        ("LoadBalancer", "", None),
        ("LoadBalancer", "10.0.0.0", "must be a valid CIDR value"),
        ("ClusterIP", "10.0.0.0/8", "may only be used when `type` is 'LoadBalancer'"),
    ],
)
def test_the_old_annotation_with_source_ranges_is_checked(type_, text, words):
    obj = service(type=type_)
    name = "service.beta.kubernetes.io/load-balancer-source-ranges"
    obj["metadata"]["annotations"] = {name: text}
    found = problems(obj)
    assert bool(found) is bool(words)
    assert all(one.startswith(f"metadata.annotations[{name}]") and words in one for one in found)


def test_what_is_no_load_balancer_any_more_is_reached_nowhere():
    old = reached({"ip": "10.0.0.1", "ipMode": "VIP"})
    new = service(type="NodePort")
    STRATEGY.prepare_update(new, old)
    assert new["status"] == {"loadBalancer": {}}
    kept = service(type="LoadBalancer")
    STRATEGY.prepare_update(kept, old)
    assert kept["status"] == old["status"]

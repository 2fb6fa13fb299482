"""Which ports lead where, and at which addresses mk8s listens for them."""

from __future__ import annotations

import pytest

from minikube8s.cli.errors import CommandError
from minikube8s.cli.forwarding import ports
from minikube8s.cli.forwarding.ports import Pair

POD = {
    "metadata": {"name": "web"},
    "spec": {
        "containers": [
            {"ports": [{"name": "http", "containerPort": 8080}]},
            {"ports": [{"containerPort": 53, "protocol": "UDP"}]},
        ]
    },
}


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("80", Pair(80, 80)),
        ("8000:80", Pair(8000, 80)),
        (":80", Pair(0, 80)),
        ("0:80", Pair(0, 80)),
        ("http", Pair(8080, 8080)),
        ("80:http", Pair(80, 8080)),
    ],
)
def test_ports_of_a_pod_are_numbers_or_names(text, pair):
    assert ports.of_pod(POD, text) == pair


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("https", "Pod 'web' does not have a named port 'https'"),
        ("1:2:3", "is no pair of ports"),
        ("a:80", "is no pair of ports"),
        ("80:", "is no pair of ports"),
        ("70000", "70000 is no port"),
        ("0", "0 is no port"),
        ("80:0", "0 is no port"),
        ("53", "UDP protocol is not supported for 53"),
    ],
)
def test_what_is_no_port_of_a_pod_is_told(text, error):
    with pytest.raises(CommandError, match=error):
        ports.of_pod(POD, text)


def service(*listed, **spec):
    return {"metadata": {"name": "web"}, "spec": {"ports": list(listed), **spec}}


NAMED = {"name": "https", "port": 443, "targetPort": "http"}


@pytest.mark.parametrize(
    ("listed", "text", "pair"),
    [
        (service({"port": 80, "targetPort": 8080}), "80", Pair(80, 8080)),
        (service({"port": 80}), "80", Pair(80, 80)),
        (service(NAMED), "443", Pair(443, 8080)),
        (service(NAMED), "https", Pair(443, 8080)),
        (service(NAMED), "8443:https", Pair(8443, 8080)),
        (service(NAMED), ":443", Pair(0, 8080)),
        (service({"port": 80, "targetPort": 8080}, clusterIP="None"), "80", Pair(80, 80)),
    ],
)
def test_ports_of_a_service_lead_to_those_of_its_pods(listed, text, pair):
    assert ports.of_service(listed, POD, text) == pair


@pytest.mark.parametrize(
    ("listed", "text", "error"),
    [
        (service(NAMED), "80", "Service web does not have a service port 80; it has 443"),
        (service(NAMED), "x", "Service web does not have a port named x; it has 443"),
        (service({"port": 53, "protocol": "UDP"}), "53", "UDP protocol is not supported"),
        (service({"port": 80, "targetPort": "nope"}), "80", "does not have a named port 'nope'"),
    ],
)
def test_what_is_no_port_of_a_service_is_told(listed, text, error):
    with pytest.raises(CommandError, match=error):
        ports.of_service(listed, POD, text)


def test_localhost_is_of_both_families_and_one_is_enough():
    both = [("127.0.0.1", True), ("::1", True)]
    assert ports.addresses(["localhost"]) == both
    assert ports.addresses(["localhost,10.0.0.1", "::"]) == [
        *both,
        ("10.0.0.1", False),
        ("::", False),
    ]
    with pytest.raises(CommandError, match="foo is not a valid IP"):
        ports.addresses(["foo"])

"""What Ingresses ask for becomes nginx's configuration, and what cannot be served is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.controllers.ingress.nginx import file_name, render
from minikube8s.controllers.ingress.routing import Host, Pair, Place, Problem, Surroundings, Target
from minikube8s.controllers.ingress.routing import route as routed
from tests.support.ingresses import backend, ingress, item, path, rule, web_service

A, B = Target("10.96.0.11", 80), Target("10.96.0.12", 8080)
SERVICES = {
    "a": web_service("a", A.address),
    "b": web_service("b", B.address, 8080),
    "headless": web_service("headless", "None"),
    "alias": web_service("alias", "", type="ExternalName", externalName="example.com"),
    "new": web_service("new", ""),
}
PAIR, OTHER, BROKEN = Pair("c", "k"), Pair("c2", "k2"), Pair("bad", "bad")
SECRETS = {"tls": PAIR, "other": OTHER, "broken": BROKEN}


def route(*objects: dict[str, Any]) -> tuple[dict[str, Host], list[Problem]]:
    around = Surroundings(
        {("default", name): one for name, one in SERVICES.items()},
        {("default", name): one for name, one in SECRETS.items()},
        lambda pair: "OpenSSL says no" if pair is BROKEN else "",
    )
    hosts, problems = routed([item(one) for one in objects], around)
    return {host.name: host for host in hosts}, problems


def places(host: Host) -> dict[tuple[str, bool], Target]:
    return {(one.path, one.exact): one.target for one in host.places}


def test_hosts_and_paths_lead_to_the_cluster_addresses_of_services() -> None:
    paths = [path("/", "a"), path("/x", "b", "Exact", "http"), path("/y/", "b", port=8080)]
    hosts, problems = route(ingress("one", rule("a.example", *paths), rule("", path("/z", "a"))))
    assert places(hosts["a.example"]) == {("/", False): A, ("/x", True): B, ("/y", False): B}
    assert places(hosts[""]) == {("/z", False): A}
    assert problems == []


def test_of_two_ingresses_with_one_path_the_older_has_it_and_the_younger_is_told() -> None:
    older = ingress("older", rule("h", path("/x", "a")), minute=1)
    younger = ingress("younger", rule("h", path("/x/", "b", port=8080), path("/y", "a")), minute=2)
    hosts, problems = route(younger, older)
    assert places(hosts["h"]) == {("/x", False): A, ("/y", False): A}
    (problem,) = problems
    assert problem.about is younger
    assert problem[1:] == (
        "RuleConflict",
        "path '/x/' of host 'h' is served by Ingress default/older already: choose another host or"
        " path",
    )


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (backend("gone"), "service default/gone not found: its paths are answered 503"),
        (backend("a", 81), "service default/a has no TCP port 81: its paths are answered 503"),
        (backend("a", "grpc"), "service default/a has no TCP port grpc: its paths are answered"),
        (backend("headless"), "service default/headless has no cluster address (headless or"),
        (backend("alias"), "service default/alias has no cluster address (headless or External"),
        (backend("new"), "service default/new has no cluster address yet"),
        ({"resource": {"kind": "Bucket", "name": "b"}}, "a backend of kind 'Bucket' is not"),
    ],
)
def test_a_backend_that_cannot_be_reached_is_answered_503_and_told(
    to: dict[str, Any], words: str
) -> None:
    broken = {"path": "/x", "pathType": "Prefix", "backend": to}
    hosts, problems = route(ingress("one", rule("h", broken, path("/y", "a"))))
    assert places(hosts["h"]) == {("/x", False): Target(), ("/y", False): A}
    (problem,) = problems
    assert (problem.reason, problem.message[: len(words)]) == ("BackendUnavailable", words)


def test_what_no_rule_matches_goes_to_the_default_backend_of_the_ingress_itself_first() -> None:
    own = ingress("own", rule("h", path("/x", "a")), defaultBackend=backend("a"), minute=2)
    whole = ingress("whole", defaultBackend=backend("b", 8080), minute=3)
    other = ingress("other", rule("o", path("/x", "a")), minute=1)
    hosts, problems = route(own, whole, other)
    assert {name: host.fallback for name, host in hosts.items()} == {"": B, "h": A, "o": B}
    assert problems == []
    _, problems = route(whole, ingress("late", defaultBackend=backend("a"), minute=4))
    (problem,) = problems
    assert problem.message.startswith("requests that match no rule go to Ingress default/whole")


def test_a_host_without_paths_goes_to_the_default_backend() -> None:
    hosts, _ = route(ingress("one", rule("h"), defaultBackend=backend("a")))
    assert hosts["h"].fallback == A


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ({"hosts": ["a.example"], "secretName": "tls"}, {"a.example": PAIR}),
        ({"secretName": "tls"}, {"a.example": PAIR, "b.example": PAIR}),
        (
            {"hosts": ["*.example"], "secretName": "tls"},
            {"a.example": PAIR, "b.example": PAIR, "*.example": PAIR},
        ),
        ({"hosts": ["else.example"], "secretName": "tls"}, {"else.example": PAIR}),
        ({"hosts": ["a.example"], "secretName": "gone"}, {}),
        ({"hosts": ["a.example"], "secretName": "broken"}, {}),
        ({"hosts": ["a.example"]}, {}),
    ],
)
def test_certificates_are_those_of_the_hosts_that_they_are_for(
    tls: dict[str, Any], expected: dict[str, Pair]
) -> None:
    both = [rule("a.example", path("/", "a")), rule("b.example", path("/", "a"))]
    hosts, problems = route(ingress("one", *both, tls=[tls]))
    assert {name: host.pair for name, host in hosts.items() if host.pair} == expected
    assert [one.reason for one in problems] == ([] if expected else ["InvalidTLSSecret"])


def test_a_broken_secret_is_told_and_its_hosts_are_served_without_tls() -> None:
    entry = {"hosts": ["h"], "secretName": "broken"}
    hosts, problems = route(ingress("one", rule("h", path("/", "a")), tls=[entry]))
    assert places(hosts["h"]) == {("/", False): A}
    assert problems[0].message == (
        "secret default/broken cannot be used: OpenSSL says no; its hosts are served without TLS"
    )


def test_the_oldest_certificate_of_a_host_stays() -> None:
    first = ingress("a", rule("h", path("/a", "a")), tls=[{"secretName": "tls"}], minute=1)
    second = ingress("b", rule("h", path("/b", "a")), tls=[{"secretName": "other"}], minute=2)
    assert route(second, first)[0]["h"].pair == PAIR


@pytest.mark.parametrize("host", ["a;b", "a b", "{", 'a"', "A", "*.*.a", "a..b", "$x", "a\nb"])
def test_what_is_no_host_name_never_comes_into_the_configuration(host: str) -> None:
    tls = [{"hosts": [host], "secretName": "tls"}]
    hosts, problems = route(ingress("one", rule(host, path("/", "a")), tls=tls))
    assert set(hosts) == set()
    assert problems[0].reason == "InvalidHost"


@pytest.mark.parametrize("text", ["/a\nb", "/\x00", "/%0a", "/" + "x" * 1024])
def test_what_is_no_path_never_comes_into_the_configuration(text: str) -> None:
    hosts, problems = route(ingress("one", rule("h", path(text, "a", "ImplementationSpecific"))))
    assert hosts["h"].places == []
    assert problems[0].reason == "InvalidPath"


def servers(text: str) -> str:
    """The part of the configuration that comes from Ingresses."""
    return text[text.index("    server {\n        listen 8080") :]


def test_the_configuration_without_rules_answers_404_and_refuses_tls() -> None:
    assert servers(render([])) == (
        "    server {\n"
        "        listen 8080 default_server;\n"
        "        listen 8443 ssl http2 default_server;\n"
        "        ssl_reject_handshake on;\n"
        "        server_name _;\n"
        "        location / { return 404; }\n"
        "    }\n"
        "}\n"
    )


def test_the_configuration_serves_exact_paths_before_prefixes_and_prefixes_by_elements() -> None:
    hosts = [
        Host("*.b.example", [Place("/", False, A)]),
        Host(
            "a.example",
            [
                Place("/x", False, A, redirect=True),
                Place("/x", True, B),
                Place("/y", False, Target("fd00::1", 80)),
                Place("/gone", True, Target()),
            ],
            fallback=B,
            pair=PAIR,
        ),
    ]
    file = f"/etc/mk8s/tls/{file_name(PAIR)}"
    redirect = "if ($scheme = http) { return 308 https://$host$request_uri; }"
    assert servers(render(hosts)).split("    }\n", 1)[1] == (
        "    server {\n"
        "        listen 8080;\n"
        '        server_name "~^[^.]+\\.b\\.example$";\n'
        "        location / { proxy_pass http://10.96.0.11:80; }\n"
        "    }\n"
        "    server {\n"
        "        listen 8080;\n"
        "        listen 8443 ssl http2;\n"
        f'        ssl_certificate "{file}.crt";\n'
        f'        ssl_certificate_key "{file}.key";\n'
        '        server_name "a.example";\n'
        '        location = "/gone" { return 503; }\n'
        '        location = "/x" { proxy_pass http://10.96.0.12:8080; }\n'
        f'        location "/x/" {{ {redirect} proxy_pass http://10.96.0.11:80; }}\n'
        '        location = "/y" { proxy_pass http://[fd00::1]:80; }\n'
        '        location "/y/" { proxy_pass http://[fd00::1]:80; }\n'
        "        location / { proxy_pass http://10.96.0.12:8080; }\n"
        "    }\n"
        "}\n"
    )


@given(st.text(max_size=40), st.sampled_from(["Exact", "Prefix", "ImplementationSpecific"]))
def test_whatever_a_path_holds_stays_inside_its_quotes(text: str, type: str) -> None:
    hosts, _ = route(ingress("one", rule("h", path(f"/{text}", "a", type))))
    words = tokens(servers(render(list(hosts.values()))))
    plain = {"proxy_pass", "http://10.96.0.11:80", "return", "404", "location", "=", "/"}
    known = plain | {"server", "listen", "server_name", "_", "ssl", "http2", "default_server"}
    known |= {"8080", "8443", "ssl_reject_handshake", "on", '"h"'}
    assert {word for word in words if not word.startswith('"/')} <= known


def tokens(text: str) -> list[str]:
    """Split as nginx does: quoted words end at a quote that no backslash precedes."""
    words: list[str] = []
    at = 0
    while at < len(text):
        if text[at] in " \n;{}":
            at += 1
            continue
        start = at
        if text[at] == '"':
            at += 1
            while text[at] != '"':
                at += 2 if text[at] == "\\" else 1
            at += 1
            assert text[at] in " ;", "nothing may follow a quote"
        else:
            while text[at] not in " \n;{}":
                at += 1
        words.append(text[start:at])
    return words

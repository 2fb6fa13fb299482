"""Ingresses as clients outside of the cluster meet them, and what is left when they are gone."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from minikube8s.controllers.ingress.nginx import render
from minikube8s.controllers.ingress.routing import Host, Place, Target
from tests.support import manifests
from tests.support.ingresses import backend, path, rule
from tests.support.lab import Lab
from tests.support.tlspairs import made_pair
from tests.support.wait import until

NAMESPACE = "ingress-lab"
Json = dict[str, object]


def web(name: str, image: str, **fields: object) -> list[Json]:
    labels = {"app": name}
    container = {"name": "c", "image": image, "imagePullPolicy": "IfNotPresent", **fields}
    head = {"name": name, "namespace": NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**head, "labels": labels},
         "spec": {"containers": [container], "terminationGracePeriodSeconds": 1}},
        {"apiVersion": "v1", "kind": "Service", "metadata": head,
         "spec": {"selector": labels, "ports": [{"name": "http", "port": 80}]}},
    ]  # fmt: skip


def ingress(name: str, *rules: Json, **spec: object) -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {**({"rules": list(rules)} if rules else {}), **spec},
    }


def secret(name: str, certificate: str, key: str) -> Json:
    data = {"tls.crt": certificate, "tls.key": key}
    return {
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": {name: base64.b64encode(text.encode()).decode() for name, text in data.items()},
    }  # fmt: skip


@pytest.fixture(scope="module")
def served(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, str, str]]:
    """The lab, the address of the Ingresses, and a file with the certificate of a.test."""
    certificate, key = made_pair("a.test")
    ca = tmp_path_factory.mktemp("tls") / "ca.crt"
    ca.write_text(certificate)
    lab.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        *web("old", "nginx:1.10"),
        *web("new", "nginx:1.11"),
        secret("a-tls", certificate, key),
        ingress(
            "first",
            rule("a.test", path("/", "old"), path("/index.html", "new", "Exact")),
            rule("*.b.test", path("/", "new", port="http")),
            tls=[
                {"hosts": ["a.test"], "secretName": "a-tls"},
                {"hosts": ["c.b.test"], "secretName": "gone"},
            ],
        ),
    )
    try:
        yield lab, address_of(lab, "first"), str(ca)
    finally:
        lab.cluster.kubectl("delete", "namespace", NAMESPACE).ok()


def address_of(lab: Lab, name: str) -> str:
    def found() -> str:
        status = lab.cluster.get("ingress", name, "-n", NAMESPACE)["status"]
        return "".join(one["ip"] for one in status["loadBalancer"].get("ingress") or ())

    return until(f"ingress {name} has an address", found, 60) or ""


def curl(lab: Lab, address: str, url: str, *options: str) -> tuple[int, str]:
    """The status and the page that a client outside gets, whatever DNS says of the host."""
    command = [
        "curl", "-sS", "-m", "5", "-w", "\n%{http_code}",
        "--connect-to", f"::{address}:", *options, url,
    ]  # fmt: skip
    with lab.on(lab.client):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    page, _, code = done.stdout.rpartition("\n")
    return int(code or 0), page + done.stderr


def settled(lab: Lab, address: str, url: str, *options: str) -> tuple[int, str]:
    """As `curl`, once nginx has what the Ingresses say, its new pods alone, and backends listen."""
    rollout = ("rollout", "status", "deployment/ingress-nginx", "-n", "kube-system")
    lab.cluster.kubectl(*rollout, "--timeout=60s").ok()
    nobody = (0, 502, 503)
    until(f"{url} answers", lambda: curl(lab, address, url, *options)[0] not in nobody)
    return curl(lab, address, url, *options)


def test_hosts_and_paths_are_told_apart(served: tuple[Lab, str, str]) -> None:
    lab, address, _ = served
    assert "nginx:1.10" in settled(lab, address, "http://a.test/")[1]
    assert "nginx:1.11" in curl(lab, address, "http://a.test/index.html")[1]
    assert curl(lab, address, "http://a.test/nothing")[0] == 404
    assert "nginx:1.11" in curl(lab, address, "http://x.b.test/")[1]
    for host in ("else.test", "b.test", "x.y.b.test"):
        assert curl(lab, address, f"http://{host}/")[0] == 404


def test_tls_is_ended_with_the_secret_of_the_host_and_refused_for_others(
    served: tuple[Lab, str, str],
) -> None:
    lab, address, ca = served
    trusted = ("--cacert", ca)
    assert "nginx:1.10" in settled(lab, address, "https://a.test/", *trusted)[1]
    for host in ("c.b.test", "else.test"):
        code, words = curl(lab, address, f"https://{host}/", "-k")
        assert code == 0 and "unrecognized name" in words, words
    described = lab.cluster.kubectl("describe", "ingress", "first", "-n", NAMESPACE).ok()
    assert "InvalidTLSSecret" in described and f"secret {NAMESPACE}/gone cannot be" in described


def test_what_no_rule_matches_goes_to_the_default_backend(served: tuple[Lab, str, str]) -> None:
    lab, address, _ = served
    lab.apply(ingress("default", defaultBackend=backend("new")))
    try:
        until(
            "the default backend answers",
            lambda: "nginx:1.11" in curl(lab, address, "http://else.test/")[1],
            60,
        )
        assert "nginx:1.10" in curl(lab, address, "http://a.test/")[1]
        assert address_of(lab, "default") == address
    finally:
        lab.cluster.kubectl("delete", "ingress", "default", "-n", NAMESPACE).ok()


def test_no_request_fails_while_rules_change(served: tuple[Lab, str, str]) -> None:
    lab, address, _ = served
    settled(lab, address, "http://a.test/")
    outcomes: Counter[tuple[int, str]] = Counter()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            code, words = curl(lab, address, "http://a.test/")
            outcomes[code, "" if code == 200 else words] += 1

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    try:
        for to in ("old", "new"):
            lab.apply(ingress("changing", rule("changing.test", path("/", to))))
            image = {"old": "nginx:1.10", "new": "nginx:1.11"}[to]
            until(
                f"the rule leads to {to}",
                lambda image=image: image in curl(lab, address, "http://changing.test/")[1],
                60,
            )
        settled(lab, address, "http://a.test/")
    finally:
        done.set()
        for thread in asking:
            thread.join()
    assert set(outcomes) == {(200, "")}, outcomes
    assert outcomes.total() > 50


def test_backends_learn_who_asked_and_for_what(served: tuple[Lab, str, str]) -> None:
    lab, address, ca = served
    serve = (
        "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho\\nenv\\n' >/www/cgi-bin/env;"
        " chmod +x /www/cgi-bin/env; exec httpd -f -p 80 -h /www"
    )
    lab.apply(
        *web("echo", "busybox", command=["sh", "-c", serve]),
        ingress(
            "echo",
            rule("a.test", path("/cgi-bin/env", "echo", "Exact")),
        ),
    )
    headers = ("-H", "Connection: upgrade", "-H", "Upgrade: websocket", "--http1.1")
    url = "https://a.test/cgi-bin/env"

    def told() -> str:
        return curl(lab, address, url, "--cacert", ca, *headers)[1]

    until("the backend answers", lambda: "HTTP_HOST=a.test" in told(), 60)
    said = set(told().splitlines())
    assert {
        "HTTP_X_FORWARDED_PROTO=https",
        "HTTP_X_FORWARDED_PORT=443",
        "HTTP_X_FORWARDED_HOST=a.test",
        "HTTP_UPGRADE=websocket",
        "HTTP_CONNECTION=upgrade",
    } <= said
    assert any(one.startswith("HTTP_X_FORWARDED_FOR=") for one in said)


def test_nginx_takes_whatever_paths_hold(served: tuple[Lab, str, str]) -> None:
    lab, _, _ = served
    marks = ('a"; return 200; #', "a\\", "$host", "ü {x} ${y}", ";", "'", '\\"', "x" * 999)
    targets = [(f"/{mark}", exact) for mark in marks for exact in (True, False)]
    places = [Place(text, exact, Target("10.0.0.1", 80)) for text, exact in targets]
    hosts = [Host("", places), Host("*.b.test", places), Host("a" * 63 + ".test", places)]
    check = "cat >/tmp/tried.conf; nginx -e stderr -t -c /tmp/tried.conf"
    nginx = ("deployment/ingress-nginx", "-n", "kube-system")
    said = lab.cluster.kubectl("exec", "-i", *nginx, "--", "sh", "-c", check, input=render(hosts))
    assert "test is successful" in said.ok() + said.err


def test_a_master_killed_while_rules_change_carries_on(served: tuple[Lab, str, str]) -> None:
    lab, address, _ = served
    lab.apply(ingress("killed", rule("killed.test", path("/", "new"))))
    lab.cluster.kill("master")
    assert curl(lab, address, "http://a.test/")[0] == 200
    lab.cluster.mk8s("up").ok()
    until(
        "the rule counts",
        lambda: "nginx:1.11" in curl(lab, address, "http://killed.test/")[1],
        60,
    )
    assert address_of(lab, "killed") == address


def test_nothing_is_left_when_the_last_ingress_is_gone(served: tuple[Lab, str, str]) -> None:
    lab, _, _ = served
    lab.cluster.kubectl("delete", "ingress", "--all", "-n", NAMESPACE).ok()
    kinds = "deployments,replicasets,services,configmaps,secrets,serviceaccounts,pods"
    label = ("-n", "kube-system", "-l", "app.kubernetes.io/name=ingress-nginx", "-o", "name")
    until(
        "nginx and all that it needed is gone",
        lambda: not lab.cluster.kubectl("get", kinds, *label).ok().strip(),
        90,
    )


def test_of_two_services_that_want_one_address_the_second_gets_it_when_the_first_is_gone(
    lab: Lab,
) -> None:
    address = f"{lab.address('node1').rpartition('.')[0]}.249"
    for name in ("first-lb", "second-lb"):
        wanted = manifests.service(name, kind="LoadBalancer")
        wanted["spec"]["loadBalancerIP"] = address
        lab.apply(wanted)

    def external(name: str) -> str:
        return lab.cluster.column("service", name, "EXTERNAL-IP")

    try:
        until("the first has it", lambda: external("first-lb") == address)
        assert external("second-lb") == "<pending>"
        until(
            "the second is told who has it",
            lambda: (
                f"spec.loadBalancerIP {address} is in use by Service default/first-lb"
                in lab.cluster.kubectl("describe", "service", "second-lb").ok()
            ),
        )
        lab.cluster.kubectl("delete", "service", "first-lb").ok()
        until("the second has it", lambda: external("second-lb") == address)
    finally:
        names = ("first-lb", "second-lb")
        lab.cluster.kubectl("delete", "service", *names, "--ignore-not-found").ok()

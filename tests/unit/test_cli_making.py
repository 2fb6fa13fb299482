"""What create, expose and autoscale make; golden tests compare it with kubectl."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from minikube8s.cli.errors import CommandError
from minikube8s.cli.making import (
    access,
    autoscaling,
    configs,
    exposing,
    files,
    ingresses,
    policies,
    workloads,
)
from minikube8s.cli.naming.kinds import Kinds

FLAGS = dict.fromkeys(
    (
        "labels", "selector", "port", "target_port", "protocol", "name", "type", "cluster_ip",
        "external_ip", "load_balancer_ip", "session_affinity",
    ),
    "",
)  # fmt: skip


def deployment(*ports: dict[str, Any], **selector: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "a", "ports": list(ports)}]}}
    spec = {"selector": selector or {"matchLabels": {"app": "web"}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"l": "1"}},
        "spec": spec,
    }


def test_a_service_has_the_ports_of_the_pods_and_their_protocols() -> None:
    ports = ({"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}, {"containerPort": 80})
    made = exposing.service(deployment(*ports), "apps", FLAGS)
    assert made["spec"]["ports"] == [
        {"name": "port-1", "protocol": "UDP", "port": 53, "targetPort": 53},
        {"name": "port-2", "protocol": "TCP", "port": 53, "targetPort": 53},
        {"name": "port-3", "protocol": "TCP", "port": 80, "targetPort": 80},
    ]
    assert made["spec"]["selector"] == {"app": "web"}
    assert made["metadata"]["labels"] == {"l": "1"}


def test_one_port_needs_no_name_and_may_lead_to_a_named_one() -> None:
    made = exposing.service(deployment(), "apps", FLAGS | {"port": "80", "target_port": "http"})
    assert made["spec"]["ports"] == [{"protocol": "TCP", "port": 80, "targetPort": "http"}]


@pytest.mark.parametrize(
    ("obj", "group", "flags", "sentence"),
    [
        (deployment(), "apps", {}, "couldn't find port via --port flag or introspection"),
        (deployment(), "apps", {"port": "x"}, "'x' is no port"),
        (deployment(), "apps", {"port": "70000"}, "'70000' is no port"),
        (deployment(), "batch", {"port": "80"}, "cannot expose a Deployment.batch"),
        (
            deployment(matchExpressions=[{"key": "a", "operator": "Exists"}]),
            "apps",
            {"port": "80"},
            "give --selector",
        ),
        (deployment(), "apps", {"port": "80", "session_affinity": "x"}, "unknown session affinity"),
        (deployment(), "apps", {"port": "80", "labels": "a"}, "unexpected label spec: a"),
        (
            {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}},
            "",
            {"port": "80"},
            "the pod has no labels and cannot be exposed",
        ),
    ],
)
def test_what_cannot_be_exposed_is_told(
    obj: dict[str, Any], group: str, flags: dict[str, str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        exposing.service(obj, group, FLAGS | flags)


def test_an_autoscalers_bounds_are_checked() -> None:
    for least, most in ((-1, 0), (3, 2)):
        with pytest.raises(CommandError, match="--max=MAXPODS"):
            autoscaling.autoscaler(deployment(), "", least, most, -1)
    spec = autoscaling.autoscaler(deployment(), "x", 0, 2, 0)["spec"]
    assert set(spec) == {"scaleTargetRef", "maxReplicas"}


def test_files_make_texts_and_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hi\n")
    (tmp_path / "bin").write_bytes(b"\xff\x00")
    (tmp_path / "sub").mkdir()
    content = files.content("ConfigMap", "c", [str(tmp_path)], ["k=v=w", "e="])
    made = configs.config_map("c", content)
    assert made["data"] == {"a.txt": "hi\n", "k": "v=w", "e": ""}
    assert made["binaryData"] == {"bin": "/wA="}
    assert "data" not in configs.config_map("c", {})


@pytest.mark.parametrize(
    ("sources", "literals", "sentence"),
    [
        (["nowhere"], [], "error reading nowhere: no such file or directory"),
        (["a=b=c"], [], "key names or file paths cannot contain '='"),
        ([""], [], "--from-file is empty"),
        (["=x"], [], "key name for file path x missing"),
        (["k=."], [], "cannot give a key name for a directory path"),
        ([], ["x"], "invalid literal source x, expected key=value"),
        ([], ["a=1", "a=2"], 'cannot add key "a"'),
        ([], ["a/b=1"], '"a/b" is not a valid key name for a Secret'),
    ],
)
def test_wrong_sources_are_told(sources: list[str], literals: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=re.escape(sentence)):
        files.content("Secret", "s", sources, literals)


def test_lines_of_variables_are_read_as_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "x.env"
    file.write_text("\ufeffA=1\n# c\n\n  B=two words \nHOME\nGONE\n")
    known = {"HOME": "/root"}.get
    found = files.variables("ConfigMap", "c", [str(file)], known)
    assert found == {"A": b"1", "B": b"two words ", "HOME": b"/root", "GONE": b""}
    file.write_bytes(b"A=1\nB=\xff\n")
    with pytest.raises(CommandError, match="contains invalid utf8 bytes at line 2"):
        files.variables("ConfigMap", "c", [str(file)], known)
    file.write_text("A=1\nB C=2\n")
    with pytest.raises(CommandError, match="line 2"):
        files.variables("ConfigMap", "c", [str(file)], known)


def test_a_certificate_and_a_key_are_asked_for() -> None:
    certificate = b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
    key = b"-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----\n"
    assert configs.tls_secret("t", certificate, key)["type"] == "kubernetes.io/tls"
    for wrong in ((b"", key), (certificate, b""), (key, certificate)):
        with pytest.raises(CommandError, match="failed to find any PEM data"):
            configs.tls_secret("t", *wrong)


@pytest.mark.parametrize(
    ("image", "name"),
    [("nginx", "nginx"), ("a.b:5000/c/nginx:1@sha256:x", "nginx"), ("Nginx-2:1", "Nginx-2")],
)
def test_a_container_is_called_after_its_image(image: str, name: str) -> None:
    assert workloads.container_name(image) == name


def test_a_name_that_had_to_be_mended_gets_an_ending() -> None:
    assert re.fullmatch(r"busy-box-[a-z0-9]{5}", workloads.container_name("x/busy_box:1"))


WITH_SECRET = {"hosts": ["*.x"], "secretName": "z"}


@pytest.mark.parametrize(
    ("rule", "host", "path", "type_", "port", "tls"),
    [
        ("a.b/c*=s:80", "a.b", "/c", "Prefix", {"number": 80}, None),
        ("/=s:http", None, "/", "Exact", {"name": "http"}, None),
        ("*.x/y/*=s:1,tls=z", "*.x", "/y/", "Prefix", {"number": 1}, WITH_SECRET),
        ("a/b=s:1,tls", "a", "/b", "Exact", {"number": 1}, {"hosts": ["a"]}),
    ],
)
def test_rules_of_ingresses(
    rule: str, host: str | None, path: str, type_: str, port: dict[str, Any], tls: Any
) -> None:
    spec = ingresses.ingress("i", [rule], "", "", [])["spec"]
    [made] = spec["rules"]
    backend = {"service": {"name": "s", "port": port}}
    assert made.get("host") == host
    assert made["http"]["paths"] == [{"path": path, "pathType": type_, "backend": backend}]
    assert spec.get("tls") == ([tls] if tls else None)


@pytest.mark.parametrize(
    "rule", ["x", "/a=b", "a/b=s:1,nothing", "a/b=:1", "=s:1", "/=s:1,tls=a,b"]
)
def test_wrong_rules_of_ingresses_are_told(rule: str) -> None:
    with pytest.raises(CommandError, match="should be in format host/path"):
        ingresses.ingress("i", [rule], "", "", [])


def test_a_rule_of_a_role_for_each_group() -> None:
    found = access.rules(
        ["get", "list", "get"], ["pods", "deploy.apps", "rs/scale"], ["x"], Kinds().by_word
    )
    assert found == [
        {
            "verbs": ["get", "list"],
            "apiGroups": [group],
            "resources": resources,
            "resourceNames": ["x"],
        }
        for group, resources in (("", ["pods"]), ("apps", ["deployments", "replicasets/scale"]))
    ]
    assert access.rules(["*", "get"], ["*"], [], Kinds().by_word)[0]["verbs"] == ["*"]
    assert access.unusual(["get", "frobnicate"]) == ["frobnicate"]


def test_a_selector_of_a_budget_may_be_more_than_equalities() -> None:
    spec = policies.disruption_budget("p", "a=b,c,d in (e,f)", "", "50%")["spec"]
    assert spec["selector"] == {
        "matchLabels": {"a": "b"},
        "matchExpressions": [
            {"key": "c", "operator": "Exists"},
            {"key": "d", "operator": "In", "values": ["e", "f"]},
        ],
    }

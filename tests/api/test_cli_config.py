"""`mk8s config` says what the newest kubectl says, and writes what it writes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api.kubectl import every_binary

MK8S = Path(sys.executable).with_name("mk8s")
FIRST = """
apiVersion: v1
kind: Config
users:
- name: u
  user: {token: abc}
- name: w
  user: {client-certificate: sub/x.crt, client-key: ../y.key}
clusters:
- name: c
  cluster: {certificate-authority: ca.crt, server: "https://h:1"}
"""
SECOND = """
apiVersion: v1
kind: Config
users:
- name: u
  user: {username: bob, password: secret}
- name: e
  user:
    exec:
      {command: x, apiVersion: client.authentication.k8s.io/v1, args: [a],
       env: [{name: A, value: b}], provideClusterInfo: true}
contexts:
- name: x
  context: {cluster: c, user: u}
- name: y2
  context: {cluster: c, user: w, namespace: blue}
current-context: x
preferences: {colors: true}
"""
SHOWING = (
    "view",
    "view --raw",
    "view --minify --context y2",
    "view --raw --minify -o json",
    "view --minify --context zz",
    "view --flatten",
    "view -o name",
    "view -o jsonpath={.contexts[*].name}",
    "view --kubeconfig nope",
    "view -o nothing",
    "current-context",
    "current-context --kubeconfig nope",
    "get-contexts",
    "get-contexts -o name",
    "get-contexts --no-headers",
    "get-contexts x zz y2",
    "get-contexts --kubeconfig nope",
    "get-users",
    "get-clusters",
    "nonsense",
    "view --nonsense",
)
CHANGES = {
    "contexts": """
        use-context y2
        current-context
        use-context zz
        set-context --current --namespace=green
        set-context new --cluster=c --user=u
        set-context new --current
        set-context new --namespace=
        set-context
        rename-context y2 z
        rename-context y2 q
        rename-context z new
        current-context
        delete-context new
        delete-context new
    """,
    "clusters": """
        set-cluster c2 --server=https://x:2 --certificate-authority=a/ca.crt
        set-cluster c2 --certificate-authority=/elsewhere/ca.crt
        set-cluster c2 --certificate-authority=a/ca.crt --embed-certs
        set-cluster c2 --embed-certs --certificate-authority=nofile
        set-cluster c3 --embed-certs
        set-cluster c2 --insecure-skip-tls-verify
        set-cluster c3 --insecure-skip-tls-verify --certificate-authority=a/ca.crt
        set-cluster c2 --proxy-url http://p:1 --tls-server-name q
        set-cluster c2 --insecure-skip-tls-verify=false
        delete-cluster c
        delete-cluster c
    """,
    "users": """
        set-credentials u2 --token=abc
        set-credentials u2 --username=a --password=b
        set-credentials u3 --token=a --username=b
        set-credentials u3 --client-certificate=a/ca.crt --client-key=a/ca.crt --embed-certs
        set-credentials u3 --client-certificate=/nofile
        set-credentials u4 --exec-command=foo
        set-credentials u4 --exec-command=foo --exec-api-version=x/v1 --exec-arg=a --exec-arg=b
        set-credentials u4 --exec-env=k=v --exec-env=k2=v2
        set-credentials u4 --exec-interactive-mode=Foo
        set-credentials u4 --exec-interactive-mode=Never
        set-credentials u4 --exec-env=k- --exec-env k3=v3 --exec-arg=z
        set-credentials u5 --auth-provider=oidc --auth-provider-arg=a=b
        set-credentials u6 --exec-env=a
        set-credentials u6 --embed-certs
        set-credentials
        delete-user u2
        delete-user u2
    """,
    "properties": """
        set current-context foo
        set clusters.c.server https://z
        set clusters.c.certificate-authority-data zzz
        set clusters.c.certificate-authority-data eno=
        set clusters.c.certificate-authority-data raw --set-raw-bytes
        set clusters.nn.insecure-skip-tls-verify true
        set clusters.nn.insecure-skip-tls-verify maybe
        set clusters.nn.foo bar
        set clusters.my.dotted.server x
        set foo bar
        set contexts.q.namespace red
        set contexts.q ss
        unset contexts.q
        unset contexts.zz
        unset contexts.y2.namespace
        unset contexts.y2.foo
        unset clusters.zz.server
        unset foo
        unset users.w
    """,
}

pytestmark = pytest.mark.skipif(not every_binary(), reason="kubectl is not installed")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, text in (("a/config", FIRST), ("b/config", SECOND)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    (tmp_path / "a" / "ca.crt").write_text("a certificate")
    return tmp_path


def play(program: Path, lines: list[str], place: Path) -> list[tuple[Any, ...]]:
    """Exit code, output and class of error of each line, and what the files say after it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MK8S_", "KUBE"))}
    environment |= {"KUBECONFIG": "a/config:b/config", "HOME": str(place)}
    environment |= {"MK8S_HOME": str(place / "no-home")}
    told = []
    for line in lines:
        done = subprocess.run(
            [program, "config", *line.split()],
            cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        texts = [(place / name).read_text() for name in ("a/config", "b/config")]
        files = [normal(yaml.safe_load(text)) for text in texts]
        complaint = bool(re.search("(?m)^error: ", done.stderr))
        # what is wrong with a line kubectl tells with the whole help of the verb before it
        output = done.stdout if done.returncode == 0 or "Usage:" not in done.stdout else ""
        told.append((line, done.returncode, output, complaint, files))
    return told


@pytest.mark.parametrize("section", [*CHANGES, "showing"])
def test_config_does_what_kubectl_does(section: str, place: Path) -> None:
    lines = [line.strip() for line in CHANGES.get(section, "\n".join(SHOWING)).splitlines()]
    lines = [line for line in lines if line]
    other = place.with_name("other") / place.name
    shutil.copytree(place, other)
    with ThreadPoolExecutor(2) as both:
        programs = ((MK8S, place), (every_binary()[-1], other))
        ours, theirs = both.map(lambda pair: play(pair[0], lines, pair[1]), programs)
    for mine, wanted in zip(ours, theirs, strict=True):
        assert mine == wanted


def normal(file: dict[str, Any]) -> dict[str, Any]:
    """A file without what kubectl writes or leaves out without meaning."""
    for item in file.get("users") or []:
        # kubectl writes them in the order of a map, which is by chance
        if plugin := (item.get("user") or {}).get("exec"):
            plugin["env"] = sorted(plugin.get("env") or [], key=lambda one: str(one["name"]))
    sections = {}
    for section in ("clusters", "contexts", "users"):
        items = {item["name"]: item.get(section[:-1]) or {} for item in file.get(section) or []}
        sections[section] = {
            name: {field: value for field, value in item.items() if value}
            for name, item in items.items()
        }
    return {"current": file.get("current-context") or "", **sections}

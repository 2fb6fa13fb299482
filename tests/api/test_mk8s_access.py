"""mk8s reaches any server that a kubeconfig names, and says in one sentence why it does not."""

from __future__ import annotations

import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from minikube8s.cli.globalflags import global_options
from tests.api.apiserver import ApiServer, configmap
from tests.api.kubectl import every_binary, kubeconfig
from tests.support.tlspairs import made_pair

MK8S = Path(sys.executable).with_name("mk8s")
V1 = "client.authentication.k8s.io/v1"


class Caller:
    """Runs mk8s with a kubeconfig that a test changes first."""

    def __init__(self, api: ApiServer, namespace: str, folder: Path) -> None:
        self.api, self.folder = api, folder
        self.config = kubeconfig(api, namespace)
        self.cluster: dict[str, Any] = self.config["clusters"][0]["cluster"]
        self.user: dict[str, Any] = self.config["users"][0]["user"]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = self.folder / "config"
        path.write_text(json.dumps(self.config))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MK8S_", "KUBE"))}
        kept |= {"KUBECONFIG": str(path), "MK8S_HOME": str(self.folder / "no-cluster")}
        return subprocess.run(
            [MK8S, *arguments],
            env=kept | environment, capture_output=True, text=True, check=False, timeout=60,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def ok(self, *arguments: str, **environment: str) -> str:
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *arguments: str, **environment: str) -> str:
        """Its one sentence."""
        done = self.run(*arguments, **environment)
        assert done.returncode == 1 and not done.stdout, done
        assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1, done.stderr
        return done.stderr.strip()

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)


@pytest.fixture
def caller(api: ApiServer, namespace: str, tmp_path: Path) -> Caller:
    api.create(f"/api/v1/namespaces/{namespace}/configmaps", configmap("lamp"))
    return Caller(api, namespace, tmp_path)


@pytest.fixture
def expired(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate whose time is over, and its key."""
    files = (tmp_path / "old.crt", tmp_path / "old.key")
    for file, text in zip(files, made_pair("localhost", days=-3), strict=True):
        file.write_text(text)
    return files


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Starts an HTTP server that answers everything with a page; returns its port."""
    running: list[http.server.ThreadingHTTPServer] = []

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html><body>It works!</body></html>")

        def log_message(self, *_: Any) -> None:
            pass

    def start(context: ssl.SSLContext | None = None) -> int:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        running.append(server)
        return int(server.server_address[1])

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_a_plugins_token_is_used_and_asked_for_again_when_it_is_refused(
    caller: Caller, namespace: str
) -> None:
    caller.api.create(
        f"/api/v1/namespaces/{namespace}/serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "me"}},
    )
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/me/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
    token = caller.api.post(path, request).json["status"]["token"]
    good = {"apiVersion": V1, "kind": "ExecCredential", "status": {"token": token}}
    script = caller.write(
        "plugin",
        f"#!/bin/sh\necho x >> {caller.folder}/calls\n"
        f"[ $(wc -l < {caller.folder}/calls) = 1 ] && sed s/{token[:9]}/wrong/ <<E || cat <<E\n"
        f"{json.dumps(good)}\nE\n{json.dumps(good)}\nE\n",
    )
    Path(script).chmod(0o755)
    caller.user.clear()
    caller.user["exec"] = {"command": "./plugin", "apiVersion": V1, "interactiveMode": "Never"}
    assert f"system:serviceaccount:{namespace}:me" in caller.ok("auth", "whoami")
    assert (caller.folder / "calls").read_text() == "x\nx\n"


def test_embedded_certificates_token_files_and_names_of_the_certificate_work(
    caller: Caller, namespace: str
) -> None:
    flat = caller.ok("config", "view", "--flatten")
    path = caller.write("flat", flat)
    assert "lamp" in caller.ok("get", "cm", KUBECONFIG=path)
    caller.cluster["tls-server-name"] = "localhost"
    assert "lamp" in caller.ok("get", "cm")
    assert "lamp" in caller.ok("get", "cm", "--request-timeout=5s")
    assert "kube-system" in caller.ok("get", "ns", "--context", "test", "--user", "admin")


def test_a_certificate_that_ended_is_told_with_its_end_and_the_way_out(
    caller: Caller, expired: tuple[Path, Path]
) -> None:
    certificate, key = map(str, expired)
    caller.user |= {"client-certificate": certificate, "client-key": key}
    said = caller.fails("get", "cm")
    assert re.search(r'client certificate of user "admin" expired at \d{4}-\d\d-\d\dT', said), said
    assert "administrator" in said


def test_a_certificate_of_another_cluster_is_told(caller: Caller, tmp_path: Path) -> None:
    for name, text in zip(("o.crt", "o.key"), made_pair("other"), strict=True):
        caller.write(name, text)
    caller.user |= {"client-certificate": f"{tmp_path}/o.crt", "client-key": f"{tmp_path}/o.key"}
    assert 'not take the client certificate of user "admin"' in caller.fails("get", "cm")


def test_a_servers_certificate_that_ended_is_told_with_its_dates(
    caller: Caller, expired: tuple[Path, Path], serve: Callable[..., int]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*expired)
    caller.cluster["server"] = f"https://localhost:{serve(context)}"
    caller.cluster["certificate-authority"] = str(expired[0])
    said = caller.fails("get", "cm")
    assert re.search(r"x509: certificate has expired .* valid from \S+Z to \S+Z", said), said


@pytest.mark.parametrize("secure", [False, True])
def test_a_server_that_is_no_kubernetes_is_told(
    secure: bool, caller: Caller, serve: Callable[..., int], tmp_path: Path
) -> None:
    context = None
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for name, text in zip(("s.crt", "s.key"), made_pair("localhost"), strict=True):
            caller.write(name, text)
        context.load_cert_chain(tmp_path / "s.crt", tmp_path / "s.key")
        caller.cluster["certificate-authority"] = str(tmp_path / "s.crt")
    scheme = "https" if secure else "http"
    caller.cluster["server"] = f"{scheme}://localhost:{serve(context)}"
    assert "is no Kubernetes API server: it answers" in caller.fails("get", "cm")


def test_a_server_without_tls_is_told(caller: Caller, serve: Callable[..., int]) -> None:
    caller.cluster["server"] = f"https://127.0.0.1:{serve()}"
    assert "speaks no TLS" in caller.fails("get", "cm")


def test_a_server_that_never_answers_has_a_deadline(caller: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        caller.cluster["server"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "does not answer within 0.5 s" in caller.fails(
            "get", "cm", "--request-timeout=500ms"
        )


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        ({}, "get cm --context tset", r'found for specified context: tset \(did you mean "test"'),
        ({}, "get cm --user adminn", r'auth info "adminn" does not exist \(did you mean "admin"'),
        ({"server": "https://127.0.0.1:1"}, "get cm", "127.0.0.1:1 was refused - did you specify"),
        ({"server": "https://nowhere.invalid"}, "get cm", "no such host: nowhere.invalid"),
        ({"server": "https://h:x"}, "get cm", "is no address of a server"),
        ({"certificate-authority": ""}, "get cm", "x509: certificate signed by unknown authority"),
        ({"certificate-authority": "nope"}, "get cm", "unable to read certificate-auth.*nope"),
        ({"tls-server-name": "other"}, "get cm", "certificate is not for other"),
        ({"proxy-url": "http://127.0.0.1:1"}, "get cm", "the proxy http://127.0.0.1:1 .* refused"),
        ({"insecure-skip-tls-verify": True}, "get cm", "with the insecure flag is not allowed"),
        ({}, "get cm --as eve", r"Error from server \(Forbidden\): .*eve.* cannot list"),
        ({}, "get cm --as-group g", "without impersonating a user"),
        ({}, "get cm --request-timeout 1x", "Invalid timeout value"),
        ({}, "get cm --kubeconfig nowhere", "stat nowhere: no such file"),
        ({}, "get cm nothing", r"Error from server \(NotFound\)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_way_to_a_server_is_one_sentence(
    change: dict[str, Any], line: str, message: str, caller: Caller
) -> None:
    caller.cluster |= change
    assert re.search(message, caller.fails(*line.split())), caller.fails(*line.split())


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({"token": "wrong"}, r"logged in to the server \(.*the token of user .admin. is not"),
        (
            {"token": "e30.eyJleHAiOiAxNjAwMDAwMDAwfQ.x"},
            "the token of user .admin. expired at 2020-09-13T12:26:40Z: get a new one",
        ),
        ({"tokenFile": "nowhere"}, "token of admin cannot be read: .*nowhere"),
        ({"token": "a", "username": "b"}, "only one is allowed"),
        ({"client-certificate-data": "aGVsbG8=", "client-key-data": "aGVsbG8="}, "no PEM"),
        ({"exec": {"command": "no-such-plugin", "apiVersion": V1, "interactiveMode": "Never"}},
         "executable no-such-plugin not found"),
        ({"exec": {"command": "false", "apiVersion": V1, "interactiveMode": "Never"}},
         "executable false failed with exit code 1"),
        ({"exec": {"command": "true", "apiVersion": V1, "interactiveMode": "Always"}},
         "standard input is not a terminal"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_identity_is_one_sentence(
    user: dict[str, Any], message: str, caller: Caller
) -> None:
    caller.user.clear()
    caller.user |= user
    assert re.search(message, caller.fails("get", "cm")), caller.fails("get", "cm")


def test_a_broken_kubeconfig_is_told_with_its_line(caller: Caller) -> None:
    path = caller.write("broken", "apiVersion: v1\nkind: Config\nusers:\n\t- name: x\n")
    assert f'error loading config file "{path}": yaml: line 4' in caller.fails(
        "get", "cm", KUBECONFIG=path
    )


@pytest.mark.skipif(not every_binary(), reason="kubectl is not installed")
def test_every_global_flag_of_kubectl_is_taken(caller: Caller) -> None:
    told = subprocess.check_output([every_binary()[-1], "options"], text=True)
    known = {name for option in global_options() for name in option.opts}
    assert set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)=", told, re.MULTILINE)) - known == set()
    assert "lamp" in caller.ok("get", "cm", "--profile=none", "--vmodule", "a=1", "-v=0")


def test_a_warning_is_an_error_where_that_is_wanted(caller: Caller) -> None:
    assert caller.run("get", "componentstatuses").returncode == 0
    done = caller.run("get", "componentstatuses", "--warnings-as-errors")
    assert done.returncode == 1 and done.stdout
    assert done.stderr.endswith("\nerror: 1 warning received\n")


def test_what_goes_over_the_wire_is_told_without_secrets(caller: Caller) -> None:
    caller.user["token"] = "a-secret"
    done = caller.run("get", "cm", "-v=8")
    assert re.search(r"GET https://\S+/configmaps\S* 200 OK in \d+ milliseconds", done.stderr)
    assert "Authorization: Bearer <masked>" in done.stderr and "a-secret" not in done.stderr
    assert "Response Body: " in done.stderr and "lamp" in done.stdout

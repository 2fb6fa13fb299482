"""`mk8s proxy` before the API server: whoever connects there acts with the user's rights."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.apiserver import ApiServer
from tests.api.kubectl import kubeconfig

MK8S = str(Path(sys.executable).with_name("mk8s"))


@pytest.fixture
def port(api: ApiServer, namespace: str, tmp_path: Path) -> Iterator[int]:
    (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig(api, namespace)))
    environment = os.environ | {"KUBECONFIG": str(tmp_path / "kubeconfig"), "MK8S_HOME": "/none"}
    words = [MK8S, "proxy", "--port=0"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as proxy:
        try:
            assert proxy.stdout
            said = proxy.stdout.readline()
            assert said.startswith("Starting to serve on 127.0.0.1:")
            yield int(said.rpartition(":")[2])
            proxy.send_signal(signal.SIGINT)
            assert proxy.wait(20) == 130
        finally:
            proxy.kill()


def ask(
    port: int, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, headers | {"Content-Type": "application/json"})
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


def test_requests_pass_with_the_users_rights_and_others_do_not(port: int, namespace: str) -> None:
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    code, _ = ask(port, "POST", maps, {"metadata": {"name": "m"}, "data": {"a": "b" * 300_000}})
    assert code == 201
    code, body = ask(port, "GET", f"{maps}/m")
    assert code == 200 and len(json.loads(body)["data"]["a"]) == 300_000
    assert ask(port, "DELETE", f"{maps}/nope")[0] == 404
    assert ask(port, "GET", maps, Host="evil.example") == (403, b"Forbidden\n")
    assert ask(port, "POST", f"/api/v1/namespaces/{namespace}/pods/p/exec")[0] == 403
    # whoever asks may not be somebody else, and does not say who it is
    who = ask(port, "GET", maps, **{"Impersonate-User": "nobody", "Authorization": "Bearer x"})
    assert who[0] == 200


def test_a_watch_goes_on_as_it_comes(port: int, namespace: str) -> None:
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", f"{maps}?watch=1")
    answer = connection.getresponse()
    for name in ("one", "two"):
        ask(port, "POST", maps, {"metadata": {"name": name}})
        while json.loads(answer.readline())["object"]["metadata"]["name"] != name:
            pass
    connection.close()

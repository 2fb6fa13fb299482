"""Exec plugins give credentials, or one sentence that says why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from minikube8s.cli.connection.wire import Wire
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig.choosing import Access
from minikube8s.cli.kubeconfig.plugins import Plugin

V1 = "client.authentication.k8s.io/v1"


def access(folder: Path, script: str, **given: Any) -> Access:
    program = folder / "plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    made = Access()
    made.server, made.cluster, made.user = "https://127.0.0.1:1", "c", "u"
    made.execute_origin = str(folder)
    described = {"command": "./plugin", "apiVersion": V1, "interactiveMode": "Never"}
    made.execute = {**described, **given}
    return made


def said(**status: str) -> str:
    credential = {"apiVersion": V1, "kind": "ExecCredential", "status": status}
    return f"echo '{json.dumps(credential)}'"


def test_a_plugin_is_asked_once_a_call(tmp_path: Path) -> None:
    wire = Wire(access(tmp_path, f"echo x >> {tmp_path}/calls; {said(token='abc')}"))
    assert not (tmp_path / "calls").exists()
    for _ in range(3):
        assert wire.identity() == [("Authorization", "Bearer abc")]
    assert (tmp_path / "calls").read_text() == "x\n"
    assert wire.forget()
    wire.identity()
    assert (tmp_path / "calls").read_text() == "x\nx\n"


def test_an_expired_credential_is_asked_for_again(tmp_path: Path) -> None:
    past = said(token="abc", expirationTimestamp="2020-01-01T00:00:00Z")
    wire = Wire(access(tmp_path, f"echo x >> {tmp_path}/calls; {past}"))
    wire.identity()
    wire.identity()
    assert (tmp_path / "calls").read_text() == "x\nx\n"


def test_a_plugin_is_told_its_arguments_variables_and_cluster(tmp_path: Path) -> None:
    script = f'echo "$1 $COLOUR $KUBERNETES_EXEC_INFO" > {tmp_path}/seen; {said(token="t")}'
    given = {"args": ["one"], "env": [{"name": "COLOUR", "value": "red"}]}
    told = access(tmp_path, script, provideClusterInfo=True, **given)
    told.execute_config = {"audience": "x"}
    Plugin(told).ask()
    first, colour, info = (tmp_path / "seen").read_text().split(" ", 2)
    assert (first, colour) == ("one", "red")
    question = json.loads(info)
    assert question["apiVersion"] == V1 and question["spec"]["interactive"] is False
    assert question["spec"]["cluster"] == {
        "server": "https://127.0.0.1:1", "config": {"audience": "x"}
    }  # fmt: skip


@pytest.mark.parametrize(
    ("script", "given", "message"),
    [
        ("exit 3", {}, "failed with exit code 3"),
        ("echo hello", {}, "printed no ExecCredential"),
        (said(), {}, "didn't return a token or cert/key pair"),
        (said(clientCertificateData="x"), {}, "a certificate without a key"),
        (said(token="t", expirationTimestamp="soon"), {}, "expirationTimestamp is no time"),
        ('echo \'{"kind": "ExecCredential"}\'', {}, "instead of"),
        ("", {"command": "no-such-plugin"}, "executable no-such-plugin not found"),
        ("", {"command": "no-such", "installHint": "Buy it."}, r"not found.*\n\nBuy it\."),
        ("", {"command": ""}, "command must be specified for u"),
        ("", {"apiVersion": ""}, "apiVersion must be specified for u"),
        ("", {"apiVersion": "x/v9"}, "which is not known here"),
        ("", {"interactiveMode": ""}, "interactiveMode must be specified for u"),
        ("", {"interactiveMode": "Sometimes"}, "invalid interactiveMode"),
    ],
)
def test_a_plugin_that_is_of_no_use_is_told_in_a_sentence(
    tmp_path: Path, script: str, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        Plugin(access(tmp_path, script, **given)).ask()

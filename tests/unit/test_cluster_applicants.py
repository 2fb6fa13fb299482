"""What a machine that asks for a certificate, or for what the cluster is, may hear instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joining
from minikube8s.cluster.membership.masterclient import Answer
from tests.unit.test_cluster_joining import TOKEN, Signing, join_again


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"type": "Denied", "message": "not you"}, "refuses a certificate for n2: not you"),
        ({"type": "Failed", "reason": "Odd"}, "refuses a certificate for n2: Odd"),
        (
            {"type": "Denied", "reason": "NodeExists", "message": "n2 is there"},
            r"refuses the name: n2 is there \(--node-name\)",
        ),
        ({"type": "Approved"}, "did not sign .* within 30 s: .*`kubectl certificate approve"),
    ],
)
def test_a_certificate_that_is_not_made_is_told_of_and_none_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condition: dict[str, str], told: str
) -> None:
    event = {"type": "MODIFIED", "object": {"status": {"conditions": [condition]}}}
    bare = {"type": "ADDED", "object": {"status": {}}}
    monkeypatch.setattr(Signing, "follow", lambda *_: iter([bare, event]))
    monkeypatch.setattr(Signing, "content", lambda _, answer: answer.content, raising=False)
    monkeypatch.setattr(joining, "MasterClient", Signing)
    names = (tmp_path / str(number) for number in range(len(joining.Files._fields)))
    files = joining.Files(*names)
    with pytest.raises(ClusterError, match=told):
        join_again(files)
    assert not any(file.exists() for file in files)


CONFIG = {"name": "m", "agentPort": "1", "podCIDR": "10.1.0.0/16", "serviceCIDR": "10.2.0.0/16"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (CONFIG | {"lab": "true"}, "cluster has a lab"),
        (CONFIG | {"agentPort": "x"}, "is not the API of an mk8s cluster"),
        ({"name": "m"}, "is not the API of an mk8s cluster"),
        (None, "is not the API of an mk8s cluster"),
    ],
)
def test_a_cluster_that_cannot_be_joined_is_told_of(
    monkeypatch: pytest.MonkeyPatch, data: dict[str, str] | None, told: str
) -> None:
    monkeypatch.setattr(Signing, "ask", lambda *_: Answer(200, {"data": data}))
    monkeypatch.setattr(Signing, "content", lambda _, answer: answer.content, raising=False)
    monkeypatch.setattr(joining, "MasterClient", Signing)
    with pytest.raises(ClusterError, match=told):
        joining.Applicant("10.0.0.5:6443", b"CA", TOKEN).membership()

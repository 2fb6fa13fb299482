"""Merging into the user's kubeconfig touches our entries alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from minikube8s.cluster import kubeconfig
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError

THEIRS: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "work", "cluster": {"server": "https://work"}}],
    "users": [{"name": "me", "user": {"token": "t"}}],
    "contexts": [{"name": "work", "context": {"cluster": "work", "user": "me"}}],
    "current-context": "work",
}


@pytest.fixture
def ours(tmp_path: Path) -> dict[str, Any]:
    home = Home(tmp_path)
    authority = Authority(home.pki)
    authority.client("admin", "kubernetes-admin", ["system:masters"])
    return kubeconfig.build(home, Settings(node_name="n1"))


def test_other_clusters_stay_and_ours_becomes_current(ours: dict[str, Any]) -> None:
    merged = kubeconfig.merged(THEIRS, ours)
    assert [entry["name"] for entry in merged["contexts"]] == ["work", "mk8s"]
    assert merged["current-context"] == "mk8s"
    assert merged["users"][0] == THEIRS["users"][0]


def test_merging_twice_is_merging_once(ours: dict[str, Any]) -> None:
    once = kubeconfig.merged(THEIRS, ours)
    assert kubeconfig.merged(once, ours) == once


@pytest.mark.parametrize("text", ["a: [", "[]", "users: 5", "contexts: [own]"])
def test_a_broken_kubeconfig_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ClusterError, match="nothing was merged"):
        kubeconfig.read(path)
    assert path.read_text() == text


def test_a_written_kubeconfig_keeps_its_owner_and_hides_from_others(
    tmp_path: Path, ours: dict[str, Any]
) -> None:
    path = tmp_path / "config"
    path.write_text("")
    os.chown(path, os.getuid(), os.getgid())
    before = path.stat()
    kubeconfig.write(path, ours)
    after = path.stat()
    assert (after.st_uid, after.st_gid, after.st_mode & 0o077) == (before.st_uid, before.st_gid, 0)
    assert kubeconfig.read(path) == ours

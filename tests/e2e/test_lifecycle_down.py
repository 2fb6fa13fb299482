"""`down` leaves the machine as it was, however the cluster ended, and other clusters alone."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support import kernel, manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.tutorial import fetch
from tests.support.wait import until


def serve(cluster: Cluster, port: int) -> None:
    """A page on a NodePort."""
    text = manifests.text(manifests.web(), manifests.service("web", node_port=port))
    cluster.kubectl("apply", "-f", "-", input=text).ok()
    cluster.ready_pods(2, "app=web")
    until("the page answers", lambda: fetch(f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize("end", ["in order", "after kill -9 of both daemons"])
def test_down_leaves_the_machine_as_it_was(engine: PrivateEngine, tmp_path: Path, end: str) -> None:
    cluster = Cluster.beside(1, tmp_path / "mk8s", engine)
    before = kernel.snapshot(engine)
    cluster.mk8s("up").ok()
    try:
        serve(cluster, 30310)
        assert kernel.difference(before, kernel.snapshot(engine))
        if end != "in order":
            for process in cluster.daemons().values():
                os.kill(process, signal.SIGKILL)
    finally:
        cluster.mk8s("down").ok()
    until("the machine is as it was", lambda: kernel.unchanged(before, engine))
    assert (cluster.home / "settings.json").exists()
    cluster.mk8s("down", "--purge").ok()
    assert not cluster.home.exists()


def test_two_clusters_live_side_by_side_and_ones_down_does_not_touch_the_other(
    engine: PrivateEngine, tmp_path: Path
) -> None:
    first = Cluster.beside(1, tmp_path / "first", engine)
    second = Cluster.beside(2, tmp_path / "second", engine)
    try:
        first.mk8s("up").ok()
        serve(first, 30320)
        alone = kernel.snapshot(engine)
        second.mk8s("up").ok()
        serve(second, 30520)
        assert fetch("http://127.0.0.1:30320")
        assert len(first.pods()) == len(second.pods()) == 2
        second.mk8s("down", "--purge").ok()
        until("only the first is left", lambda: kernel.unchanged(alone, engine))
        assert fetch("http://127.0.0.1:30320")
        assert first.mk8s("status").code == 0
        before = {pod["metadata"]["uid"] for pod in first.ready_pods(2)}
        first.kubectl("delete", "pod", "--all", "--now").ok()
        assert before.isdisjoint(pod["metadata"]["uid"] for pod in first.ready_pods(2))
    finally:
        for cluster in (first, second):
            cluster.mk8s("down", "--purge").ok()


def test_a_second_cluster_of_the_same_name_is_refused_and_harms_nothing(
    engine: PrivateEngine, tmp_path: Path
) -> None:
    first = Cluster.beside(1, tmp_path / "first", engine)
    namesake = Cluster.beside(2, tmp_path / "second", engine)
    namesake.settings["MK8S_NAME"] = first.settings["MK8S_NAME"]
    try:
        first.mk8s("up").ok()
        first.kubectl("apply", "-f", "-", input=manifests.text(manifests.pod("mine"))).ok()
        first.ready_pods(1)
        before = kernel.snapshot(engine)
        said = namesake.mk8s("up").fails()
        assert "--name" in said and "second" in said
        assert not namesake.home.exists()
        until("nothing changed", lambda: kernel.unchanged(before, engine))
    finally:
        for cluster in (first, namesake):
            cluster.mk8s("down", "--purge").ok()


def test_a_second_cluster_with_the_same_pod_network_is_refused_and_harms_nothing(
    engine: PrivateEngine, tmp_path: Path
) -> None:
    first = Cluster.beside(1, tmp_path / "first", engine)
    second = Cluster.beside(2, tmp_path / "second", engine)
    second.settings["MK8S_POD_CIDR"] = first.settings["MK8S_POD_CIDR"]
    try:
        first.mk8s("up").ok()
        before = kernel.snapshot(engine)
        said = second.mk8s("up").fails()
        assert "--pod-cidr" in said and first.settings["MK8S_POD_CIDR"] in said
        assert not second.home.exists()
        until("nothing changed", lambda: kernel.unchanged(before, engine))
    finally:
        for cluster in (first, second):
            cluster.mk8s("down", "--purge").ok()

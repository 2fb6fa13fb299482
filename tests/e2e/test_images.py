"""Images get to nodes whose engine is another, without a registry and without what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from minikube8s.cluster.standins.build import archive, load
from minikube8s.cluster.standins.packages import cache_directory
from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.wait import until


@pytest.fixture(scope="module")
def second(
    engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrivateEngine]:
    """Another engine, with the images copied:1 and, one layer more, copied:2."""
    root = tmp_path_factory.mktemp("second")
    other = PrivateEngine.bare(root)
    other.start("unshare", "--net")
    try:
        load("busybox:latest", archive("busybox:latest"), other.host)
        page = root / "page"
        page.write_text("a layer that no other image has\n")
        made = other.run("create", "busybox:latest", "true").strip()
        other.run("cp", str(page), f"{made}:/first")
        other.run("export", "-o", str(root / "exported.tar"), made)
        other.run("import", str(root / "exported.tar"), "copied:1")
        page.write_text("hello from the second layer\n")
        made = other.run("create", "copied:1", "true").strip()
        other.run("cp", str(page), f"{made}:/page")
        other.run("commit", made, "copied:2")
        yield other
    finally:
        other.stop()


@pytest.fixture
def here(cluster: Cluster, second: PrivateEngine) -> Cluster:
    """The cluster, asked on a machine whose engine is not the node's."""
    return cluster.with_settings(DOCKER_HOST=second.host)


def listed(cluster: Cluster) -> dict[str, list[str]]:
    found = json.loads(cluster.mk8s("image", "list", "-o", "json").ok())["images"]
    return {one["name"]: one["nodes"] for one in found}


def test_an_image_gets_to_a_node_and_a_second_one_only_with_its_own_layer(
    here: Cluster, engine: PrivateEngine
) -> None:
    assert "copied:1" not in listed(here)
    said = here.mk8s("image", "copy", "copied:1").ok()
    assert said.startswith("copied:1 to node1: copied, ") and "0 of 1 layers" in said, said
    assert listed(here)["copied:1"] == ["node1"]
    said = here.mk8s("image", "copy", "copied:2", "--node", "node1").ok()
    assert "1 of 2 layers were there" in said, said
    assert " kB;" in said, said
    assert "copied:2 to node1: is there already" in here.mk8s("image", "copy", "copied:2").ok()
    pod = manifests.pod("copied", manifests.container("cat", "/page", image="copied:2"))
    pod["spec"] |= {"restartPolicy": "Never"}
    pod["spec"]["containers"][0]["imagePullPolicy"] = "Never"
    here.mk8s("apply", "-f", "-", input=manifests.text(pod)).ok()
    until(
        "the pod has run",
        lambda: here.get("pod", "copied")["status"].get("phase") == "Succeeded",
        60,
    )
    assert here.mk8s("logs", "copied").ok() == "hello from the second layer\n"
    here.mk8s("delete", "pod", "copied").ok()
    engine.run("rmi", "copied:2", "copied:1")


def test_what_cannot_be_copied_is_said_and_the_rest_is_copied(
    here: Cluster, engine: PrivateEngine
) -> None:
    result = here.mk8s("image", "copy", "copied:3", "copied:1")
    assert result.code == 1
    assert "has no image 'copied:3'. Did you mean copied:" in result.err
    assert "copied:1 to node1: copied" in result.out
    assert "Invalid image name" in here.mk8s("image", "copy", "Not An Image").fails()
    said = here.mk8s("image", "copy", "copied:1", "--node", "node2").fails()
    assert 'nodes "node2" not found. Did you mean node1?' in said
    engine.run("rmi", "copied:1")


def test_a_node_that_shares_this_machines_engine_needs_no_copy(cluster: Cluster) -> None:
    images = cluster.engine.run("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    image = next(one for one in images if "<none>" not in one)
    assert "shares this machine's engine" in cluster.mk8s("image", "copy", image).ok()


def test_stand_ins_are_built_under_the_names_of_the_real_images(
    here: Cluster, second: PrivateEngine
) -> None:
    assert "ubuntu:16.04" in here.mk8s("image", "build").ok().splitlines()
    cached = here.with_settings(XDG_CACHE_HOME=str(cache_directory().parent))
    said = cached.mk8s("image", "build", "nginx:1.11").ok()
    assert said == "nginx:1.11 built\n"
    assert "nginx" in second.run("images", "--format", "{{.Repository}}")
    assert "There is no stand-in for 'windows'" in here.mk8s("image", "build", "windows").fails()


def test_only_images_may_be_asked_of_a_nodes_engine(cluster: Cluster) -> None:
    page = "/api/v1/nodes/node1/proxy/engine"
    assert json.loads(cluster.kubectl("get", "--raw", f"{page}/info").ok())["ID"]
    for path in ("containers/json", "images/../containers/json", "version"):
        said = cluster.kubectl("get", "--raw", f"{page}/{path}").fails()
        assert "the server could not find" in said or "is not asked for" in said, said


def test_the_cache_of_images_is_where_the_user_wants_it(here: Cluster, tmp_path: Path) -> None:
    failing = here.with_settings(XDG_CACHE_HOME=str(tmp_path), PATH="/nowhere")
    said = failing.mk8s("image", "build", "busybox").fails()
    assert "images can only be built on Debian" in said

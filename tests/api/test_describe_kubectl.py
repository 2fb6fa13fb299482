"""Every kind is described as the newest kubectl describes it, asked for the same objects."""

from __future__ import annotations

import copy
import difflib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from minikube8s.api.resources import Resource
from minikube8s.cli import manifests
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.describing.gathering import Gatherer
from minikube8s.cli.errors import CommandError
from tests.api.kubectl import every_binary
from tests.support.cannedapi import CannedApi

HERE = Path(__file__).parent / "describing"
OBJECTS = manifests.read([str(HERE)], recursive=False)
NOT_ASKED = {"Event", "VolumeAttributesClass"}
"""The newest kubectl asks for classes of volume attributes in an older version."""
SHOWN = [obj for obj in OBJECTS if obj["kind"] not in NOT_ASKED]
NAMESPACES = sorted({obj["metadata"].get("namespace", "") for obj in SHOWN})
ANY_ORDER = {"ConfigMap", "Secret", "LimitRange"}
"""Kinds whose keys kubectl shows in the order of chance."""


def name(obj: dict[str, Any]) -> str:
    return f"{obj['kind'].lower()}/{obj['metadata']['name']}"


@pytest.fixture(scope="module")
def api() -> CannedApi:
    return CannedApi(OBJECTS)


@pytest.fixture(scope="module")
def theirs(api: CannedApi, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What kubectl says of each object, asked in one call a namespace."""
    binaries = every_binary()
    if not binaries:
        pytest.skip("kubectl is not installed")
    home = str(tmp_path_factory.mktemp("home"))
    environment = os.environ | {"KUBECONFIG": "/dev/null", "TZ": "UTC"}
    said: dict[str, str] = {}
    with api.serving() as server:
        line = [str(binaries[-1]), "--server", server, "--cache-dir", home, "describe", "-n"]
        for namespace in NAMESPACES:
            objects = [obj for obj in SHOWN if obj["metadata"].get("namespace", "") == namespace]
            names = [f"{row(api, obj).group_resource}/{obj['metadata']['name']}" for obj in objects]
            done = subprocess.run(
                [*line, namespace or "default", *names],
                capture_output=True, text=True, timeout=60, check=False, env=environment,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            texts = done.stdout.split("\n\nName:")
            assert len(texts) == len(objects)
            for obj, text in zip(objects, texts, strict=True):
                said[obj["metadata"]["uid"]] = text if obj is objects[0] else f"Name:{text}"
    return said


def row(api: CannedApi, obj: dict[str, Any]) -> Resource:
    wanted = (obj["apiVersion"], obj["kind"])
    return next(one for one in api.rows.values() if (one.api_version, one.kind) == wanted)


@pytest.mark.parametrize("obj", SHOWN, ids=name)
def test_an_object_is_described_in_kubectls_words(
    api: CannedApi, theirs: dict[str, str], obj: dict[str, Any]
) -> None:
    ours = Gatherer(api, 1, None).description(row(api, obj), obj)
    told, wanted = ours.splitlines(), theirs[obj["metadata"]["uid"]].splitlines()
    differs = "\n".join(difflib.unified_diff(wanted, told, "kubectl", "mk8s", lineterm="", n=1))
    if obj["kind"] in ANY_ORDER:
        told.sort()
        wanted.sort()
    assert told == wanted, differs


@pytest.mark.parametrize("scope", ["shop", None])
def test_many_objects_are_described_as_each_alone_is(api: CannedApi, scope: str | None) -> None:
    objects = [obj for obj in SHOWN if scope in {None, obj["metadata"].get("namespace")}]
    together = Gatherer(api, len(objects), scope)
    for obj in objects:
        alone = Gatherer(api, 1, None).description(row(api, obj), obj)
        assert together.description(row(api, obj), obj) == alone


@pytest.mark.parametrize("kind", sorted({obj["kind"] for obj in SHOWN}))
def test_an_object_that_lacks_what_it_must_have_is_described_all_the_same(
    api: CannedApi, kind: str
) -> None:
    for obj in SHOWN:
        for path in places(obj) if obj["kind"] == kind else ():
            if path[:2] in {("metadata",), ("metadata", "name"), ("kind",), ("apiVersion",)}:
                continue
            torn = copy.deepcopy(obj)
            holder: Any = torn
            for step in path[:-1]:
                holder = holder[step]
            del holder[path[-1]]
            try:
                said = Gatherer(api, 1, None).description(row(api, obj), torn)
            except CommandError:  # a request for a certificate that cannot be read
                continue
            assert said.startswith("Name:")


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in children:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


class Forbidding(CannedApi):
    """Shows no pods, Events and Services."""

    def json(self, method: str, path: str, *, query: Mapping[str, str] | None = None) -> Any:
        if {"pods", "events", "services"} & set(path.split("/")):
            status = {"reason": "Forbidden", "message": f"{path} is forbidden", "code": 403}
            raise ApiFailure(status)
        return super().json(method, path, query=query)


@pytest.mark.parametrize("count", [1, 100])
def test_what_may_not_be_seen_is_left_out_or_said_to_be_forbidden(
    api: CannedApi, count: int
) -> None:
    def said(kind: str, name: str) -> str:
        obj = next(o for o in SHOWN if (o["kind"], o["metadata"]["name"]) == (kind, name))
        gatherer = Gatherer(Forbidding(OBJECTS), count, obj["metadata"].get("namespace"))
        return gatherer.description(row(api, obj), obj)

    assert "Pods:                         not authorized" in said("Node", "node1")
    assert "Pods Status:    error in fetching pods: /api" in said("ReplicaSet", "web")
    assert said("Deployment", "web").endswith("Events:          <none>\n")
    assert "<error: /api/v1/namespaces/shop/services/web is forbidden>" in said("Ingress", "web")
    with pytest.raises(ApiFailure, match="pods is forbidden"):
        said("StatefulSet", "db")


def test_a_hundred_pods_are_described_with_the_requests_for_one(api: CannedApi) -> None:
    pods = [obj for obj in SHOWN if obj["kind"] == "Pod" and obj["metadata"]["namespace"] == "shop"]
    api.asked.clear()
    together = Gatherer(api, 100, "shop")
    for obj in pods * 25:
        together.description(row(api, obj), obj)
    assert api.asked == ["/api/v1/namespaces/shop/events"]


def test_a_node_with_its_pods_is_described_with_four_requests(api: CannedApi) -> None:
    node = next(obj for obj in SHOWN if obj["kind"] == "Node")
    api.asked.clear()
    Gatherer(api, 1, None).description(row(api, node), node)
    lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node1"
    assert sorted(api.asked) == ["/api/v1/events", "/api/v1/events", "/api/v1/pods", lease]

"""`mk8s top`, `mk8s tree` and `mk8s events -w` against a server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.apiserver import ApiServer, pod
from tests.api.kubectl import Kubectl
from tests.support import tmux

MK8S = Path(sys.executable).with_name("mk8s")
AT = "2024-01-31T09:05:00Z"
NODE = "topped"


@pytest.fixture
def environment(api: ApiServer, namespace: str, tmp_path: Path) -> dict[str, str]:
    """What mk8s needs to talk to the server under test."""
    kubectl = Kubectl.of(MK8S, api, namespace, tmp_path)
    return kubectl.environment | {"MK8S_HOME": str(tmp_path / "no-cluster")}


def told(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [MK8S, *words],
        env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def use(milli: int) -> dict[str, Any]:
    return {
        "cpu": {"time": AT, "usageNanoCores": milli * 10**6, "usageCoreNanoSeconds": 1},
        "memory": {"time": AT, "workingSetBytes": 32 << 20, "usageBytes": 1, "rssBytes": 1},
    }


@pytest.fixture
def measure(api: ApiServer, namespace: str) -> Any:
    """Sets what the pod `busy` uses, in thousandths of a core."""
    if api.get(f"/api/v1/nodes/{NODE}").code == 404:
        api.create("/api/v1/nodes", {"metadata": {"name": NODE}})
    body = pod("busy")
    body["spec"]["nodeName"] = NODE
    made = api.create(f"/api/v1/namespaces/{namespace}/pods", body)
    reference = {"name": "busy", "namespace": namespace, "uid": made["metadata"]["uid"]}

    def set_to(milli: int) -> None:
        pods = [{"podRef": reference, "containers": [{"name": "main", **use(milli)}]}]
        summary = {"node": {"nodeName": NODE, **use(milli)}, "pods": pods}
        api.pod_streams.measured = {NODE: {"windowSeconds": 2.0, "summary": summary}}

    set_to(150)
    return set_to


def test_use_is_shown_as_kubectl_shows_it(measure: Any, environment: dict[str, str]) -> None:
    lines = [line.rstrip() for line in told(environment, "top", "pods").splitlines()]
    assert lines == ["NAME   CPU(cores)   MEMORY(bytes)", "busy   150m         32Mi"]


def test_use_is_plotted_in_place_until_interrupted(
    measure: Any, environment: dict[str, str]
) -> None:
    words = [str(MK8S), "top", "pods", "-w", "--interval", "1s"]
    with tmux.opened(words, environment, columns=120) as screen:
        screen.wait_for(r"^busy +150m +█ +32Mi +█$")
        measure(10)
        screen.wait_for(r"^busy +10m +█+▁ +32Mi +█+$")
        assert screen.text().count("NAME") == 1
        screen.press("C-c")
        assert screen.exit_code() == 130
        assert len(screen.text().splitlines()) == 2


def test_a_tree_shows_whom_an_object_belongs_to_and_how_each_is(
    api: ApiServer, namespace: str, measure: Any, environment: dict[str, str]
) -> None:
    root = f"/api/v1/namespaces/{namespace}"
    owner = api.create(f"{root}/configmaps", {"metadata": {"name": "owner"}})
    reference = {
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
        "uid": owner["metadata"]["uid"],
    }  # fmt: skip
    owned = pod("owned")
    owned["metadata"]["ownerReferences"] = [reference]
    api.create(f"{root}/pods", owned)
    wanted = ["NAME READY STATUS AGE", "configmap/owner", "└─pod/owned 0/1 Pending"]
    for words in (("cm/owner",), ("pod", "owned")):
        lines = [line.split() for line in told(environment, "tree", *words).splitlines()]
        assert [" ".join(lines[0])] + [" ".join(line[:-1]) for line in lines[1:]] == wanted
    whole = told(environment, "tree", f"ns/{namespace}")
    assert "configmap/owner" in whole
    assert "metrics" not in whole


def test_a_tree_of_a_kind_that_is_left_out_of_others_shows_it(
    api: ApiServer, namespace: str, environment: dict[str, str]
) -> None:
    api.create(f"/api/v1/namespaces/{namespace}/endpoints", {"metadata": {"name": "few"}})
    assert told(environment, "tree", "endpoints/few").splitlines()[1].startswith("endpoints/few ")
    assert "componentstatus/etcd-0" in told(environment, "tree", "cs/etcd-0")


def test_events_go_on_as_they_happen(
    api: ApiServer, namespace: str, environment: dict[str, str]
) -> None:
    def happens(reason: str, type: str) -> None:
        event = {
            "metadata": {"name": f"e-{reason.lower()}"},
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": namespace},
            "reason": reason, "type": type, "message": "so it is", "firstTimestamp": AT,
        }  # fmt: skip
        api.create(f"/api/v1/namespaces/{namespace}/events", event)

    happens("First", "Warning")
    words = [MK8S, "events", "-w", "--types=Warning", "--no-headers"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        try:
            assert watch.stdout.readline().split()[2:4] == ["First", "Pod/p"]
            happens("Second", "Normal")
            happens("Third", "Warning")
            assert watch.stdout.readline().split()[2:4] == ["Third", "Pod/p"]
        finally:
            watch.terminate()

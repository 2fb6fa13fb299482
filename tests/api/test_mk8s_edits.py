"""`mk8s drain` and `mk8s rollout` against a cluster that acts: budgets, deadlines, a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.api.controllers import played_cluster
from tests.api.kubectl import Kubectl
from tests.api.playedcluster import NODE, PlayedCluster, PlayedKubelets
from tests.support import tmux
from tests.support.registries import a_namespace
from tests.support.wait import until

MK8S = Path(sys.executable).with_name("mk8s")
SPARE = "spare"
_numbers = count(1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedCluster]:
    with played_cluster(tmp_path_factory.mktemp("pki")) as played:
        played.run(PlayedKubelets(played.registry).register(SPARE))
        yield played


@pytest.fixture
def mk8s(cluster: PlayedCluster, tmp_path: Path) -> Iterator[Kubectl]:
    """mk8s in a namespace of the test's own; the first node takes pods, the spare one does not."""
    namespace = f"edits-{next(_numbers)}"
    cluster.run(a_namespace(cluster.registry, namespace))
    runner = Kubectl.of(MK8S, cluster, namespace, tmp_path)
    runner.environment["MK8S_HOME"] = str(tmp_path / "no-cluster")
    runner("uncordon", NODE)
    runner("cordon", SPARE)
    yield runner
    runner("delete", "deploy,pdb", "--all", "--wait=false")


def deploy(mk8s: Kubectl, replicas: int) -> None:
    """Pods on the first node, of which one has to stay."""
    mk8s("create", "deployment", "web", "--image=nginx:1.10", f"--replicas={replicas}")
    mk8s("create", "pdb", "web", "--selector=app=web", "--min-available=1")
    mk8s("rollout", "status", "deploy/web", "--timeout=30s")

    def counted() -> bool:
        status = mk8s.json("get", "pdb", "web")["status"]
        return bool(status.get("currentHealthy") == replicas)

    until("the budget knows the pods", counted)


def nodes_of(mk8s: Kubectl) -> list[str]:
    """Where the pods are that nobody ends."""
    pods: list[dict[str, Any]] = mk8s.json("get", "pods", "-l", "app=web")["items"]
    return [pod["spec"]["nodeName"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def test_drain_asks_again_where_a_budget_refuses_until_all_pods_are_gone(mk8s: Kubectl) -> None:
    deploy(mk8s, 2)
    drain = mk8s.start("drain", NODE, "--pod-selector=app=web", "--timeout=40s")
    assert drain.stderr is not None
    told = drain.stderr.readline()
    assert "would violate the pod's disruption budget" in told
    assert "(will retry after 5s)" in told
    mk8s("uncordon", SPARE)
    stdout, stderr = drain.communicate(timeout=60)
    assert drain.returncode == 0, stderr
    lines = stdout.splitlines()
    assert lines[0] == f"node/{NODE} cordoned"
    assert [line.split()[0] for line in lines[1:3]] == ["evicting", "evicting"]
    assert [line.split()[1] for line in lines[3:5]] == ["evicted", "evicted"]
    assert lines[5:] == [f"node/{NODE} drained"]
    until("the pods are elsewhere", lambda: nodes_of(mk8s) == [SPARE, SPARE])


def test_drain_gives_up_after_its_time_and_names_what_is_still_there(mk8s: Kubectl) -> None:
    deploy(mk8s, 1)
    done = mk8s.run("drain", NODE, "--pod-selector=app=web", "--timeout=1s")
    assert done.returncode == 1
    assert "global timeout reached: 1s" in done.stderr
    assert f"There are pending nodes to be drained:\n {NODE}\n" in done.stderr
    assert f"{mk8s.namespace}/web-" in done.stderr.splitlines()[-1]
    assert nodes_of(mk8s) == [NODE]


def test_an_interrupted_drain_leaves_a_clean_terminal(mk8s: Kubectl) -> None:
    deploy(mk8s, 1)
    words = [str(MK8S), "drain", NODE, "--pod-selector=app=web"]
    with tmux.opened(words, mk8s.environment) as screen:
        screen.wait_for(rf"^{NODE} \[-+\] 0 of 1 pods gone$")
        screen.wait_for(r"^ +edits-\d+/web-\S+$")
        screen.press("C-c")
        assert screen.exit_code() == 130
        assert "pods gone" not in screen.text()


def test_rollout_status_draws_how_far_it_is_and_leaves_its_sentences(mk8s: Kubectl) -> None:
    mk8s("create", "deployment", "web", "--image=nginx:1.10", "--replicas=2")
    mk8s("rollout", "status", "deploy/web", "--timeout=30s")
    stuck = {"spec": {"template": {"spec": {"nodeSelector": {"no": "where"}}}}}
    mk8s("patch", "deploy", "web", "-p", json.dumps(stuck))
    with tmux.opened([str(MK8S), "rollout", "status", "deploy/web"], mk8s.environment) as screen:
        screen.wait_for(r"^web \[[#-]+\] \d of 2 pods$")
        free = {"spec": {"template": {"spec": {"nodeSelector": None}}}}
        mk8s("patch", "deploy", "web", "-p", json.dumps(free))
        assert screen.exit_code() == 0
        shown = screen.text().splitlines()
    assert all(line.startswith("Waiting for deployment") for line in shown[:-1])
    assert shown[-1] == 'deployment "web" successfully rolled out'


def test_a_rollout_that_is_not_over_in_time_is_an_error(mk8s: Kubectl) -> None:
    mk8s("create", "deployment", "web", "--image=nginx:1.10")
    mk8s("cordon", NODE)
    mk8s("rollout", "restart", "deploy/web")
    done = mk8s.run("rollout", "status", "deploy/web", "--timeout=1s")
    assert done.returncode == 1
    assert done.stdout.startswith("Waiting for deployment")
    assert done.stderr == "error: timed out waiting for the condition\n"


def test_a_pod_that_cannot_be_evicted_keeps_no_other_on_the_node(mk8s: Kubectl) -> None:
    deploy(mk8s, 1)
    mk8s("create", "pdb", "too", "--selector=app=web", "--min-available=1")
    mk8s("create", "deployment", "other", "--image=nginx:1.10")
    mk8s("rollout", "status", "deploy/other", "--timeout=30s")
    done = mk8s.run("drain", NODE, "--pod-selector=app in (web,other)", "--timeout=20s")
    assert done.returncode == 1
    assert "This pod has more than one PodDisruptionBudget" in done.stderr
    assert "pod/other-" in done.stdout
    assert "drained" not in done.stdout
    assert nodes_of(mk8s) == [NODE]

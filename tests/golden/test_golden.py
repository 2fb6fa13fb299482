"""mk8s and the newest kubectl say the same about the same cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from tests.api.controllers import played_cluster
from tests.api.kubectl import Kubectl, every_binary
from tests.api.playedcluster import PlayedCluster
from tests.golden.script import Outcome, Scenario, complaint, parse, settled
from tests.support.registries import a_namespace

HERE = Path(__file__).parent
SCENARIOS = {
    f"{path.stem}: {scenario.title}": scenario
    for path in sorted((HERE / "scripts").glob("*.txt"))
    for scenario in parse(path.read_text())
}
STEP_DEADLINE = 60.0
_numbers = count(1)
_SHELL = """
set -o pipefail
k() { "$PROGRAM" "$@"; }
%s
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedCluster]:
    with played_cluster(tmp_path_factory.mktemp("pki")) as played:
        yield played


def test_the_kubectl_that_mk8s_is_compared_with_is_here_on_CI() -> None:
    if os.environ.get("CI") == "true":
        assert every_binary()


@pytest.mark.skipif(not every_binary(), reason="kubectl is not installed")
@pytest.mark.parametrize("title", SCENARIOS)
def test_mk8s_and_kubectl_agree(title: str, cluster: PlayedCluster, tmp_path: Path) -> None:
    scenario = SCENARIOS[title]
    newest = every_binary()[-1]
    programs = [newest, Path(sys.executable).with_name("mk8s")]

    def play(program: Path) -> list[Outcome]:
        return perform(scenario, program, newest, cluster, tmp_path)

    with ThreadPoolExecutor(2) as both:
        told = list(both.map(play, programs))
    complaints = [
        f"$ {step.text}\n{said}"
        for step, theirs, ours in zip(scenario.steps, *told, strict=True)
        if step.compared and (said := complaint(step, theirs, ours))
    ]
    assert not complaints, "\n\n" + "\n\n".join(complaints)


def perform(
    scenario: Scenario, program: Path, kubectl: Path, cluster: PlayedCluster, directory: Path
) -> list[Outcome]:
    """Play all steps with ``program`` in a fresh namespace. Fails where making ready does."""
    namespace = f"golden-{next(_numbers)}"
    cluster.run(a_namespace(cluster.registry, namespace))
    place = directory / namespace
    place.mkdir()
    environment = Kubectl.of(kubectl, cluster, namespace, place).environment | {
        "NS": namespace,
        "OBJECTS": str(HERE / "objects"),
        "MK8S_HOME": str(place / "no-cluster"),
        # each module is compiled once, also where this checkout is compiled for nobody
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(cluster.directory / "compiled"),
    }
    outcomes = []
    for step in scenario.steps:
        chosen = program if step.compared else kubectl
        text = f"k {step.text}" if step.compared else step.text
        done = subprocess.run(
            ["bash", "-c", _SHELL % text],
            capture_output=True,
            text=True,
            timeout=STEP_DEADLINE,
            check=False,
            cwd=place,
            env=environment | {"PROGRAM": str(chosen)},
        )
        assert step.compared or done.returncode == 0, f"% {text}\n{done.stdout}{done.stderr}"
        outcomes.append(
            Outcome(
                done.returncode,
                settled(done.stdout, namespace),
                settled(done.stderr, namespace),
            )
        )
    return outcomes

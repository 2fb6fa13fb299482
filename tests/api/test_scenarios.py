"""What users of kubectl type and see, in every version of kubectl that is here."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from tests.api.controllers import played_cluster
from tests.api.kubectl import Kubectl, every_binary
from tests.api.playedcluster import PlayedCluster
from tests.api.transcript import Scenario, parse

HERE = Path(__file__).parent
SCENARIOS = {
    f"{path.stem}: {scenario.title.text}": scenario
    for path in sorted((HERE / "scenarios").glob("*.txt"))
    for scenario in parse(path.read_text())
}
PRELUDE = HERE / "scenarios" / "prelude.sh"
STEP_DEADLINE = 60.0
_numbers = count(1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedCluster]:
    with played_cluster(tmp_path_factory.mktemp("pki")) as played:
        yield played


def test_every_kubectl_that_CI_must_have_is_here() -> None:
    if os.environ.get("CI") == "true":
        assert every_binary()[0].name == "kubectl.1.20"
        assert len(every_binary()) > 1


@pytest.mark.skipif(not every_binary(), reason="kubectl is not installed")
@pytest.mark.parametrize("title", SCENARIOS)
def test_every_kubectl_shows_what_its_users_know(
    title: str, cluster: PlayedCluster, tmp_path: Path
) -> None:
    scenario = SCENARIOS[title]

    def play(binary: Path) -> str:
        return perform(scenario, binary, cluster, tmp_path / binary.name)

    told: dict[str, list[str]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as versions:
        for binary, complaint in zip(
            every_binary(), versions.map(play, every_binary()), strict=True
        ):
            told.setdefault(complaint, []).append(binary.name)
    told.pop("", None)
    assert not told, "\n\n".join(f"{', '.join(names)}: {what}" for what, names in told.items())


def perform(scenario: Scenario, binary: Path, cluster: PlayedCluster, directory: Path) -> str:
    """Run a scenario through one kubectl; return what went otherwise than expected."""
    namespace = f"ns-{next(_numbers)}"
    directory.mkdir()
    kubectl = Kubectl.of(binary, cluster, namespace, directory)
    if not scenario.title.concerns(kubectl.minor):
        return ""
    cluster.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    (directory / "bin").mkdir()
    (directory / "bin" / "kubectl").symlink_to(binary)
    environment = kubectl.environment | {
        "PATH": f"{directory / 'bin'}:{os.environ['PATH']}",
        "BASH_ENV": str(PRELUDE),
        "NS": namespace,
        "SERVER": f"https://127.0.0.1:{cluster.server.port}",
        "CA": str(cluster.directory / "ca.crt"),
        "TZ": "UTC",
    }
    for step in scenario.steps_of(kubectl.minor):
        done = subprocess.run(
            ["bash", "-c", step.script],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_DEADLINE,
            check=False,
        )
        complaint = step.complaint(kubectl.minor, namespace, done.stdout, done.returncode)
        if complaint:
            return complaint
    return ""

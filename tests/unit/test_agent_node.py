"""The node's status, the configuration, and which log is meant."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mk8s_agent.config import ConfigurationError, load
from mk8s_agent.node.machine import Machine, default_address, read_machine
from mk8s_agent.node.status import NodeState
from mk8s_agent.pods.identity import ATTEMPT, BACKOFF
from mk8s_agent.pods.logs import choose, log_options
from mk8s_agent.pods.restarts import Policy
from mk8s_agent.runtime.vocabulary import Container, Phase

from tests.support.virtualtime import EPOCH as NOW

MACHINE = Machine(
    name="node1",
    address="192.0.2.10",
    cpus=2,
    memory=4 << 30,
    storage=10 << 30,
    kernel="6.1.0",
    os_image="Some Linux 1",
    architecture="amd64",
    machine_id="m",
    system_uuid="s",
    boot_id="b",
    may_protect=True,
)


def ready(status: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = next(one for one in status["conditions"] if one["type"] == "Ready")
    return found


def test_a_node_without_trouble_is_ready() -> None:
    status = NodeState(MACHINE).status(NOW)
    assert ready(status)["status"] == "True" and ready(status)["reason"] == "KubeletReady"
    assert status["capacity"]["memory"] == f"{4 << 20}Ki" and status["capacity"]["pods"] == "110"
    assert {"type": "InternalIP", "address": "192.0.2.10"} in status["addresses"]
    assert status["nodeInfo"]["kubeletVersion"].startswith("v1.36.0+mk8s")


def test_trouble_makes_it_not_ready_and_says_why() -> None:
    node = NodeState(MACHINE, trouble={"engine": "container runtime is down"})
    assert ready(node.status(NOW))["message"] == "container runtime is down"
    later = NOW + timedelta(seconds=60)
    node.trouble["network"] = "container runtime network not ready"
    seen = ready(node.status(later))
    assert seen["message"] == "container runtime is down; container runtime network not ready"
    assert seen["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    node.trouble.clear()
    assert ready(node.status(later))["lastTransitionTime"] == "2026-01-01T00:01:00Z"


def test_this_machine_can_be_read(tmp_path: Path) -> None:
    machine = read_machine("here", (default_address(), ""), tmp_path)
    assert machine.cpus > 0 and machine.memory > 0 and machine.storage > 0
    assert machine.addresses == (default_address(),)


def test_a_configuration_is_read_with_its_defaults(tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    file.write_text(json.dumps({"ca": "a", "cert": "b", "key": "c", "state_dir": str(tmp_path)}))
    config = load(file)
    assert config.cluster == "mk8s" and config.node and config.pid_file == tmp_path / "agent.pid"


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read"), ("{", "not an agent's"), ("{}", "`ca`"), ('{"ca": 1}', "str")],
)
def test_a_wrong_configuration_is_explained(tmp_path: Path, content: str | None, why: str) -> None:
    file = tmp_path / "agent.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=why):
        load(file)


def attempt(number: int, phase: Phase) -> Container:
    return Container(
        id=str(number),
        name="x",
        labels={ATTEMPT: str(number), BACKOFF: str(number)},
        phase=phase,
        image="app:1",
        image_id="",
        created_at=NOW,
        started_at=NOW,
        finished_at=NOW,
        exit_code=1,
    )


CREATED, RUNNING, EXITED = Phase.CREATED, Phase.RUNNING, Phase.EXITED


@pytest.mark.parametrize(
    ("phases", "policy", "now", "before"),
    [
        ([], "Always", None, None),
        ([CREATED], "Always", None, None),
        ([RUNNING], "Always", "0", None),
        ([RUNNING, EXITED], "Always", "1", "0"),
        ([CREATED, EXITED], "Always", "0", "0"),
        ([EXITED], "Always", "0", "0"),
        ([EXITED], "Never", "0", None),
        ([EXITED, EXITED], "OnFailure", "1", "1"),
    ],
)
def test_which_attempt_s_log_is_meant(
    phases: list[Phase], policy: str, now: str | None, before: str | None
) -> None:
    attempts = tuple(attempt(len(phases) - 1 - index, phase) for index, phase in enumerate(phases))
    present = choose(attempts, Policy(policy), previous=False)
    earlier = choose(attempts, Policy(policy), previous=True)
    assert (present.id if present else None, earlier.id if earlier else None) == (now, before)


def test_an_attempt_that_could_not_start_does_not_hide_the_log_of_one_that_ran() -> None:
    unstarted = msgspec.structs.replace(attempt(1, EXITED), started_at=None, error="no such file")
    for previous in (False, True):
        chosen = choose((unstarted, attempt(0, EXITED)), Policy("Always"), previous=previous)
        assert chosen is not None and chosen.id == "0"
    only = choose((unstarted,), "Always", previous=False)
    assert only is not None and only.id == "1"


def test_log_options_of_kubernetes() -> None:
    options = log_options({"sinceSeconds": 60, "tailLines": 5, "timestamps": True}, NOW)
    assert options.since == NOW - timedelta(seconds=60)
    assert (options.tail, options.timestamps, options.follow) == (5, True, False)
    assert log_options({"sinceTime": "2026-01-01T00:00:00Z", "follow": True}, NOW).since == NOW

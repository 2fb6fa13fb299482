"""What an agent sees of a pod, for table tests of its decisions."""

from __future__ import annotations

from typing import Any

from mk8s_agent.pods.actions import Step, is_hook
from mk8s_agent.pods.identity import ATTEMPT, BACKOFF, CONTAINER, SANDBOX, PodRef
from mk8s_agent.pods.values import ImageState, Network, Observed, sort_containers
from mk8s_agent.runtime.vocabulary import Container, Phase

from tests.support.virtualtime import EPOCH as NOW

REF = PodRef("default", "web", "uid-1")
CREATED, RUNNING, EXITED = Phase.CREATED, Phase.RUNNING, Phase.EXITED


def seen(
    name: str, phase: Phase, attempt: int = 0, sandbox: str = "POD-0", **fields: Any
) -> Container:
    """A container whose id is its name and attempt; it ended just now."""
    labels = {CONTAINER: name, ATTEMPT: str(attempt), SANDBOX: sandbox}
    labels[BACKOFF] = str(fields.pop("backoff", 0))
    return Container(
        id=f"{name}-{attempt}",
        name=name,
        labels=labels,
        phase=phase,
        image="app:1",
        image_id="sha256:1",
        created_at=NOW,
        started_at=None if phase is CREATED else NOW,
        finished_at=NOW if phase is EXITED else None,
        **fields,
    )


def observed(*found: Container, network: Network = Network.PLUGGED, **fields: Any) -> Observed:
    sandboxes, containers = sort_containers(list(found))
    fields.setdefault("images", {"app": ImageState(image="app:1", attempt=0)})
    return Observed(sandboxes=sandboxes, containers=containers, network=network, **fields)


def told(step: Step) -> list[str]:
    """The actions in short: `StartContainer app`, `RunPreStop app-0`."""
    return [f"{type(one).__name__} {_target(one.target)}" for one in step.actions]


def _target(target: str) -> str:
    return target.rpartition("/")[2] if is_hook(target) else target.partition("/")[0]

"""What is said of a pod that is waited for, and when the wait is over."""

from __future__ import annotations

import time

import pytest

from minikube8s.cli.containers import podwaiting
from minikube8s.cli.errors import CommandError


def pod(phase="Pending", node="n1", conditions=(), **statuses):
    told = {
        f"{kind}Statuses": [
            {"name": name, "state": {"waiting": waiting} if waiting else {"running": {}}}
            for name, waiting in listed
        ]
        for kind, listed in statuses.items()
    }
    status = {"phase": phase, "conditions": list(conditions), **told}
    return {"metadata": {"name": "p"}, "spec": {"nodeName": node}, "status": status}


UNSCHEDULED = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}
READY = {"type": "Ready", "status": "True"}


@pytest.mark.parametrize(
    ("waited", "said"),
    [
        ({"metadata": {"name": "p"}}, "waiting for a node"),
        (pod(node="", conditions=[UNSCHEDULED]), "not scheduled: 0/1 nodes are available"),
        (pod(), "Pending"),
        (
            pod(container=[("c", {"reason": "ContainerCreating"})]),
            "c is waiting: ContainerCreating",
        ),
        (
            pod(
                initContainer=[("i", {"reason": "ErrImagePull", "message": "no such host"})],
                container=[("c", {"reason": "PodInitializing"})],
            ),
            "i is waiting: ErrImagePull (no such host)",
        ),
        (pod("Running", container=[("c", None)]), "not ready"),
        (pod("Running", conditions=[READY], container=[("c", None)]), "waiting for the container"),
    ],
)
def test_a_pod_is_waited_for_with_what_it_waits_for(waited, said):
    assert podwaiting.state(waited) == said


class PlayedSession:
    """A server whose pod goes through the states that a test says."""

    def __init__(self, monkeypatch, *states):
        self.client = self
        self.asked = []

        def follow(client, resource, namespace, query, deadline):
            self.asked.append((namespace, query))
            yield from states

        monkeypatch.setattr(podwaiting.watching, "follow", follow)


def test_a_pod_is_waited_for_until_it_runs_or_is_over(monkeypatch):
    ready = pod("Running", conditions=[READY])
    session = PlayedSession(monkeypatch, [], [pod()], [ready])
    found = podwaiting.until_it_runs(session, "x", "p", podwaiting.is_ready, 5)
    assert found is ready
    assert session.asked == [("x", {"fieldSelector": "metadata.name=p"})]
    over = pod("Succeeded")
    session = PlayedSession(monkeypatch, [pod()], [over])
    assert podwaiting.until_it_runs(session, "x", "p", podwaiting.is_ready, 5) is over


def test_a_pod_that_does_not_come_up_is_told_with_the_reason(monkeypatch):
    session = PlayedSession(monkeypatch, [pod(container=[("c", {"reason": "ErrImagePull"})])])
    begun = time.monotonic()
    with pytest.raises(CommandError, match=r"after 5 s pod/p does not run: c is waiting: Err"):
        podwaiting.until_it_runs(session, "x", "p", podwaiting.is_ready, 5)
    assert time.monotonic() - begun < 4


def test_a_pod_that_is_deleted_is_not_waited_for(monkeypatch):
    session = PlayedSession(monkeypatch, [pod()], [])
    with pytest.raises(CommandError, match='pod "p" was deleted'):
        podwaiting.until_it_runs(session, "x", "p", podwaiting.is_ready, 5)

"""Bytes of image pulls, for people who watch a pod come up."""

from __future__ import annotations

import pytest

from minikube8s.cli.containers.pulls import Pulls, sentence
from minikube8s.cli.errors import CommandError


class PlayedClient:
    """Answers for nodes, and notes what was asked."""

    def __init__(self, pulls=None):
        self.pulls = pulls
        self.asked = []

    def json(self, method, path):
        self.asked.append(path)
        if self.pulls is None:
            raise CommandError("no such page")
        return {"pulls": self.pulls}


def pod(name, *images, node="n1", reason="ContainerCreating", phase="Pending"):
    containers = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    told = [{"name": one["name"], "state": {"waiting": {"reason": reason}}} for one in containers]
    return {
        "metadata": {"name": name},
        "spec": {"nodeName": node, "containers": containers},
        "status": {"phase": phase, "containerStatuses": told},
    }


HALF = {"image": "web:1", "downloadedBytes": 12_300_000, "totalBytes": 56_800_000, "layers": 2}


def test_pods_of_a_node_are_asked_for_together():
    client = PlayedClient([HALF])
    said = Pulls(client).of([pod("a", "web:1"), pod("b", "web:1", "other:1"), pod("c", "other:1")])
    assert said == dict.fromkeys(("a", "b"), "pulling web:1, 12.3 MB of 56.8 MB")
    assert client.asked == ["/api/v1/nodes/n1/proxy/pulls"]


@pytest.mark.parametrize(
    "other",
    [
        pod("a", "web:1", node=""),
        pod("a", "web:1", phase="Running"),
        pod("a", "web:1", reason="ErrImagePull"),
        {"metadata": {"name": "a"}},
    ],
)
def test_nobody_is_asked_about_pods_that_pull_nothing(other):
    client = PlayedClient([HALF])
    assert Pulls(client).of([other]) == {}
    assert client.asked == []


@pytest.mark.parametrize("answer", [None, 3, [{}]])
def test_a_node_that_does_not_tell_is_not_asked_again(answer):
    client = PlayedClient(answer)
    pulls = Pulls(client)
    assert pulls.of([pod("a", "web:1")]) == pulls.of([pod("a", "web:1")]) == {}
    assert len(client.asked) == 1


@pytest.mark.parametrize(
    ("had", "total", "done", "said"),
    [
        (0, 0, 0, "pulling a:1"),
        (1999, 10**6, 0, "pulling a:1, 2.0 kB of 1.0 MB"),
        (2 * 10**9, 2 * 10**9, 0, "pulling a:1, 2.0 GB of 2.0 GB"),
        (2 * 10**9, 2 * 10**9, 3, "pulling a:1, unpacking 2.0 GB"),
    ],
)
def test_a_pull_is_told_in_a_few_words(had, total, done, said):
    bytes_told = {"downloadedBytes": had, "totalBytes": total}
    assert sentence({"image": "a:1", **bytes_told, "layersDone": done, "layers": 3}) == said

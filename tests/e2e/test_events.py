"""The story that Events tell of a pod, and of a node: Kubernetes' reasons and words, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import SLEEP, container, pod
from tests.support.wait import until

Told = tuple[str, str, str]
"""Type, reason, and a pattern of the whole message."""

NORMAL, WARNING = "Normal", "Warning"
SCHEDULED = (NORMAL, "Scheduled", r"Successfully assigned default/\S+ to node1")
PRESENT = (
    NORMAL,
    "Pulled",
    r'Container image "\S+" already present on machine and can be accessed by the pod',
)
CREATED = (NORMAL, "Created", "Container created")
STARTED = (NORMAL, "Started", "Container started")
STARTS = [PRESENT, CREATED, STARTED]


def backs_off(container: str = "main") -> Told:
    """A container that has ended again waits."""
    uid = r"[0-9a-f-]{36}"
    words = rf"Back-off restarting failed container {container} in pod \S+_default\({uid}\)"
    return (WARNING, "BackOff", words)


PROBE = {"exec": {"command": ["false"]}, "failureThreshold": 1, "periodSeconds": 1}
ALWAYS = {"imagePullPolicy": "Always"}
CONFIG = {"configMapRef": {"name": "absent"}}
HOOK = {"postStart": {"exec": {"command": ["false"]}}}

STORIES: dict[str, tuple[dict[str, Any], list[Told]]] = {
    "an image that is pulled": (
        pod(
            "told-fresh",
            container(*SLEEP, image="nginx:1.11") | ALWAYS,
            terminationGracePeriodSeconds=1,
        ),
        [
            SCHEDULED,
            (NORMAL, "Pulling", 'Pulling image "nginx:1.11"'),
            (
                NORMAL,
                "Pulled",
                r'Successfully pulled image "nginx:1.11" in [\d.]+m?s \([\d.]+m?s including '
                r"waiting\)\. Image size: \d+ bytes\.",
            ),
            CREATED,
            STARTED,
        ],
    ),
    "an image that does not exist": (
        pod("told-lost", container(image="no-such-image:1.0")),
        [
            SCHEDULED,
            (NORMAL, "Pulling", 'Pulling image "no-such-image:1.0"'),
            (WARNING, "Failed", 'Failed to pull image "no-such-image:1.0": .+'),
            (WARNING, "Failed", "Error: ErrImagePull"),
            (NORMAL, "BackOff", 'Back-off pulling image "no-such-image:1.0"'),
            (WARNING, "Failed", "Error: ImagePullBackOff"),
        ],
    ),
    "an image that may not be pulled": (
        pod("told-never", container(image="absent:1.0") | {"imagePullPolicy": "Never"}),
        [
            SCHEDULED,
            (
                WARNING,
                "ErrImageNeverPull",
                'Container image "absent:1.0" is not present with pull policy of Never',
            ),
            (WARNING, "Failed", "Error: ErrImageNeverPull"),
        ],
    ),
    "a crash loop": (
        pod("told-loop", container("sh", "-c", "exit 3")),
        [SCHEDULED, *STARTS, backs_off()],
    ),
    "a command that does not exist": (
        pod("told-wrong", container("no-such-program")),
        [
            SCHEDULED,
            PRESENT,
            CREATED,
            (WARNING, "Failed", "Error: .*no-such-program.*"),
            backs_off(),
        ],
    ),
    "a configuration that is missing": (
        pod("told-patient", container(*SLEEP, envFrom=[CONFIG])),
        [SCHEDULED, PRESENT, (WARNING, "Failed", 'Error: configmap "absent" not found')],
    ),
    "a liveness probe that fails": (
        pod("told-ill", container(*SLEEP, livenessProbe=PROBE), terminationGracePeriodSeconds=1),
        [
            SCHEDULED,
            *STARTS,
            (WARNING, "Unhealthy", r"Liveness probe failed: (.|\n)*"),
            (NORMAL, "Killing", "Container main failed liveness probe, will be restarted"),
            backs_off(),
        ],
    ),
    "an init container before the others": (
        pod("told-prepared", initContainers=[container("true", name="first")]),
        [SCHEDULED, *STARTS, *STARTS],
    ),
    "a hook that fails": (
        pod("told-hooked", container(*SLEEP, lifecycle=HOOK), terminationGracePeriodSeconds=1),
        [
            SCHEDULED,
            *STARTS,
            (WARNING, "FailedPostStartHook", "PostStartHook failed"),
            (NORMAL, "Killing", "FailedPostStartHook"),
            backs_off(),
        ],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster in which all the stories happen at once."""
    cluster.engine.run("pull", "-q", "busybox")
    all_of_them = manifests.text(*(made for made, _ in STORIES.values()))
    cluster.kubectl("apply", "-f", "-", input=all_of_them).ok()
    yield cluster
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods(), 60)


def events(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    """The Events about something of that name, by their first time."""
    found: list[dict[str, Any]] = cluster.get(
        "events", "-A", "--field-selector", f"involvedObject.name={name}"
    )["items"]
    return sorted(found, key=lambda one: str(one["metadata"]["name"]))


def told(cluster: Cluster, name: str) -> list[Told]:
    """What an expected story is compared with."""
    return [(one["type"], one["reason"], one["message"]) for one in events(cluster, name)]


def is_told(story: list[Told], found: list[Told]) -> bool:
    """Whether `found` is exactly the story, in its order."""
    return len(story) == len(found) and all(
        kinds == [one[:2]] and re.fullmatch(pattern, one[2])
        for (*start, pattern), one in zip(story, found, strict=True)
        for kinds in [[tuple(start)]]
    )


@pytest.mark.parametrize("name", STORIES)
def test_a_pods_story_is_told_in_order_and_nothing_else_is(pods: Cluster, name: str) -> None:
    made, story = STORIES[name]
    pod_name = made["metadata"]["name"]
    try:
        until("the whole story is told", lambda: is_told(story, told(pods, pod_name)), 40)
    except AssertionError:
        assert told(pods, pod_name) == story


def test_an_event_says_who_tells_it_and_of_which_part(pods: Cluster) -> None:
    until("it has started", lambda: "Started" in {one[1] for one in told(pods, "told-prepared")})
    found = {
        (e["reason"], e["involvedObject"].get("fieldPath")): e
        for e in events(pods, "told-prepared")
    }
    started = found["Started", "spec.initContainers{first}"]
    assert started["source"] == {"component": "kubelet", "host": "node1"}
    assert started["reportingComponent"] == "kubelet"
    assert started["reportingInstance"] == "node1"
    assert found["Scheduled", None]["reportingComponent"] == "default-scheduler"
    assert ("Started", "spec.containers{main}") in found


def test_repeats_are_counted_and_described_as_such(pods: Cluster) -> None:
    def counted() -> bool:
        return any(
            one["reason"] == "Started" and one["count"] >= 3 for one in events(pods, "told-loop")
        )

    until("it has started three times", counted, 40)
    described = pods.kubectl("describe", "pod", "told-loop").ok()
    assert re.search(r"Normal +Started +\S+ \(x\d+ over \S+\) +kubelet", described)
    assert re.search(r"Warning +BackOff +.* kubelet +Back-off restarting failed", described)


def test_the_end_of_a_pod_is_the_end_of_its_story(pods: Cluster) -> None:
    _, story = STORIES["an image that is pulled"]
    until("it runs", lambda: is_told(story, told(pods, "told-fresh")))
    pods.kubectl("delete", "pod", "told-fresh").ok()
    ended = [*story, (NORMAL, "Killing", "Stopping container main")]
    until("its end is told", lambda: is_told(ended, told(pods, "told-fresh")))


def test_a_nodes_story_is_told_in_kubernetes_words(pods: Cluster) -> None:
    found = told(pods, "node1")
    for reason in ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"):
        assert (NORMAL, reason, f"Node node1 status is now: {reason}") in found
    assert (NORMAL, "Starting", "Starting kubelet.") in found
    assert (NORMAL, "NodeReady", "Node node1 status is now: NodeReady") in found
    registered = "Node node1 event: Registered Node node1 in Controller"
    assert (NORMAL, "RegisteredNode", registered) in found
    pods.kubectl("cordon", "node1").ok()
    pods.kubectl("uncordon", "node1").ok()
    for reason in ("NodeNotSchedulable", "NodeSchedulable"):
        cordoned = (NORMAL, reason, f"Node node1 status is now: {reason}")
        until(reason, lambda cordoned=cordoned: cordoned in told(pods, "node1"))
    for client in (pods.kubectl, pods.mk8s):
        described = client("describe", "node", "node1").ok()
        assert re.search(r"Normal +NodeReady +\S+( \(x\d+ over \S+\))? +kubelet", described)

"""A pod that cannot start says why, in Kubernetes' words, and starts once the cause is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import container, pod
from tests.support.wait import until


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())


def apply(cluster: Cluster, *objects: Any) -> None:
    """`kubectl apply` of ``objects``."""
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def statuses(cluster: Cluster, name: str, *wanted: str) -> None:
    """Wait until the pod's STATUS column has shown each of ``wanted``, in this order."""
    for status in wanted:
        until(
            f"{name} shows {status}",
            lambda status=status: cluster.column("pod", name, "STATUS") == status,
            40,
        )


def events(cluster: Cluster, name: str) -> list[tuple[str, str, str]]:
    """(type, reason, message) of what was said about a pod."""
    selector = f"involvedObject.name={name}"
    items = cluster.get("events", "--field-selector", selector)["items"]
    return [(one["type"], one["reason"], one["message"]) for one in items]


def said(cluster: Cluster, name: str, reason: str, *words: str) -> None:
    """Wait for a warning with ``words`` about a pod."""
    until(
        f"a warning {reason} with {words}",
        lambda: any(
            (kind, why) == ("Warning", reason) and all(word in message for word in words)
            for kind, why, message in events(cluster, name)
        ),
    )


def test_a_missing_image_shows_errimagepull_then_imagepullbackoff_with_the_engines_words(
    cluster: Cluster,
) -> None:
    apply(cluster, pod("lost", container(image="no-such-image:1.0")))
    statuses(cluster, "lost", "ErrImagePull", "ImagePullBackOff")
    said(cluster, "lost", "Failed", "Error: ErrImagePull")
    said(cluster, "lost", "Failed", "Error: ImagePullBackOff")
    [status] = cluster.get("pod", "lost")["status"]["containerStatuses"]
    start, engines_words = status["state"]["waiting"]["message"].split(": ErrImagePull: ")
    assert start == 'Back-off pulling image "no-such-image:1.0"'
    assert engines_words
    said(cluster, "lost", "Failed", 'Failed to pull image "no-such-image:1.0"', engines_words)
    assert cluster.get("pod", "lost")["status"]["phase"] == "Pending"
    assert "is waiting to start" in cluster.kubectl("logs", "lost").fails()
    assert "ImagePullBackOff" in cluster.mk8s("describe", "pod", "lost").ok()


def test_an_image_that_appears_is_found_and_the_pod_starts(cluster: Cluster) -> None:
    engine = cluster.engine
    engine.run("pull", "-q", "busybox")
    apply(cluster, pod("waiting", container(*manifests.SLEEP, image="built-here:1.0")))
    try:
        statuses(cluster, "waiting", "ErrImagePull")
        engine.run("tag", "busybox", "built-here:1.0")
        cluster.ready_pods(1)
    finally:
        cluster.kubectl("delete", "pod", "waiting", "--now").ok()
        engine.run("rmi", "built-here:1.0")


def test_an_image_that_may_not_be_pulled_says_errimageneverpull(cluster: Cluster) -> None:
    absent = container(image="absent:1.0") | {"imagePullPolicy": "Never"}
    apply(cluster, pod("never", absent))
    statuses(cluster, "never", "ErrImageNeverPull")
    said(cluster, "never", "ErrImageNeverPull", "absent:1.0", "pull policy of Never")


def test_a_wrong_image_name_says_invalidimagename(cluster: Cluster) -> None:
    apply(cluster, pod("misnamed", container(image="UPPER/case:1.0")))
    statuses(cluster, "misnamed", "InvalidImageName")
    said(cluster, "misnamed", "InspectFailed", "UPPER/case:1.0")


def test_a_command_that_does_not_exist_says_runcontainererror_then_crashloopbackoff(
    cluster: Cluster,
) -> None:
    apply(cluster, pod("wrong", container("no-such-program", "--help")))
    said(cluster, "wrong", "Failed", "no-such-program", "executable file not found")
    statuses(cluster, "wrong", "CrashLoopBackOff")
    [status] = cluster.get("pod", "wrong")["status"]["containerStatuses"]
    ended = status["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)
    assert "no-such-program" in ended["message"]
    assert status["restartCount"] >= 1


def test_a_missing_configmap_is_named_and_the_pod_starts_when_it_appears(cluster: Cluster) -> None:
    env = [{"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "late", "key": "color"}}}]
    main = container("sh", "-c", "echo $COLOR; exec sleep 99", env=env)
    apply(cluster, pod("patient", main, terminationGracePeriodSeconds=1))
    statuses(cluster, "patient", "CreateContainerConfigError")
    said(cluster, "patient", "Failed", 'configmap "late" not found')
    cluster.kubectl("create", "configmap", "late", "--from-literal=shape=round").ok()
    try:
        said(cluster, "patient", "Failed", "couldn't find key color in ConfigMap default/late")
        patch = '{"data": {"color": "green"}}'
        cluster.kubectl("patch", "configmap", "late", "-p", patch).ok()
        cluster.ready_pods(1)
        assert cluster.kubectl("logs", "patient").ok() == "green\n"
    finally:
        cluster.kubectl("delete", "configmap", "late").ok()


def test_a_missing_secret_of_envfrom_is_named_and_an_optional_one_does_not_matter(
    cluster: Cluster,
) -> None:
    needs = container(*manifests.SLEEP, envFrom=[{"secretRef": {"name": "gone"}}])
    copes = container(*manifests.SLEEP, envFrom=[{"secretRef": {"name": "gone", "optional": True}}])
    apply(cluster, pod("needs", needs), pod("copes", copes))
    statuses(cluster, "needs", "CreateContainerConfigError")
    said(cluster, "needs", "Failed", 'secret "gone" not found')
    statuses(cluster, "copes", "Running")
    cluster.kubectl("create", "secret", "generic", "gone", "--from-literal=a=b").ok()
    try:
        cluster.ready_pods(2)
    finally:
        cluster.kubectl("delete", "secret", "gone").ok()


def test_a_pod_that_never_started_is_deleted_at_once(cluster: Cluster) -> None:
    apply(cluster, pod("stuck", container(image="no-such-image:2.0")))
    statuses(cluster, "stuck", "ErrImagePull")
    result = cluster.kubectl("delete", "pod", "stuck")
    result.ok()
    assert result.seconds < 20, "its grace period is 30 s"
    assert not cluster.engine.containers(**{"io.kubernetes.pod.name": "stuck"})


def test_a_deployment_of_a_broken_image_keeps_the_old_pods_serving(cluster: Cluster) -> None:
    made = manifests.deployment("steady", 2)
    apply(cluster, made)
    try:
        before = {one["metadata"]["uid"] for one in cluster.ready_pods(2, "app=steady")}
        image = ("deploy/steady", "main=no-such-image:3.0")
        cluster.kubectl("set", "image", *image).ok()

        def stuck() -> bool:
            shown = cluster.kubectl("get", "pods", "-l", "app=steady").ok()
            return "ErrImagePull" in shown or "ImagePullBackOff" in shown

        until("the new pod cannot pull", stuck)
        left = {
            one["metadata"]["uid"]
            for one in cluster.pods("app=steady")
            if one["status"]["phase"] == "Running"
        }
        assert left == before
        cluster.kubectl("rollout", "undo", "deploy/steady").ok()
        after = {one["metadata"]["uid"] for one in cluster.ready_pods(2, "app=steady")}
        assert after == before
    finally:
        cluster.kubectl("delete", "deploy", "steady").ok()

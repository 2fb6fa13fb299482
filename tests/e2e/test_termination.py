"""How pods end: in order, within their grace period, at their deadline."""

from __future__ import annotations

from tests.support.cluster import Cluster
from tests.support.manifests import SLEEP, container, pod
from tests.support.podlife import apply, container_status, events, followed, gone, ready, status
from tests.support.wait import until

DEAF = ("sh", "-c", "trap '' TERM; while :; do sleep 1; done")
SLOW = ("sh", "-c", "trap 'echo asked; sleep 1; echo ended; exit 0' TERM; sleep 86400 & wait")


def test_sidecars_end_after_the_others_in_reverse_order(cluster: Cluster) -> None:
    sidecars = [container(*SLOW, name=name, restartPolicy="Always") for name in ("one", "two")]
    apply(cluster, pod("ordered", container(*SLOW), initContainers=sidecars))
    ready(cluster, "ordered")
    with (
        followed(cluster, "ordered", "one") as one,
        followed(cluster, "ordered", "two") as two,
        followed(cluster, "ordered", "main") as main,
    ):
        deleted = cluster.kubectl("delete", "pod", "ordered")
        deleted.ok()
        assert 3 <= deleted.seconds < 25, "its grace period is 30 s"
        for says in (one, two, main):
            assert says.stdout is not None
            assert says.stdout.read() == "asked\nended\n"

    def stopped() -> list[str]:
        return [message for why, message in events(cluster, "ordered") if why == "Killing"]

    wanted = [f"Stopping container {name}" for name in ("main", "two", "one")]
    until("all three are told", lambda: len(stopped()) == len(wanted))
    assert stopped() == wanted


def test_a_container_that_does_not_listen_is_killed_when_its_time_is_up(cluster: Cluster) -> None:
    apply(cluster, pod("deaf", container(*DEAF)), pod("forced", container(*DEAF)))
    ready(cluster, "deaf", "forced")
    deaf = cluster.kubectl("delete", "pod", "deaf", "--grace-period=3")
    deaf.ok()
    assert 2 <= deaf.seconds < 20
    cluster.kubectl("delete", "pod", "forced", "--grace-period=600", "--wait=false").ok()
    until("it was asked", lambda: "Killing" in dict(events(cluster, "forced")))
    forced = cluster.kubectl("delete", "pod", "forced", "--grace-period=0", "--force")
    forced.ok()
    until("no container is left", lambda: not _containers(cluster, "forced"))


def test_a_stop_signal_of_the_container_replaces_the_images(cluster: Cluster) -> None:
    command = ("sh", "-c", "trap 'echo usr1; exit 0' USR1; trap '' TERM; sleep 86400 & wait")
    main = container(*command, lifecycle={"stopSignal": "SIGUSR1"})
    apply(cluster, pod("signal", main, os={"name": "linux"}))
    ready(cluster, "signal")
    with followed(cluster, "signal", "main") as says:
        cluster.kubectl("delete", "pod", "signal").ok()
        assert says.stdout is not None and says.stdout.read() == "usr1\n"


def test_a_pod_past_its_deadline_fails_and_stays(cluster: Cluster) -> None:
    apply(cluster, pod("late", container(*SLEEP), activeDeadlineSeconds=3))
    until("it failed", lambda: status(cluster, "late")["phase"] == "Failed")
    told = status(cluster, "late")
    message = "Pod was active on the node longer than the specified deadline"
    assert (told["reason"], told["message"]) == ("DeadlineExceeded", message)
    assert "terminated" in container_status(cluster, "late", "main")["state"]
    story = ("DeadlineExceeded", message)
    until("an Event says so", lambda: story in events(cluster, "late"))
    cluster.kubectl("delete", "pod", "late").ok()


def test_a_pod_deleted_before_it_runs_leaves_nothing(cluster: Cluster) -> None:
    """One that cannot pull its image, and one that is just being made."""
    apply(cluster, pod("unpulled", container(image="busybox:none")))
    until(
        "it waits for its image",
        lambda: container_status(cluster, "unpulled", "main")["state"]["waiting"]["message"],
    )
    apply(cluster, pod("hasty", container(*SLEEP)))
    cluster.kubectl("delete", "pod", "hasty", "unpulled", "--wait=false").ok()
    gone(cluster, "hasty", "unpulled", seconds=20)
    assert not _containers(cluster, "hasty") and not _containers(cluster, "unpulled")


def _containers(cluster: Cluster, name: str) -> list[object]:
    return list(cluster.engine.containers(**{"io.kubernetes.pod.name": name}))

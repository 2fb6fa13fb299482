"""StatefulSets through kubectl: order, names, storage that stays, versions and the way back."""

from __future__ import annotations

from typing import Any

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import SLEEP, container
from tests.support.wait import until

Json = dict[str, Any]


def stateful(name: str, replicas: int, image: str = "ubuntu:16.04", **spec: Any) -> Json:
    """A StatefulSet whose pods sleep; their image can be changed to another that can."""
    made = manifests.deployment(name, replicas, container(*SLEEP, image=image))
    made["kind"] = "StatefulSet"
    made["spec"] |= {"serviceName": name, **spec}
    made["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 5
    return made


def headless(name: str) -> Json:
    made = manifests.service(name, kind="ClusterIP")
    made["spec"]["clusterIP"] = "None"
    return made


def with_claims(made: Json, mode: str = "Retain") -> Json:
    made["spec"]["volumeClaimTemplates"] = [
        {
            "metadata": {"name": "data"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "16Mi"}},
            },
        }
    ]
    made["spec"]["persistentVolumeClaimRetentionPolicy"] = {"whenDeleted": mode, "whenScaled": mode}
    (main,) = made["spec"]["template"]["spec"]["containers"]
    main["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return made


def apply(cluster: Cluster, *objects: Json) -> None:
    done = cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects))
    assert "Warning" not in done.err
    done.ok()


def rolled_out(cluster: Cluster, name: str) -> str:
    return cluster.kubectl("rollout", "status", f"sts/{name}", "--timeout=60s").ok()


def messages(cluster: Cluster, name: str) -> list[str]:
    """What the Events of the set say, in the order in which they happened first."""
    found = cluster.get("events", "--field-selector", f"involvedObject.name={name}")["items"]
    found.sort(key=lambda one: int(one["metadata"]["resourceVersion"]))
    return [f"{one['reason']} {one['message']}" for one in found]


def images(cluster: Cluster, name: str) -> list[str]:
    pods = cluster.pods(f"app={name}")
    return [pod["spec"]["containers"][0]["image"] for pod in pods]


def claims(cluster: Cluster, name: str) -> list[str]:
    return [one["metadata"]["name"] for one in cluster.get("pvc", "-l", f"app={name}")["items"]]


def test_pods_come_in_order_under_names_that_resolve_with_storage_that_outlives_them(
    cluster: Cluster,
) -> None:
    apply(cluster, headless("shop"), with_claims(stateful("shop", 2, "busybox")))
    rolled_out(cluster, "shop")
    made = [one for one in messages(cluster, "shop") if "create" in one]
    assert made == [
        f"SuccessfulCreate create {what} successful".replace("Set shop successful", ending)
        for number in (0, 1)
        for what, ending in (
            (f"Claim data-shop-{number} Pod shop-{number} in StatefulSet shop", "Set shop success"),
            (f"Pod shop-{number} in StatefulSet shop", "Set shop successful"),
        )
    ]
    first = cluster.get("pod", "shop-0")
    ping = ("ping", "-c", "1", "-W", "1", "shop-0.shop")
    reached = f"PING shop-0.shop ({first['status']['podIP']})"
    until(
        "the name is known",
        lambda: cluster.kubectl("exec", "shop-1", "--", *ping).out.startswith(reached),
    )
    assert cluster.kubectl("exec", "shop-0", "--", "hostname", "-f").ok().startswith("shop-0.shop.")
    assert first["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "0"
    cluster.kubectl("exec", "shop-1", "--", "sh", "-c", "echo kept >/data/word").ok()

    cluster.kubectl("delete", "pod", "shop-1").ok()
    cluster.kubectl("scale", "sts/shop", "--replicas=1").ok()
    until("one pod", lambda: len(cluster.pods("app=shop")) == 1)
    assert claims(cluster, "shop") == ["data-shop-0", "data-shop-1"]
    cluster.kubectl("scale", "sts/shop", "--replicas=2").ok()
    rolled_out(cluster, "shop")
    assert cluster.kubectl("exec", "shop-1", "--", "cat", "/data/word").ok() == "kept\n"

    cluster.kubectl("delete", "sts/shop", "svc/shop").ok()
    until("no pods", lambda: not cluster.pods("app=shop"))
    assert claims(cluster, "shop") == ["data-shop-0", "data-shop-1"]
    cluster.kubectl("delete", "pvc", "-l", "app=shop").ok()


def test_claims_go_with_the_pods_and_with_the_set_where_the_policy_says_so(
    cluster: Cluster,
) -> None:
    made = with_claims(stateful("spool", 2, podManagementPolicy="Parallel"), "Delete")
    apply(cluster, made)
    rolled_out(cluster, "spool")
    cluster.kubectl("scale", "sts/spool", "--replicas=1").ok()
    until("one claim", lambda: claims(cluster, "spool") == ["data-spool-0"])
    cluster.kubectl("delete", "sts/spool").ok()
    until("no claims", lambda: not claims(cluster, "spool"))


def test_an_update_stops_at_the_partition_goes_on_and_goes_back(cluster: Cluster) -> None:
    apply(cluster, stateful("parts", 2))
    rolled_out(cluster, "parts")
    partition = '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}}}'
    cluster.kubectl("patch", "sts/parts", "-p", partition).ok()
    cluster.kubectl("set", "image", "sts/parts", "main=busybox").ok()
    assert "1 new pods have been updated" in rolled_out(cluster, "parts")
    assert images(cluster, "parts") == ["ubuntu:16.04", "busybox"]
    status = cluster.get("sts", "parts")["status"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (1, 1)
    assert status["currentRevision"] != status["updateRevision"]

    cluster.kubectl("patch", "sts/parts", "-p", partition.replace(":1", ":0")).ok()
    rolled_out(cluster, "parts")
    assert images(cluster, "parts") == ["busybox", "busybox"]
    cluster.kubectl("rollout", "undo", "sts/parts").ok()
    rolled_out(cluster, "parts")
    assert images(cluster, "parts") == ["ubuntu:16.04", "ubuntu:16.04"]
    history = cluster.kubectl("rollout", "history", "sts/parts").ok().split()
    assert history[-4:] == ["2", "<none>", "3", "<none>"]
    cluster.kubectl("delete", "sts/parts").ok()


def test_a_version_that_never_becomes_ready_stops_at_the_first_pod_until_that_is_deleted(
    cluster: Cluster,
) -> None:
    apply(cluster, stateful("stuck", 2))
    rolled_out(cluster, "stuck")
    cluster.kubectl("set", "image", "sts/stuck", "main=no-such-image").ok()

    def waits() -> bool:
        state = cluster.get("pod", "stuck-1")["status"]["containerStatuses"][0]["state"]
        return state["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")

    until("the new pod waits", waits)
    cluster.kubectl("rollout", "undo", "sts/stuck").ok()

    def seen() -> bool:
        obj = cluster.get("sts", "stuck")
        return bool(obj["status"]["observedGeneration"] == obj["metadata"]["generation"])

    until("the set has seen it", seen)
    assert images(cluster, "stuck") == ["ubuntu:16.04", "no-such-image"]
    cluster.kubectl("delete", "pod", "stuck-1").ok()
    rolled_out(cluster, "stuck")
    assert images(cluster, "stuck") == ["ubuntu:16.04", "ubuntu:16.04"]
    cluster.kubectl("delete", "sts/stuck").ok()

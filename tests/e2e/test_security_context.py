"""A pod's containers have the rights that their security contexts give them, and no others."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import Json, container, pod
from tests.support.wait import until

_STATUS = "id; grep -E '^(NoNewPrivs|CapEff|Seccomp):' /proc/self/status"
_CHOWN, _NET_RAW = 1 << 0, 1 << 13


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())


def run(cluster: Cluster, *pods: Json) -> None:
    """Apply pods and wait until they have ended."""
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*pods)).ok()
    for one in pods:
        name = one["metadata"]["name"]
        until(
            f"{name} ended",
            lambda name=name: (
                cluster.get("pod", name)["status"].get("phase") in ("Succeeded", "Failed")
            ),
        )


def said(cluster: Cluster, name: str, container: str = "main") -> str:
    """What a container wrote."""
    return cluster.kubectl("logs", name, "-c", container).ok()


def test_users_groups_capabilities_and_profiles_hold_container_by_container(
    cluster: Cluster,
) -> None:
    profiles = cluster.home / "agent" / "seccomp"
    profiles.mkdir(exist_ok=True)
    no_directories = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}],
    }
    (profiles / "no-mkdir.json").write_text(json.dumps(no_directories))

    def status(name: str, command: str = _STATUS, **context: object) -> Json:
        return container("sh", "-c", command, name=name, securityContext=context)

    local = {"type": "Localhost", "localhostProfile": "no-mkdir.json"}
    run(
        cluster,
        pod(
            "many",
            status("shared"),
            status("own", runAsUser=1000, runAsGroup=2000, allowPrivilegeEscalation=False),
            status("caps", runAsUser=0, capabilities={"drop": ["ALL"], "add": ["CAP_CHOWN"]}),
            status("raw", runAsUser=0, capabilities={"drop": ["NET_RAW"]}),
            status("open", seccompProfile={"type": "Unconfined"}),
            status("local", "exec 2>&1; mkdir /tmp/x; echo $?", runAsUser=0, seccompProfile=local),
            status(
                "fixed",
                "exec 2>&1; touch /tmp/x; echo $?",
                runAsUser=0,
                readOnlyRootFilesystem=True,
            ),
            restartPolicy="Never",
            securityContext={"runAsUser": 7, "fsGroup": 5, "supplementalGroups": [6]},
        ),
    )
    shared = said(cluster, "many", "shared")
    assert "uid=7" in shared and "Seccomp:\t2" in shared and "NoNewPrivs:\t0" in shared
    groups = shared.split("groups=")[1].split()[0]
    assert {one.split("(")[0] for one in groups.split(",")} >= {"5", "6"}
    own = said(cluster, "many", "own")
    assert "uid=1000 gid=2000" in own and "NoNewPrivs:\t1" in own
    assert _capabilities(said(cluster, "many", "caps")) == _CHOWN
    raw = _capabilities(said(cluster, "many", "raw"))
    assert raw & _CHOWN and not raw & _NET_RAW
    assert "Seccomp:\t0" in said(cluster, "many", "open")
    assert "Operation not permitted\n1\n" in said(cluster, "many", "local")
    assert "Read-only file system\n1\n" in said(cluster, "many", "fixed")


def _capabilities(status: str) -> int:
    return int(status.split("CapEff:")[1].split(maxsplit=1)[0], 16)


def test_a_pod_shares_what_it_asks_for_and_has_its_own_names_and_kernel_parameters(
    cluster: Cluster,
) -> None:
    settings = {"net.ipv4.ip_local_port_range": "20000 20100", "kernel.shm_rmid_forced": "1"}
    look = (
        "hostname; cat /proc/1/comm; cat /etc/hosts /etc/resolv.conf;"
        " cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/kernel/shm_rmid_forced"
    )
    run(
        cluster,
        pod(
            "named",
            container("sh", "-c", look, workingDir="/made/for/it"),
            restartPolicy="Never",
            hostname="me",
            subdomain="peers",
            setHostnameAsFQDN=True,
            shareProcessNamespace=True,
            hostAliases=[{"ip": "192.0.2.7", "hostnames": ["db"]}],
            dnsPolicy="None",
            dnsConfig={"nameservers": ["192.0.2.1"], "searches": ["a.example"]},
            securityContext={
                "sysctls": [{"name": name, "value": value} for name, value in settings.items()]
            },
        ),
        pod(
            "overridden",
            container("hostname"),
            restartPolicy="Never",
            hostnameOverride="quite.other",
        ),
        pod(
            "guest",
            container("sh", "-c", "hostname; cat /proc/1/comm; readlink /proc/self/ns/ipc"),
            restartPolicy="Never",
            hostNetwork=True,
            hostPID=True,
            hostIPC=True,
        ),
    )
    named = said(cluster, "named").split("\n")
    assert named[:2] == ["me.peers.default.svc.cluster.local", "pause"]
    assert "192.0.2.7\tdb" in named and "nameserver 192.0.2.1" in named
    assert "search a.example" in named
    assert named[-3:] == ["20000\t20100", "1", ""]
    assert said(cluster, "overridden") == "quite.other\n"
    guest = said(cluster, "guest").splitlines()
    assert guest[1] != "pause"
    assert guest[2] == cluster.run(["readlink", "/proc/self/ns/ipc"]).ok().strip()
    assert guest[0] == cluster.run(["hostname"]).ok().strip()


def test_a_missing_seccomp_profile_is_named_and_the_pod_starts_once_it_is_there(
    cluster: Cluster,
) -> None:
    local = {"type": "Localhost", "localhostProfile": "later.json"}
    waiting = pod("waiting", securityContext={"seccompProfile": local})
    cluster.kubectl("apply", "-f", "-", input=manifests.text(waiting)).ok()
    until(
        "the reason shows",
        lambda: cluster.column("pod", "waiting", "STATUS") == "CreateContainerError",
    )
    [status] = cluster.get("pod", "waiting")["status"]["containerStatuses"]
    file = cluster.home / "agent" / "seccomp" / "later.json"
    assert status["state"]["waiting"]["message"] == (
        f'cannot load seccomp profile "{file}": open {file}: no such file or directory'
    )
    file.parent.mkdir(exist_ok=True)
    file.write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    cluster.ready_pods(1)


def test_a_pod_that_asks_for_what_the_node_does_not_give_fails_and_says_why(
    cluster: Cluster,
) -> None:
    unsafe = {"sysctls": [{"name": "kernel.msgmax", "value": "65536"}]}
    run(cluster, pod("unsafe", securityContext=unsafe), pod("foreign", os={"name": "windows"}))
    status = cluster.get("pod", "unsafe")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "SysctlForbidden")
    why = 'forbidden sysctl: "kernel.msgmax" not allowlisted'
    assert status["message"] == f"Pod was rejected: {why}"
    assert cluster.column("pod", "unsafe", "STATUS") == "SysctlForbidden"
    assert cluster.get("pod", "foreign")["status"]["reason"] == "PodOSNotSupported"
    assert not cluster.engine.containers(**{"io.kubernetes.pod.name": "unsafe"})

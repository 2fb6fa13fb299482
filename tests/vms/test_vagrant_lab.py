"""The Vagrant lab from `vagrant up` to `vagrant destroy`: one story, told in this order.

The Vagrantfile is the project's own and the machines are real but for their processors. kubectl
runs on the host, as a teacher's does.
"""

from __future__ import annotations

import contextlib
import itertools
import stat
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support import manifests
from tests.support.lab import pinned
from tests.support.libvirtd import virsh
from tests.support.vmlab import (
    ADDRESSES,
    MACHINES,
    MASTER,
    SUBNET,
    WORKER1,
    WORKER2,
    VmLab,
    is_ready,
)  # fmt: skip

Json = dict[str, Any]

WEB, WHO = "web", "who"
WEB_PORT, WHO_PORT = 30080, 30081
AWAY_SECONDS = 5
"""How long the pods bear that their node is away."""


def web() -> Json:
    """Two pods of nginx that may be moved soon, and end after the last client was led to them."""
    made = manifests.deployment(
        WEB, 2,
        manifests.container(
            name="nginx", image="nginx:1.10", lifecycle={"preStop": {"sleep": {"seconds": 10}}},
            readinessProbe={"httpGet": {"path": "/", "port": 80}, "periodSeconds": 2},
        ),
    )  # fmt: skip
    made["spec"]["strategy"] = {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": WEB}},
    }
    made["spec"]["template"]["spec"] |= {
        "tolerations": [
            {"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoExecute",
             "tolerationSeconds": AWAY_SECONDS}
            for why in ("unreachable", "not-ready")
        ],
        "topologySpreadConstraints": [spread],
    }  # fmt: skip
    return made


def who_service(policy: str) -> Json:
    port = {"port": 80, "targetPort": 8080, "nodePort": WHO_PORT}
    spec = {"type": "NodePort", "externalTrafficPolicy": policy, "selector": {"app": WHO}}
    made = manifests.service(WHO)
    made["spec"] = {**spec, "ports": [port]}
    return made


def uids(lab: VmLab) -> dict[str, str]:
    """What the cluster holds that a user or an administrator made."""
    found = lab.objects("nodes,namespaces,deployments,replicasets,services,pods", "-A")
    return {
        "/".join([one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]]):
        one["metadata"]["uid"] for one in found
    }  # fmt: skip


def restarts(pods: list[Json]) -> dict[str, int]:
    return {
        pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"]
        for pod in pods
    }


def traces(lab: VmLab) -> dict[str, str]:
    """What provisioning could change on the machines: files, units, processes, containers."""
    return lab.everywhere(
        "cat /etc/hosts; sha256sum /etc/systemd/system/* /var/lib/mk8s/*.json /opt/mk8s/.installed"
        " 2>/dev/null; systemctl show -p MainPID -p ActiveEnterTimestamp docker 'mk8s-*';"
        " docker ps --no-trunc --format '{{.ID}} {{.Names}}' | sort;"
        " ls -l --time-style=full-iso /opt/mk8s/lib/python3*/site-packages /usr/local/bin"
    )


def tell_memory(lab: VmLab) -> None:
    for machine, printed in lab.everywhere("ps -eo rss,args; free -m").items():
        listed = printed.splitlines()
        used = next(line.split()[2] for line in listed if line.startswith("Mem:"))
        lab.tell(f"memory used on {machine}", f"{used} MiB")
        for what in ("minikube8s.cluster.master", "mk8s_agent"):
            sizes = [
                int(line.split()[0]) for line in listed if what in line and "ps -eo" not in line
            ]
            if sizes:
                lab.tell(f"  {what}", f"{sum(sizes) // 1024} MiB")


def ready(nodes: list[Json]) -> set[str]:
    return {node["metadata"]["name"] for node in nodes if is_ready(node)}


def internal_addresses(nodes: list[Json]) -> dict[str, str]:
    return {
        node["metadata"]["name"]: address["address"]
        for node in nodes
        for address in node["status"]["addresses"]
        if address["type"] == "InternalIP"
    }


def test_vagrant_up_makes_a_cluster_that_the_hosts_kubectl_reaches(lab: VmLab) -> None:
    lab.step("up", seconds=3000)
    lab.watch("all nodes are ready", "nodes", lambda nodes: ready(nodes) == {*MACHINES}, seconds=60)
    assert stat.S_IMODE(lab.kubeconfig.stat().st_mode) == 0o600
    assert internal_addresses(lab.objects("nodes")) == ADDRESSES
    assert "worker2" in lab.vagrant("ssh", MASTER, "--command", "kubectl get nodes").ok()
    tell_memory(lab)


def test_a_pod_on_worker2_answers_from_worker1(lab: VmLab) -> None:
    """By its own address, by its Service's name, and the machine itself gets there, too."""
    answering = manifests.pod(WHO, manifests.container(image="echo"), labels={"app": WHO})
    asking = manifests.pod("asks")
    lab.apply(pinned(answering, WORKER2), pinned(asking, WORKER1), who_service("Cluster"))
    [pod] = lab.ready_pods(1, WHO)
    address = pod["status"]["podIP"]
    lab.wait("the other pod runs", lambda: lab.kubectl("exec", "asks", "--", "true").code == 0, 60)

    def asked(host: str, port: int) -> str:
        said = lab.kubectl("exec", "asks", "--", "nc", "-w", "20", host, str(port))
        return said.out

    assert asked(address, 8080).startswith(f"{WHO} 10.")
    lab.wait("the Service leads there", lambda: asked(WHO, 80).startswith(f"{WHO} 10."))
    command = f"exec 3<>/dev/tcp/{address}/8080; cat <&3"
    assert lab.ssh(WORKER1, f'bash -c "{command}"').ok().startswith(WHO)


def test_every_machine_answers_on_a_node_port(lab: VmLab) -> None:
    for machine in MACHINES:
        lab.wait(machine, lambda machine=machine: lab.ask(machine, WHO_PORT).startswith(WHO))


def test_with_external_traffic_policy_local_only_the_pods_machine_answers_and_sees_the_client(
    lab: VmLab,
) -> None:
    lab.apply(who_service("Local"))
    lab.wait(
        "the client's address arrives",
        lambda: lab.ask(WORKER2, WHO_PORT).split() == [WHO, f"{SUBNET}.1"],
    )
    for machine in (MASTER, WORKER1):
        lab.wait(f"{machine} is silent", lambda machine=machine: is_silent(lab, machine))


def is_silent(lab: VmLab, machine: str) -> bool:
    try:
        return not lab.ask(machine, WHO_PORT, seconds=5)
    except OSError:
        return True


def test_an_image_built_on_the_master_runs_on_a_worker_after_mk8s_image_copy(lab: VmLab) -> None:
    recipe = "FROM busybox\\nCMD echo made here; exec sleep 86400\\n"
    lab.ssh(MASTER, f"printf '{recipe}' | docker build -q -t made-here:1 -", 300).ok()
    with lab.timed("mk8s image copy to both workers"):
        lab.ssh(MASTER, "mk8s image copy made-here:1", 300).ok()
    body = manifests.container(image="made-here:1", imagePullPolicy="Never")
    for worker in (WORKER1, WORKER2):
        lab.apply(pinned(manifests.pod(f"local-{worker}", body, labels={"app": "local"}), worker))
    lab.ready_pods(2, "local")
    assert "made here" in lab.kubectl("logs", f"local-{WORKER1}").ok()
    again = lab.ssh(MASTER, "mk8s image copy made-here:1").ok()
    assert "already" in again, again
    lab.kubectl("delete", "pods", "-l", "app=local", "--now").ok()


def test_a_rolling_update_while_clients_ask_every_machine_fails_none(lab: VmLab) -> None:
    lab.apply(web(), manifests.service(WEB, node_port=WEB_PORT))
    lab.ready_pods(2, WEB, 120)
    for machine in MACHINES:
        lab.wait(machine, lambda machine=machine: "200 OK" in lab.fetch(machine, WEB_PORT))
    with clients(lab, MACHINES) as answers, lab.timed("rolling update of two pods"):
        lab.kubectl("set", "image", f"deploy/{WEB}", "nginx=nginx:1.11").ok()
        lab.kubectl("rollout", "status", f"deploy/{WEB}", "--timeout=10m", seconds=660).ok()
        lab.wait("the new version answers", lambda: "1.11" in lab.fetch(WORKER1, WEB_PORT))
    lab.watch("the old pods end", "pods", lambda pods: len(pods) == 2, WEB)
    versions = Counter(answers)
    assert set(versions) == {"1.10", "1.11"}, versions
    lab.tell("requests during the update, none failed", str(versions.total()))


@contextlib.contextmanager
def clients(lab: VmLab, machines: tuple[str, ...]) -> Iterator[list[str]]:
    """Meanwhile these are asked for the page in turn: what answered, a version or an error."""
    over, answers = threading.Event(), list[str]()

    def ask() -> None:
        for machine in itertools.cycle(machines):
            if over.wait(0.2):
                return
            try:
                page = lab.fetch(machine, WEB_PORT)
                answers.append(page.split("X-Image-Version: ")[1].split()[0])
            except (OSError, IndexError) as error:
                answers.append(f"{machine}: {error!r}")

    client = threading.Thread(target=ask)
    client.start()
    try:
        yield answers
    finally:
        over.set()
        client.join()


def test_vagrant_provision_a_second_time_changes_nothing(lab: VmLab) -> None:
    before = traces(lab), uids(lab)
    kubeconfig = lab.kubeconfig.stat()
    lab.step("provision")
    assert (traces(lab), uids(lab)) == before
    assert lab.kubeconfig.stat() == kubeconfig


def test_pods_of_a_machine_that_is_halted_run_elsewhere(lab: VmLab) -> None:
    lab.kubectl("scale", f"deploy/{WEB}", "--replicas=3").ok()
    assert WORKER1 in {pod["spec"]["nodeName"] for pod in lab.ready_pods(3, WEB, 120)}
    lab.step("halt", WORKER1)
    with lab.timed("after it: until the pods run elsewhere"):
        lab.watch("worker1 is away", "nodes", lambda nodes: WORKER1 not in ready(nodes))
        lab.watch("the pods run elsewhere", "pods", run_elsewhere, WEB, seconds=90)
    for machine in (MASTER, WORKER2):
        lab.wait(machine, lambda machine=machine: "200 OK" in lab.fetch(machine, WEB_PORT))


def run_elsewhere(pods: list[Json]) -> bool:
    machines = [pod["spec"]["nodeName"] for pod in pods if is_ready(pod)]
    return len(machines) == 3 and WORKER1 not in machines


def test_vagrant_up_brings_it_back(lab: VmLab) -> None:
    lab.step("up", WORKER1)
    with lab.timed("after it: until worker1 is ready"):
        lab.watch("worker1 is back", "nodes", lambda nodes: WORKER1 in ready(nodes), seconds=60)
    lab.kubectl("scale", f"deploy/{WEB}", "--replicas=4").ok()
    assert WORKER1 in {pod["spec"]["nodeName"] for pod in lab.ready_pods(4, WEB, 120)}
    lab.wait("it answers again", lambda: "200 OK" in lab.fetch(WORKER1, WEB_PORT))


def test_a_reboot_of_the_master_loses_nothing(lab: VmLab) -> None:
    known = uids(lab)
    workers = [pod for pod in lab.ready_pods(4, WEB) if pod["spec"]["nodeName"] != MASTER]
    with clients(lab, (WORKER1, WORKER2)) as answers:
        lab.step("reload", MASTER)
    with lab.timed("after it: until all nodes are ready"):
        lab.watch("all are ready", "nodes", lambda nodes: ready(nodes) == {*MACHINES}, seconds=60)
    with lab.timed("then: until all pods are ready"):
        lab.ready_pods(4, WEB, 120)
    now = uids(lab)
    assert {name for name in known if not name.startswith(("Pod/", "ReplicaSet/"))} <= set(now)
    assert {name: now.get(name) for name in known if not name.startswith("Pod/")} == {
        name: uid for name, uid in known.items() if not name.startswith("Pod/")
    }
    assert set(answers) == {"1.11"}, Counter(answers)
    after = [pod for pod in lab.ready_pods(4, WEB) if pod["spec"]["nodeName"] != MASTER]
    assert restarts(workers).items() <= restarts(after).items()
    for machine in MACHINES:
        lab.wait(machine, lambda machine=machine: "200 OK" in lab.fetch(machine, WEB_PORT))


def test_drain_empties_a_machine_and_the_others_answer(lab: VmLab) -> None:
    with lab.timed("kubectl drain worker2"):
        lab.kubectl("drain", WORKER2, "--ignore-daemonsets", "--force", seconds=600).ok()
    assert WORKER2 not in {pod["spec"]["nodeName"] for pod in lab.ready_pods(4, WEB, 120)}
    for machine in MACHINES:
        lab.wait(machine, lambda machine=machine: "200 OK" in lab.fetch(machine, WEB_PORT))


def test_a_worker_that_comes_back_with_another_address_is_the_same_node(lab: VmLab) -> None:
    """It was drained, and takes pods again when it is told so."""
    known = uids(lab)[f"Node//{WORKER2}"]
    address, former = f"{SUBNET}.{77}", ADDRESSES[WORKER2]
    lab.ssh(WORKER2, f"sed -i 's/{former}/{address}/' /etc/network/interfaces /etc/hosts").ok()
    with lab.timed("reboot of worker2 with another address, until it is ready"):
        # what Vagrant's own reload would do is to give it the address of before
        lab.ssh(WORKER2, "systemctl reboot")
        lab.watch(
            "it is ready with the new address", "nodes",
            lambda nodes: WORKER2 in ready(nodes) and address in internal_addresses(nodes).values(),
            seconds=90,
        )  # fmt: skip
    lab.kubectl("uncordon", WORKER2).ok()
    assert uids(lab)[f"Node//{WORKER2}"] == known
    answering = manifests.pod("moved", manifests.container(image="echo"), labels={"app": "moved"})
    lab.apply(pinned(answering, WORKER2))
    [pod] = lab.ready_pods(1, "moved")
    command = f"exec 3<>/dev/tcp/{pod['status']['podIP']}/8080; cat <&3"
    lab.wait(
        "worker1 finds its pods",
        lambda: lab.ssh(WORKER1, f'timeout 20 bash -c "{command}"').out.startswith("moved"),
    )


def test_vagrant_destroy_leaves_nothing(lab: VmLab) -> None:
    lab.step("destroy", "--force")
    assert not virsh("list", "--all", "--name").strip()
    volumes = virsh("vol-list", "default").splitlines()[2:]
    assert all("vagrant_box_image" in volume for volume in volumes if volume.strip()), volumes
    # the one of every machine that Vagrant makes, which it keeps
    assert set(virsh("net-list", "--all", "--name").split()) <= {"vagrant-libvirt", "default"}
    assert not list(Path("/sys/class/net").glob("vnet*"))
    assert lab.leftovers() == set()
    assert not lab.kubeconfig.exists()

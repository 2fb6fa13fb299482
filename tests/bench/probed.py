"""What thirty pods cost their agent that are probed every ten seconds, while nothing happens."""

from __future__ import annotations

from tests.bench import processes
from tests.bench.apiclient import Connection
from tests.bench.objects import deployment
from tests.bench.report import Row, told
from tests.support.cluster import Cluster
from tests.support.wait import until

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
NAME = "probed"
PODS = 30
SECONDS = 60.0
SETTLE_SECONDS = 15.0
"""Longer than a period, so that what a first probing loads is loaded."""
SERVE = ("httpd", "-f", "-p", "8080", "-h", "/etc")
ASKED = {
    "http": {"httpGet": {"path": "/hostname", "port": 8080}},
    "tcp": {"tcpSocket": {"port": 8080}},
}


def probed(cluster: Cluster) -> list[Row]:
    """The agent's processor time and memory with 30 pods, half asked by HTTP and half by TCP."""
    connection = Connection(cluster.home)
    for way, action in ASKED.items():
        body = deployment(f"{NAME}-{way}", PODS // len(ASKED), command=SERVE)
        [container] = body["spec"]["template"]["spec"]["containers"]
        container["readinessProbe"] = {**action, "periodSeconds": 10}
        connection.call("POST", DEPLOYMENTS, body)
    cluster.ready_pods(PODS, f"app in ({', '.join(f'{NAME}-{way}' for way in ASKED)})", 180)
    agent = {"agent": processes.daemons(cluster)["agent"]}
    processes.over(agent, SETTLE_SECONDS)
    share, woken = processes.over(agent, SECONDS)["agent"]
    held = processes.memory(agent["agent"])
    told(
        f"agent of {PODS} probed pods: {share * 100:.3f} % of a core, {woken:.1f} wake-ups a second"
    )
    for way in ASKED:
        connection.call("DELETE", f"{DEPLOYMENTS}/{NAME}-{way}")
    connection.close()
    until("no pods left", lambda: not cluster.pods(), 120)
    return [
        Row("agent, 30 pods probed each 10 s", share, "%", 0.003),
        Row("  resident memory", held.resident, "MiB", 60 * 2**20 + PODS * 50_000),
    ]

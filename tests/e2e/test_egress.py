"""What pods say to the world outside of the cluster carries the node's address."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.manifests import container, pod
from tests.support.podlife import ready
from tests.support.wait import until

NODE, OUTSIDE, BEYOND = "192.0.2.1", "192.0.2.2", "198.51.100.1"
WHO_ASKS = (
    "import http.server as h\n"
    "class A(h.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_response(200); self.end_headers()\n"
    "        self.wfile.write(self.client_address[0].encode())\n"
    "    def log_message(self, *a): pass\n"
    "h.HTTPServer(('0.0.0.0', 8000), A).serve_forever()\n"
)


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True, timeout=10)


@pytest.fixture(scope="module")
def outside() -> Iterator[None]:
    """A machine next door that answers who asks it; it knows no way back to pods."""
    ip("netns add outside")
    server: subprocess.Popen[bytes] | None = None
    try:
        ip("link add uplink type veth peer name eth0 netns outside")
        ip(f"address add {NODE}/30 dev uplink")
        ip("link set uplink up")
        ip(f"route add {BEYOND}/32 via {OUTSIDE}")
        ip(f"-n outside address add {OUTSIDE}/30 dev eth0")
        ip("-n outside link set eth0 up")
        ip("-n outside link set lo up")
        ip(f"-n outside address add {BEYOND}/32 dev lo")
        command = ["ip", "netns", "exec", "outside", "python3", "-c", WHO_ASKS]
        server = subprocess.Popen(command)
        until("it answers", lambda: asked_by_node(OUTSIDE) == NODE)
        yield
    finally:
        if server is not None:
            server.kill()
            server.wait(10)
        subprocess.run(["ip", "link", "delete", "uplink"], check=False)
        ip("netns delete outside")


def asked_by_node(address: str) -> str:
    command = ["curl", "-sS", "-m", "5", f"http://{address}:8000"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("address", [OUTSIDE, BEYOND])
def test_a_pods_way_out_is_masqueraded(cluster: Cluster, outside: None, address: str) -> None:
    client = pod("traveller", container(*manifests.SLEEP, image="ubuntu:16.04"))
    cluster.kubectl("apply", "-f", "-", input=manifests.text(client)).ok()
    try:
        ready(cluster, "traveller")
        labels = {"io.kubernetes.pod.name": "traveller", "io.kubernetes.container.name": "main"}
        [found] = cluster.engine.containers(**labels)
        asker = str(found["Id"])
        curl = ("curl", "-sS", "-m", "5", f"http://{address}:8000")
        assert cluster.engine.run("exec", asker, *curl) == NODE
        settings = json.loads(cluster.engine.run("inspect", asker))[0]
        assert settings["State"]["Running"]
    finally:
        cluster.kubectl("delete", "pod", "traveller", "--now").ok()

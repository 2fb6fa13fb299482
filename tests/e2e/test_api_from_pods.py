"""The API server as pods reach it, and nobody else."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import manifests, netlab
from tests.support.cluster import Cluster
from tests.support.manifests import SLEEP, container, pod
from tests.support.wait import until

NAME = "api-caller"
PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"
ASK = (
    f"curl -sS -m 10 --cacert {PLACE}/ca.crt "
    f'-H "Authorization: Bearer $(cat {PLACE}/token)" -o /dev/stdout '
)


@pytest.fixture(scope="module")
def caller(cluster: Cluster) -> Iterator[Cluster]:
    """A running pod that has curl and its account's token."""
    image = {"image": "ubuntu:16.04"}
    inside = pod(NAME, container(*SLEEP, **image))
    beside = pod(f"{NAME}-host", container(*SLEEP, **image), hostNetwork=True)
    cluster.kubectl("apply", "-f", "-", input=manifests.text(inside, beside)).ok()
    for name in (NAME, f"{NAME}-host"):
        until("it runs", lambda: cluster.get("pod", name)["status"]["phase"] == "Running", 60)  # noqa: B023
    yield cluster
    cluster.kubectl("delete", "pod", NAME, f"{NAME}-host", "--now").ok()


def ask(cluster: Cluster, url: str, name: str = NAME) -> str:
    return cluster.kubectl("exec", name, "--", "sh", "-c", ASK + url).ok()


def published(cluster: Cluster) -> str:
    (subset,) = cluster.get("endpoints", "kubernetes")["subsets"]
    return f"{subset['addresses'][0]['ip']}:{subset['ports'][0]['port']}"


@pytest.mark.parametrize("name", [NAME, f"{NAME}-host"])
def test_a_pod_asks_the_api_as_its_account_by_what_its_environment_says(
    caller: Cluster, name: str
) -> None:
    where = "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT"
    assert json.loads(ask(caller, f"{where}/api", name))["kind"] == "APIVersions"
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    who = ask(
        caller,
        f"-H Content-Type:application/json -d '{json.dumps(review)}' "
        f"{where}/apis/authentication.k8s.io/v1/selfsubjectreviews",
        name,
    )
    user = json.loads(who)["status"]["userInfo"]
    assert user["username"] == "system:serviceaccount:default:default"


def test_the_published_endpoint_answers_pods(caller: Cluster) -> None:
    assert json.loads(ask(caller, f"https://{published(caller)}/api"))["kind"] == "APIVersions"


def test_the_official_client_finds_the_api_by_its_in_cluster_configuration(
    caller: Cluster, tmp_path: Path
) -> None:
    """With a pod's files and environment, in the network of the node itself."""
    from kubernetes import client, config

    for file in ("token", "ca.crt"):
        text = caller.kubectl("exec", NAME, "--", "cat", f"{PLACE}/{file}").ok()
        (tmp_path / file).write_text(text)
    names = ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT")
    said = caller.kubectl("exec", NAME, "--", "env").ok().splitlines()
    environment = dict(line.split("=", 1) for line in said if line.startswith(names))
    found = client.Configuration()
    config.incluster_config.InClusterConfigLoader(
        token_filename=str(tmp_path / "token"),
        cert_filename=str(tmp_path / "ca.crt"),
        try_refresh_token=False,
        environ=environment,
    ).load_and_set(found)
    with client.ApiClient(found) as connection:
        assert client.VersionApi(connection).get_code().major == "1"


def test_nobody_outside_reaches_a_loopback_api_through_the_service(caller: Cluster) -> None:
    """A client on the node's uplink that even has routes to the cluster's networks."""
    with netlab.empty_space() as client:
        netlab.run(f"ip link add api-uplink type veth peer name eth0 netns {client.pid}")
        try:
            netlab.run("ip addr add 198.51.100.1/24 dev api-uplink")
            netlab.run("ip link set api-uplink up")
            netlab.run("sysctl -qw net.ipv4.conf.api-uplink.route_localnet=1")
            with netlab.inside(client):
                netlab.run("ip addr add 198.51.100.2/24 dev eth0")
                netlab.run("ip link set eth0 up")
                netlab.run("ip route add default via 198.51.100.1")
            with socket.create_server(("198.51.100.1", 0)) as open_port, netlab.inside(client):
                socket.create_connection(open_port.getsockname(), 3).close()
            host, _, port = published(caller).partition(":")
            for place in (("10.96.0.1", 443), (host, int(port)), ("198.51.100.1", int(port))):
                with pytest.raises(OSError), netlab.inside(client):
                    socket.create_connection(place, 1).close()
        finally:
            netlab.run("ip link del api-uplink")

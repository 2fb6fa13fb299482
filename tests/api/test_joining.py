"""A machine gets its node's certificate from a real API server, and a new one with that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509

from minikube8s.api import bootstraptokens
from minikube8s.cluster.authority import pinning
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joining, masterclient
from minikube8s.cluster.membership.joining import Applicant, Files, Membership
from minikube8s.cluster.membership.masterclient import MasterClient
from minikube8s.nodes.renewals import Renewals
from minikube8s.registry import clusterinfo
from minikube8s.rpc import agent_pb2
from tests.api.apiserver import ApiServer
from tests.api.controllers import controlled

KEY = "0123456789abcdef"
CONFIG = {
    "name": "mk8s",
    "agentPort": "6444",
    "podCIDR": "10.244.0.0/16",
    "serviceCIDR": "10.96.0.0/12",
    "version": "9.8.7",
}


@pytest.fixture(scope="module")
def master(api: ApiServer) -> Iterator[ApiServer]:
    """The API server with the controllers, and what it tells of itself."""
    root_ca = (api.directory / "ca.crt").read_bytes()
    info = clusterinfo.ClusterInfo("https://127.0.0.1:6443", root_ca, CONFIG)
    api.run(clusterinfo.publish(api.registry, info))
    with controlled(api):
        yield api


def files(directory: Path) -> Files:
    return Files(*(directory / name for name in ("ca.crt", "node.crt", "node.key", "node.csr")))


def token(api: ApiServer, id_: str) -> str:
    until = datetime.now(UTC) + timedelta(hours=1)
    place = "/api/v1/namespaces/kube-system/secrets"
    assert api.post(place, bootstraptokens.make(id_, KEY, until)).code == 201
    return f"{id_}.{KEY}"


def place(api: ApiServer) -> str:
    return f"127.0.0.1:{api.server.port}"


def pins(api: ApiServer) -> list[str]:
    return pinning.fingerprints((api.directory / "ca.crt").read_bytes())


@contextmanager
def applicant(api: ApiServer, known: str, where: str = "") -> Iterator[Applicant]:
    """A machine that asks by a token."""
    found = joining.find(place(api), pins(api))
    one = Applicant(where or place(api), found.authority, known)
    try:
        yield one
    finally:
        one.close()


def test_a_token_and_a_pin_lead_to_a_certificate_and_that_to_the_next_one(
    master: ApiServer, tmp_path: Path
) -> None:
    found = files(tmp_path)
    with applicant(master, token(master, "aaaaa1")) as one:
        told = one.membership()
        assert told == Membership("mk8s", 6444, "10.244.0.0/16", "10.96.0.0/12", "9.8.7")
        assert [node["metadata"]["name"] for node in one.nodes()] == []
        one.obtain("n7", found, lambda: None)
    first = x509.load_pem_x509_certificate(found.certificate.read_bytes())
    assert first.subject.rfc4514_string() == "CN=system:node:n7,O=system:nodes"
    assert found.key.stat().st_mode & 0o077 == 0
    about = agent_pb2.CertificateRequest(id="a" * 16, request=found.request.read_bytes())
    renewed = master.run(Renewals(master.registry).renew("n7", about))
    second = x509.load_pem_x509_certificate(renewed)
    assert (second.subject, second.serial_number != first.serial_number) == (first.subject, True)
    assert second.public_key() == first.public_key()


def test_another_cluster_or_a_wrong_token_leads_to_nothing(master: ApiServer) -> None:
    with pytest.raises(ClusterError, match="this is another cluster"):
        joining.find(place(master), ["sha256:00"])
    with (
        applicant(master, f"zzzzzz.{KEY}") as one,
        pytest.raises(ClusterError, match="does not take the token"),
    ):
        one.membership()


def test_a_master_at_an_address_that_its_certificate_does_not_name_is_not_trusted(
    master: ApiServer,
) -> None:
    """As when the machine got a new address, which is not in the certificate yet."""
    elsewhere = f"[::ffff:127.0.0.1]:{master.server.port}"
    with (
        applicant(master, token(master, "ccccc1"), elsewhere) as one,
        pytest.raises(ClusterError, match="does not name that host"),
    ):
        one.membership()


def test_a_clock_that_is_wrong_is_measured_before_a_certificate_is_looked_at(
    master: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert abs(joining.find(place(master), pins(master)).ahead) < 2
    # this module's alone: the server is in this process
    monkeypatch.setattr(masterclient, "time", SimpleNamespace(time=lambda: time.time() - 1000))
    assert -1002 < joining.find(place(master), pins(master)).ahead < -998
    with (
        applicant(master, token(master, "ddddd1")) as one,
        pytest.raises(ClusterError, match=r"clock is (999|1000) s behind the master's.*chrony"),
    ):
        one.membership()


def test_a_certificate_of_a_former_cluster_is_told_from_a_master_that_is_away(
    master: ApiServer, tmp_path: Path
) -> None:
    Authority(tmp_path).client("node", "system:node:n1", ["system:nodes"])
    identity = (tmp_path / "node.crt", tmp_path / "node.key")
    authority = (master.directory / "ca.crt").read_bytes()
    client = MasterClient(place(master), authority, identity=identity)
    with pytest.raises(
        ClusterError, match=r"does not take this machine's certificate.*Join again then"
    ):
        client.ask("GET", "/api/v1/nodes/n1")
    client.close()


def test_a_node_follows_itself_by_its_certificate_until_it_is_ready_and_no_other_node(
    master: ApiServer,
) -> None:
    pki = master.directory
    identity = (pki / "node.crt", pki / "node.key")
    client = MasterClient(place(master), (pki / "ca.crt").read_bytes(), identity=identity)
    with pytest.raises(ClusterError, match='nodes "n2" is forbidden'):
        next(joining.changes(client, "n2", 5))
    seen = joining.changes(client, "n1", 30)
    master.create("/api/v1/nodes", {"metadata": {"name": "n1"}})
    try:
        assert not joining.ready(next(seen))
        status = {"conditions": [{"type": "Ready", "status": "True"}]}
        merge = "application/merge-patch+json"
        told = {"status": status}
        master.request("PATCH", "/api/v1/nodes/n1/status", told, content_type=merge)
        assert joining.ready(next(seen))
    finally:
        seen.close()
        client.close()
        master.request("DELETE", "/api/v1/nodes/n1")
    assert list(joining.changes(client, "n1", 0.1)) == []


def test_where_no_master_is_the_user_is_told_what_to_name(master: ApiServer) -> None:
    info = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
    assert master.request("DELETE", info).code == 200
    try:
        with pytest.raises(ClusterError, match="is not the API of an mk8s cluster"):
            joining.find(place(master), pins(master))
    finally:
        root_ca = (master.directory / "ca.crt").read_bytes()
        again = clusterinfo.ClusterInfo("https://127.0.0.1:6443", root_ca, CONFIG)
        master.run(clusterinfo.publish(master.registry, again))

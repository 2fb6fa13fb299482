"""A machine gets its node's certificate from a real API server, and a new one with that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from minikube8s.api import bootstraptokens
from minikube8s.cluster import certificates, joining
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.joining import Files, Membership
from minikube8s.registry import clusterinfo
from tests.api.apiserver import ApiServer
from tests.api.controllers import controlled

KEY = "0123456789abcdef"
CONFIG = {
    "name": "mk8s",
    "agentPort": "6444",
    "podCIDR": "10.244.0.0/16",
    "serviceCIDR": "10.96.0.0/12",
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
    return Files(directory / "ca.crt", directory / "node.crt", directory / "node.key")


def token(api: ApiServer, id_: str) -> str:
    until = datetime.now(UTC) + timedelta(hours=1)
    place = "/api/v1/namespaces/kube-system/secrets"
    assert api.post(place, bootstraptokens.make(id_, KEY, until)).code == 201
    return f"{id_}.{KEY}"


def place(api: ApiServer) -> str:
    return f"127.0.0.1:{api.server.port}"


def pins(api: ApiServer) -> list[str]:
    return certificates.fingerprints((api.directory / "ca.crt").read_bytes())


def test_a_token_and_a_pin_lead_to_a_certificate_and_that_to_the_next_one(
    master: ApiServer, tmp_path: Path
) -> None:
    found = files(tmp_path)
    cluster = joining.obtain(place(master), token(master, "aaaaa1"), pins(master), "n7", found)
    assert cluster == Membership("mk8s", 6444, "10.244.0.0/16", "10.96.0.0/12")
    first = x509.load_pem_x509_certificate(found.certificate.read_bytes())
    assert first.subject.rfc4514_string() == "CN=system:node:n7,O=system:nodes"
    assert found.key.stat().st_mode & 0o077 == 0
    joining.renew(place(master), "n7", found)
    second = x509.load_pem_x509_certificate(found.certificate.read_bytes())
    assert (second.subject, second.serial_number != first.serial_number) == (first.subject, True)


def test_what_keeps_a_machine_from_joining_leaves_no_file_and_no_request(
    master: ApiServer, tmp_path: Path
) -> None:
    known = token(master, "bbbbb1")
    requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    before = len(master.get(requests).json["items"])

    def clash(_: Membership) -> None:
        raise ClusterError("a network is in use")

    with pytest.raises(ClusterError, match="a network is in use"):
        joining.obtain(place(master), known, pins(master), "n8", files(tmp_path), clash)
    with pytest.raises(ClusterError, match="this is another cluster"):
        joining.obtain(place(master), known, ["sha256:00"], "n8", files(tmp_path))
    with pytest.raises(ClusterError, match="does not take the token"):
        joining.obtain(place(master), f"zzzzzz.{KEY}", pins(master), "n8", files(tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert len(master.get(requests).json["items"]) == before


def test_a_master_at_an_address_that_its_certificate_does_not_name_is_not_trusted(
    master: ApiServer, tmp_path: Path
) -> None:
    """As when the machine got a new address, which is not in the certificate yet."""
    known = token(master, "ccccc1")
    elsewhere = f"[::ffff:127.0.0.1]:{master.server.port}"
    with pytest.raises(ClusterError, match="does not name that address"):
        joining.obtain(elsewhere, known, pins(master), "n9", files(tmp_path))


def test_where_no_master_is_the_user_is_told_what_to_name(master: ApiServer) -> None:
    info = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
    assert master.request("DELETE", info).code == 200
    try:
        with pytest.raises(ClusterError, match="is not the API of an mk8s cluster"):
            joining.trusted_authority(place(master), pins(master))
    finally:
        root_ca = (master.directory / "ca.crt").read_bytes()
        again = clusterinfo.ClusterInfo("https://127.0.0.1:6443", root_ca, CONFIG)
        master.run(clusterinfo.publish(master.registry, again))

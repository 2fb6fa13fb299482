"""Owns how a machine comes to have a node's certificate: a token, a pin, a request that is signed.

kubeadm's way: the CA is fetched from whoever answers and believed only when its key has the pinned
digest (`find`); everything after that is verified (`Applicant`).
https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-join/
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import math
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from minikube8s.api import bootstraptokens
from minikube8s.cluster import addresses
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership.masterclient import Answer, MasterClient
from minikube8s.kit.privatefiles import write_private

_CLUSTER_INFO = (
    f"/api/v1/namespaces/{bootstraptokens.PUBLIC_NAMESPACE}"
    f"/configmaps/{bootstraptokens.CLUSTER_INFO}"
)
_CONFIG = f"/api/v1/namespaces/{bootstraptokens.NAMESPACE}/configmaps/{bootstraptokens.CONFIG}"
_REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
_SIGNING_SECONDS = 30
_WATCH_AGAIN_SECONDS = 0.5
_VERDICTS = ("Denied", "Failed")
_WHOLE = b"-----END CERTIFICATE REQUEST-----\n"


@dataclass(frozen=True, slots=True)
class Membership:
    """What an agent must know of the cluster that it joins; networks as the master has them."""

    name: str
    agent_port: int
    pod_cidr: str
    service_cidr: str
    version: str = ""
    """The master's; empty for one that does not tell."""


class Files(NamedTuple):
    """Where the CA's certificate, a node's certificate, its key and its request lie (PEM)."""

    ca: Path
    certificate: Path
    key: Path
    request: Path


class Found(NamedTuple):
    """Whom a machine is about to join: the CA (PEM), and how far ahead this machine's clock is."""

    authority: bytes
    ahead: float


def find(master: str, pins: Sequence[str]) -> Found:
    """Ask the master, at host:port of its API, for its CA, which is returned if it is pinned.

    `pins` are `sha256:…` of the CA's public key, any of which may match. What the master tells
    beside it is not believed: whoever sits in between could add his own CA. Raises ClusterError.
    """
    from minikube8s.cluster.authority import pinning  # noqa: PLC0415 - slow; `mk8s token` needs it not

    client = MasterClient(master, None)
    try:
        answer = client.ask("GET", _CLUSTER_INFO)
    finally:
        client.close()
    told = _authority(master, answer)
    try:
        authority = pinning.pinned(told, pins)
        found = pinning.fingerprints(told)
    except ValueError:
        raise _strange(master) from None
    if not authority:
        raise ClusterError(
            f"The CA of the cluster at {master} has the hash {', '.join(found)} and not "
            f"{', '.join(pins)}: this is another cluster, or somebody sits in between. Compare "
            "with what `mk8s token create --print-join-command` prints on the master."
        )
    return Found(authority, client.ahead)


class Applicant:
    """A machine that asks a master by a bootstrap token; its methods raise ClusterError."""

    def __init__(self, master: str, authority: bytes, token: str) -> None:
        self._authority = authority
        self._client = MasterClient(master, authority, token=token)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def membership(self) -> Membership:
        """What the cluster is."""
        return membership(self._client)

    def nodes(self) -> list[dict[str, Any]]:
        """The Nodes that the cluster has."""
        answer = self._client.ask("GET", "/api/v1/nodes")
        return list(self._client.content(answer).get("items") or ())

    def obtain(self, node: str, files: Files, got: Callable[[], None]) -> None:
        """Get a certificate for `node` and write the files; none is written where that fails.

        `got` is called before the files are complete: what it writes is there whenever they are.
        """
        from minikube8s.cluster.authority import keys  # noqa: PLC0415 - as above

        private = keys.encoded(keys.new_key())
        request = _request(private, node)
        signed = _certificate(self._client, node, request)
        # the certificate last: without its key it would be taken for a finished identity
        files.certificate.unlink(missing_ok=True)
        got()
        write_private(files.ca, self._authority)
        write_private(files.key, private)
        write_private(files.request, request)
        write_private(files.certificate, signed)


def ensure_request(node: str, files: Files) -> None:
    """Make what the node's agent asks for its next certificate with, unless it is there.

    It stays the same, as the key and the name do that it is about. Raises OSError, ValueError.
    """
    with contextlib.suppress(OSError):
        if files.request.read_bytes().endswith(_WHOLE):
            return
    write_private(files.request, _request(files.key.read_bytes(), node))


def membership(client: MasterClient) -> Membership:
    """Return what the cluster is, as bootstrappers and nodes may know. Raises ClusterError."""
    data = client.content(client.ask("GET", _CONFIG)).get("data") or {}
    if data.get("lab") == "true":
        raise ClusterError(addresses.LAB_IS_ALONE)
    try:
        port, pods, services = int(data["agentPort"]), data["podCIDR"], data["serviceCIDR"]
        return Membership(data["name"], port, pods, services, data.get("version", ""))
    except (KeyError, ValueError):
        raise _strange(client.master) from None


def find_node(client: MasterClient, node: str) -> dict[str, Any] | None:
    """Return a Node, None where there is none. Raises ClusterError when the API says neither."""
    answer = client.ask("GET", f"/api/v1/nodes/{node}")
    return None if answer.code == 404 else client.content(answer)


def changes(client: MasterClient, node: str, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield the Node of that name as it is, if it is, and whenever it changes, for so long.

    Raises ClusterError when the API does not answer.
    """
    until = time.monotonic() + seconds
    asked = f"/api/v1/nodes?watch=1&fieldSelector=metadata.name%3D{node}"
    while (left := math.ceil(until - time.monotonic())) > 0:
        for event in client.follow(f"{asked}&timeoutSeconds={left}"):
            if event.get("type") in ("ADDED", "MODIFIED"):
                yield event["object"]
        # a server that is about to end ends each watch at once
        time.sleep(_WATCH_AGAIN_SECONDS)


def _request(key: bytes, node: str) -> bytes:
    """Return a request for a node's certificate for a key, both in PEM. Raises ValueError."""
    from minikube8s.cluster.authority import requests  # noqa: PLC0415 - as above

    return requests.made(key, f"system:node:{node}", ["system:nodes"])


def _certificate(client: MasterClient, node: str, request: bytes) -> bytes:
    """Return a new certificate for a request, both in PEM."""
    name = f"node-csr-{secrets.token_hex(16)}"
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {
            "request": base64.b64encode(request).decode(),
            "signerName": _SIGNER,
            "usages": ["digital signature", "client auth"],
        },
    }
    client.content(client.ask("POST", _REQUESTS, body))
    watched = f"{_REQUESTS}?watch=1&fieldSelector=metadata.name%3D{name}"
    for event in client.follow(f"{watched}&timeoutSeconds={_SIGNING_SECONDS}"):
        status = event.get("object", {}).get("status") or {}
        for condition in status.get("conditions") or ():
            if condition["type"] in _VERDICTS:
                if condition.get("reason") == "NodeExists":
                    raise ClusterError(
                        f"The master refuses the name: {condition.get('message')} (--node-name)."
                    )
                why = condition.get("message") or condition.get("reason")
                raise ClusterError(f"The master refuses a certificate for {node}: {why}.")
        if status.get("certificate"):
            return base64.b64decode(status["certificate"])
    raise ClusterError(
        f"The master did not sign the certificate of {node} within {_SIGNING_SECONDS} s: see "
        f"`kubectl get csr {name}` there; `kubectl certificate approve {name}` approves it, then "
        "join again."
    )


def _authority(master: str, answer: Answer) -> bytes:
    data = (answer.content or {}).get("data")
    kubeconfig = data.get("kubeconfig") if isinstance(data, dict) else None
    for line in str(kubeconfig or "").splitlines():
        field, _, value = line.strip().partition(": ")
        if field == "certificate-authority-data":
            try:
                return base64.b64decode(value, validate=True)
            except binascii.Error:
                break
    raise _strange(master)


def ready(node: dict[str, Any]) -> bool:
    """Whether a Node says that it is Ready."""
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _strange(master: str) -> ClusterError:
    return ClusterError(
        f"What answers at {master} is not the API of an mk8s cluster that can be joined: name the "
        "API server's address and port, as `mk8s status` shows them on the master."
    )

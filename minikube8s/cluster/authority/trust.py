"""Owns which certificates a cluster has, and whom and what each of them names.

Apart from `layout`, because cryptography costs the master 8 MB that it never uses.
"""

from __future__ import annotations

import os
from pathlib import Path

from minikube8s.cluster import addresses
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.cluster.authority.keys import ensure_signing_key
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError


def ensure_certificates(home: Home, settings: Settings) -> None:
    """Make what is missing: the CA, certificates of server, administrator and agent, token key.

    Raises ClusterError.
    """
    try:
        _ensure_certificates(home, settings)
    except ValueError as error:
        raise ClusterError(
            f"The cluster's certificates in {home.pki} are of no use any more ({error}): remove "
            "the cluster with `mk8s down --purge` and create it again."
        ) from None


def certify(pki: Path, settings: Settings) -> None:
    """Have the API's certificate name all that it is found by now. Raises OSError, ValueError."""
    _certify(Authority(pki), settings)


def _certify(authority: Authority, settings: Settings) -> None:
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    names += ["kubernetes.default.svc.cluster.local", "localhost", os.uname().nodename.lower()]
    authority.server("apiserver", [*names, *addresses.served(settings)])


def _ensure_certificates(home: Home, settings: Settings) -> None:
    authority = Authority(home.pki)
    _certify(authority, settings)
    authority.client("admin", "kubernetes-admin", ["system:masters"])
    authority.client("agent", f"system:node:{settings.node_name}", ["system:nodes"])
    for node in settings.lab_nodes:
        authority.client(f"agent-{node.name}", f"system:node:{node.name}", ["system:nodes"])
    ensure_signing_key(home.pki / "sa.key")

"""Owns which certificates a cluster has, and whom and what each of them names.

Apart from `layout`, because cryptography costs the master 8 MB that it never uses.
"""

from __future__ import annotations

import ipaddress
import os

from minikube8s.cluster.certificates import Authority, ensure_signing_key
from minikube8s.cluster.config import Home, Settings


def ensure_certificates(home: Home, settings: Settings) -> None:
    """Make what is missing: the CA, certificates of server, administrator and agent, token key."""
    authority = Authority(home.pki)
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    names += ["kubernetes.default.svc.cluster.local", "localhost", os.uname().nodename.lower()]
    first_service = _first_address(settings.service_cidr)
    addresses = [host for host in settings.listening if host != "0.0.0.0"]
    authority.server("apiserver", [*names, "127.0.0.1", first_service, *addresses])
    authority.client("admin", "kubernetes-admin", ["system:masters"])
    authority.client("agent", f"system:node:{settings.node_name}", ["system:nodes"])
    ensure_signing_key(home.pki / "sa.key")


def _first_address(cidr: str) -> str:
    return str(ipaddress.IPv4Network(cidr)[1])

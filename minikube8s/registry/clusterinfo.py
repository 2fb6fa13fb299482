"""What machines that want to join are told of the cluster: two ConfigMaps, as kubeadm has them.

`kube-public/cluster-info` is for everybody, `kube-system/mk8s-config` for those with a token.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minikube8s.api import bootstraptokens
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import CONFIGMAPS
from minikube8s.registry.registry import Registry

_KUBECONFIG = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {authority}
    server: {server}
  name: ""
contexts: null
current-context: ""
kind: Config
users: null
"""


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """Where the API is (a URL), the CA's certificate (PEM), and what agents must know."""

    server: str
    root_ca: bytes
    config: Mapping[str, str]


async def publish(registry: Registry, info: ClusterInfo) -> None:
    """Write both ConfigMaps as they have to be now. Raises ApiError."""
    authority = base64.b64encode(info.root_ca).decode()
    kubeconfig = _KUBECONFIG.format(authority=authority, server=info.server)
    public, system = bootstraptokens.PUBLIC_NAMESPACE, bootstraptokens.NAMESPACE
    await _write(registry, public, bootstraptokens.CLUSTER_INFO, {"kubeconfig": kubeconfig})
    await _write(registry, system, bootstraptokens.CONFIG, dict(info.config))


async def _write(registry: Registry, namespace: str, name: str, data: dict[str, str]) -> None:
    """Keep what others have added, such as signatures."""

    def change(current: dict[str, Any]) -> dict[str, Any]:
        return {**current, "data": {**(current.get("data") or {}), **data}}

    try:
        found = registry.get(CONFIGMAPS, namespace, name).object
    except ApiError:
        await registry.create(CONFIGMAPS, namespace, {"metadata": {"name": name}, "data": data})
        return
    if change(found) != found:
        await registry.update(CONFIGMAPS, namespace, name, change)

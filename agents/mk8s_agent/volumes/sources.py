"""What volumes are filled from; given by who knows the master and the node."""

from __future__ import annotations

from typing import Protocol

from minikube8s.api.views import ConfigMap, PersistentVolume, Pod, Secret, Volume
from minikube8s.api.views.containers import ResourceFieldSelector


class Sources(Protocol):
    """The origin of files. Its methods raise VolumeError where nothing else is said."""

    @property
    def memory(self) -> int:
        """The node's memory in bytes."""
        ...

    def configmap(self, namespace: str, name: str) -> ConfigMap | None:
        """A ConfigMap; None: there is none of that name."""
        ...

    def secret(self, namespace: str, name: str) -> Secret | None:
        """A Secret; None: there is none of that name."""
        ...

    def field(self, pod: Pod, path: str) -> str:
        """One value of the pod's, by a fieldRef's path."""
        ...

    def resource(self, pod: Pod, selector: ResourceFieldSelector) -> str:
        """A request or limit of one of the pod's containers."""
        ...

    def persistent(self, pod: Pod, volume: Volume) -> PersistentVolume:
        """The volume that the claim behind a pod's volume is bound to."""
        ...

    async def token(self, pod: Pod, audience: str, seconds: int) -> str:
        """A new token of the pod's account; an empty audience is the API server's."""
        ...

"""A pod's volumes: made, removed, what they are filled from, what containers see of them."""

from __future__ import annotations

from collections.abc import Mapping

from minikube8s.api import localpath
from minikube8s.api.persistence import belongs, claim_of, is_bound
from minikube8s.api.views import ConfigMap, Container, PersistentVolume, Pod, Secret, Volume
from minikube8s.api.views.containers import ResourceFieldSelector
from mk8s_agent.link.errors import NoAnswer
from mk8s_agent.pods.errors import ConfigError
from mk8s_agent.pods.expansion import expand, missing
from mk8s_agent.pods.fields import field, resource_field
from mk8s_agent.pods.identity import PodRef
from mk8s_agent.pods.memory import Memory
from mk8s_agent.pods.node_context import NodeContext
from mk8s_agent.pods.values import VolumeState
from mk8s_agent.runtime.vocabulary import Mount
from mk8s_agent.volumes import VolumeError, VolumesNotReady
from mk8s_agent.volumes.errors import MountFailed


class VolumeSources:
    """What the master sent, and the pods themselves. See `mk8s_agent.volumes.Sources`."""

    def __init__(self, context: NodeContext) -> None:
        self._ctx = context

    @property
    def memory(self) -> int:
        """The node's memory in bytes."""
        return self._ctx.facts.memory

    def configmap(self, namespace: str, name: str) -> ConfigMap | None:
        """A ConfigMap; None: there is none of that name."""
        return self._ctx.configmap(namespace, name)

    def secret(self, namespace: str, name: str) -> Secret | None:
        """A Secret; None: there is none of that name."""
        return self._ctx.secret(namespace, name)

    def field(self, pod: Pod, path: str) -> str:
        """One value of the pod's, by a fieldRef's path. Raises VolumeError."""
        try:
            return field(pod, path, self._ctx.place(pod))
        except ConfigError as error:
            raise VolumeError(str(error)) from error

    def resource(self, pod: Pod, selector: ResourceFieldSelector) -> str:
        """A request or limit of one of the pod's containers. Raises VolumeError."""
        containers = (*pod.spec.init_containers, *pod.spec.containers)
        named = [one for one in containers if one.name == selector.container_name]
        if not named:
            raise VolumeError(f"container {selector.container_name} not found")
        try:
            return resource_field(pod, named[0], selector, self._ctx.place(pod))
        except ConfigError as error:
            raise VolumeError(str(error)) from error

    def persistent(self, pod: Pod, volume: Volume) -> PersistentVolume:
        """The volume that the claim behind a pod's volume is bound to. Raises MountFailed."""
        namespace, name = pod.metadata.namespace, claim_of(pod.metadata, volume)
        claim = self._ctx.assignments.claim(namespace, name)
        processing = (
            f"Unable to attach or mount volumes: unmounted volumes=[{volume.name}], unattached"
            f" volumes=[], failed to process volumes=[{volume.name}]: error processing PVC"
            f" {namespace}/{name}: "
        )
        if claim is None:
            raise MountFailed(
                f"{processing}failed to fetch PVC from API server: persistentvolumeclaims"
                f' "{name}" not found'
            )
        if not is_bound(claim.view):
            raise MountFailed(f"{processing}PVC is not bound")
        found = self._ctx.assignments.volumes().get(("", claim.view.spec.volume_name))
        if found is None or not belongs(found.view, claim.view):
            raise MountFailed(
                f'{processing}its volume "{claim.view.spec.volume_name}" is not there, or is'
                " another claim's"
            )
        hostname = localpath.hostname_of(found.view)
        if hostname not in ("", self._ctx.facts.name):
            # The pod came past the scheduler.
            raise MountFailed(
                f'MountVolume.NodeAffinity check failed for volume "{found.view.metadata.name}" :'
                " no matching NodeSelectorTerms"
            )
        return found.view

    async def token(self, pod: Pod, audience: str, seconds: int) -> str:
        """A new token of the pod's account. Raises VolumeError."""
        ref = pod.metadata
        try:
            return await self._ctx.tokens.create(
                ref.namespace, ref.name, ref.uid, audience, seconds
            )
        except NoAnswer as error:
            raise VolumeError(f"failed to fetch token: {error}") from error


async def prepare(pod: Pod, ctx: NodeContext, memory: Memory) -> None:
    """Make the volumes, or bring them up to date. Raises VolumesNotReady."""
    if memory.volumes is VolumeState.NONE:
        # What is made only by half has to be removed, too.
        memory.volumes = VolumeState.UNKNOWN
    changes = memory.volume_changes
    sources = VolumeSources(ctx)
    try:
        memory.renew_at = await ctx.volumes.prepare(pod, sources, ctx.clock.now())
    except VolumesNotReady:
        if memory.volume_changes == changes:
            raise
        # What was missing may have come meanwhile: the next step tries again at once.
        return
    changed = memory.volume_changes != changes
    memory.volumes = VolumeState.OUTDATED if changed else VolumeState.READY


async def remove(ref: PodRef, ctx: NodeContext, memory: Memory) -> None:
    """Unmount and remove the volumes. Raises OSError."""
    memory.renew_at = None
    await ctx.volumes.remove(ref.uid)
    memory.volumes = VolumeState.NONE


async def mounts(
    pod: Pod, container: Container, values: Mapping[str, str], context: NodeContext
) -> tuple[Mount, ...]:
    """All that a container sees of the node: the pod's volumes, and the agent's own files.

    A volume goes before a file of the agent's at the same place. `values` are the container's
    variables. Raises ConfigError.
    """

    def expanded(text: str) -> str:
        if lacking := missing(text, values):
            raise VolumeError(f'missing value for "{lacking[0]}"')
        return expand(text, values)

    try:
        volumes = await context.volumes.mounts(pod, container, expanded)
    except VolumeError as error:
        raise ConfigError(str(error)) from error
    taken = {one.target for one in volumes}
    own = context.files.mounts(pod.metadata.uid)
    return (*(one for one in own if one.target not in taken), *volumes)

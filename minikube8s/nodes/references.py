"""Which ConfigMaps, Secrets and claims a pod names. Pure: a pod's bytes in, keys out."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"


class ObjectKey(NamedTuple):
    """An object as agents know it: the plural of its kind, its namespace and name."""

    resource: str
    namespace: str
    name: str


class _Struct(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Only the fields that name other objects; everything else is skipped when decoding."""


class _Named(_Struct, frozen=True):
    name: str = ""


class _EnvSource(_Struct, frozen=True):
    config_map_key_ref: _Named | None = None
    secret_key_ref: _Named | None = None


class _Env(_Struct, frozen=True):
    value_from: _EnvSource | None = None


class _EnvFrom(_Struct, frozen=True):
    config_map_ref: _Named | None = None
    secret_ref: _Named | None = None


class _Container(_Struct, frozen=True):
    env: tuple[_Env, ...] = ()
    env_from: tuple[_EnvFrom, ...] = ()


class _SecretVolume(_Struct, frozen=True):
    secret_name: str = ""


class _Projection(_Struct, frozen=True):
    config_map: _Named | None = None
    secret: _Named | None = None


class _Projected(_Struct, frozen=True):
    sources: tuple[_Projection, ...] = ()


class _ClaimVolume(_Struct, frozen=True):
    claim_name: str = ""


class _Volume(_Struct, frozen=True):
    name: str = ""
    persistent_volume_claim: _ClaimVolume | None = None
    ephemeral: dict[str, msgspec.Raw] | None = None
    config_map: _Named | None = None
    secret: _SecretVolume | None = None
    projected: _Projected | None = None


class _Spec(_Struct, frozen=True):
    node_name: str = ""
    containers: tuple[_Container, ...] = ()
    init_containers: tuple[_Container, ...] = ()
    ephemeral_containers: tuple[_Container, ...] = ()
    volumes: tuple[_Volume, ...] = ()
    image_pull_secrets: tuple[_Named, ...] = ()


class PlacedPod(_Struct, frozen=True):
    """What assignment needs of a pod: where it runs and what it names."""

    spec: _Spec = _Spec()

    @property
    def node(self) -> str:
        """The node that the pod is bound to, or ""."""
        return self.spec.node_name

    def references(self, namespace: str, pod: str) -> frozenset[ObjectKey]:
        """The ConfigMaps, Secrets and claims of its namespace that the pod of that name names."""
        found = (*self._config_maps(), *self._secrets(), *self._claims(pod))
        return frozenset(ObjectKey(resource, namespace, name) for resource, name in found if name)

    def _config_maps(self) -> Iterator[tuple[str, str]]:
        names = [env.config_map_key_ref for env in self._env()]
        names += [source.config_map_ref for source in self._env_from()]
        names += [volume.config_map for volume in self.spec.volumes]
        names += [source.config_map for source in self._projections()]
        return (("configmaps", one.name) for one in names if one)

    def _secrets(self) -> Iterator[tuple[str, str]]:
        names = [env.secret_key_ref for env in self._env()]
        names += [source.secret_ref for source in self._env_from()]
        names += [source.secret for source in self._projections()]
        names += self.spec.image_pull_secrets
        for one in names:
            if one:
                yield "secrets", one.name
        for volume in self.spec.volumes:
            if volume.secret:
                yield "secrets", volume.secret.secret_name

    def _claims(self, pod: str) -> Iterator[tuple[str, str]]:
        for volume in self.spec.volumes:
            if volume.persistent_volume_claim:
                yield CLAIMS, volume.persistent_volume_claim.claim_name
            elif volume.ephemeral is not None:
                yield CLAIMS, f"{pod}-{volume.name}"

    def _containers(self) -> Iterator[_Container]:
        yield from self.spec.init_containers
        yield from self.spec.containers
        yield from self.spec.ephemeral_containers

    def _env(self) -> Iterator[_EnvSource]:
        for container in self._containers():
            for env in container.env:
                if env.value_from:
                    yield env.value_from

    def _env_from(self) -> Iterator[_EnvFrom]:
        for container in self._containers():
            yield from container.env_from

    def _projections(self) -> Iterator[_Projection]:
        for volume in self.spec.volumes:
            if volume.projected:
                yield from volume.projected.sources

"""A container's environment: literals, ConfigMaps, Secrets, fields, Services. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Protocol

import msgspec

from minikube8s.api.views import ConfigMap, Container, Pod, Secret
from minikube8s.api.views.containers import EnvFromSource, EnvVar, EnvVarSource, KeySelector
from mk8s_agent.pods.errors import ConfigError
from mk8s_agent.pods.expansion import expand
from mk8s_agent.pods.fields import Place, field, resource_field


class Sources(Protocol):
    """Where ConfigMaps and Secrets come from; None: there is none of that name."""

    def configmap(self, namespace: str, name: str) -> ConfigMap | None:
        """A ConfigMap."""
        ...

    def secret(self, namespace: str, name: str) -> Secret | None:
        """A Secret."""
        ...


class _Builder(msgspec.Struct, frozen=True):
    pod: Pod
    container: Container
    sources: Sources
    place: Place

    def of_source(self, source: EnvVarSource) -> str | None:
        """The value; None when it is optional and missing."""
        if source.config_map_key_ref is not None:
            return self.configmap_key(source.config_map_key_ref)
        if source.secret_key_ref is not None:
            return self.secret_key(source.secret_key_ref)
        if source.field_ref is not None:
            return field(self.pod, source.field_ref.field_path, self.place)
        if source.resource_field_ref is not None:
            return resource_field(self.pod, self.container, source.resource_field_ref, self.place)
        return ""

    def configmap_key(self, ref: KeySelector) -> str | None:
        namespace = self.pod.metadata.namespace
        found = self.sources.configmap(namespace, ref.name)
        if found is not None and ref.key in found.data:
            return found.data[ref.key]
        if ref.optional:
            return None
        if found is None:
            raise ConfigError(f'configmap "{ref.name}" not found')
        raise ConfigError(f"couldn't find key {ref.key} in ConfigMap {namespace}/{ref.name}")

    def secret_key(self, ref: KeySelector) -> str | None:
        namespace = self.pod.metadata.namespace
        found = self.sources.secret(namespace, ref.name)
        if found is not None and ref.key in found.data:
            return _decoded(found.data[ref.key])
        if ref.optional:
            return None
        if found is None:
            raise ConfigError(f'secret "{ref.name}" not found')
        raise ConfigError(f"couldn't find key {ref.key} in Secret {namespace}/{ref.name}")

    def all_keys(self, source: EnvFromSource) -> dict[str, str]:
        namespace = self.pod.metadata.namespace
        values: Mapping[str, str] | None = None
        if (wanted := source.config_map_ref) is not None:
            kind, configmap = "configmap", self.sources.configmap(namespace, wanted.name)
            values = None if configmap is None else configmap.data
        elif (wanted := source.secret_ref) is not None:
            kind, secret = "secret", self.sources.secret(namespace, wanted.name)
            values = None if secret is None else _all_decoded(secret)
        else:
            return {}
        if values is None and not wanted.optional:
            raise ConfigError(f'{kind} "{wanted.name}" not found')
        return {f"{source.prefix}{key}": value for key, value in (values or {}).items()}


def environment(
    pod: Pod,
    container: Container,
    sources: Sources,
    place: Place,
    services: Mapping[str, str],
) -> dict[str, str]:
    """The variables by name, those of Services where nothing else is said. Raises ConfigError.

    A reference sees what was defined before it, and the Services' variables.
    """
    build = _Builder(pod, container, sources, place)
    values: dict[str, str] = {}
    for source in container.env_from:
        values |= build.all_keys(source)
    for variable in container.env:
        value = _value(build, variable, {**services, **values})
        if value is not None:
            values[variable.name] = value
    return {**services, **values}


def _value(build: _Builder, variable: EnvVar, known: Mapping[str, str]) -> str | None:
    if variable.value_from is not None:
        return build.of_source(variable.value_from)
    return expand(variable.value, known)


def _all_decoded(secret: Secret) -> dict[str, str]:
    return {key: _decoded(value) for key, value in secret.data.items()}


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode("utf-8", errors="replace")

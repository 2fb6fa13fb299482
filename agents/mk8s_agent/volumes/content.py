"""What stands in the files of a configMap, secret, downwardAPI or projected volume. Pure.

The tokens of a projected volume come in by their paths, because somebody has to be asked for them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping

from minikube8s.api.quoting import quote
from minikube8s.api.views import Pod, Volume
from minikube8s.api.views.volumes import (
    DownwardAPIVolumeFile,
    KeyToPath,
    ServiceAccountTokenProjection,
    VolumeProjection,
)
from mk8s_agent.volumes.atomic import File
from mk8s_agent.volumes.errors import VolumeError
from mk8s_agent.volumes.sources import Sources

_TOKEN_MODE = 0o600
"""A token's bits where a group or a user is named that may read it."""


def has_files(volume: Volume) -> bool:
    """Whether a volume is one of files that the agent writes."""
    return bool(volume.config_map or volume.secret or volume.downward_api or volume.projected)


def names(volume: Volume, resource: str, name: str) -> bool:
    """Whether a volume shows a ConfigMap or Secret, given by plural and name."""
    configmaps = {volume.config_map.name} if volume.config_map else set()
    secrets = {volume.secret.secret_name} if volume.secret else set()
    for source in volume.projected.sources if volume.projected else ():
        configmaps |= {source.config_map.name} if source.config_map else set()
        secrets |= {source.secret.name} if source.secret else set()
    return name in (configmaps if resource == "configmaps" else secrets)


def differ(before: Pod, after: Pod) -> bool:
    """Whether volumes show something of the pod itself that has changed."""
    old, new = before.metadata, after.metadata
    if (old.labels, old.annotations) == (new.labels, new.annotations):
        return False
    return any(map(_tells_of_pod, after.spec.volumes))


def _tells_of_pod(volume: Volume) -> bool:
    """Whether a volume shows labels or annotations: all else of a pod stays as it is."""
    items = list(volume.downward_api.items) if volume.downward_api else []
    for source in volume.projected.sources if volume.projected else ():
        items += source.downward_api.items if source.downward_api else ()
    paths = [one.field_ref.field_path for one in items if one.field_ref]
    return any(path.startswith(("metadata.labels", "metadata.annotations")) for path in paths)


def tokens_of(volume: Volume) -> tuple[ServiceAccountTokenProjection, ...]:
    """The tokens that a volume shows."""
    sources = volume.projected.sources if volume.projected else ()
    return tuple(one.service_account_token for one in sources if one.service_account_token)


def files(pod: Pod, volume: Volume, sources: Sources, tokens: Mapping[str, str]) -> dict[str, File]:
    """The files by their paths below the volume. Raises VolumeError."""
    namespace = pod.metadata.namespace
    if configmap := volume.config_map:
        optional, mode = configmap.optional, configmap.default_mode
        data = _configmap(sources, namespace, configmap.name, optional=optional)
        return _selected("configmap", data, configmap.items, mode, optional=optional)
    if secret := volume.secret:
        optional, mode = secret.optional, secret.default_mode
        data = _secret(sources, namespace, secret.secret_name, optional=optional)
        return _selected("secret", data, secret.items, mode, optional=optional)
    if downward := volume.downward_api:
        return _downward(pod, downward.items, downward.default_mode, sources)
    if projected := volume.projected:
        return _projected(pod, projected.sources, projected.default_mode, sources, tokens)
    return {}


def common_user(pod: Pod) -> int | None:
    """The user of all containers of the pod; None where they differ or one does not say."""
    shared = pod.spec.security_context.run_as_user
    users = {
        shared if one.security_context.run_as_user is None else one.security_context.run_as_user
        for one in (*pod.spec.init_containers, *pod.spec.containers)
    }
    return users.pop() if len(users) == 1 else None


def _projected(
    pod: Pod,
    projections: Iterable[VolumeProjection],
    mode: int,
    sources: Sources,
    tokens: Mapping[str, str],
) -> dict[str, File]:
    """The files of all sources, a later one's over an earlier one's; all that is wrong at once."""
    found: dict[str, File] = {}
    wrong: list[str] = []
    for one in projections:
        try:
            found |= _projection(pod, one, mode, sources, tokens)
        except VolumeError as error:
            wrong.append(str(error))
    if wrong:
        raise VolumeError(wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]")
    return found


def _projection(
    pod: Pod, one: VolumeProjection, mode: int, sources: Sources, tokens: Mapping[str, str]
) -> dict[str, File]:
    namespace = pod.metadata.namespace
    if source := one.config_map:
        data = _configmap(sources, namespace, source.name, optional=source.optional)
        return _selected("configmap", data, source.items, mode, optional=source.optional)
    if source := one.secret:
        data = _secret(sources, namespace, source.name, optional=source.optional)
        return _selected("secret", data, source.items, mode, optional=source.optional)
    if downward := one.downward_api:
        return _downward(pod, downward.items, mode, sources)
    if wanted := one.service_account_token:
        user = common_user(pod)
        narrow = user is not None or pod.spec.security_context.fs_group is not None
        token = tokens[wanted.path].encode()
        return {wanted.path: File(token, _TOKEN_MODE if narrow else mode, user)}
    return {}


def _configmap(sources: Sources, namespace: str, name: str, *, optional: bool) -> dict[str, bytes]:
    found = sources.configmap(namespace, name)
    if found is None:
        if optional:
            return {}
        raise VolumeError(f'configmap "{name}" not found')
    texts = {key: text.encode() for key, text in found.data.items()}
    return texts | {key: base64.b64decode(text) for key, text in found.binary_data.items()}


def _secret(sources: Sources, namespace: str, name: str, *, optional: bool) -> dict[str, bytes]:
    found = sources.secret(namespace, name)
    if found is None:
        if optional:
            return {}
        raise VolumeError(f'secret "{name}" not found')
    return {key: base64.b64decode(text) for key, text in found.data.items()}


def _selected(
    kind: str,
    data: Mapping[str, bytes],
    items: Iterable[KeyToPath],
    mode: int,
    *,
    optional: bool,
) -> dict[str, File]:
    """All keys under their own names, or the chosen ones at their paths."""
    chosen = tuple(items)
    if not chosen:
        return {key: File(content, mode) for key, content in data.items()}
    found: dict[str, File] = {}
    for item in chosen:
        if item.key in data:
            found[item.path] = File(data[item.key], mode if item.mode is None else item.mode)
        elif not optional:
            raise VolumeError(
                f"configmap references non-existent config key: {item.key}"
                if kind == "configmap"
                else f"references non-existent secret key: {item.key}"
            )
    return found


def _downward(
    pod: Pod, items: Iterable[DownwardAPIVolumeFile], mode: int, sources: Sources
) -> dict[str, File]:
    found: dict[str, File] = {}
    for item in items:
        text = ""
        if item.field_ref is not None:
            text = _field(pod, item.field_ref.field_path, sources)
        elif item.resource_field_ref is not None:
            text = sources.resource(pod, item.resource_field_ref)
        found[item.path] = File(text.encode(), mode if item.mode is None else item.mode)
    return found


def _field(pod: Pod, path: str, sources: Sources) -> str:
    whole = {
        "metadata.labels": pod.metadata.labels,
        "metadata.annotations": pod.metadata.annotations,
    }
    if path in whole:
        return "\n".join(f"{key}={quote(text)}" for key, text in sorted(whole[path].items()))
    return sources.field(pod, path)

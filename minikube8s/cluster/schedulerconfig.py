"""Owns reading the user's KubeSchedulerConfiguration: which profiles the scheduler has.

Of a profile its name and its filters and scores count, with their weights; any other field is
refused by its name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from minikube8s.cluster.errors import ClusterError

_KIND = "KubeSchedulerConfiguration"
DEFAULT = "default-scheduler"


class _Plugin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    weight: Annotated[int, msgspec.Meta(ge=0)] = 0


class _Plugins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    enabled: tuple[_Plugin, ...] = ()
    disabled: tuple[_Plugin, ...] = ()


class _Points(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"multi_point": "multiPoint"}
):
    filter: _Plugins = _Plugins()
    score: _Plugins = _Plugins()
    multi_point: _Plugins = _Plugins()


class _Profile(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"scheduler_name": "schedulerName"},
):
    scheduler_name: str = DEFAULT
    plugins: _Points = _Points()


class _Configuration(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"api_version": "apiVersion"}
):
    kind: str
    api_version: str = ""
    profiles: tuple[_Profile, ...] = ()


class ProfileConfig(msgspec.Struct, frozen=True):
    """One profile, as the master is told it; "*" means all plugins."""

    name: str = DEFAULT
    disabled_filters: tuple[str, ...] = ()
    enabled_filters: tuple[str, ...] = ()
    disabled_scores: tuple[str, ...] = ()
    enabled_scores: tuple[str, ...] = ()
    weights: dict[str, int] = {}


def read(file: str) -> tuple[ProfileConfig, ...]:
    """Return the profiles of a file, YAML or JSON; the default one when no file is named.

    Raises ClusterError.
    """
    if not file:
        return (ProfileConfig(),)
    import yaml  # noqa: PLC0415 - slow, and most clusters have no such file

    what = f"The scheduler's configuration {file}"
    try:
        content: Any = yaml.safe_load(Path(file).read_text())
        found = msgspec.convert(content, _Configuration)
    except yaml.YAMLError as error:
        raise ClusterError(f"{what} is not YAML: {error}") from None
    except msgspec.ValidationError as error:
        raise ClusterError(f"{what} cannot be used: {error}.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ClusterError(f"{what} cannot be read: {why}.") from None
    if found.kind != _KIND:
        raise ClusterError(f"{file} is no {_KIND}: give it `kind: {_KIND}` and that kind's fields.")
    names = [one.scheduler_name for one in found.profiles]
    if len(set(names)) < len(names):
        raise ClusterError(f"{what} has two profiles of one schedulerName: give each its own.")
    return tuple(map(_profile, found.profiles)) or (ProfileConfig(),)


def _profile(one: _Profile) -> ProfileConfig:
    points = one.plugins
    filters, scores = (points.multi_point, points.filter), (points.multi_point, points.score)
    return ProfileConfig(
        one.scheduler_name,
        tuple(plugin.name for point in filters for plugin in point.disabled),
        tuple(plugin.name for point in filters for plugin in point.enabled),
        tuple(plugin.name for point in scores for plugin in point.disabled),
        tuple(plugin.name for point in scores for plugin in point.enabled),
        {
            plugin.name: plugin.weight
            for point in scores
            for plugin in point.enabled
            if plugin.weight
        },
    )

"""Shorthand for writing rows: what nearly all of them have in common."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.api.resources.model import ALL_VERBS, Resource, Subresource

SCALE = Subresource("scale", "Scale", group="autoscaling", version="v1")


def row(
    group: str,
    version: str,
    kind: str,
    plural: str,
    *,
    namespaced: bool = True,
    short: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    status: bool = False,
    subresources: Iterable[Subresource] = (),
    verbs: tuple[str, ...] = ALL_VERBS,
    storage: Resource | None = None,
    schema: str = "",
    returns_deleted: bool = False,
    deprecated: str = "",
) -> Resource:
    """Return a row; `status` tells whether the kind has that subresource.

    `schema` is needed only where the definition's name does not follow from the group's.
    """
    parts = [*subresources, *([Subresource("status", kind)] if status else ())]
    return Resource(
        group=group,
        version=version,
        kind=kind,
        plural=plural,
        singular=kind.lower(),
        namespaced=namespaced,
        short_names=short,
        categories=categories,
        subresources={part.name: part for part in parts},
        verbs=verbs,
        schema=schema or f"io.k8s.api.{group.partition('.')[0] or 'core'}.{version}.{kind}",
        storage=storage,
        returns_deleted=returns_deleted,
        deprecated=deprecated,
    )

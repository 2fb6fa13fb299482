"""Which patch leads from a live object to the wanted one, and in which form. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from minikube8s.api.resources import RESOURCES, Resource

STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
CONFLICTS = 5
"""How often a write is made anew because somebody else changed the object in between."""


class Patch(NamedTuple):
    """A patch's body and its media type."""

    body: dict[str, Any]
    content_type: str


def between(
    resource: Resource, before: dict[str, Any], wanted: dict[str, Any], live: dict[str, Any]
) -> Patch:
    """The patch from ``live`` to ``wanted``; ``before`` is what was applied last, or empty.

    Kinds of our table have a definition that says how lists merge. Of others, such as custom
    resources, nothing of that kind holds: servers take only JSON merge patches for them.
    """
    from minikube8s.api.patch import three_way as compare

    if typed(resource):
        return Patch(compare.three_way(resource.schema, before, wanted, live), STRATEGIC)
    return Patch(compare.three_way_merge(before, wanted, live), MERGE)


def typed(resource: Resource) -> bool:
    """Whether strategic merge patches are possible, as of every kind that is built in."""
    return RESOURCES.lookup(resource.group, resource.version, resource.plural) is resource

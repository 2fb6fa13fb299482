"""What a URL path means: group, version, namespace, resource, name, subresource. Pure.

Owns the grammar of /api and /apis. Whether the resource exists is the resource table's answer.
"""

from __future__ import annotations

from typing import NamedTuple

_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})


class ApiPath(NamedTuple):
    """A path below /api/VERSION or /apis/GROUP/VERSION that names a resource.

    `namespace` is None where the path names none: a cluster-scoped resource or all namespaces.
    `name` and `subresource` are empty where absent. What stands behind the subresource `proxy` is
    the other side's business.
    """

    group: str
    version: str
    namespace: str | None
    plural: str
    name: str
    subresource: str


def parse(path: str) -> ApiPath | None:
    """Return the resource that a decoded path names, None when it names something else."""
    parts = path.strip("/").split("/")
    match parts:
        case ["api", version, *rest] if rest:
            group = ""
        case ["apis", group, version, *rest] if rest:
            pass
        case _:
            return None
    namespace: str | None = None
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3:
        if rest[2] != "proxy":
            return None
        rest = rest[:3]
    if not all(rest) or namespace == "":
        return None
    plural, name, subresource = (*rest, "", "")[:3]
    return ApiPath(group, version, namespace, plural, name, subresource)

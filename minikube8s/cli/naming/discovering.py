"""Every kind that a server has, in the order in which it tells them; also of old servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikube8s.cli.naming.kinds import AGGREGATED, rows_of

if TYPE_CHECKING:
    from minikube8s.api.resources import Resource
    from minikube8s.cli.connection.client import Client


def rows(client: Client) -> list[Resource]:
    """All kinds in all versions, a group's preferred version first. Raises CommandError."""
    found: list[Resource] = []
    for path in ("/api", "/apis"):
        listed = client.json("GET", path, accept=AGGREGATED)
        found += rows_of(listed if "items" in listed else _gathered(client, path, listed))
    return found


def group_versions(client: Client) -> list[str]:
    """Every `group/version` of the server, sorted. Raises CommandError."""
    core = client.json("GET", "/api").get("versions") or []
    groups = client.json("GET", "/apis").get("groups") or []
    named = [one["groupVersion"] for group in groups for one in group.get("versions") or ()]
    return sorted({*core, *named})


def _gathered(client: Client, path: str, listed: dict[str, Any]) -> dict[str, Any]:
    """What an older server tells version by version, in the form of a newer one's one answer."""
    groups = [("", [str(version) for version in listed.get("versions") or ()])]
    if path == "/apis":
        groups = [(group["name"], _ordered(group)) for group in listed.get("groups") or ()]
    return {
        "items": [
            {
                "metadata": {"name": name},
                "versions": [
                    {"version": version, "resources": _resources(client, path, name, version)}
                    for version in versions
                ],
            }
            for name, versions in groups
        ]
    }


def _ordered(group: dict[str, Any]) -> list[str]:
    versions = [str(one["version"]) for one in group.get("versions") or ()]
    preferred = (group.get("preferredVersion") or {}).get("version")
    return sorted(versions, key=lambda version: version != preferred)


def _resources(client: Client, path: str, group: str, version: str) -> list[dict[str, Any]]:
    place = "/".join(part for part in (path, group, version) if part)
    listed = client.json("GET", place).get("resources") or []
    whole = [one for one in listed if "/" not in one["name"]]
    return [
        {
            "resource": one["name"],
            "responseKind": {"kind": one["kind"]},
            "scope": "Namespaced" if one.get("namespaced") else "Cluster",
            "singularResource": one.get("singularName"),
            "verbs": one.get("verbs"),
            "shortNames": one.get("shortNames"),
            "categories": one.get("categories"),
            "subresources": [
                {
                    "subresource": part["name"].partition("/")[2],
                    "responseKind": {"kind": part.get("kind")},
                    "verbs": part.get("verbs"),
                }
                for part in listed
                if part["name"].startswith(f"{one['name']}/")
            ],
        }
        for one in whole
    ]

"""Discovery documents: what the server offers, told from the resource table. Pure.

Owns both forms, the legacy one (/api, /apis, one list a group version) and the aggregated one.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, NamedTuple

from minikube8s.api.resources import Resource, ResourceTable, Subresource
from minikube8s.server.documents import Encoding
from minikube8s.server.negotiation import JSON, PROTOBUF, accepted, content_type

_AGGREGATED_ENCODINGS: dict[str, Encoding] = {JSON: "json", "*/*": "json", PROTOBUF: "protobuf"}


class Aggregated(NamedTuple):
    """The aggregated form: of which version, in which encoding."""

    version: str
    encoding: Encoding

    @property
    def content_type(self) -> str:
        """The Content-Type without which clients take the answer for a legacy one."""
        parameters = f"g=apidiscovery.k8s.io;v={self.version};as=APIGroupDiscoveryList"
        return f"{content_type(self.encoding)};{parameters}"


def wants_aggregated(accept: str) -> Aggregated | None:
    """Return the aggregated form that the client asks for, None for the legacy one."""
    for entry in accepted(accept):
        encoding = _AGGREGATED_ENCODINGS.get(entry.name)
        if encoding is None:
            continue
        if "as" not in entry.parameters:
            return None
        wanted = entry.parameters
        if wanted["as"] == "APIGroupDiscoveryList" and wanted.get("g") == "apidiscovery.k8s.io":
            found = Aggregated(wanted.get("v", ""), encoding)
            if found in _AGGREGATED:
                return found
    return None


_AGGREGATED = (
    Aggregated("v2", "json"),
    Aggregated("v2beta1", "json"),
    Aggregated("v2", "protobuf"),
)


def api_versions(address: str) -> dict[str, Any]:
    """Return the legacy answer to /api; `address` is host:port of the server."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def api_group_list(table: ResourceTable) -> dict[str, Any]:
    """Return the legacy answer to /apis."""
    groups = [_api_group(table, group) for group in _groups(table) if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(table: ResourceTable, group: str) -> dict[str, Any] | None:
    """Return the legacy answer to /apis/GROUP, None when there is no such group."""
    if not group or group not in _groups(table):
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_api_group(table, group)}


def api_resource_list(table: ResourceTable, group: str, version: str) -> dict[str, Any] | None:
    """Return the legacy answer to /api/v1 or /apis/GROUP/VERSION, None when there is none."""
    rows = [row for row in table.all() if (row.group, row.version) == (group, version)]
    if not rows:
        return None
    resources: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda row: row.plural):
        resources.append(_legacy_resource(row))
        resources += [
            _legacy_subresource(row, row.subresources[n]) for n in sorted(row.subresources)
        ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": resources,
    }


def aggregated(table: ResourceTable, version: str, *, core: bool) -> dict[str, Any]:
    """Return the aggregated answer to /api (`core`) or to /apis (all other groups)."""
    items = []
    for group in _groups(table):
        if (group == "") != core:
            continue
        versions = [
            {
                "version": name,
                "resources": [
                    _aggregated_resource(row)
                    for row in sorted(table.all(), key=lambda row: row.plural)
                    if (row.group, row.version) == (group, name)
                ],
                "freshness": "Current",
            }
            for name in _versions(table, group)
        ]
        metadata: dict[str, Any] = {"creationTimestamp": None}
        if group:
            metadata["name"] = group
        items.append({"metadata": metadata, "versions": versions})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }


def _groups(table: ResourceTable) -> list[str]:
    return list(dict.fromkeys(group for group, _ in table.group_versions()))


def _versions(table: ResourceTable, group: str) -> list[str]:
    return [version for name, version in table.group_versions() if name == group]


def _api_group(table: ResourceTable, group: str) -> dict[str, Any]:
    versions = [
        {"groupVersion": f"{group}/{version}", "version": version}
        for version in _versions(table, group)
    ]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _legacy_resource(row: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": row.plural,
        "singularName": row.singular,
        "namespaced": row.namespaced,
        "kind": row.kind,
        "verbs": list(row.verbs),
    }
    if row.short_names:
        entry["shortNames"] = list(row.short_names)
    if row.categories:
        entry["categories"] = list(row.categories)
    if "watch" in row.verbs:
        entry["storageVersionHash"] = _storage_hash(row)
    return entry


def _legacy_subresource(row: Resource, sub: Subresource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": f"{row.plural}/{sub.name}",
        "singularName": "",
        "namespaced": row.namespaced,
    }
    if sub.version:
        entry |= {"group": sub.group, "version": sub.version}
    return entry | {"kind": sub.kind, "verbs": list(sub.verbs)}


def _aggregated_resource(row: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": row.plural,
        "responseKind": {"group": row.group, "version": row.version, "kind": row.kind},
        "scope": "Namespaced" if row.namespaced else "Cluster",
        "singularResource": row.singular,
        "verbs": list(row.verbs),
    }
    if row.short_names:
        entry["shortNames"] = list(row.short_names)
    if row.categories:
        entry["categories"] = list(row.categories)
    if row.subresources:
        entry["subresources"] = [
            {
                "subresource": name,
                "responseKind": {
                    "group": sub.group if sub.version else row.group,
                    "version": sub.version or row.version,
                    "kind": sub.kind,
                },
                "verbs": list(sub.verbs),
            }
            for name, sub in sorted(row.subresources.items())
        ]
    return entry


def _storage_hash(row: Resource) -> str:
    """Return what Kubernetes derives from the stored group, version and kind."""
    stored = row.storage or row
    name = f"{stored.group}/{stored.version}/{stored.kind}"
    return base64.b64encode(hashlib.sha256(name.encode()).digest()[:8]).decode()

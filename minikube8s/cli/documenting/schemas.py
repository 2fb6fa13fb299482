"""A cluster's own description of its kinds (OpenAPI v3), and finding a field in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikube8s.cli.errors import CommandError

if TYPE_CHECKING:
    from minikube8s.api.resources import Resource
    from minikube8s.cli.connection.client import Client

Schema = dict[str, Any]
_GVK = "x-kubernetes-group-version-kind"
_PLAIN = ("string", "boolean", "integer", "number")
_DEEPEST = 40


class Schemas:
    """The definitions of one group and version."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._known: dict[str, Schema] = (document.get("components") or {}).get("schemas") or {}

    @staticmethod
    def of(client: Client, resource: Resource) -> Schemas:
        """Those of the kind's version. Raises CommandError where the server has none."""
        place = f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"
        paths = client.json("GET", "/openapi/v3").get("paths") or {}
        if place not in paths:
            raise CommandError(
                f"couldn't find resource for \"{resource.api_version}, "
                f'Resource={resource.plural}": the server does not describe that version'
            )
        path, _, query = paths[place]["serverRelativeURL"].partition("?")
        known = dict(part.split("=", 1) for part in query.split("&") if "=" in part)
        return Schemas(client.json("GET", path, query=known))

    def kind(self, resource: Resource) -> Schema:
        """The definition of a kind. Raises CommandError."""
        wanted = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        for schema in self._known.values():
            if wanted in (schema.get(_GVK) or ()):
                return schema
        raise CommandError(
            f'couldn\'t find resource for "{resource.api_version}, Resource={resource.plural}": '
            "the server does not describe that kind"
        )

    def resolved(self, schema: Schema) -> Schema:
        """What a schema refers to, with all that stands beside the reference."""
        reference = schema.get("$ref")
        if reference:
            return self._known.get(reference.rpartition("/")[2]) or {}
        parts: list[Schema] = schema.get("allOf") or []
        if len(parts) == 1:
            return self.resolved(parts[0])
        return schema

    def inner(self, schema: Schema) -> Schema:
        """The definition below lists and maps: that of what they hold."""
        found = self.resolved(schema)
        for _ in range(_DEEPEST):
            below = found.get("items") or found.get("additionalProperties")
            if not isinstance(below, dict) or found.get("properties"):
                break
            found = self.resolved(below)
        return found

    def fields(self, schema: Schema) -> dict[str, Schema]:
        """The fields that a schema, or what it holds, has."""
        found: dict[str, Schema] = self.inner(schema).get("properties") or {}
        return found

    def find(self, schema: Schema, path: list[str]) -> Schema:
        """The field at a path. Raises CommandError with the nearest name."""
        for name in path:
            known = self.fields(schema)
            if name not in known:
                raise CommandError(f'field "{name}" does not exist{_nearest(name, known)}')
            schema = known[name]
        return schema

    def type_of(self, schema: Schema) -> str:
        """A field's type in kubectl's words: `string`, `[]Container`, `map[string]Quantity`."""
        for part in (schema, *(schema.get("allOf") or ())):
            if reference := part.get("$ref"):
                type_ = self.resolved(part).get("type")
                return type_ if type_ in _PLAIN else str(reference.rpartition(".")[2])
        if schema.get("type") == "array":
            return f"[]{self.type_of(schema.get('items') or {})}"
        below = schema.get("additionalProperties")
        if isinstance(below, dict):
            return f"map[string]{self.type_of(below)}"
        return str(schema.get("type") or "Object")

    def required(self, schema: Schema) -> set[str]:
        """The names of the fields that have to be there."""
        return set(self.inner(schema).get("required") or ())


def _nearest(name: str, known: dict[str, Schema]) -> str:
    import difflib

    near = difflib.get_close_matches(name, list(known), 1)
    return f' (did you mean "{near[0]}"?)' if near else ""

"""The description of a kind or a field as `explain` prints it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikube8s.api.resources import Resource
    from minikube8s.cli.documenting.schemas import Schema, Schemas

_WIDTH = 80
_MOST_OF_ENUM = 4
_DEEPEST = 30


def head(resource: Resource) -> str:
    """Group, kind and version."""
    group = f"GROUP:      {resource.group}\n" if resource.group else ""
    return f"{group}KIND:       {resource.kind}\nVERSION:    {resource.version}\n\n"


def text(schemas: Schemas, schema: Schema, path: list[str], *, recursive: bool) -> str:
    """All below the head: the field, its description and the fields of what it holds."""
    said = ""
    if path:
        said = f"FIELD: {path[-1]} <{schemas.type_of(schema)}>\n"
        said += _values(schemas.resolved(schema)) + "\n\n"
    said += f"DESCRIPTION:\n{_descriptions(schemas, schema)}    \n"
    fields = schemas.fields(schema)
    if fields:
        said += "FIELDS:\n"
        lines = _recursive if recursive else _listed
        said += lines(schemas, schema, 1, ())
    return said + "\n"


def wrapped(words: str, indent: int) -> str:
    """A description with lines of 80 columns at most, where its words allow that."""
    lead, lines = " " * indent, []
    for paragraph in words.split("\n"):
        line = paragraph[: len(paragraph) - len(paragraph.lstrip())]
        for word in paragraph.lstrip().split(" "):
            if line.strip() and len(line) + 1 + len(word) > _WIDTH - indent:
                lines.append(line.rstrip(" "))
                line = word
            else:
                line = f"{line} {word}" if line.strip() else line + word
        lines.append(line)
    return "".join(f"{lead}{line}\n" for line in lines)


def _descriptions(schemas: Schemas, schema: Schema) -> str:
    """What is said of a field, then of what it is, then of what it holds."""
    said: list[str] = []
    at: Any = schema
    for _ in range(_DEEPEST):
        if at.get("description"):
            said.append(at["description"])
        below = schemas.resolved(at)
        if below is not at:
            at = below
            continue
        inner = at.get("items") or at.get("additionalProperties")
        if not isinstance(inner, dict) or at.get("properties"):
            break
        at = inner
    return "".join(wrapped(one, 4) for one in said or ["<empty>"])


def _values(schema: Schema) -> str:
    values = schema.get("enum") or ()
    if not values:
        return ""
    return "ENUM:\n" + "".join(f"    {value}\n" for value in values).rstrip("\n")


def _listed(schemas: Schemas, schema: Schema, depth: int, _: tuple[int, ...]) -> str:
    required = schemas.required(schema)
    said = ""
    for name, field in sorted(schemas.fields(schema).items()):
        said += _line(schemas, name, field, depth, name in required)
        values = schemas.resolved(field).get("enum") or ()
        if values:
            shown = [str(value) for value in values[:_MOST_OF_ENUM]]
            shown += ["...."] if len(values) > _MOST_OF_ENUM else []
            said += f"  enum: {', '.join(shown)}\n"
        said += wrapped(field.get("description") or "<no description>", 4) + "\n"
    return said


def _recursive(schemas: Schemas, schema: Schema, depth: int, above: tuple[int, ...]) -> str:
    required = schemas.required(schema)
    said = ""
    for name, field in sorted(schemas.fields(schema).items()):
        said += _line(schemas, name, field, depth, name in required)
        inner = schemas.inner(field)
        # a definition within itself, such as a JSON schema's, would have no end
        if id(inner) not in above and depth < _DEEPEST:
            said += _recursive(schemas, field, depth + 1, (*above, id(inner)))
    return said


def _line(schemas: Schemas, name: str, field: Schema, depth: int, required: bool) -> str:
    mark = " -required-" if required else ""
    return f"{'  ' * depth}{name}\t<{schemas.type_of(field)}>{mark}\n"

"""``--sort-by``: objects in the order of what a JSONPath finds in them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.jsonpath import JsonPathError, relaxed

Item = TypeVar("Item")


def order(path: str, objects: Sequence[dict[str, Any]], items: Sequence[Item]) -> list[Item]:
    """``items`` in the order of what ``path`` finds in their ``objects``; those without first.

    Texts that are quantities (`100m`, `2Gi`) are ordered by their amount. Raises CommandError.
    """
    try:
        template = relaxed(path)
        found = [template.find(obj) for obj in objects]
    except JsonPathError as error:
        raise CommandError(str(error)) from None
    if objects and not any(found):
        shown = path.removeprefix("{").removesuffix("}").removeprefix(".")
        raise CommandError(
            f'couldn\'t find any field with path "{{.{shown}}}" in the list of objects'
        )
    keys = [_key(path, values[0] if values else None) for values in found]
    pairs = sorted(zip(keys, items, strict=True), key=lambda pair: pair[0])
    return [item for _, item in pairs]


def _key(path: str, value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, int | float):
        return (1, value)
    if isinstance(value, str):
        from minikube8s.api import quantity

        try:
            return (1, quantity.parse(value).nano / 1e9)
        except ValueError:
            return (2, value)
    raise CommandError(f"{path} leads to a map or a list, which has no order: name a field in it.")

"""kubectl's JSONPath: templates with ``{…}`` actions over what JSON can say. Pure.

https://kubernetes.io/docs/reference/kubectl/jsonpath/ describes the dialect: filters compare one
thing with one other, keys in brackets have single quotes, and there are no expressions.
"""

from __future__ import annotations

from typing import Any

from minikube8s.cli.output.jsonpath import parsing
from minikube8s.cli.output.jsonpath.errors import JsonPathError
from minikube8s.cli.output.jsonpath.evaluating import render, values_of

__all__ = ["JsonPathError", "Template", "relaxed"]


class Template:
    """A parsed template. Raises JsonPathError when ``text`` is none."""

    def __init__(self, text: str) -> None:
        self._blocks = parsing.parse(text)

    def text(self, value: Any) -> str:
        """The template with its actions replaced by what they find. Raises JsonPathError."""
        return render(self._blocks, value, as_json=False)

    def json(self, value: Any) -> str:
        """What each action finds, as a JSON list each. Raises JsonPathError."""
        return render(self._blocks, value, as_json=True)

    def find(self, value: Any, *, missing: bool = True) -> list[Any]:
        """What the first action finds. Raises JsonPathError; also for a field that nothing has,
        unless they may be ``missing``.
        """
        return values_of(self._blocks, value, missing=missing)


def relaxed(text: str) -> Template:
    """The template of ``x.y``, ``.x.y`` or ``{.x.y}``. Raises JsonPathError."""
    inner = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    inner = inner.removeprefix(".")
    if not inner or "{" in inner or "}" in inner:
        raise JsonPathError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or "
            "'{name1.name2}' or '{.name1.name2}'"
        )
    return Template("{." + inner + "}")

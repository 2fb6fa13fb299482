"""Go's templates, as ``-o go-template`` takes them, over what JSON can say. Pure.

https://pkg.go.dev/text/template, with the functions that kubectl adds: exists and base64decode.
"""

from __future__ import annotations

from typing import Any

from minikube8s.cli.output.gotemplate.errors import TemplateError
from minikube8s.cli.output.gotemplate.parsing import parse
from minikube8s.cli.output.gotemplate.running import render

__all__ = ["GoTemplate", "TemplateError"]


class GoTemplate:
    """A parsed template. Raises TemplateError when ``text`` is none."""

    def __init__(self, text: str) -> None:
        self._nodes, self._named = parse(text)

    def text(self, value: Any) -> str:
        """The template with its actions replaced by what they come to. Raises TemplateError."""
        try:
            return render(self._nodes, self._named, value)
        except RecursionError:
            raise TemplateError("it calls itself without an end") from None

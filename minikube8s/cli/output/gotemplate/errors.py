"""The one error of templates."""

from __future__ import annotations


class TemplateError(Exception):
    """A template that is none, or that does not fit what it is used on; in Go's words."""

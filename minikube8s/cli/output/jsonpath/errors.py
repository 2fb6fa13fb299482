"""The one error of JSONPath."""

from __future__ import annotations


class JsonPathError(Exception):
    """A template that is none, or that does not fit what it is used on; in kubectl's words."""

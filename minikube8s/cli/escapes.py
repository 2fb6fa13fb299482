"""Owns what a terminal may be shown of words that somebody else wrote."""

from __future__ import annotations

_HARMLESS = {ord("\x1b"): "^[", ord("\r"): "\\r"}


def harmless(text: str) -> str:
    """Return ``text`` with what moves the cursor or colours the terminal made visible."""
    return text.translate(_HARMLESS)

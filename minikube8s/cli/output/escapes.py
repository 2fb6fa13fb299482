"""Owns what a terminal may be shown of words that somebody else wrote."""

from __future__ import annotations

_CONTROLS = (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0))
_HARMLESS = {code: f"\\x{code:02x}" for code in _CONTROLS} | {ord("\x1b"): "^[", ord("\r"): "\\r"}


def harmless(text: str) -> str:
    """Return ``text`` with what moves the cursor or colours the terminal made visible."""
    return text.translate(_HARMLESS)

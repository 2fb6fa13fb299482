"""Owns the types of copied values: text put where a number stood becomes a number. Pure."""

from __future__ import annotations

from typing import Any

from minikube8s.api.patch.values import copied
from minikube8s.cli.errors import CommandError
from minikube8s.cli.manifests.numbers import number

_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}


def fitting(known: Any, value: Any, where: str) -> Any:
    """`value` as it goes to the place of `known`: of its type, where that is no list or mapping.

    Where nothing stood it is what YAML makes of its text. Raises CommandError.
    """
    if isinstance(known, dict | list):
        return copied(value)
    if isinstance(value, dict | list):
        if known is None:
            return copied(value)
        raise CommandError(f"{where} is a single value, and a list or mapping cannot replace it")
    text = text_of(value)
    if isinstance(known, str):
        return text
    meant = plain(text)
    if known is None or type(meant) is type(known) or (type(known), type(meant)) == (float, int):
        return meant
    raise CommandError(f"{where} is {_KINDS[type(known)]}, and {text!r} is not")


def text_of(value: Any) -> str:
    """A single value as YAML writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def plain(text: str) -> Any:
    """What YAML 1.2 makes of a text without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    found = number(text)
    return text if found is None else found

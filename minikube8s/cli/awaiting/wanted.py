"""What `--for` means, and whether an object has it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from minikube8s.cli.errors import CommandError

Object = dict[str, Any]


class Wanted(NamedTuple):
    """What is waited for: ``create``, ``delete``, or ``state``, which ``met`` recognises."""

    sort: str
    met: Callable[[Object], bool]


def wanted(text: str) -> Wanted:
    """What `--for=text` means. Raises CommandError for what it does not know."""
    if text.lower() in {"create", "delete"}:
        return Wanted(text.lower(), lambda _: True)
    if text.startswith("condition="):
        name, equals, value = text.removeprefix("condition=").partition("=")
        return Wanted("state", _condition(name, value if equals else "true"))
    if text.startswith("jsonpath="):
        return Wanted("state", _jsonpath(text.removeprefix("jsonpath=")))
    raise CommandError(
        f'unrecognized condition: "{text}"; --for is create, delete, condition=NAME[=VALUE] or '
        "jsonpath='{PATH}'[=VALUE]"
    )


def _condition(name: str, value: str) -> Callable[[Object], bool]:
    def met(obj: Object) -> bool:
        status, generation = obj.get("status") or {}, obj["metadata"].get("generation")
        for condition in status.get("conditions") or ():
            if str(condition.get("type")).casefold() != name.casefold():
                continue
            # a condition of an older version of the object says nothing of this one
            seen = condition.get("observedGeneration", status.get("observedGeneration"))
            if seen is not None and generation is not None and seen < generation:
                return False
            return str(condition.get("status")).casefold() == value.casefold()
        return False

    return met


def _jsonpath(text: str) -> Callable[[Object], bool]:
    from minikube8s.cli.output.jsonpath import JsonPathError, relaxed, wording

    path, value = _parted(text)
    try:
        template = relaxed(path)
    except JsonPathError as error:
        raise CommandError(str(error)) from None

    def met(obj: Object) -> bool:
        try:
            found = template.find(obj)
        except JsonPathError:
            return False
        if not found:
            return False
        if value is None:
            return True
        if isinstance(found[0], dict | list):
            raise CommandError("jsonpath leads to a nested object or list which is not supported")
        return wording.text(found[0]) == value

    return met


def _parted(text: str) -> tuple[str, str | None]:
    """The path and the value after its `=`; those of filters (`==`) part nothing."""
    parts, at = [""], 0
    while at < len(text):
        if text.startswith("==", at):
            parts[-1] += "=="
            at += 2
        elif text[at] == "=" and parts[-1].count("[") == parts[-1].count("]"):
            parts.append("")
            at += 1
        else:
            parts[-1] += text[at]
            at += 1
    if len(parts) > 2:
        raise CommandError(
            "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or "
            "--for=jsonpath='{.status.readyReplicas}'"
        )
    if len(parts) == 1:
        return parts[0], None
    value = parts[1].strip().strip("'\"")
    if not value:
        raise CommandError(
            "jsonpath wait has to have a value after equal sign, like "
            "--for=jsonpath='{.status.readyReplicas}'=3"
        )
    return parts[0], value

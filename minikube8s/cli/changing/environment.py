"""`set env`: containers' environment variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minikube8s.api import quantity
from minikube8s.cli.changing import pairs, templates
from minikube8s.cli.errors import CommandError

Variable = dict[str, Any]
_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_KEYED = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
_REFERENCES = {"configMapKeyRef": "configmap", "secretKeyRef": "secret"}


def parse(words: Iterable[str]) -> tuple[list[Variable], list[str]]:
    """The variables to set, and the names of those to take away. Raises CommandError."""
    new, gone = pairs.parse(words, "environment variable")
    for name in new:
        check_name(name)
    if any(name in new for name in gone):
        raise CommandError(
            "can not both modify and remove the same environment variable in the same command"
        )
    return [{"name": name, "value": value} for name, value in new.items()], gone


def check_name(name: str, where: str = "") -> None:
    """Raise CommandError for what kubectl takes for no variable's name."""
    if not _NAME.fullmatch(name):
        raise CommandError(
            f'"{name}" is not a valid key name: a valid environment variable name must consist of '
            "alphabetic characters, digits, '_', '-', or '.', and must not start with a digit"
            + where
        )


def of_lines(text: str) -> list[str]:
    """The words of lines such as `env` prints; comments and empty lines are left out."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def of_source(
    source: Mapping[str, Any], keys: Sequence[str], prefix: str
) -> tuple[list[Variable], list[str]]:
    """Variables for the keys of a ConfigMap or Secret, and the keys whose names had to change."""
    field = "secretKeyRef" if source["kind"] == "Secret" else "configMapKeyRef"
    found, renamed = [], []
    for key in sorted(source.get("data") or {}):
        if keys and key not in keys:
            continue
        name = re.sub(r"[^a-zA-Z0-9_]", "_", key).upper()
        if name != key:
            renamed.append(f"key {key} transferred to {name}")
        reference = {"key": key, "name": source["metadata"]["name"]}
        found.append({"name": prefix + name, "valueFrom": {field: reference}})
    return found, renamed


def changed(
    present: Sequence[Variable], new: Sequence[Variable], gone: Iterable[str]
) -> list[Variable]:
    """The variables as wanted: those that are there keep their places, new ones follow."""
    wanted = {variable["name"]: variable for variable in new}
    gone = set(gone)
    kept = [
        wanted.pop(variable["name"], variable)
        for variable in present
        if variable["name"] not in gone
    ]
    return kept + list(wanted.values())


def taken(present: Iterable[Variable], new: Iterable[Variable]) -> list[str]:
    """What keeps ``new`` from being set with --overwrite=false."""
    values = {variable["name"]: variable.get("value", "") for variable in present}
    return [
        f"'{one['name']}' already has a value ({values[one['name']]}), and --overwrite is false"
        for one in new
        if one["name"] in values and values[one["name"]] != one.get("value")
    ]


def reference(variable: Variable) -> tuple[str, str, str] | None:
    """Kind, name and key of the ConfigMap or Secret that a variable is read from."""
    for field, kind in _REFERENCES.items():
        found = (variable.get("valueFrom") or {}).get(field)
        if found:
            return kind, found.get("name", ""), found.get("key", "")
    return None


def field_value(obj: Mapping[str, Any], path: str) -> str | None:
    """What a fieldRef of ``obj`` stands for; None where that is known of running pods alone."""
    keyed = _KEYED.fullmatch(path)
    if keyed:
        return str((obj["metadata"].get(keyed[1]) or {}).get(keyed[2], ""))
    at: Any = obj
    for part in path.split("."):
        at = at.get(part) if isinstance(at, Mapping) else None
    return at if isinstance(at, str) else None


def resource_value(obj: dict[str, Any], container: Mapping[str, Any], field: Variable) -> str:
    """What a resourceFieldRef stands for, in whole units of its divisor; 0 for no limit."""
    wanted = field.get("containerName") or container["name"]
    owner: Mapping[str, Any] = next(iter(templates.containers(obj, wanted)), {})
    part, _, name = field["resource"].partition(".")
    amount = quantity.parse(((owner.get("resources") or {}).get(part) or {}).get(name, 0))
    divisor = quantity.parse(field.get("divisor") or 1)
    return str(-(-amount.nano // (divisor.nano or quantity.parse(1).nano)))


def line(variable: Variable) -> str:
    """A variable as `--list` tells it."""
    name, source = variable["name"], variable.get("valueFrom")
    if not source:
        return f"{name}={variable.get('value', '')}"
    found = reference(variable)
    if found:
        return f"# {name} from {found[0]} {found[1]}, key {found[2]}"
    if "fieldRef" in source:
        return f"# {name} from field path {source['fieldRef']['fieldPath']}"
    if "resourceFieldRef" in source:
        field = source["resourceFieldRef"]
        owner = f"{field['containerName']}/" if field.get("containerName") else ""
        return f"# {name} from resource field {owner}{field['resource']}"
    return f"# {name} from unknown source"

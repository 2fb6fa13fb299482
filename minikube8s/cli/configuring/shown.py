"""A merged kubeconfig as one document: reduced, made whole, its secrets hidden."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig import fields
from minikube8s.cli.kubeconfig.loading import Entry, Kubeconfig

_REDACTED = {"token": "REDACTED", "password": "REDACTED"}
_OMITTED = "DATA+OMITTED"
_EXEC = (
    "command",
    "args",
    "env",
    "apiVersion",
    "installHint",
    "provideClusterInfo",
    "interactiveMode",
)
_FILES = {
    "certificate-authority": "certificate-authority-data",
    "client-certificate": "client-certificate-data",
    "client-key": "client-key-data",
}


def minify(config: Kubeconfig, context: str) -> None:
    """Leave what `context` uses, and make it current. Raises CommandError."""
    if not context:
        raise CommandError("current-context must exist in order to minify")
    found = config.find("contexts", context)
    if found is None:
        raise CommandError(f"cannot locate context {context}")
    config.current = context
    used = {"contexts": context, "clusters": found.text("cluster"), "users": found.text("user")}
    for section, name in used.items():
        kept = config.find(section, name) if name else None
        if kept is None and name:
            raise CommandError(f"cannot locate {section[:-1]} {name}")
        config.entries[section] = {name: kept} if kept else {}


def document(config: Kubeconfig, *, raw: bool, flat: bool) -> dict[str, Any]:
    """The whole as one kubeconfig; without `raw` secrets are hidden, `flat` takes files into it."""
    sections = {}
    for section in ("clusters", "users", "contexts"):
        sections[section] = [
            {"name": name, section[:-1]: _entry(section, entry, raw=raw, flat=flat)}
            for name, entry in sorted(config.entries[section].items())
        ]
    return {
        "kind": "Config",
        "apiVersion": "v1",
        "preferences": {
            k: config.preferences[k] for k in fields.PREFERENCES if k in config.preferences
        },
        **{name: items or None for name, items in sections.items()},
        "current-context": config.current,
    }


def _entry(section: str, entry: Entry, *, raw: bool, flat: bool) -> dict[str, Any]:
    shown: dict[str, Any] = dict.fromkeys(fields.ALWAYS[section], "")
    known = fields.SECTIONS[section]
    shown = {name: shown.get(name) for name in known if name in shown or entry.fields.get(name)}
    shown |= {name: entry.fields[name] for name in known if entry.fields.get(name)}
    if "exec" in shown:
        shown["exec"] = _plugin(shown["exec"])
    if flat:
        _take_files(shown, entry)
    if raw:
        return shown
    return {name: _hidden(name, value) for name, value in shown.items()}


def _hidden(name: str, value: Any) -> Any:
    return _OMITTED if name.endswith("-data") else _REDACTED.get(name, value)


def _plugin(described: dict[str, Any]) -> dict[str, Any]:
    blank: dict[str, Any] = {"args": None, "env": None, "provideClusterInfo": False}
    if described.get("apiVersion") == fields.MODE_IS_IMPLIED:
        blank["interactiveMode"] = "IfAvailable"
    whole = {**blank, **described}
    return {name: whole[name] for name in _EXEC if name in whole}


def _take_files(shown: dict[str, Any], entry: Entry) -> None:
    for field, data in _FILES.items():
        if shown.get(field):
            path = entry.path(field)
            try:
                content = Path(path).read_bytes()
            except OSError as error:
                raise CommandError(f"open {path}: {error.strerror}. `{field}` names it.") from None
            del shown[field]
            shown[data] = base64.b64encode(content).decode()

"""What `config set-cluster` and `set-credentials` make of an entry. Pure but for embedded files."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig import fields

Entry = dict[str, Any]
Relative = Callable[[str], str]


def cluster(entry: Mapping[str, Any], given: Mapping[str, Any], relative: Relative) -> Entry:
    """A cluster with the flags that are `given` (None: not). Raises CommandError."""
    authority, insecure = given["certificate_authority"], given["insecure_skip_tls_verify"]
    if authority and insecure:
        raise CommandError(
            "you cannot specify a certificate authority and insecure mode at the same time"
        )
    if given["embed_certs"] and not authority:
        raise CommandError("you must specify a --certificate-authority to embed")
    made = dict(entry)
    for field in ("server", "tls_server_name", "proxy_url"):
        _put(made, field.replace("_", "-"), given[field])
    if given["tls_server_name"]:
        made.pop("insecure-skip-tls-verify", None)
    if insecure is not None:
        _put(made, "insecure-skip-tls-verify", insecure)
        if insecure:
            made.pop("certificate-authority", None)
            made.pop("certificate-authority-data", None)
    if authority is not None:
        _put_file(made, "certificate-authority", authority, given["embed_certs"], relative)
        if authority:
            made.pop("insecure-skip-tls-verify", None)
    return made


def user(entry: Mapping[str, Any], given: Mapping[str, Any], relative: Relative) -> Entry:
    """A user with the flags that are `given` (None: not). Raises CommandError."""
    _check(given)
    made = dict(entry)
    for field in ("client_certificate", "client_key"):
        if given[field] is not None:
            name = field.replace("_", "-")
            _put_file(made, name, given[field], given["embed_certs"], relative)
    basic = given["username"] or given["password"]
    if given["token"] or basic:
        for field in ("token", "tokenFile", "username", "password"):
            kept = field in {"username", "password"} and basic and given[field] is None
            if not kept:
                made.pop(field, None)
    for field in ("token", "username", "password"):
        _put(made, field, given[field])
    if given["auth_provider"] is not None or given["auth_provider_arg"]:
        _put_provider(made, given["auth_provider"], given["auth_provider_arg"])
    if any(given[name] not in {None, ()} for name in given if name.startswith("exec_")):
        _put_plugin(made, given)
    return made


def pairs(words: Sequence[str], flag: str) -> tuple[dict[str, str], list[str]]:
    """What `K=V` sets and `K-` takes away. Raises CommandError."""
    added: dict[str, str] = {}
    removed: list[str] = []
    for word in (part for whole in words for part in whole.split(",")):
        name, equals, value = word.partition("=")
        if equals and name:
            added[name] = value
        elif word.endswith("-") and len(word) > 1:
            removed.append(word[:-1])
        else:
            raise CommandError(
                f'invalid value "{word}" for {flag}: it is KEY=VALUE, or KEY- to remove'
            )
    return added, removed


def _check(given: Mapping[str, Any]) -> None:
    if given["token"] and (given["username"] or given["password"]):
        raise CommandError(
            "you cannot specify more than one authentication method at the same time: --token, "
            "--username/--password"
        )
    if (given["exec_interactive_mode"] or fields.MODES[0]) not in fields.MODES:
        raise CommandError(f"invalid interactive mode type, can be only {', '.join(fields.MODES)}")
    if given["embed_certs"] and not (given["client_certificate"] or given["client_key"]):
        raise CommandError("you must specify a --client-certificate or --client-key to embed")


def _put(entry: Entry, field: str, value: Any) -> None:
    """Set a field; an empty value takes it away, None leaves it as it is."""
    if value:
        entry[field] = value
    elif value is not None:
        entry.pop(field, None)


def _put_file(entry: Entry, field: str, path: str, embed: bool, relative: Relative) -> None:
    if not embed:
        _put(entry, field, relative(path))
        if path:
            entry.pop(f"{field}-data", None)
        return
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"could not read {field} data from {path}: {error.strerror}") from None
    entry[f"{field}-data"] = base64.b64encode(content).decode()
    entry.pop(field, None)


def _put_provider(entry: Entry, name: str | None, words: Sequence[str]) -> None:
    provider = dict(entry.get("auth-provider") or {"config": {}, "name": ""})
    if name is not None:
        provider["name"] = name
    added, removed = pairs(words, "--auth-provider-arg")
    config = {**(provider.get("config") or {}), **added}
    provider["config"] = {key: value for key, value in config.items() if key not in removed}
    entry["auth-provider"] = provider


def _put_plugin(entry: Entry, given: Mapping[str, Any]) -> None:
    added, removed = pairs(given["exec_env"], "--exec-env")
    if not entry.get("exec") and given["exec_command"] is None:
        return
    blank: Entry = {"args": None, "command": "", "env": None, "provideClusterInfo": False}
    plugin = {**blank, **(entry.get("exec") or {})}
    if given["exec_command"] is not None:
        plugin["command"] = given["exec_command"]
        plugin["args"] = None
    for field, flag in (
        ("apiVersion", "exec_api_version"),
        ("interactiveMode", "exec_interactive_mode"),
        ("provideClusterInfo", "exec_provide_cluster_info"),
    ):
        if given[flag] is not None:
            plugin[field] = given[flag]
    if plugin.get("apiVersion") == fields.MODE_IS_IMPLIED:
        plugin.setdefault("interactiveMode", "IfAvailable")
    if given["exec_arg"]:
        plugin["args"] = [part for word in given["exec_arg"] for part in word.split(",")]
    known = {one["name"]: one.get("value", "") for one in plugin["env"] or ()}
    known = {name: value for name, value in {**known, **added}.items() if name not in removed}
    plugin["env"] = [{"name": name, "value": value} for name, value in known.items()] or None
    entry["exec"] = plugin

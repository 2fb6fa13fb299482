"""The fields of a kubeconfig: their names, what may stand in them, and which are secret."""

from __future__ import annotations

from collections.abc import Mapping

TEXT, FLAG, BYTES, LIST, MAP, PATH = "text", "true or false", "base64", "a list", "a map", "a path"

CLUSTER: Mapping[str, str] = {
    "server": TEXT,
    "tls-server-name": TEXT,
    "insecure-skip-tls-verify": FLAG,
    "certificate-authority": PATH,
    "certificate-authority-data": BYTES,
    "proxy-url": TEXT,
    "disable-compression": FLAG,
    "extensions": LIST,
}
CONTEXT: Mapping[str, str] = {
    "cluster": TEXT,
    "user": TEXT,
    "namespace": TEXT,
    "extensions": LIST,
}
USER: Mapping[str, str] = {
    "client-certificate": PATH,
    "client-certificate-data": BYTES,
    "client-key": PATH,
    "client-key-data": BYTES,
    "token": TEXT,
    "tokenFile": PATH,
    "as": TEXT,
    "as-uid": TEXT,
    "as-groups": LIST,
    "as-user-extra": MAP,
    "username": TEXT,
    "password": TEXT,
    "auth-provider": MAP,
    "exec": MAP,
    "extensions": LIST,
}
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "clusters": CLUSTER,
    "contexts": CONTEXT,
    "users": USER,
}
"""Section -> the fields of its entries. An entry stands below its section's name without the s."""
ALWAYS: Mapping[str, tuple[str, ...]] = {
    "clusters": ("server",),
    "contexts": ("cluster", "user"),
    "users": (),
}
"""Fields that are written though they are empty."""
PREFERENCES = ("colors", "extensions")
MODES = ("Never", "IfAvailable", "Always")
"""Whether plugins ask people, and want a terminal for that."""
MODE_IS_IMPLIED = "client.authentication.k8s.io/v1beta1"
"""The version of plugins that need not say whether they ask people."""

_TYPES: Mapping[str, type] = {TEXT: str, PATH: str, BYTES: str, FLAG: bool, LIST: list, MAP: dict}


_WITHIN: Mapping[tuple[str, str], str] = {
    ("exec", "command"): TEXT,
    ("exec", "apiVersion"): TEXT,
    ("exec", "args"): "a list of text",
    ("exec", "env"): "a list of names and values",
    ("exec", "installHint"): TEXT,
    ("exec", "interactiveMode"): TEXT,
    ("exec", "provideClusterInfo"): FLAG,
    ("auth-provider", "name"): TEXT,
    ("auth-provider", "config"): MAP,
}
"""Field of a user and a field within that -> what may stand there."""


def mistake(section: str, entry: Mapping[str, object]) -> str:
    """What is wrong with an entry's fields, as the end of a sentence; empty when nothing is."""
    for field, form in SECTIONS[section].items():
        value = entry.get(field)
        if value is None or isinstance(value, _TYPES[form]):
            if form != BYTES or not value or _is_base64(str(value)):
                continue
            return f"{field} is not base64"
        hint = (
            ", so quote it" if form in {TEXT, PATH} and not isinstance(value, dict | list) else ""
        )
        return f"{field} must be {form}, not {value!r:.40}{hint}"
    return _mistake_within(entry) if section == "users" else ""


def _mistake_within(user: Mapping[str, object]) -> str:
    """What is wrong with fields of a user that have fields themselves."""
    for (field, name), form in _WITHIN.items():
        described = user.get(field)
        value = described.get(name) if isinstance(described, dict) else None
        if value is not None and not _fits(value, form):
            return f"{field}.{name} must be {form}, not {value!r:.40}"
    if not _fits(user.get("as-groups") or [], "a list of text"):
        return "as-groups must be a list of text"
    extra = user.get("as-user-extra") or {}
    if isinstance(extra, dict) and not all(_fits(one, "a list of text") for one in extra.values()):
        return "as-user-extra must be a map of lists of text"
    return ""


def _fits(value: object, form: str) -> bool:
    if form in _TYPES:
        return isinstance(value, _TYPES[form])
    if not isinstance(value, list):
        return False
    if form == "a list of text":
        return all(isinstance(one, str) for one in value)
    return all(
        isinstance(one, dict)
        and isinstance(one.get("name"), str)
        and isinstance(one.get("value") or "", str)
        for one in value
    )


def _is_base64(text: str) -> bool:
    import base64

    try:
        # lines may be broken anywhere
        base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return False
    return True

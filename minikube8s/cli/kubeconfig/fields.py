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
SECRET = ("token", "password", "client-key-data")

_TYPES: Mapping[str, type] = {TEXT: str, PATH: str, BYTES: str, FLAG: bool, LIST: list, MAP: dict}


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
    return ""


def _is_base64(text: str) -> bool:
    import base64

    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True

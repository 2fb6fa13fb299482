"""Which logins a pod's imagePullSecrets have for an image. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec

from minikube8s.api.views import Secret
from mk8s_agent.runtime.vocabulary import Login

_HUB = "index.docker.io"
_HUB_NAMES = ("docker.io/", "registry-1.docker.io/")
_SCHEMES = ("https://", "http://")
_API_PATHS = ("/v1", "/v2")


class _Entry(msgspec.Struct, frozen=True):
    username: str = ""
    password: str = ""
    auth: str = ""


class _Config(msgspec.Struct, frozen=True):
    auths: dict[str, _Entry] = {}


class _Place(NamedTuple):
    """A registry, and the beginning of the names there; parts of the host may be patterns."""

    host: str
    port: str
    path: str


def usable(secret: Secret) -> bool:
    """Whether it holds logins of registries that can be read."""
    try:
        _entries(secret)
    except (KeyError, ValueError, msgspec.DecodeError):
        return False
    return True


def logins(secrets: Iterable[Secret], image: str) -> list[Login]:
    """The logins of usable Secrets to be tried, those for the most exact place first."""
    wanted = _full_name(image)
    found = [one for secret in secrets for one in _entries(secret)]
    ordered = sorted(found, key=lambda one: one[0], reverse=True)
    fitting = [login for key, login in ordered if _fits(_place(key), wanted)]
    return list(dict.fromkeys(fitting))


def _entries(secret: Secret) -> list[tuple[str, Login]]:
    """Each login with its place as one text, `registry/path`."""
    if ".dockerconfigjson" in secret.data:
        text = base64.b64decode(secret.data[".dockerconfigjson"])
        entries = msgspec.json.decode(text, type=_Config).auths
    else:
        text = base64.b64decode(secret.data[".dockercfg"])
        entries = msgspec.json.decode(text, type=dict[str, _Entry])
    return [(_key(server), _login(server, entry)) for server, entry in entries.items()]


def _login(server: str, entry: _Entry) -> Login:
    if not entry.auth:
        return Login(server, entry.username, entry.password)
    username, _, password = base64.b64decode(entry.auth).decode().partition(":")
    return Login(server, username, password)


def _key(server: str) -> str:
    for scheme in _SCHEMES:
        server = server.removeprefix(scheme)
    host, slash, path = server.partition("/")
    path = slash + path
    for version in _API_PATHS:
        if path.startswith(f"{version}/"):
            path = path.removeprefix(version)
    return host if path == "/" else host + path


def _place(key: str) -> _Place:
    host, slash, path = key.partition("/")
    name, _, port = host.partition(":")
    return _Place(name, port, slash + path)


def _full_name(image: str) -> _Place:
    """Where the image is: the host, with Docker Hub's for a name without one."""
    first, slash, _ = image.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        path = image if slash else f"library/{image}"
        return _place(f"{_HUB}/{path}")
    for name in _HUB_NAMES:
        if image.startswith(name):
            return _place(f"{_HUB}/{image.removeprefix(name)}")
    return _place(image)


def _fits(pattern: _Place, wanted: _Place) -> bool:
    host = _HUB if f"{pattern.host}/" in _HUB_NAMES else pattern.host
    parts, names = host.split("."), wanted.host.split(".")
    return (
        pattern.port == wanted.port
        and wanted.path.startswith(pattern.path)
        and len(parts) == len(names)
        and all(map(fnmatchcase, names, parts))
    )

"""ConfigMaps and Secrets of what files and flags hold."""

from __future__ import annotations

import base64
import json
import re

from minikube8s.cli.errors import CommandError
from minikube8s.cli.making.base import Object, made
from minikube8s.cli.making.files import Content

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.S)
REGISTRY_TYPE = "kubernetes.io/dockerconfigjson"
DOCKER_HUB = "https://index.docker.io/v1/"


def config_map(name: str, content: Content) -> Object:
    """A ConfigMap; what is no text goes to binaryData."""
    texts: dict[str, str] = {}
    others: dict[str, str] = {}
    for key, value in sorted(content.items()):
        try:
            texts[key] = value.decode()
        except UnicodeDecodeError:
            others[key] = _base64(value)
    parts = {"data": texts, "binaryData": others}
    return made("ConfigMap", "v1", name, **{part: found for part, found in parts.items() if found})


def secret(name: str, content: Content, type_: str = "") -> Object:
    """A Secret."""
    data = {key: _base64(value) for key, value in sorted(content.items())}
    return made("Secret", "v1", name, **_present({"data": data, "type": type_}))


def registry_secret(name: str, server: str, user: str, password: str, email: str) -> Object:
    """What a registry wants to know of who pulls images."""
    entry = {"username": user, "password": password, "email": email}
    entry = {field: text for field, text in entry.items() if text}
    entry["auth"] = _base64(f"{user}:{password}".encode())
    text = json.dumps({"auths": {server: entry}}, separators=(",", ":"), ensure_ascii=False)
    content = {".dockerconfigjson": text.encode()}
    return secret(name, content, REGISTRY_TYPE)


def tls_secret(name: str, certificate: bytes, key: bytes) -> Object:
    """A certificate with its key. Raises CommandError where they are none, or not of each other."""
    if "CERTIFICATE" not in _labels(certificate):
        raise CommandError(
            "tls: failed to find any PEM data in certificate input: it begins with "
            "-----BEGIN CERTIFICATE-----"
        )
    if not any(label.endswith("PRIVATE KEY") for label in _labels(key)):
        raise CommandError(
            "tls: failed to find any PEM data in key input: it begins with "
            "-----BEGIN PRIVATE KEY-----"
        )
    return secret(name, {"tls.crt": certificate, "tls.key": key}, "kubernetes.io/tls")


def _labels(text: bytes) -> list[str]:
    return _PEM.findall(text.decode(errors="replace"))


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _present(parts: Object) -> Object:
    return {field: value for field, value in parts.items() if value}

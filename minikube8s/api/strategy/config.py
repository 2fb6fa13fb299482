"""ConfigMaps, Secrets, Leases and Events: data, and who may change it."""

from __future__ import annotations

import base64
import binascii
from typing import ClassVar

import msgspec

from minikube8s.api import names
from minikube8s.api.errors import (
    Cause,
    forbidden_field,
    immutable,
    invalid_value,
    required,
    too_long,
)
from minikube8s.api.strategy.checks.common import Obj, named
from minikube8s.api.strategy.model import Strategy

DATA_MAXIMUM = 1024 * 1024
"""Bytes that the values of one ConfigMap or Secret may have together."""

_WHY_IMMUTABLE = "field is immutable when `immutable` is set"

_SECRET_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
"""The keys that a Secret of each of these types must have."""

_DOCKER_KEYS = (".dockercfg", ".dockerconfigjson")
_TOKEN = "kubernetes.io/service-account-token"
_TOKEN_ACCOUNT = "kubernetes.io/service-account.name"


class ConfigMapStrategy(Strategy):
    """Hooks of ConfigMaps."""

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, keys and size."""
        causes = super().validate(obj)
        data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
        size = sum(len(value.encode()) for value in data.values())
        size += sum(_decoded_size(value) for value in binary.values())
        for key in data:
            causes += named(f"data[{key}]", key, names.config_key)
            if key in binary:
                why = "duplicate of key present in binaryData"
                causes.append(invalid_value(f"data[{key}]", key, why))
        for key in binary:
            causes += named(f"binaryData[{key}]", key, names.config_key)
        if size > DATA_MAXIMUM:
            causes.append(too_long("", DATA_MAXIMUM))
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep what is declared immutable."""
        causes = super().validate_update(new, old, subresource)
        return causes + _kept_immutable(new, old, ("data", "binaryData"))


class SecretStrategy(Strategy):
    """Hooks of Secrets."""

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, keys, size, and what the type asks for."""
        causes = super().validate(obj)
        data = obj.get("data") or {}
        for key in data:
            causes += named(f"data[{key}]", key, names.config_key)
        if sum(_decoded_size(value) for value in data.values()) > DATA_MAXIMUM:
            causes.append(too_long("data", DATA_MAXIMUM))
        type_ = obj.get("type") or ""
        causes += [
            required(f"data[{key}]") for key in _SECRET_KEYS.get(type_, ()) if key not in data
        ]
        if type_ in _SECRET_KEYS:
            causes += _contents(data, _SECRET_KEYS[type_])
        if type_ == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
            causes += [required("data[username]"), required("data[password]")]
        annotations = obj["metadata"].get("annotations") or {}
        if type_ == _TOKEN and not annotations.get(_TOKEN_ACCOUNT):
            causes.append(required(f"metadata.annotations[{_TOKEN_ACCOUNT}]"))
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the type and what is declared immutable."""
        causes = super().validate_update(new, old, subresource)
        if new.get("type") != old.get("type"):
            causes.append(immutable("type", new.get("type")))
        return causes + _kept_immutable(new, old, ("data",))


class LeaseStrategy(Strategy):
    """Hooks of Leases, which are held by who wrote them last and saw the one before."""

    unconditional: ClassVar[bool] = False
    created_by_update: ClassVar[bool] = True

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata and numbers."""
        causes = super().validate(obj)
        spec = obj.get("spec") or {}
        seconds = spec.get("leaseDurationSeconds")
        if seconds is not None and seconds <= 0:
            why = "must be greater than 0"
            causes.append(invalid_value("spec.leaseDurationSeconds", seconds, why))
        transitions = spec.get("leaseTransitions")
        if transitions is not None and transitions < 0:
            why = "must be greater than or equal to 0"
            causes.append(invalid_value("spec.leaseTransitions", transitions, why))
        return causes


class EventStrategy(Strategy):
    """Hooks of Events."""

    created_by_update: ClassVar[bool] = True

    def validate(self, obj: Obj) -> list[Cause]:
        """Check that the event lies where the object is that it speaks of."""
        causes = super().validate(obj)
        about = (obj.get("involvedObject") or {}).get("namespace") or ""
        own = obj["metadata"].get("namespace") or ""
        # Events about objects without a namespace lie in the default one.
        if about != own and (about or own not in ("default", "kube-system")):
            why = "does not match event.namespace"
            causes.append(invalid_value("involvedObject.namespace", about, why))
        return causes


def _contents(data: dict[str, str], keys: tuple[str, ...]) -> list[Cause]:
    """Check what a Secret of a type with certain keys has in them."""
    causes: list[Cause] = []
    for key in keys:
        if key in _DOCKER_KEYS and key in data and not _is_json_object(data[key]):
            why = "invalid character: the value is no JSON object"
            causes.append(invalid_value(f"data[{key}]", "<secret contents redacted>", why))
        elif key == "ssh-privatekey" and data.get(key) == "":
            causes.append(required(f"data[{key}]"))
    return causes


def _is_json_object(value: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(base64.b64decode(value)), dict)
    except (binascii.Error, msgspec.DecodeError):
        return False


def _kept_immutable(new: Obj, old: Obj, sections: tuple[str, ...]) -> list[Cause]:
    if not old.get("immutable"):
        return []
    causes = []
    if not new.get("immutable"):
        causes.append(forbidden_field("immutable", _WHY_IMMUTABLE))
    causes += [
        forbidden_field(section, _WHY_IMMUTABLE)
        for section in sections
        if (new.get(section) or {}) != (old.get(section) or {})
    ]
    return causes


def _decoded_size(value: str) -> int:
    """Return how many bytes a base64 text stands for."""
    try:
        return len(base64.b64decode(value, validate=True))
    except binascii.Error:
        return len(value)

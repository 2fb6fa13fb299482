"""How ConfigMaps, Secrets and PriorityClasses are described."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"


def config_map(w: Writer, obj: Object, around: common.Around) -> None:
    """A ConfigMap with its values, and the sizes of those that are no text."""
    common.head(w, obj)
    common.labels(w, obj)
    _title(w, "Data")
    for key, value in sorted((obj.get("data") or {}).items()):
        for text in (f"{key}:", "----", value, ""):
            w.line(0, text)
    _title(w, "BinaryData")
    for key, value in sorted((obj.get("binaryData") or {}).items()):
        w.line(0, f"{key}: {len(_decoded(value))} bytes")
    w.line(0)
    common.events(w, around)


def secret(w: Writer, obj: Object, around: common.Around) -> None:
    """A Secret: the sizes of its values, never the values but for an account's token.

    It has no Events.
    """
    kind = obj.get("type", "")
    common.head(w, obj)
    common.labels(w, obj)
    w.line(0)
    w.line(0, "Type:", kind)
    _title(w, "Data")
    for key, value in sorted((obj.get("data") or {}).items()):
        content = _decoded(value)
        if key == "token" and kind == _ACCOUNT_TOKEN:
            w.line(0, f"{key}:", content.decode(errors="replace"))
        else:
            w.line(0, f"{key}:", f"{len(content)} bytes")


def priority_class(w: Writer, obj: Object, around: common.Around) -> None:
    """A PriorityClass."""
    common.head(w, obj, namespace=False)
    w.line(0, "Value:", obj.get("value", 0))
    w.line(0, "GlobalDefault:", common.go(bool(obj.get("globalDefault"))))
    w.line(0, "PreemptionPolicy:", obj.get("preemptionPolicy") or "PreemptLowerPriority")
    w.line(0, "Description:", obj.get("description", ""))
    w.line(0, "Annotations:", common.joined(obj["metadata"].get("annotations")))
    common.events(w, around)


def _title(w: Writer, title: str) -> None:
    w.line(0)
    w.line(0, title)
    w.line(0, "====")


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value)
    except binascii.Error:
        return value.encode()

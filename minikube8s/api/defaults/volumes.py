"""Defaults of volumes."""

from __future__ import annotations

from typing import Any

from minikube8s.api.defaults.fill import fill

_FILE_MODE = 0o644
_FILE_SOURCES = ("configMap", "secret", "downwardAPI", "projected")
_TOKEN_SECONDS = 3600


def volume(obj: dict[str, Any]) -> None:
    """Fill one volume; without any source it is an empty directory."""
    if not any(value is not None for name, value in obj.items() if name != "name"):
        obj["emptyDir"] = {}
    for name in _FILE_SOURCES:
        if obj.get(name) is not None:
            fill(obj[name], defaultMode=_FILE_MODE)
    if obj.get("hostPath") is not None:
        obj["hostPath"].setdefault("type", "")
    _items((obj.get("downwardAPI") or {}).get("items"))
    for source in (obj.get("projected") or {}).get("sources") or ():
        if source.get("serviceAccountToken") is not None:
            fill(source["serviceAccountToken"], expirationSeconds=_TOKEN_SECONDS)
        _items((source.get("downwardAPI") or {}).get("items"))


def _items(items: list[dict[str, Any]] | None) -> None:
    for item in items or ():
        if item.get("fieldRef") is not None:
            fill(item["fieldRef"], apiVersion="v1")
        if item.get("resourceFieldRef") is not None:
            fill(item["resourceFieldRef"], divisor="0")

"""How far a pull has come, of what the engine tells line by line. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_DONE = {"Download complete", "Verifying Checksum", "Extracting", "Pull complete"}
_PRESENT = "Already exists"


class _Layer(NamedTuple):
    current: int = 0
    total: int = 0
    whole: bool = False


class Layers:
    """The layers of one image on their way here; sizes in bytes, as they travel."""

    def __init__(self) -> None:
        self._layers: dict[str, _Layer] = {}

    def take(self, line: Mapping[str, Any]) -> None:
        """Take in one line of progress; what is none of a layer is passed over."""
        name, status = line.get("id"), line.get("status")
        if not isinstance(name, str) or not isinstance(status, str):
            return
        before = self._layers.get(name, _Layer())
        if status == "Downloading":
            detail = line.get("progressDetail") or {}
            current, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
            self._layers[name] = _Layer(max(current, before.current), max(total, before.total))
        elif status in _DONE:
            self._layers[name] = _Layer(before.total or before.current, before.total, whole=True)
        elif status == _PRESENT:
            self._layers[name] = _Layer(whole=True)
        elif status in {"Pulling fs layer", "Waiting"}:
            self._layers.setdefault(name, before)

    def told(self) -> dict[str, int]:
        """``downloadedBytes`` of ``totalBytes`` as far as announced, ``layersDone`` of ``layers``.

        A layer's size is announced when its download begins: the total grows in the beginning.
        """
        layers = self._layers.values()
        return {
            "downloadedBytes": sum(one.current for one in layers),
            "totalBytes": sum(one.total for one in layers),
            "layersDone": sum(one.whole for one in layers),
            "layers": len(layers),
        }

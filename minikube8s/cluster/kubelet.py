"""Owns reading the user's KubeletConfiguration. What its fields mean is the agent's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minikube8s.cluster.errors import ClusterError

_KIND = "KubeletConfiguration"


def read(file: str) -> dict[str, Any]:
    """The fields of the file, YAML or JSON; none when no file is named. Raises ClusterError."""
    if not file:
        return {}
    import yaml  # noqa: PLC0415 - slow, and most clusters have no such file

    try:
        content = yaml.safe_load(Path(file).read_text())
    except yaml.YAMLError as error:
        raise ClusterError(f"The kubelet's configuration {file} is not YAML: {error}") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ClusterError(f"The kubelet's configuration {file} cannot be read: {why}.") from None
    if not isinstance(content, dict) or content.pop("kind", _KIND) != _KIND:
        raise ClusterError(f"{file} is no {_KIND}: give it `kind: {_KIND}` and that kind's fields.")
    content.pop("apiVersion", None)
    return content

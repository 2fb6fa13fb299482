"""Owns the kubeconfig: what `mk8s kubeconfig` prints and how it is merged into the user's own.

Form: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.kit.privatefiles import write_private

_SECTIONS = ("clusters", "users", "contexts")


def server_url(settings: Settings) -> str:
    """The API server's address as a client on this machine reaches it."""
    host = "127.0.0.1" if settings.listen == "0.0.0.0" else settings.listen
    return f"https://{host}:{settings.api_port}"


def build(home: Home, settings: Settings) -> dict[str, Any]:
    """The administrator's kubeconfig with the certificates embedded."""

    def embedded(name: str) -> str:
        return base64.b64encode((home.pki / name).read_bytes()).decode()

    name = settings.name
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": name,
                "cluster": {
                    "server": server_url(settings),
                    "certificate-authority-data": embedded("ca.crt"),
                },
            }
        ],
        "users": [
            {
                "name": f"{name}-admin",
                "user": {
                    "client-certificate-data": embedded("admin.crt"),
                    "client-key-data": embedded("admin.key"),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": f"{name}-admin"}}],
        "current-context": name,
        "preferences": {},
    }


def merged(existing: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """``existing`` with our cluster, user and context put in place and made current. Pure."""
    result = dict(existing)
    for section in _SECTIONS:
        names = {entry["name"] for entry in ours[section]}
        kept = [entry for entry in existing.get(section) or [] if entry.get("name") not in names]
        result[section] = kept + ours[section]
    result["current-context"] = ours["current-context"]
    result.setdefault("apiVersion", "v1")
    result.setdefault("kind", "Config")
    result.setdefault("preferences", {})
    return result


def renewed(home: Home, settings: Settings) -> dict[str, Any]:
    """The kubeconfig of the home with what its users added to it; a broken one is made anew."""
    ours = build(home, settings)
    try:
        before = read(home.kubeconfig)
        for entry in before.get("contexts") or []:
            if entry["name"] == ours["current-context"] and entry["context"].get("namespace"):
                ours["contexts"][0]["context"]["namespace"] = entry["context"]["namespace"]
        return merged(before, ours)
    except (ClusterError, AttributeError, KeyError, TypeError):
        return build(home, settings)


def read(path: Path) -> dict[str, Any]:
    """The kubeconfig at ``path``, empty when there is none. Raises ClusterError when unreadable."""
    import yaml  # noqa: PLC0415 - merging is rare; every other command starts without it

    try:
        content = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ClusterError(
            f"{path} is not valid YAML, so nothing was merged into it: {error}"
        ) from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(_are_entries(content.get(s)) for s in _SECTIONS):
        raise ClusterError(f"{path} is not a kubeconfig, so nothing was merged into it.")
    return content


def _are_entries(section: object) -> bool:
    return section is None or (
        isinstance(section, list) and all(isinstance(entry, dict) for entry in section)
    )


def write(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` as YAML, readable for its owner alone."""
    import yaml  # noqa: PLC0415

    owner = path.stat() if path.exists() else None
    write_private(path, yaml.safe_dump(content, sort_keys=False).encode())
    if owner is not None:
        os.chown(path, owner.st_uid, owner.st_gid)

"""Owns what `images` and `replicas` change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing.resources import Set

_IMAGE = re.compile(
    r"(?P<name>.*?)(?P<tag>:[a-zA-Z0-9_.{}-]*)?(?P<digest>@sha256:[a-zA-Z0-9_.{}-]*)?"
)
_SCALED = ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")


def change_images(found: Set, wanted: Mapping[str, Any]) -> None:
    """Give the images of one name another name, tag or digest, wherever containers are."""
    for res in found.all:
        if res.kind != "CustomResourceDefinition":
            _walk(res.obj, wanted)


def change_replicas(found: Set, wanted: Mapping[str, Any]) -> None:
    """Set the replicas of the workloads of one name. Raises CommandError where there is none."""
    name, count = str(wanted.get("name", "")), wanted.get("count", 0)
    known = [one for one in found.matching(lambda id: id.name == name) if one.kind in _SCALED]
    if not known:
        raise CommandError(
            f"resource with name {name} does not match a config with the following GVK "
            f"[{', '.join(_SCALED)}]"
        )
    for res in known:
        spec = res.obj.setdefault("spec", {})
        spec["replicas"] = count


def changed(image: str, wanted: Mapping[str, Any]) -> str:
    """``image`` with what is wanted of images of its name."""
    parts = _IMAGE.fullmatch(image)
    if parts is None or parts["name"] != wanted.get("name"):
        return image
    name = wanted.get("newName") or parts["name"]
    tag, digest = parts["tag"] or "", parts["digest"] or ""
    if wanted.get("newTag") and wanted.get("digest"):
        return f"{name}:{wanted['newTag']}@{wanted['digest']}"
    if wanted.get("newTag"):
        tag, digest = f":{wanted['newTag']}", ""
    elif wanted.get("digest"):
        tag, digest = "", f"@{wanted['digest']}"
    if wanted.get("tagSuffix"):
        tag = f"{tag}{wanted['tagSuffix']}"
    return f"{name}{tag}{digest}"


def _walk(node: Any, wanted: Mapping[str, Any]) -> None:
    if isinstance(node, list):
        for item in node:
            _walk(item, wanted)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in {"containers", "initContainers"} and isinstance(value, list):
                for container in value:
                    if isinstance(container, dict) and isinstance(container.get("image"), str):
                        container["image"] = changed(container["image"], wanted)
            _walk(value, wanted)

"""`set image`: containers' images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minikube8s.cli.changing import templates


def set_images(obj: dict[str, Any], images: Mapping[str, str]) -> list[str]:
    """Give the containers of ``obj`` their new images; the names that no container has.

    The name `*` is every container.
    """
    missing = []
    for name, image in images.items():
        found = [one for one in templates.containers(obj) if name in (one.get("name"), "*")]
        for one in found:
            one["image"] = image
        if not found:
            missing.append(name)
    return missing

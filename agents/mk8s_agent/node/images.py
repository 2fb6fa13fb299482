"""The images that the node tells of. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mk8s_agent.runtime.vocabulary import Image

_MOST_NAMES = 5


def listed(images: Iterable[Image], most: int) -> list[dict[str, Any]]:
    """A v1.ContainerImage for each image that has a name, the largest `most` of them."""
    found = [
        {"names": list(names[:_MOST_NAMES]), "sizeBytes": one.size}
        for one in sorted(images, key=lambda image: (-image.size, image.id))
        if (names := (*one.digests, *one.tags))
    ]
    return found[:most] if most >= 0 else found

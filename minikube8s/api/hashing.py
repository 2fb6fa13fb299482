"""The hash that ties pods and ReplicaSets to one version of a Deployment's pod template. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from minikube8s.api.names import SUFFIX_ALPHABET

_LENGTH = 10


def pod_template_hash(template: Mapping[str, Any], collision_count: int | None = None) -> str:
    """Return ten letters that name a pod template.

    Equal templates have equal hashes whatever their keys' order; `collision_count` is mixed in, so
    that a Deployment whose hash is taken by a foreign ReplicaSet can ask for another one. The
    letters are those of generated names, so the hash can be part of a name and a label's value.
    """
    canonical = msgspec.json.encode([template, collision_count or 0], order="deterministic")
    number = int.from_bytes(hashlib.blake2b(canonical, digest_size=16).digest())
    letters = []
    for _ in range(_LENGTH):
        number, position = divmod(number, len(SUFFIX_ALPHABET))
        letters.append(SUFFIX_ALPHABET[position])
    return "".join(letters)

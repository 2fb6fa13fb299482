"""Owns the names of what is built: prefix, suffix, namespace, and the hash of generated content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing.paths import change
from minikube8s.cli.kustomizing.resources import Id, Res, Set

_KEEP_NAMES = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("", "Namespace"),
}
_DIGITS = str.maketrans("013ae", "ghkmt")
"""Hexadecimal digits that could make words, as Kubernetes replaces them."""


def affix(found: Iterable[Res], prefix: str, suffix: str) -> None:
    """Put ``prefix`` before and ``suffix`` behind names."""
    for res in found:
        if prefix:
            res.prefixes.append(prefix)
        if suffix:
            res.suffixes.append(suffix)
        if (prefix or suffix) and (res.group, res.kind) not in _KEEP_NAMES:
            res.renamed()
            if res.metadata.get("name"):
                res.metadata["name"] = f"{prefix}{res.metadata['name']}{suffix}"


def place(found: Set, namespace: str) -> None:
    """Move everything to ``namespace``. Raises CommandError where two objects meet there."""
    for res in found.all:
        res.renamed()
        if res.kind == "Namespace" and not res.group:
            res.metadata["name"] = namespace
        elif res.namespaced:
            res.metadata["namespace"] = namespace
        if res.kind in {"RoleBinding", "ClusterRoleBinding"}:
            for subject in res.obj.get("subjects") or ():
                if subject.get("kind") == "ServiceAccount" and subject.get("name") == "default":
                    subject["namespace"] = namespace
        for path in _SERVICES.get(res.kind, ()):
            change(res.obj, path, False, lambda _: namespace)
    seen: set[Id] = set()
    for res in found.all:
        if res.id.key in seen:
            raise CommandError(f"namespace transformation produces ID conflict: {res.id}")
        seen.add(res.id.key)


_SERVICES = {
    "APIService": ("spec/service/namespace",),
    "CustomResourceDefinition": ("spec/conversion/webhook/clientConfig/service/namespace",),
}


def hash_names(found: Iterable[Res]) -> None:
    """Put the hash of their content behind the names of what was generated."""
    for res in found:
        if res.hashed:
            res.renamed()
            res.metadata["name"] = f"{res.metadata['name']}-{content_hash(res.obj)}"


def content_hash(obj: dict[str, Any], name: str = "", nothing: object = "") -> str:
    """Ten characters that stand for a ConfigMap's or Secret's content.

    For kustomize its name is empty and so is what is not there, for `create --append-hash` not.
    """
    content = {"kind": obj["kind"], "name": name, "data": obj.get("data", nothing)}
    if obj["kind"] == "Secret":
        content["type"] = obj.get("type", "")
    for field in ("stringData",) if obj["kind"] == "Secret" else ("binaryData",):
        if obj.get(field):
            content[field] = obj[field]
    text = json.dumps(content, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return hashlib.sha256(text.encode()).hexdigest()[:10].translate(_DIGITS)

"""Builds objects from a folder with a kustomization: `mk8s kustomize DIR`, `-k DIR`.

It means what kustomize means by it, for local folders: https://kubectl.docs.kubernetes.io/references/kustomize/
"""

from __future__ import annotations


class Kustomization(str):
    """A folder that is built where other names are those of files: what `-k` names."""

    __slots__ = ()

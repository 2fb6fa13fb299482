"""The three ways to change an object by a patch: JSON patch, merge patch, strategic merge patch.

Pure: object and patch go in, a new object comes out that shares nothing with either. A patch that
cannot be applied raises ApiError; what the patched object means is for others to check.
"""

from minikube8s.api.patch.json_patch import MAX_OPERATIONS, json_patch
from minikube8s.api.patch.merge_patch import merge_patch
from minikube8s.api.patch.strategic import strategic_merge

__all__ = ["MAX_OPERATIONS", "json_patch", "merge_patch", "strategic_merge"]

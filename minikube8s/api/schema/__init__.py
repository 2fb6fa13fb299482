"""What fields Kubernetes objects have: types, list keys, patch rules; and checks against them.

Definitions are named as in Kubernetes' OpenAPI, `io.k8s.api.core.v1.Pod`. They come from a compact
table (`definitions.jsonl`, made by script/schema) and are decoded one by one when first asked for.
Descriptions are not here: `api.openapi` takes them from their source when it publishes them.
"""

from minikube8s.api.schema.check import Problem, check, prune, strict_message
from minikube8s.api.schema.definitions import (
    Definition,
    Field,
    Type,
    UnknownDefinition,
    definition,
    field,
)
from minikube8s.api.schema.normalize import normalize

__all__ = [
    "Definition",
    "Field",
    "Problem",
    "Type",
    "UnknownDefinition",
    "check",
    "definition",
    "field",
    "normalize",
    "prune",
    "strict_message",
]

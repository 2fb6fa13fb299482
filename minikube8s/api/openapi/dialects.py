"""Schemas as an API server publishes them, in the words of OpenAPI v2 and of v3.

Owns the way from the definitions' own form (JSON schema in which everything may be null) to both.
"""

from __future__ import annotations

from typing import Any

from minikube8s.api.openapi.definitions import REFERENCE

V2_REFERENCE = "#/definitions/"
V3_REFERENCE = "#/components/schemas/"

INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"

_INT_OR_STRING_TEXT = "IntOrString is an integer or a string: a port's number or name, 3 or 25%."
_QUANTITY_TEXT = (
    "Quantity is a fixed-point number with an optional suffix: n u m k M G T P E (powers of ten), "
    "Ki Mi Gi Ti Pi Ei (powers of two) or a decimal exponent, as in 250m, 64Mi, 1e3."
)

_V2_SPECIAL: dict[str, dict[str, Any]] = {
    INT_OR_STRING: {
        "description": _INT_OR_STRING_TEXT,
        "type": "string",
        "format": "int-or-string",
    },
    QUANTITY: {"description": _QUANTITY_TEXT, "type": "string"},
}
_V3_SPECIAL: dict[str, dict[str, Any]] = {
    INT_OR_STRING: {
        "description": _INT_OR_STRING_TEXT,
        "oneOf": [{"type": "integer"}, {"type": "string"}],
        "format": "int-or-string",
    },
    QUANTITY: {
        "description": _QUANTITY_TEXT,
        "oneOf": [{"type": "string"}, {"type": "number"}],
    },
}


def v2_schema(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The definition of this name as OpenAPI v2 has it."""
    return _V2_SPECIAL.get(name) or _plain(schema, V2_REFERENCE)


def v3_schema(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The definition of this name as OpenAPI v3 has it."""
    return _V3_SPECIAL.get(name) or _plain(schema, V3_REFERENCE)


def _plain(schema: dict[str, Any], prefix: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in schema.items():
        match key:
            case "enum":
                # Only `kind` and `apiVersion` carry one, which real API servers do not publish.
                pass
            case "type" if isinstance(value, list):
                result[key] = next(item for item in value if item != "null")
            case "$ref":
                result[key] = prefix + value.removeprefix(REFERENCE)
            case "items" | "additionalProperties" if isinstance(value, dict):
                result[key] = _plain(value, prefix)
            case "properties":
                result[key] = {name: _plain(field, prefix) for name, field in value.items()}
            case _:
                result[key] = value
    if prefix == V3_REFERENCE and "$ref" in result and len(result) > 1:
        # In v3 a reference hides its neighbours.
        result["allOf"] = [{"$ref": result.pop("$ref")}]
    return result

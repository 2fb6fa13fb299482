"""A LabelSelector as messages of Kubernetes show it: Go's own spelling of the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def in_go(selector: Mapping[str, Any] | None) -> str:
    """Return `&LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:…}`."""
    if selector is None:
        return "nil"
    labels = selector.get("matchLabels") or {}
    pairs = "".join(f"{name}: {labels[name]}," for name in sorted(labels))
    wanted = "".join(
        f"LabelSelectorRequirement{{Key:{one['key']},Operator:{one['operator']},"
        f"Values:[{' '.join(one.get('values') or ())}],}},"
        for one in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{pairs}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{wanted}}},}}"
    )

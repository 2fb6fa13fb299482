"""`set resources`: what containers ask for, and what they may have."""

from __future__ import annotations

from typing import Any

from minikube8s.api import quantity
from minikube8s.cli.changing import templates
from minikube8s.cli.errors import CommandError


def amounts(text: str) -> dict[str, str]:
    """`cpu=1,memory=1Gi` as quantities in their canonical spelling. Raises CommandError."""
    found = {}
    for part in text.split(",") if text else ():
        name, equals, amount = part.partition("=")
        if not equals or "=" in amount:
            raise CommandError(f"Invalid argument syntax {part}, expected <resource>=<value>")
        try:
            found[name] = str(quantity.parse(amount))
        except ValueError as error:
            raise CommandError(f"{error} ({name}={amount})") from None
    return found


def set_resources(
    obj: dict[str, Any], pattern: str, limits: dict[str, str], requests: dict[str, str]
) -> bool:
    """Change the containers of ``obj`` that ``pattern`` fits; False where there are none."""
    found = templates.containers(obj, pattern)
    for one in found:
        resources = dict(one.get("resources") or {})
        for part, wanted in (("limits", limits), ("requests", requests)):
            if wanted:
                resources[part] = {**(resources.get(part) or {}), **wanted}
        one["resources"] = resources
    return bool(found)

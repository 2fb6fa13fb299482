"""Creating what was made of flags, or only telling of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from minikube8s.cli import options
from minikube8s.cli.naming import targets
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session

Object = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])


def save_config(command: F) -> F:
    """`--save-config`."""
    return click.option("--save-config", is_flag=True, help="Keep the object for a later apply.")(
        command
    )


def create(
    session: Session,
    obj: Object,
    namespace: str,
    given: dict[str, Any],
    *,
    manager: str = "kubectl-create",
    operation: str = "created",
    placed: bool = True,
) -> None:
    """Create ``obj`` and tell of it, as --dry-run, -o and --field-manager say.

    ``placed``: the object names a namespace that the line gives, as most of kubectl's do.
    """
    printing.check_form(given["form"])
    resource = session.kinds.of(obj)
    if placed and resource.namespaced and session.namespace_given:
        metadata = {"name": "", "namespace": namespace} | obj["metadata"]
        obj = {**obj, "metadata": metadata}
    if given["save_config"]:
        from minikube8s.cli.applying import lastapplied

        obj = lastapplied.annotated(obj)
    if given["dry_run"] != "client":
        query = options.written(given["dry_run"], given["field_manager"] or manager)
        query |= options.field_validation(given.get("validate", "strict"))
        path = targets.path(resource, namespace)
        obj = session.client.json("POST", path, obj, query=query)
    printing.tell(
        given["form"], resource, obj, operation, given["dry_run"], managers=given["managers"]
    )

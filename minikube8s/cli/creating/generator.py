"""What every sub-command of `create` is: one NAME, flags, an object, and the shared options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from minikube8s.cli import command, options
from minikube8s.cli.errors import CommandError
from minikube8s.cli.making import sending
from minikube8s.cli.making.base import Object
from minikube8s.cli.session import Session

Maker = Callable[[Session, str, dict[str, Any]], Object]
_SHARED = (
    options.validate,
    options.field_manager,
    options.dry_run,
    options.output,
    options.managed_fields,
    sending.save_config,
)


def generator(name: str) -> Callable[[Maker], click.Command]:
    """Make a function of flags a sub-command; ``given["command"]`` is what follows `--`."""

    def wrapped(make: Maker) -> click.Command:
        @click.pass_context
        def create(context: click.Context, /, names: tuple[str, ...], **given: Any) -> None:
            session = context.find_object(Session)
            assert session is not None
            after = command.after_dash(context) or []
            chosen = one_name(names[: len(names) - len(after)])
            obj = make(session, chosen, given | {"command": after})
            sending.create(session, obj, session.namespace, given)

        create.__doc__ = make.__doc__
        create.__click_params__ = list(getattr(make, "__click_params__", []))  # type: ignore[attr-defined]
        decorated: Any = click.argument("names", nargs=-1, metavar="NAME")(create)
        for option in _SHARED:
            decorated = option(decorated)
        return command.verb(name)(decorated)

    return wrapped


def one_name(names: Sequence[str]) -> str:
    """The only one. Raises CommandError."""
    if len(names) != 1:
        raise CommandError(f"exactly one NAME is required, got {len(names)}")
    return names[0]

"""`mk8s completion`: the script with which a shell completes mk8s' lines."""

from __future__ import annotations

import click

from minikube8s.cli.command import verb
from minikube8s.cli.completing.scripts import SCRIPTS
from minikube8s.cli.errors import CommandError


@verb("completion")
@click.argument("words", nargs=-1, metavar="SHELL")
def command(words: tuple[str, ...]) -> None:
    """Print what teaches a shell to complete mk8s' lines: `source <(mk8s completion bash)`.

    For every shell to come, put that line into ~/.bashrc or ~/.zshrc; for fish:
    `mk8s completion fish > ~/.config/fish/completions/mk8s.fish`.
    """
    if not words:
        raise CommandError(f"shell not specified: it is one of {', '.join(SCRIPTS)}")
    if len(words) > 1:
        raise CommandError("too many arguments. Expected only the shell type.")
    if words[0] not in SCRIPTS:
        raise CommandError(
            f'unsupported shell type "{words[0]}": it is one of {", ".join(SCRIPTS)}'
        )
    click.echo(SCRIPTS[words[0]], nl=False)

"""Owns the list of verbs and what happens to their errors. Loads only the verb that is called."""

from __future__ import annotations

import importlib
import os
import sys
from typing import NoReturn

import click

from minikube8s.cli.errors import CommandError

# verb -> module of minikube8s.cli.verbs that holds a click command of the same name
VERBS = {
    "up": "up",
    "down": "down",
    "status": "status",
    "node": "node",
    "lab": "lab",
    "simulate": "simulate",
    "token": "token",
    "join": "join",
    "doctor": "doctor",
    "kubeconfig": "kubeconfig",
    "get": "get",
    "describe": "describe",
    "why": "why",
    "apply": "apply",
    "delete": "delete",
    "edit": "edit",
    "scale": "scale",
    "logs": "logs",
    "exec": "exec",
    "attach": "attach",
    "port-forward": "port_forward",
    "api-resources": "api_resources",
}


class Verbs(click.Group):
    """A group that imports a verb's module when it is called or listed."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Every verb, in the order of the table."""
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The verb ``name``, or None when there is none."""
        if name not in VERBS:
            return None
        module = importlib.import_module(f"minikube8s.cli.verbs.{VERBS[name]}")
        command: click.Command = module.command
        return command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", metavar="DIR", help="The cluster's directory (MK8S_HOME).")
@click.option("--kubeconfig", metavar="FILE", help="Talk to the cluster of this kubeconfig.")
@click.version_option(package_name="minikube8s", prog_name="mk8s")
@click.pass_context
def mk8s(context: click.Context, home: str | None, kubeconfig: str | None) -> None:
    """A small, real Kubernetes on Docker. Start with `mk8s up`."""
    context.obj = {"home": home, "kubeconfig": kubeconfig}


def main() -> NoReturn:
    """The program `mk8s`."""
    try:
        code = mk8s.main(prog_name="mk8s", standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    except CommandError as error:
        _fail(str(error), error.code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # the reader of a pipe (head, less) has seen enough; nothing is left to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()

"""Owns the list of verbs and what happens to their errors. Loads only the verb that is called."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from typing import Any, NoReturn

import click

from minikube8s.cli import command, usage
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session

VERBS = {
    "This machine's cluster": {
        "up": ("up", "Create the cluster, or start what of it is not running."),
        "down": (
            "down",
            "Stop the daemons; remove every container, rule, link and route that they made.",
        ),
        "install": (
            "install",
            "Have systemd run the daemons: it starts them anew when they end, and after a boot.",
        ),
        "uninstall": ("uninstall", "Stop having systemd run the daemons; what runs goes on."),
        "status": ("status", "Show what runs of the cluster, and what is not well."),
        "component-logs": ("component_logs", "Print the logs of this machine's daemons."),
        "node": ("node", "Add a node to this machine's lab, or remove one."),
        "lab": ("lab", "Cut nodes of this machine's lab off, delay or lose what goes to them."),
        "simulate": ("simulate", "Run the real master with nodes that are hollow."),
        "token": ("token", "Make, list and delete the tokens with which other machines join."),
        "join": ("join", "Make this machine a node of the cluster whose API is at HOST:PORT."),
        "leave": ("leave", "Take this machine out of the cluster that it joined."),
        "reset": (
            "reset",
            "Remove everything of mk8s from this machine, objects too, whatever state it is in.",
        ),
        "doctor": ("doctor", "Check this machine, and the cluster that runs here."),
        "image": (
            "image",
            "List images of nodes, build stand-ins for a registry's, copy images to nodes.",
        ),
        "bundle": ("bundle", "Gather what a bug report needs into one archive, without secrets."),
        "kubeconfig": ("kubeconfig", "Print the administrator's kubeconfig."),
        "tutorial": ("tutorial", "Learn Kubernetes step by step."),
    },
    "Objects": {
        "get": ("get", "Show objects."),
        "describe": ("describe", "Describe objects."),
        "why": ("why", "Say why an object is as it is."),
        "tree": ("tree", "Draw who owns whom, and how each is."),
        "events": ("events", "Show Events."),
        "top": ("top", "Show what nodes or pods use."),
        "apply": ("apply", "Create or change objects as files say."),
        "create": ("create", "Make objects that are in files, or of what flags say."),
        "replace": (
            "replace",
            "Replace objects by those in files; --force deletes and makes them anew.",
        ),
        "patch": ("patch", "Change fields of objects."),
        "diff": ("diff", "Show what an apply would change."),
        "wait": ("wait", "Wait until objects are as wanted."),
        "delete": ("delete", "Delete objects by name, by file, by label, or --all of a kind."),
        "edit": (
            "edit",
            "Open objects in $KUBE_EDITOR or $EDITOR (vi) and write back what you changed.",
        ),
        "kustomize": ("kustomize", "Print the objects that a folder's kustomization describes."),
        "scale": ("scale", "Set the number of replicas."),
        "set": ("set", "Change one thing of objects."),
        "rollout": (
            "rollout",
            "Follow, list, undo, restart, pause and resume new versions of workloads.",
        ),
        "autoscale": ("autoscale", "Let the load decide how many pods there are."),
        "expose": ("expose", "Make a Service for an object's pods."),
        "label": ("label", "Set and remove labels."),
        "annotate": ("annotate", "Set and remove annotations."),
        "certificate": ("certificate", "Decide about requests for certificates."),
    },
    "Nodes": {
        "cordon": ("cordon", "Give nodes no new pods."),
        "uncordon": ("uncordon", "Give nodes new pods again."),
        "drain": ("drain", "Empty nodes."),
        "taint": ("taint", "Set and remove taints."),
    },
    "Pods": {
        "run": ("run", "Run an image in a pod."),
        "logs": ("logs", "Print the log of a container."),
        "exec": ("exec", "Run a command in a container."),
        "attach": ("attach", "Join the process of a container that runs."),
        "debug": ("debug", "Look into a pod or a node from a container of your own."),
        "cp": ("cp", "Copy files and folders to and from containers."),
        "port-forward": ("port_forward", "Lead local ports to ports of a pod until interrupted."),
        "proxy": ("proxy", "Serve the API at a port of this machine until interrupted."),
    },
    "Settings": {
        "config": ("config", "Show and change kubeconfigs: contexts, clusters, users."),
        "version": ("version", "Show the version of this program and of the cluster's API."),
        "cluster-info": ("cluster_info", "Show where the cluster's API and services are."),
        "api-resources": (
            "api_resources",
            "Show every kind: its names, short names, group and scope.",
        ),
        "api-versions": ("api_versions", "Show every API version, as group/version."),
        "explain": ("explain", "Explain a kind or one of its fields."),
        "auth": ("auth", "Tell who you are to the cluster, and what you may do."),
        "completion": ("completion", "Print what teaches a shell to complete mk8s' lines."),
        "help": ("help", "Show the help of a verb."),
        "options": ("options", "Show the global flags, which all verbs take."),
    },
}
"""Section of the help -> verb -> its module below `minikube8s.cli.verbs`, and its summary."""

_MODULES = {name: row[0] for rows in VERBS.values() for name, row in rows.items()}
_HIDDEN = {"__complete": "complete"}
"""What no person calls -> its module."""
_MEANT = {"create-cluster": "up", "start": "up", "stop": "down", "ls": "get", "rm": "delete"}


class Verbs(command.Group):
    """A group that imports a verb's module when it is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Every verb, in the order of the table."""
        return list(_MODULES)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The verb ``name``, or None when there is none."""
        place = _MODULES.get(name) or _HIDDEN.get(name)
        if place is None:
            return None
        module = importlib.import_module(f"minikube8s.cli.verbs.{place}")
        found: click.Command = module.command
        return found

    def nearest(self, context: click.Context, name: str) -> list[str]:
        """The verbs that a user of ``name`` may mean."""
        return [_MEANT[name]] if name in _MEANT else super().nearest(context, name)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table, without a look at any verb."""
        for section, rows in VERBS.items():
            with formatter.section(section):
                formatter.write_dl([(name, summary) for name, (_, summary) in rows.items()])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="minikube8s", prog_name="mk8s")
@click.pass_context
def mk8s(context: click.Context) -> None:
    """A small, real Kubernetes on Docker. Start with `mk8s up`; learn with `mk8s tutorial`."""


def main() -> NoReturn:
    """The program `mk8s`."""
    _fill_standard_files()
    session = Session()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a terminal that cannot show a character is no reason to fail
            stream.reconfigure(errors="replace")
    try:
        code: Any = mk8s.main(prog_name="mk8s", standalone_mode=False, obj=session)
        if sys.stdout is not None:
            sys.stdout.flush()
        if session.flags.get("warnings_as_errors") and (count := session.warnings):
            raise CommandError(f"{count} warning{'s' * (count > 1)} received")
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.UsageError as error:
        _fail(usage.sentence(error), usage.exit_code(error), session)
    except CommandError as error:
        _fail(_sentence(session, error), error.code, session)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # the reader of a pipe (head, less) has seen enough
        _flush_nothing()
        sys.exit(141)
    except OSError as error:
        _flush_nothing()
        name = f"{error.filename}: " if error.filename else ""
        _fail(f"error: {name}{error.strerror or error}", 1, session)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        _fail(f"error: mk8s itself failed ({why}). Where: again with --debug.", 1, session)
    sys.exit(code if isinstance(code, int) else 0)


def _sentence(session: Session, error: CommandError) -> str:
    """What ``error`` says; of an object that is not there with the name that may be meant."""
    if not hasattr(error, "status"):
        return str(error)
    from minikube8s.cli.naming import nearest

    return str(nearest.explained(session, error, sys.argv))


def _fill_standard_files() -> None:
    """Give input and output that were closed (`<&-`) to nothing, or a connection would be there."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w")


def _flush_nothing() -> None:
    """Keep what could not be written from being tried again when Python ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int, session: Session) -> NoReturn:
    if session.flags.get("debug"):
        import traceback

        traceback.print_exc()
    click.echo(harmless(message), err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()

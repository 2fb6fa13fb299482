"""Sub-commands of `mk8s config` that change contexts, clusters, users and single values."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli.command import verb
from minikube8s.cli.configuring import credentials, properties
from minikube8s.cli.configuring.viewing import loaded
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig import writing
from minikube8s.cli.kubeconfig.choosing import nearest
from minikube8s.cli.kubeconfig.loading import Kubeconfig
from minikube8s.cli.session import Session


@verb("use-context")
@click.argument("name", metavar="CONTEXT_NAME")
@click.pass_obj
def use_context(session: Session, name: str) -> None:
    """Make a context the current one."""
    config = loaded(session)
    known = config.entries["contexts"]
    if name not in known:
        raise CommandError(f'no context exists with the name: "{name}"{nearest(name, known)}')
    writing.choose(config, name)
    click.echo(f'Switched to context "{name}".')


@verb("set-context")
@click.argument("name", required=False, metavar="NAME | --current")
@click.option("--current", is_flag=True, help="Change the current context.")
@click.option("--cluster", help="The cluster.")
@click.option("--user", help="The user.")
@click.option("-n", "--namespace", help="The namespace.")
@click.pass_obj
def set_context(session: Session, /, name: str | None, current: bool, **given: str | None) -> None:
    """Make or change a context."""
    if name and current:
        raise CommandError("you cannot specify both a context name and --current")
    config = loaded(session)
    if current and not config.current:
        raise CommandError("no current context is set")
    name = config.current if current else name
    if not name:
        raise CommandError("you must specify a non-empty context name or --current")
    found = config.find("contexts", name)
    entry = dict(found.fields) if found else {}
    for field, value in given.items():
        if value:
            entry[field] = value
        elif value is not None:
            entry.pop(field, None)
    writing.put(config, "contexts", name, entry)
    click.echo(f'Context "{name}" {"modified" if found else "created"}.')


@verb("rename-context")
@click.argument("old", metavar="CONTEXT_NAME")
@click.argument("new", metavar="NEW_NAME")
@click.pass_obj
def rename_context(session: Session, old: str, new: str) -> None:
    """Give a context another name."""
    config = loaded(session)
    known, place = config.entries["contexts"], config.sources.default
    if old not in known:
        raise CommandError(
            f'cannot rename the context "{old}", it\'s not in {place}{nearest(old, known)}'
        )
    if new in known:
        raise CommandError(
            f'cannot rename the context "{old}", the context "{new}" already exists in {place}'
        )
    writing.rename(config, "contexts", old, new)
    if config.current == old:
        writing.choose(config, new)
    click.echo(f'Context "{old}" renamed to "{new}".')


@verb("set-cluster")
@click.argument("name", metavar="NAME")
@click.option("--server", help="Its address.")
@click.option("--certificate-authority", help="The file of whom to trust.")
@click.option("--embed-certs", is_flag=True, help="Take the file's content into the kubeconfig.")
@click.option("--insecure-skip-tls-verify", is_flag=True, default=None, help="Trust anybody.")
@click.option("--tls-server-name", help="Whom its certificate is for.")
@click.option("--proxy-url", help="The proxy on the way to it.")
@click.pass_obj
def set_cluster(session: Session, /, name: str, **given: Any) -> None:
    """Make or change a cluster."""
    _put(session, "clusters", name, given)
    click.echo(f'Cluster "{name}" set.')


@verb("set-credentials")
@click.argument("name", metavar="NAME")
@click.option("--client-certificate", help="The file of the certificate to be known by.")
@click.option("--client-key", help="The file of the certificate's key.")
@click.option("--embed-certs", is_flag=True, help="Take the files' content into the kubeconfig.")
@click.option("--token", help="A bearer token.")
@click.option("--username", help="Name for basic authentication.")
@click.option("--password", help="Password for basic authentication.")
@click.option("--auth-provider", help="An auth provider (Kubernetes removed them).")
@click.option("--auth-provider-arg", multiple=True, help="KEY=VALUE for it, or KEY-.")
@click.option("--exec-command", help="A program that gives credentials.")
@click.option("--exec-api-version", help="What it speaks: client.authentication.k8s.io/v1.")
@click.option("--exec-arg", multiple=True, help="An argument for it.")
@click.option("--exec-env", multiple=True, help="KEY=VALUE for its environment, or KEY-.")
@click.option("--exec-interactive-mode", help="Never, IfAvailable or Always.")
@click.option(
    "--exec-provide-cluster-info", is_flag=True, default=None, help="Tell it the cluster."
)
@click.pass_obj
def set_credentials(session: Session, /, name: str, **given: Any) -> None:
    """Make or change a user."""
    _put(session, "users", name, given)
    click.echo(f'User "{name}" set.')


@verb("delete-context")
@click.argument("name")
@click.pass_obj
def delete_context(session: Session, name: str) -> None:
    """Remove a context."""
    config = loaded(session)
    if config.current == name and config.find("contexts", name):
        click.echo(
            "warning: this removed your active context, use `mk8s config use-context` to select a "
            "different one",
            err=True,
        )
    _delete(config, "contexts", name)


@verb("delete-cluster")
@click.argument("name")
@click.pass_obj
def delete_cluster(session: Session, name: str) -> None:
    """Remove a cluster."""
    _delete(loaded(session), "clusters", name)


@verb("delete-user")
@click.argument("name")
@click.pass_obj
def delete_user(session: Session, name: str) -> None:
    """Remove a user."""
    _delete(loaded(session), "users", name)


@verb("set")
@click.argument("name", metavar="PROPERTY_NAME")
@click.argument("value", metavar="PROPERTY_VALUE")
@click.option("--set-raw-bytes", is_flag=True, help="The value of a base64 field is not base64.")
@click.pass_obj
def set_property(session: Session, name: str, value: str, set_raw_bytes: bool) -> None:
    """Set a single value, such as `current-context` or `clusters.NAME.server`."""
    found, config = properties.parse(name), loaded(session)
    if found.section == "current-context":
        writing.choose(config, value)
    elif found.section == "preferences":
        if found.field != "colors":
            raise CommandError("can't set a map to a value: preferences have `colors` alone")
        colors = properties.flag(value, name)
        writing.change(
            config.sources.default,
            lambda content: content.update({"preferences": {"colors": colors}}),
        )
    else:
        before = config.find(found.section, found.name)
        entry = before.fields if before else {}
        changed = properties.changed(found, entry, value, raw_bytes=set_raw_bytes)
        writing.put(config, found.section, found.name, changed)
    click.echo(f'Property "{name}" set.')


@verb("unset")
@click.argument("name", metavar="PROPERTY_NAME")
@click.pass_obj
def unset_property(session: Session, name: str) -> None:
    """Remove a single value, an entry or a section."""
    found, config = properties.parse(name), loaded(session)
    if not found.name:
        for path in config.sources.paths:
            if path.exists():
                writing.change(path, lambda content: content.pop(found.section, None))
    elif before := config.find(found.section, found.name):
        if found.field:
            writing.put(config, found.section, found.name, properties.without(found, before.fields))
        else:
            writing.remove(config, found.section, found.name)
    elif found.field:
        raise CommandError(
            f"current map key `{found.name}` is invalid: there is no such {found.section[:-1]}"
        )
    click.echo(f'Property "{name}" unset.')


COMMANDS = (
    use_context, set_context, rename_context, set_cluster, set_credentials, delete_context,
    delete_cluster, delete_user, set_property, unset_property,
)  # fmt: skip


def _put(session: Session, section: str, name: str, given: dict[str, Any]) -> None:
    config = loaded(session)
    found = config.find(section, name)
    place = found.origin if found else config.sources.default
    make = credentials.cluster if section == "clusters" else credentials.user
    entry = make(
        found.fields if found else {}, given, lambda path: writing.written_path(path, place)
    )
    writing.put(config, section, name, entry)


def _delete(config: Kubeconfig, section: str, name: str) -> None:
    known, what = config.entries[section], section[:-1]
    if name not in known:
        raise CommandError(
            f"cannot delete {what} {name}, not in {config.sources.default}{nearest(name, known)}"
        )
    place = writing.remove(config, section, name)
    click.echo(f"deleted {what} {name} from {place}")

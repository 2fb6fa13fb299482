"""`mk8s bundle`: what a bug report needs, in one file, secrets left out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minikube8s.cli.command import verb
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

if TYPE_CHECKING:
    from minikube8s.cli.bundling.gathering import Part
    from minikube8s.cli.bundling.redacting import Redactor
    from minikube8s.cli.connection.client import Client
    from minikube8s.cluster.config import Home, Settings

_README = """\
What mk8s found on {when}.

Left out on purpose: keys, tokens, data of Secrets, and whatever elsewhere looks like a credential
or is the value of a Secret; {mark} stands in its place. Look through the files before you send
them.

{notes}
"""
_CUT = "there are very many Secrets: the longest values of theirs are not looked for"


@verb("bundle")
@click.argument("file", required=False, metavar="[FILE.tar.gz]")
@click.option(
    "--timeout", "seconds", type=Duration(), default=60.0, help="How long it may take, like 2m."
)
@click.pass_obj
def command(session: Session, file: str | None, seconds: float) -> None:
    """Gather what a bug report needs into one archive, without secrets.

    Versions, what doctor and status say, settings, objects, Events, the logs of the daemons and of
    pods that fail, the engine, routes and rules. Also while the master is down.
    """
    from minikube8s.cli import endings
    from minikube8s.cli.bundling import redacting
    from minikube8s.cli.bundling.archive import Archive
    from minikube8s.cli.bundling.gathering import Gathering
    from minikube8s.cli.output.escapes import harmless
    from minikube8s.cli.output.progress import amount, watched

    _require_root(session.home)
    when = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime())
    path = Path(file or f"mk8s-bundle-{when}.tar.gz")
    if path.is_dir():
        path /= f"mk8s-bundle-{when}.tar.gz"
    client, known, problem = _secrets(session)
    try:
        with (
            endings.raised(),
            watched() as progress,
            Archive(path, f"mk8s-bundle-{when}") as archive,
        ):
            redactor = redacting.Redactor(known)
            gathering = Gathering(archive, redactor, seconds)
            gathering.notes += [problem] if problem else []
            gathering.notes += [_CUT] if redactor.is_cut else []
            parts = _parts(session.home, client, redactor)
            gathering.take(parts, lambda name: progress.show([f"gathering: {name}"]))
            notes = "\n".join([*gathering.notes, *archive.left_out]) or "Nothing else is missing."
            archive.add("README.txt", _README.format(when=when, mark=redacting.MARK, notes=notes))
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None
    for note in gathering.notes:
        click.echo(f"! {harmless(note)}", err=True)
    size = amount(path.stat().st_size)
    click.echo(f"{path}: {archive.files} files, {size}. Look through it before you send it.")


def _require_root(home: Home) -> None:
    from minikube8s.cluster.checkup import preflight
    from minikube8s.cluster.errors import ClusterError

    try:
        if _used(home):
            preflight.require_root("bundle")
    except ClusterError as error:
        raise CommandError(str(error)) from None


def _used(home: Home) -> bool:
    try:
        return home.used()
    except OSError:
        return True


def _has_master(home: Home) -> bool:
    return _used(home) and home.exists()


def _secrets(session: Session) -> tuple[Client | None, list[str], str]:
    """The API server, the values of its Secrets, and why one of both cannot be had."""
    from minikube8s.cli.bundling import objects
    from minikube8s.cli.connection.client import ApiFailure, Client

    try:
        # a kubeconfig may name another cluster than the one that runs here
        client = Client.of_home(session.home) if _has_master(session.home) else session.client
        return client, objects.known_secrets(client), ""
    except ApiFailure as failure:
        return client, [], f"Secrets cannot be read, so their values are not looked for: {failure}"
    except CommandError as error:
        return None, [], f"objects: left out, {error}"


def _parts(home: Home, client: Client | None, redactor: Redactor) -> Iterator[Part]:
    from minikube8s.cli.bundling import objects
    from minikube8s.cli.bundling.gathering import Part
    from minikube8s.cluster import evidence

    if home.used():
        settings = _settings(home)
        yield Part("doctor", lambda: _doctor(home))
        for name, files in evidence.of_home(home, settings):
            yield Part(name, files)
    else:
        yield Part("versions", evidence.versions)
    if client is not None:
        yield Part("events", lambda: objects.events(client, redactor), asks=True)
        yield Part("pods' logs", lambda: objects.failing(client, redactor), asks=True)
        yield Part("objects", lambda: objects.everything(client, redactor), asks=True)


def _doctor(home: Home) -> Iterator[tuple[str, str]]:
    from minikube8s.cluster import doctor

    found = doctor.examine(home, _settings(home))
    lines = [f"{one.mark.value} {one.check}: {one.text}" for one in found]
    yield "doctor.txt", "\n".join(lines) + "\n"


def _settings(home: Home) -> Settings:
    from minikube8s.cluster.membership import joined

    known = joined.load(home) if home.is_joined() else None
    return joined.settings(known) if known else home.load()

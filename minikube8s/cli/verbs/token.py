"""`mk8s token`: the bootstrap tokens with which other machines join."""

from __future__ import annotations

import re
import secrets
import string
from datetime import UTC, datetime, timedelta

import click

from minikube8s.api import bootstraptokens
from minikube8s.api.times import human_duration
from minikube8s.cli.command import group
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.tables import render
from minikube8s.cli.session import Session
from minikube8s.cluster import addresses
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError

_SECRETS = f"/api/v1/namespaces/{bootstraptokens.NAMESPACE}/secrets"
_LETTERS = string.ascii_lowercase + string.digits
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@group("token")
def command() -> None:
    """Make, list and delete the tokens with which other machines join."""


@command.command("create")
@click.option("--ttl", default="24h", help="How long it is valid, like 24h, 90m; 0: for ever.")
@click.option("--description", default="", help="What it is for.")
@click.option("--print-join-command", is_flag=True, help="Print the command for other machines.")
@click.pass_obj
def create(session: Session, ttl: str, description: str, print_join_command: bool) -> None:
    """Make a token and print it."""
    seconds = duration(ttl)
    until = datetime.now(UTC) + timedelta(seconds=seconds) if seconds else None
    joining = join_command(session.home) if print_join_command else ""
    client = Client.of_home(session.home) if print_join_command else session.client
    id_, key = _random(6), _random(16)
    client.json("POST", _SECRETS, bootstraptokens.make(id_, key, until, description))
    click.echo(joining.format(token=f"{id_}.{key}") if joining else f"{id_}.{key}")


@command.command("list")
@click.pass_obj
def show(session: Session) -> None:
    """List the tokens."""
    query = {"fieldSelector": f"type={bootstraptokens.TYPE}"}
    found = session.client.json("GET", _SECRETS, query=query)["items"]
    tokens = [token for token in map(bootstraptokens.read, found) if token is not None]
    click.echo(
        render(["TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION"], [_row(one) for one in tokens])
    )


@command.command("delete")
@click.argument("tokens", nargs=-1, required=True)
@click.pass_obj
def delete(session: Session, tokens: tuple[str, ...]) -> None:
    """Delete tokens, each named whole or by what is before its point."""
    client = session.client
    for token in tokens:
        id_ = token.partition(".")[0]
        if not re.fullmatch(r"[a-z0-9]{6}", id_):
            raise CommandError(f"{token!r} is not a token, nor the six characters of its name.")
        try:
            client.json("DELETE", f"{_SECRETS}/{bootstraptokens.SECRET_PREFIX}{id_}")
        except ApiFailure as failure:
            if failure.reason != "NotFound":
                raise
            raise CommandError(f"There is no token {id_}: see `mk8s token list`.") from None
        click.echo(f"bootstrap token {id_!r} deleted")


def duration(text: str) -> int:
    """Return the seconds of a duration, 0 for none. Raises CommandError."""
    if text == "0":
        return 0
    parts = re.findall(r"(\d+)([smhd])", text)
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if "".join(map("".join, parts)) != text or not 0 < seconds < 100 * 365 * 86400:
        raise CommandError(f"--ttl {text!r} is not a time: write it like 24h, 90m or 1h30m.")
    return seconds


def join_command(home: Home) -> str:
    """Return the command for other machines, with `{token}` in it. Raises CommandError."""
    from minikube8s.cluster.authority import pinning

    try:
        settings = home.load()
        master = addresses.joinable(settings)
        (pin,) = pinning.fingerprints((home.pki / "ca.crt").read_bytes())
    except (ClusterError, OSError) as error:
        raise CommandError(str(error)) from None
    return f"mk8s join {master} --token {{token}} --ca-hash {pin}"


def _row(token: bootstraptokens.Token) -> list[str]:
    now, until = datetime.now(UTC), token.expiration
    usages = {"authentication": token.authenticates, "signing": token.signs}
    return [
        token.text,
        human_duration(max(until - now, timedelta())) if until else "<forever>",
        f"{until:%Y-%m-%dT%H:%M:%SZ}" if until else "<never>",
        ",".join(usage for usage, allowed in usages.items() if allowed) or "<none>",
        token.description or "<none>",
    ]


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))

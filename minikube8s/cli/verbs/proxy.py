"""`mk8s proxy`: the API at a port of this machine, without credentials."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session


@verb("proxy")
@click.option("-p", "--port", type=int, default=8001, help="The port; 0 is any free one (8001).")
@click.option("--address", default="127.0.0.1", help="The address to listen at (127.0.0.1).")
@click.option("-u", "--unix-socket", default="", metavar="FILE", help="Listen here instead.")
@click.option("--api-prefix", default="/", metavar="PATH", help="Where the API is served (/).")
@click.option("-w", "--www", default="", metavar="DIR", help="Serve these files, too.")
@click.option("-P", "--www-prefix", default="/static/", metavar="PATH", help="Where (/static/).")
@click.option("--accept-hosts", default="", help="Hosts that may be asked for: expressions.")
@click.option("--accept-paths", default="", help="Paths that may be asked for: expressions.")
@click.option("--reject-paths", default="", help="Paths that may not (exec and attach).")
@click.option("--reject-methods", default="", help="Methods that may not be used: expressions.")
@click.option("--disable-filter", is_flag=True, help="Let everything through: this is dangerous.")
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Serve the API at a port of this machine until interrupted.

    Whoever may connect there acts with your rights: `curl http://127.0.0.1:8001/api/v1/pods`.
    """
    import asyncio
    from pathlib import Path

    from minikube8s.cli import endings
    from minikube8s.cli.apiproxy import rules
    from minikube8s.cli.apiproxy.serving import Gateway
    from minikube8s.cli.connection.wire import Wire

    if given["www"] and not Path(given["www"]).is_dir():
        raise CommandError(f"{given['www']} is no folder: --www serves the files of one")
    if given["disable_filter"] and not given["unix_socket"]:
        click.echo("Request filter disabled, your proxy is vulnerable to XSRF attacks", err=True)
    passing = rules.Rules(
        hosts=given["accept_hosts"] or rules.ACCEPT_HOSTS,
        paths=given["accept_paths"] or rules.ACCEPT_PATHS,
        refused_paths=given["reject_paths"] or rules.REJECT_PATHS,
        refused_methods=given["reject_methods"] or rules.REJECT_METHODS,
        every=given["disable_filter"],
    )
    wire = Wire(session.access)
    gateway = Gateway(wire, passing, given["api_prefix"], given["www"], given["www_prefix"])
    with endings.raised():
        asyncio.run(_serve(gateway, given))


async def _serve(gateway: Any, given: dict[str, Any]) -> None:
    import asyncio

    place = given["unix_socket"]
    try:
        if place:
            server: asyncio.Server = await asyncio.start_unix_server(gateway.serve, place)
        else:
            server = await asyncio.start_server(gateway.serve, given["address"], given["port"])
    except (OSError, OverflowError) as error:
        where = place or f"{given['address']}:{given['port']}"
        why = getattr(error, "strerror", None) or error
        raise CommandError(f"cannot listen at {where}: {why}") from None
    if not place:
        host, port = server.sockets[0].getsockname()[:2]
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    click.echo(f"Starting to serve on {place}")
    try:
        # a wait for the end of open connections, as `serve_forever` has it, would hold up Ctrl-C
        await asyncio.get_running_loop().create_future()
    finally:
        server.close()
        if given["unix_socket"]:
            _forget(place)


def _forget(socket: str) -> None:
    from pathlib import Path

    Path(socket).unlink(missing_ok=True)

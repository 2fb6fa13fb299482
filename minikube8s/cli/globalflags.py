"""The flags that every verb takes: which cluster is meant, as whom, and how to talk with it."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli.output import styles
from minikube8s.cli.session import Session


def global_options() -> list[click.Option]:
    """The flags that every verb takes, anywhere in the line; their values go to the session."""
    return [
        _global("-n", "--namespace", metavar="NAME", help="The namespace to act in."),
        _global("--context", metavar="NAME", help="The kubeconfig's context to use."),
        _global("--cluster", metavar="NAME", help="The kubeconfig's cluster to use."),
        _global("--user", metavar="NAME", help="The kubeconfig's user to be."),
        _global("-s", "--server", metavar="URL", help="The address of the API server."),
        _global("--kubeconfig", metavar="FILE", help="Talk to the cluster of this kubeconfig."),
        _global("--home", metavar="DIR", help="The cluster's directory (MK8S_HOME)."),
        _global("--token", metavar="TOKEN", help="Bearer token to be known by."),
        _global("--username", metavar="NAME", help="Name for basic authentication."),
        _global("--password", metavar="WORD", help="Password for basic authentication."),
        _global("--client-certificate", metavar="FILE", help="Certificate to be known by."),
        _global("--client-key", metavar="FILE", help="The certificate's key."),
        _global("--certificate-authority", metavar="FILE", help="Whom to trust."),
        _global("--tls-server-name", metavar="NAME", help="Whom the server's certificate is for."),
        _global("--insecure-skip-tls-verify", is_flag=True, help="Trust whoever answers."),
        _global("--as", metavar="USER", help="Act as another user."),
        _global("--as-group", metavar="GROUP", multiple=True, help="… in these groups."),
        _global("--as-uid", metavar="UID", help="… with this uid."),
        _global(
            "--request-timeout",
            metavar="TIME",
            help="How long one request may take: 5s, 2m; 0: as long as usual.",
        ),
        _global(
            "-v", "--v", metavar="LEVEL", type=int, help="6 to 9: show what goes to the server."
        ),
        _global("--disable-compression", is_flag=True, help="Let the server send all unpacked."),
        _global("--cache-dir", metavar="DIR", help="Taken as kubectl takes it; nothing is kept."),
        _global("--warnings-as-errors", is_flag=True, help="Fail where the server warns."),
        _global("--match-server-version", is_flag=True, help="Taken as kubectl takes it."),
        *(
            _global(name, metavar="VALUE", help="Taken as kubectl takes it; does nothing.")
            for name in ("--log-flush-frequency", "--profile", "--profile-output", "--vmodule")
        ),
        _global(
            "--color",
            metavar="WHEN",
            type=click.Choice(["auto", "always", "never"]),
            help="auto: on a terminal, unless NO_COLOR is set.",
        ),
        _global("--debug", is_flag=True, help="Show where in mk8s an error came from."),
    ]


def _global(*names: str, **kwargs: Any) -> click.Option:
    return click.Option(names, expose_value=False, hidden=True, callback=_keep, **kwargs)


def _keep(context: click.Context, param: click.Parameter, value: Any) -> None:
    session = context.find_object(Session)
    if session is not None and value not in (None, False, ()):
        session.flags[str(param.name)] = value
        if param.name == "color":
            styles.Choice.when = value

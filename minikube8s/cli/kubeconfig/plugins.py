"""Credentials from a program that the kubeconfig names: run when first needed, kept for the call.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import datetime
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig import fields

if TYPE_CHECKING:
    from minikube8s.cli.kubeconfig.choosing import Access

_GROUP = "client.authentication.k8s.io"
VERSIONS = (f"{_GROUP}/v1", f"{_GROUP}/v1beta1")
SECONDS = 300.0
"""How long a plugin may take: it may have to wait for somebody who logs in."""


class Credential:
    """What a plugin answered: a token, a certificate with its key, or both."""

    __slots__ = ("certificate", "expires", "key", "token")

    def __init__(
        self, token: str, certificate: str, key: str, expires: datetime.datetime | None
    ) -> None:
        self.token = token
        self.certificate = certificate.encode()
        self.key = key.encode()
        self.expires = expires

    def expired(self, now: datetime.datetime) -> bool:
        """Whether its time is over; one that says nothing of it is good for the whole call."""
        return self.expires is not None and self.expires <= now


class Plugin:
    """The plugin of one user. `ask` runs it."""

    def __init__(self, access: Access) -> None:
        self._what = access.execute
        self._folder = access.execute_origin
        self._access = access
        check(self._what, access.user)

    def ask(self) -> Credential:
        """Run the program. Raises CommandError when it is missing, fails or says nothing of use."""
        command = self.command()
        interactive = self._interactive()
        environment = {**os.environ, **environment_of(self._what)}
        environment["KUBERNETES_EXEC_INFO"] = json.dumps(self.question(interactive=interactive))
        arguments = [command, *(self._what.get("args") or [])]
        said = _run(arguments, environment, self._hint, interactive=interactive)
        return answer(said, self._what["apiVersion"], command)

    def command(self) -> str:
        """The program: a name to look up, or a path counted from the kubeconfig's folder."""
        named = str(self._what["command"])
        return os.path.normpath(Path(self._folder) / named) if os.sep in named else named

    def question(self, *, interactive: bool) -> dict[str, Any]:
        """The ExecCredential that the program finds in its environment."""
        spec: dict[str, Any] = {"interactive": interactive}
        if self._what.get("provideClusterInfo"):
            spec["cluster"] = self._cluster()
        return {"kind": "ExecCredential", "apiVersion": self._what["apiVersion"], "spec": spec}

    def _cluster(self) -> dict[str, Any]:
        import base64

        access = self._access
        data = access.ca_data or (Path(access.ca_file).read_bytes() if access.ca_file else b"")
        told = {
            "server": access.server,
            "tls-server-name": access.tls_server_name,
            "insecure-skip-tls-verify": access.insecure,
            "certificate-authority-data": base64.b64encode(data).decode(),
            "proxy-url": access.proxy_url,
            "config": access.execute_config,
        }
        return {name: value for name, value in told.items() if value or name == "config"}

    def _interactive(self) -> bool:
        mode = self._what.get("interactiveMode") or "IfAvailable"
        terminal = sys.stdin is not None and sys.stdin.isatty()
        if mode == "Always" and not terminal:
            raise CommandError(
                "getting credentials: exec plugin cannot support interactive mode: standard input "
                "is not a terminal. Call it from a terminal, or use other credentials."
            )
        return terminal and mode != "Never"

    def _hint(self, why: str) -> CommandError:
        hint = str(self._what.get("installHint") or "").strip()
        return CommandError(f"getting credentials: exec: {why}" + (f"\n\n{hint}" if hint else ""))


def check(what: Mapping[str, Any], user: str) -> None:
    """Raise CommandError for a plugin that cannot be run as it is described."""
    if not what.get("command"):
        raise CommandError(
            f"command must be specified for {user} to use exec authentication plugin"
        )
    version = what.get("apiVersion")
    if not version:
        raise CommandError(
            f"apiVersion must be specified for {user} to use exec authentication plugin"
        )
    if version not in VERSIONS:
        raise CommandError(
            f"the exec plugin of {user} wants {version}, which is not known here: set apiVersion "
            f"to {VERSIONS[0]}, if the plugin can do that."
        )
    mode = what.get("interactiveMode")
    if not mode and version == VERSIONS[0]:
        raise CommandError(
            f"interactiveMode must be specified for {user} to use exec authentication plugin"
        )
    if mode and mode not in fields.MODES:
        raise CommandError(
            f'invalid interactiveMode for {user}: "{mode}". It is one of {", ".join(fields.MODES)}.'
        )


def environment_of(what: Mapping[str, Any]) -> dict[str, str]:
    """The variables that a plugin's description adds to the environment."""
    return {str(one["name"]): str(one.get("value", "")) for one in what.get("env") or ()}


def answer(text: str, version: str, command: str) -> Credential:
    """What the program printed, as credentials. Raises CommandError when it is of no use."""
    try:
        said = json.loads(text)
        status = said.get("status")
        kind = (said.get("apiVersion"), said.get("kind"))
    except (ValueError, AttributeError):
        raise _useless(command, "it printed no ExecCredential as JSON") from None
    if kind != (version, "ExecCredential"):
        raise _useless(command, f"it answered with {kind[1]} {kind[0]} instead of {version}")
    if not isinstance(status, dict):
        raise _useless(command, "exec plugin didn't return a status field")
    token = str(status.get("token") or "")
    certificate = str(status.get("clientCertificateData") or "")
    key = str(status.get("clientKeyData") or "")
    if bool(certificate) != bool(key):
        raise _useless(command, "it gave a certificate without a key, or a key alone")
    if not token and not certificate:
        raise _useless(command, "exec plugin didn't return a token or cert/key pair")
    try:
        until = status.get("expirationTimestamp")
        expires = datetime.datetime.fromisoformat(until) if until else None
    except (ValueError, TypeError):
        raise _useless(command, "its expirationTimestamp is no time") from None
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=datetime.UTC)
    return Credential(token, certificate, key, expires)


def _useless(command: str, why: str) -> CommandError:
    return CommandError(f"getting credentials: the plugin {command} gave none: {why}")


def _run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    failure: Callable[[str], CommandError],
    *,
    interactive: bool,
) -> str:
    import subprocess

    name = arguments[0]
    try:
        done = subprocess.run(
            arguments,
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise failure(
            f"executable {name} not found. Install it, or use other credentials."
        ) from None
    except OSError as error:
        raise failure(f"executable {name} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise failure(f"executable {name} took longer than {SECONDS:.0f} s") from None
    if done.returncode:
        raise failure(f"executable {name} failed with exit code {done.returncode}")
    return done.stdout.decode(errors="replace")

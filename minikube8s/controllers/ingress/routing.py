"""From Ingresses to what each host serves, and what is wrong with them. Pure.

Of several Ingresses that want the same, the oldest has it. What cannot be served is left out and
told; everything else works.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import unquote

from minikube8s.api.ingressing import REDIRECT
from minikube8s.api.views import HTTPIngressPath, Ingress, IngressBackend, IngressTLS, Service

_HOST = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST = 1024
"""The most characters of a path."""


class Pair(NamedTuple):
    """A certificate with its chain, and its key, in PEM."""

    certificate: str
    key: str


class Target(NamedTuple):
    """Where requests are sent; one without an address is answered 503."""

    address: str = ""
    port: int = 0


class Place(NamedTuple):
    """A path and who serves it; `exact` means this path alone, not what lies below it."""

    path: str
    exact: bool
    target: Target
    redirect: bool = False


@dataclass(slots=True)
class Host:
    """What one host serves; the name "" stands for every host that is not named."""

    name: str
    places: list[Place] = field(default_factory=list)
    fallback: Target | None = None
    """Who serves all other paths; None: nobody does, 404."""
    pair: Pair | None = None


class Problem(NamedTuple):
    """What of an Ingress does not work: an Event about it."""

    about: Mapping[str, Any]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What Ingresses name, found by namespace and name."""

    services: Mapping[tuple[str, str], Service]
    secrets: Mapping[tuple[str, str], Pair]
    refusal: Callable[[Pair], str]
    """Returns why a pair cannot be used, "" if it can."""


Item = tuple[Ingress, Mapping[str, Any]]
"""An Ingress, and its object, which Events are about."""


def route(items: Iterable[Item], around: Surroundings) -> tuple[list[Host], list[Problem]]:
    """Return what each host serves, by name, and what is wrong."""
    router = _Router(around)
    ordered = sorted(items, key=lambda item: _age(item[0]))
    for item in ordered:
        router.add_rules(*item)
    for item in ordered:
        router.add_certificates(*item)
    router.add_defaults(ordered)
    return sorted(router.hosts.values(), key=lambda host: host.name), router.problems


def _age(ingress: Ingress) -> tuple[str, str, str]:
    metadata = ingress.metadata
    return metadata.creation_timestamp or "", metadata.namespace, metadata.name


class _Router:
    """The hosts as they come together."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.hosts: dict[str, Host] = {}
        self.problems: list[Problem] = []
        self._owners: dict[tuple[str, str, bool], str] = {}

    def add_rules(self, ingress: Ingress, about: Mapping[str, Any]) -> None:
        for rule in ingress.spec.rules:
            if rule.host and not _HOST.fullmatch(rule.host):
                self._tell(about, "InvalidHost", f"{rule.host!r} is no host name: it is not served")
                continue
            host = self._host(rule.host)
            if host.fallback is None and ingress.spec.default_backend is not None:
                host.fallback = self._target(ingress, ingress.spec.default_backend, about)
            for path in rule.http.paths if rule.http else ():
                self._add_path(host, path, ingress, about)

    def add_certificates(self, ingress: Ingress, about: Mapping[str, Any]) -> None:
        for entry in ingress.spec.tls:
            names = [name for name in entry.hosts or ("",) if not name or _HOST.fullmatch(name)]
            pair = self._pair(ingress, entry, about)
            if pair is None:
                continue
            for name in names:
                for host in self._covered(name, ingress):
                    host.pair = host.pair or pair

    def add_defaults(self, ordered: Sequence[Item]) -> None:
        """Give what no rule matches to the oldest Ingress that wants it, best one without rules."""
        wanting = [item for item in ordered if item[0].spec.default_backend is not None]
        wanting.sort(key=lambda item: bool(item[0].spec.rules))
        if not wanting:
            return
        first, about = wanting[0]
        assert first.spec.default_backend is not None
        default = self._target(first, first.spec.default_backend, about)
        for ingress, other in wanting[1:]:
            if not ingress.spec.rules:
                owner = f"{first.metadata.namespace}/{first.metadata.name}"
                why = (
                    f"requests that match no rule go to Ingress {owner}, which is older: give this"
                    " one rules, or delete the other"
                )
                self._tell(other, "RuleConflict", why)
        self._host("")
        for host in self.hosts.values():
            host.fallback = host.fallback or default

    def _host(self, name: str) -> Host:
        return self.hosts.setdefault(name, Host(name))

    def _add_path(
        self, host: Host, path: HTTPIngressPath, ingress: Ingress, about: Mapping[str, Any]
    ) -> None:
        text = unquote(path.path) or "/"
        exact = path.path_type == "Exact"
        if not exact:
            text = text.rstrip("/") or "/"
        shown = f"path {path.path!r} of host {host.name or '*'!r}"
        if not text.startswith("/") or len(text) > _LONGEST or not text.isprintable():
            self._tell(about, "InvalidPath", f"{shown} is no path of printable characters")
            return
        mine = f"{ingress.metadata.namespace}/{ingress.metadata.name}"
        owner = self._owners.setdefault((host.name, text, exact), mine)
        if any((one.path, one.exact) == (text, exact) for one in host.places):
            why = f"{shown} is served by Ingress {owner} already: choose another host or path"
            self._tell(about, "RuleConflict", why)
            return
        redirect = ingress.metadata.annotations.get(REDIRECT) == "true"
        target = self._target(ingress, path.backend, about)
        host.places.append(Place(text, exact, target, redirect))

    def _target(
        self, ingress: Ingress, backend: IngressBackend, about: Mapping[str, Any]
    ) -> Target:
        """Return where the backend is; nowhere, and an Event, when it cannot be reached."""
        try:
            return _resolve(ingress.metadata.namespace, backend, self._around.services)
        except LookupError as error:
            self._tell(about, "BackendUnavailable", str(error.args[0]))
            return Target()

    def _pair(self, ingress: Ingress, entry: IngressTLS, about: Mapping[str, Any]) -> Pair | None:
        secret = f"{ingress.metadata.namespace}/{entry.secret_name}"
        if not entry.secret_name:
            why = "names no secretName: its hosts are served without TLS"
            self._tell(about, "InvalidTLSSecret", f"an entry of spec.tls {why}")
            return None
        pair = self._around.secrets.get((ingress.metadata.namespace, entry.secret_name))
        if pair is None:
            refusal = "not found, or without tls.crt and tls.key"
        else:
            refusal = self._around.refusal(pair)
        if refusal:
            why = f"secret {secret} cannot be used: {refusal}; its hosts are served without TLS"
            self._tell(about, "InvalidTLSSecret", why)
            return None
        return pair

    def _covered(self, name: str, ingress: Ingress) -> list[Host]:
        """Return the hosts that a certificate for `name` is for; without a name all of the
        Ingress."""
        if not name:
            return [
                self._host(host)
                for host in {rule.host for rule in ingress.spec.rules} or {""}
                if not host or _HOST.fullmatch(host)
            ]
        if name.startswith("*."):
            own = {rule.host for rule in ingress.spec.rules}
            below = [one for one in own if one.partition(".")[2] == name[2:]]
            return [self._host(name), *(self._host(one) for one in sorted(below))]
        return [self._host(name)]

    def _tell(self, about: Mapping[str, Any], reason: str, message: str) -> None:
        problem = Problem(about, reason, message)
        if problem not in self.problems:
            self.problems.append(problem)


def _resolve(
    namespace: str, backend: IngressBackend, services: Mapping[tuple[str, str], Service]
) -> Target:
    """Return where the backend is. Raises LookupError with a sentence."""
    if backend.service is None:
        kind = (backend.resource or {}).get("kind", "")
        raise LookupError(f"a backend of kind {kind!r} is not supported: name a Service")
    name = f"{namespace}/{backend.service.name}"
    service = services.get((namespace, backend.service.name))
    if service is None:
        raise LookupError(f"service {name} not found: its paths are answered 503")
    if service.spec.type == "ExternalName" or service.spec.headless:
        raise LookupError(
            f"service {name} has no cluster address (headless or ExternalName): its paths are"
            " answered 503; give it one"
        )
    by = backend.service.port
    for port in service.spec.ports:
        if port.protocol == "TCP" and (port.name == by.name if by.name else port.port == by.number):
            try:
                return Target(str(ip_address(service.spec.cluster_ip)), port.port)
            except ValueError:
                raise LookupError(f"service {name} has no cluster address yet") from None
    raise LookupError(
        f"service {name} has no TCP port {by.name or by.number}: its paths are answered 503"
    )

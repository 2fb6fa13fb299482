"""Ingresses of rules such as `example.org/path*=service:80,tls=secret`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from minikube8s.cli.errors import CommandError
from minikube8s.cli.making.base import Object, made

_RULE = re.compile(
    r"^(?P<host>[\w*.-]*)(?P<path>/[^=]*)=(?P<service>[^=:]+):(?P<port>[^,=:]+)"
    r"(?:,tls(?:=(?P<secret>[\w.-]*))?)?(?P<rest>.*)$"
)


def ingress(
    name: str, rules: Sequence[str], class_: str, default: str, annotations: Sequence[str]
) -> Object:
    """An Ingress. Raises CommandError."""
    if not rules and not default:
        raise CommandError(
            "not enough information provided: every ingress has to either specify a "
            "default-backend (which catches all traffic) or a list of rules (which catch specific "
            "paths)"
        )
    spec: Object = {"ingressClassName": class_} if class_ else {}
    if default:
        spec["defaultBackend"] = _default(default)
    parsed = [_parsed(rule) for rule in rules]
    tls = _tls(parsed)
    if tls:
        spec["tls"] = tls
    if parsed:
        spec["rules"] = _rules(parsed)
    return made(
        "Ingress",
        "networking.k8s.io/v1",
        name,
        annotations=_annotations(annotations),
        spec=spec,
        status={"loadBalancer": {}},
    )


def _parsed(rule: str) -> re.Match[str]:
    found = _RULE.fullmatch(rule)
    if not found or found["rest"]:
        raise CommandError(
            f"rule {rule} is invalid and should be in format "
            "host/path=svcname:svcport[,tls[=secret]]"
        )
    return found


def _rules(parsed: Sequence[re.Match[str]]) -> list[Object]:
    """One rule a host, in the order in which the hosts came."""
    hosts: dict[str, list[Object]] = {}
    for found in parsed:
        path = found["path"]
        entry = {
            "path": path.removesuffix("*"),
            "pathType": "Prefix" if path.endswith("*") else "Exact",
            "backend": _backend(found["service"], found["port"]),
        }
        hosts.setdefault(found["host"], []).append(entry)
    return [
        ({"host": host} if host else {}) | {"http": {"paths": paths}}
        for host, paths in hosts.items()
    ]


def _tls(parsed: Sequence[re.Match[str]]) -> list[Object]:
    """One entry a secret, with all hosts that use it."""
    entries: dict[str, list[str]] = {}
    for found in parsed:
        if ",tls" not in found.string:
            continue
        hosts = entries.setdefault(found["secret"] or "", [])
        if found["host"] and found["host"] not in hosts:
            hosts.append(found["host"])
    return [
        ({"hosts": hosts} if hosts else {}) | ({"secretName": secret} if secret else {})
        for secret, hosts in entries.items()
    ]


def _default(text: str) -> Object:
    service, colon, port = text.partition(":")
    if not colon or not service or not port or ":" in port:
        raise CommandError("default-backend should be in format servicename:serviceport")
    return _backend(service, port)


def _backend(service: str, port: str) -> Object:
    named = {"number": int(port)} if port.isdigit() else {"name": port}
    return {"service": {"name": service, "port": named}}


def _annotations(texts: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise CommandError(f"annotation {text} is invalid and should be in format key=[value]")
        found[key] = value
    return found

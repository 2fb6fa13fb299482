"""Validation of what a pod's names and addresses look like to itself: DNS and hosts."""

from __future__ import annotations

from minikube8s.api import names
from minikube8s.api.errors import Cause, invalid_value, required
from minikube8s.api.strategy.checks.common import Obj, address, named, one_of

DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_SERVERS, _SEARCHES, _SEARCH_CHARACTERS = 3, 32, 2048


def check(field: str, spec: Obj) -> list[Cause]:
    """Check the DNS policy and configuration and the host aliases of a pod spec."""
    causes = one_of(f"{field}.dnsPolicy", spec.get("dnsPolicy"), DNS_POLICIES)
    causes += _config(f"{field}.dnsConfig", spec)
    for position, alias in enumerate(spec.get("hostAliases") or ()):
        at = f"{field}.hostAliases[{position}]"
        causes += address(f"{at}.ip", alias.get("ip") or "")
        for place, host in enumerate(alias.get("hostnames") or ()):
            causes += named(f"{at}.hostnames[{place}]", host, names.dns1123_subdomain)
    return causes


def _config(field: str, spec: Obj) -> list[Cause]:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            return [required(field, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(f"{field}.nameservers", why)]
    if not config:
        return []
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    causes: list[Cause] = []
    if len(servers) > _SERVERS:
        why = f"must not have more than {_SERVERS} nameservers"
        causes.append(invalid_value(f"{field}.nameservers", servers, why))
    for position, server in enumerate(servers):
        causes += address(f"{field}.nameservers[{position}]", server)
    causes += _searches(f"{field}.searches", searches)
    for position, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            causes.append(required(f"{field}.options[{position}]", "must not be empty"))
    return causes


def _searches(field: str, searches: list[str]) -> list[Cause]:
    causes: list[Cause] = []
    if len(searches) > _SEARCHES:
        why = f"must not have more than {_SEARCHES} search paths"
        causes.append(invalid_value(field, searches, why))
    if len(" ".join(searches)) > _SEARCH_CHARACTERS:
        why = (
            f"must not have more than {_SEARCH_CHARACTERS} characters (including spaces) in the"
            " search list"
        )
        causes.append(invalid_value(field, searches, why))
    for position, search in enumerate(searches):
        if search != ".":
            rule = names.dns1123_subdomain_with_underscore
            causes += named(f"{field}[{position}]", search.removesuffix("."), rule)
    return causes

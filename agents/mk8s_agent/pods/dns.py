"""What a pod's resolver is told. Pure: the host's resolv.conf comes in as text."""

from __future__ import annotations

import msgspec

from minikube8s.api.views import Pod

_MOST_NAMESERVERS = 3
_MOST_SEARCHES = 32
_MOST_SEARCH_CHARACTERS = 2048


class ClusterDns(msgspec.Struct, frozen=True):
    """The cluster's own name service; without an `address` there is none."""

    address: str = ""
    domain: str = "cluster.local"


class Resolver(msgspec.Struct, frozen=True):
    """The lines of a resolv.conf."""

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def text(self) -> str:
        """The file."""
        lines = [f"nameserver {one}" for one in self.nameservers]
        if self.searches:
            lines.append(f"search {' '.join(self.searches)}")
        if self.options:
            lines.append(f"options {' '.join(self.options)}")
        return "".join(f"{line}\n" for line in lines)


def resolver_of(pod: Pod, cluster: ClusterDns, host: str) -> tuple[Resolver, tuple[str, ...]]:
    """The pod's resolver, by its dnsPolicy and dnsConfig, and what people must be told of it.

    `host` is the content of the host's. ClusterFirst needs a cluster DNS; without one, and in the
    host's network, it means the same as Default.
    """
    policy = pod.spec.dns_policy
    cluster_first = policy == "ClusterFirstWithHostNet" or (
        policy == "ClusterFirst" and not pod.spec.host_network
    )
    if policy == "None":
        resolver = Resolver()
    elif cluster_first and cluster.address:
        upstream = _parse(host)
        zone = f"svc.{cluster.domain}"
        own = (f"{pod.metadata.namespace}.{zone}", zone, cluster.domain)
        resolver = Resolver((cluster.address,), (*own, *upstream.searches), ("ndots:5",))
    else:
        resolver = _parse(host)
    return _within_limits(_with_config(resolver, pod))


def _within_limits(whole: Resolver) -> tuple[Resolver, tuple[str, ...]]:
    """What a C library reads, with a sentence for each line that is cut."""
    nameservers = whole.nameservers[:_MOST_NAMESERVERS]
    searches = whole.searches[:_MOST_SEARCHES]
    while len(" ".join(searches)) > _MOST_SEARCH_CHARACTERS:
        searches = searches[:-1]
    complaints: list[str] = []
    if nameservers != whole.nameservers:
        complaints.append(
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied "
            f"nameserver line is: {' '.join(nameservers)}"
        )
    if searches != whole.searches:
        complaints.append(
            "Search Line limits were exceeded, some search paths have been omitted, the applied "
            f"search line is: {' '.join(searches)}"
        )
    return Resolver(nameservers, searches, whole.options), tuple(complaints)


def _with_config(resolver: Resolver, pod: Pod) -> Resolver:
    config = pod.spec.dns_config
    said = {
        one.name: f"{one.name}:{one.value}" if one.value else one.name for one in config.options
    }
    kept = [one for one in resolver.options if one.partition(":")[0] not in said]
    return Resolver(
        _unique(resolver.nameservers + config.nameservers),
        _unique(resolver.searches + config.searches),
        (*kept, *said.values()),
    )


def _parse(text: str) -> Resolver:
    nameservers: list[str] = []
    searches: tuple[str, ...] = ()
    options: list[str] = []
    for line in text.splitlines():
        keyword, *values = line.split("#")[0].split(";")[0].split() or [""]
        if keyword == "nameserver":
            nameservers += values[:1]
        elif keyword in ("search", "domain"):
            searches = tuple(one for one in values if one != ".")
        elif keyword == "options":
            options += values
    return Resolver(tuple(nameservers), searches, tuple(options))


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))

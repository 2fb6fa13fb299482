"""What a pod's resolver is told. Pure: the host's resolver comes in as a value."""

from __future__ import annotations

import msgspec

from minikube8s.api.views import Pod
from mk8s_agent.dns.resolvconf import Resolver

_MOST_NAMESERVERS = 3
_MOST_SEARCHES = 32
_MOST_SEARCH_CHARACTERS = 2048


class ClusterDns(msgspec.Struct, frozen=True):
    """The cluster's own name service; without an `address` there is none."""

    address: str = ""
    domain: str = "cluster.local"


def resolver_of(pod: Pod, cluster: ClusterDns, host: Resolver) -> tuple[Resolver, tuple[str, ...]]:
    """The pod's resolver, by its dnsPolicy and dnsConfig, and what people must be told of it.

    `host` is the host's. ClusterFirst needs a cluster DNS; without one, and in the host's network,
    it means the same as Default. Where the host asks itself, no pod could: it asks the cluster's,
    which asks the host's.
    """
    policy = pod.spec.dns_policy
    cluster_first = policy == "ClusterFirstWithHostNet" or (
        policy == "ClusterFirst" and not pod.spec.host_network
    )
    if policy == "None":
        resolver = Resolver()
    elif cluster_first and cluster.address:
        zone = f"svc.{cluster.domain}"
        own = (f"{pod.metadata.namespace}.{zone}", zone, cluster.domain)
        resolver = Resolver((cluster.address,), (*own, *host.searches), ("ndots:5",))
    elif cluster.address and not pod.spec.host_network and _only_loopback(host):
        resolver = Resolver((cluster.address,), host.searches, host.options)
    else:
        resolver = host
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


def _only_loopback(host: Resolver) -> bool:
    found = host.nameservers
    return bool(found) and all(one.startswith("127.") or one == "::1" for one in found)


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))

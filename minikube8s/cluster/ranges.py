"""Owns what the networks of pods and of Services may be: one of IPv4, or one of each family.

They are written as Kubernetes writes them, `10.244.0.0/16,fd00:10:244::/56`.
"""

from __future__ import annotations

import ipaddress

from minikube8s.cluster.errors import ClusterError

_LIKE = {4: "10.244.0.0/16", 6: "fd00:10:244::/56"}
_LONGEST_IPV4 = 24
_LONGEST_IPV6 = {"pod": 64, "service": 120}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def check(pods: str, services: str) -> tuple[ipaddress.IPv4Network, ipaddress.IPv4Network]:
    """The networks of IPv4. Raises ClusterError for what cannot be used."""
    pod_networks, service_networks = _parse("pod", pods), _parse("service", services)
    if len(pod_networks) != len(service_networks):
        raise ClusterError(
            f"The pod networks {pods} and the service networks {services} must be of the same "
            "families: give --pod-cidr and --service-cidr one of IPv4 each, or both one of IPv4 "
            "and one of IPv6."
        )
    for pod, service in zip(pod_networks, service_networks, strict=True):
        if pod.overlaps(service):
            raise ClusterError(
                f"The pod network {pod} and the service network {service} overlap: choose others "
                "with --pod-cidr and --service-cidr."
            )
    return _first(pods), _first(services)


def _first(networks: str) -> ipaddress.IPv4Network:
    """The network of IPv4, which comes first."""
    return ipaddress.IPv4Network(networks.partition(",")[0].strip())


def tidy(networks: str) -> str:
    """The same networks without blanks around the comma."""
    return ",".join(one.strip() for one in networks.split(","))


def _parse(what: str, text: str) -> list[Network]:
    texts = [one.strip() for one in text.split(",")]
    if len(texts) > 2:
        raise ClusterError(
            f"The {what} networks {text!r} are too many: one of IPv4, and one of IPv6 if need be."
        )
    return [_network(what, one, version) for one, version in zip(texts, (4, 6), strict=False)]


def _network(what: str, text: str, version: int) -> Network:
    try:
        network: Network = (
            ipaddress.IPv4Network(text) if version == 4 else ipaddress.IPv6Network(text)
        )
    except ValueError as error:
        raise ClusterError(
            f"The {what} network {text!r} is not an IPv{version} network ({error}): it reads like "
            f"{_LIKE[version]}."
        ) from None
    longest = _LONGEST_IPV4 if version == 4 else _LONGEST_IPV6[what]
    if network.prefixlen > longest:
        raise ClusterError(
            f"The {what} network {network} is too small: give it a /{longest} or larger."
        )
    return network

"""Pods as NetworkPolicies see them. Pure.

A pod in its node's network has no address of its own, so policies neither select nor name it. One
that has ended has none any more: its address may be another pod's by now.
"""

from minikube8s.api.views import PeerPod, PeerPort, Pod


def peer_of(pod: Pod) -> PeerPod | None:
    """What policies need to know of a pod; None while it has no address of its own."""
    addresses = tuple(one.ip for one in pod.status.pod_ips if one.ip)
    if not addresses and pod.status.pod_ip:
        addresses = (pod.status.pod_ip,)
    return None if pod.terminal else peer_at(pod, addresses)


def peer_at(pod: Pod, addresses: tuple[str, ...]) -> PeerPod | None:
    """The same for a pod that is known to have these addresses, whatever its status says."""
    if pod.spec.host_network or not addresses:
        return None
    return PeerPod(
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        uid=pod.metadata.uid,
        node=pod.spec.node_name,
        ips=addresses,
        labels=pod.metadata.labels,
        ports=_named_ports(pod),
    )


def _named_ports(pod: Pod) -> tuple[PeerPort, ...]:
    """The ports that have a name, of containers and then of sidecars."""
    sidecars = (one for one in pod.spec.init_containers if one.restart_policy == "Always")
    return tuple(
        PeerPort(name=port.name, protocol=port.protocol, port=port.container_port)
        for container in (*pod.spec.containers, *sidecars)
        for port in container.ports
        if port.name
    )

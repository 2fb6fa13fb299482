"""What a machine remembers that has joined another machine's cluster."""

from __future__ import annotations

from minikube8s.cluster.membership.joined import Joined


def remembered(master: str = "10.0.0.5:6443") -> Joined:
    """The node w1 of the cluster c, whose engine nobody reaches."""
    return Joined(
        master=master,
        name="c",
        agent_port=6444,
        pod_cidr="10.244.0.0/16",
        service_cidr="10.96.0.0/12",
        node_name="w1",
        docker_host="unix:///nowhere",
    )

"""How a container says whose it is: labels and names. All that the agent knows after a restart.

Pure. The labels that begin with io.kubernetes are those that other tools look for.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from minikube8s.api.views import ObjectMeta

CLUSTER = "io.mk8s.cluster"
NODE = "io.mk8s.node"
POD_NAMESPACE = "io.kubernetes.pod.namespace"
POD_NAME = "io.kubernetes.pod.name"
POD_UID = "io.kubernetes.pod.uid"
CONTAINER = "io.kubernetes.container.name"
ADDRESS = "io.mk8s.pod-ip"
"""On the pause container: the pod's addresses, with commas; empty in the host's network."""
ATTEMPT = "io.mk8s.attempt"
"""How often this container (or sandbox) of the pod had been made before."""
BACKOFF = "io.mk8s.backoff"
"""How many restarts in quick succession led to this one: what the next back-off depends on."""
SANDBOX = "io.mk8s.sandbox"
"""On all but pause: the id of the pause container whose namespaces it joined."""

SANDBOX_NAME = "POD"
"""The container name of a pod's pause container."""


MIRROR = "kubernetes.io/config.mirror"
"""The annotation of a pod that shows a static one at the API: the static pod's uid."""
Labels = Mapping[str, str]
"""What is written on a container."""


class PodRef(msgspec.Struct, frozen=True, order=True):
    """Which pod: two pods of one name never share a uid."""

    namespace: str
    name: str
    uid: str

    def __str__(self) -> str:
        return f"{self.name}_{self.namespace}({self.uid})"


def mirrored(metadata: ObjectMeta) -> str:
    """The uid of the static pod that this pod only shows; empty for any other pod."""
    return metadata.annotations.get(MIRROR, "")


def uid_here(metadata: ObjectMeta) -> str:
    """Under which uid the pod's containers run."""
    return mirrored(metadata) or metadata.uid


def owner_labels(cluster: str, node: str) -> dict[str, str]:
    """What every container of this agent carries, and no other."""
    return {CLUSTER: cluster, NODE: node}


def pod_labels(ref: PodRef, container: str, attempt: int) -> dict[str, str]:
    """What identifies one container of a pod."""
    return {
        POD_NAMESPACE: ref.namespace,
        POD_NAME: ref.name,
        POD_UID: ref.uid,
        CONTAINER: container,
        ATTEMPT: str(attempt),
    }


def ref_of(labels: Mapping[str, str]) -> PodRef:
    """The pod that a container belongs to. Raises KeyError when it is not ours."""
    return PodRef(labels[POD_NAMESPACE], labels[POD_NAME], labels[POD_UID])


def is_of_a_pod(labels: Labels) -> bool:
    """Whether a container says which pod it belongs to; what others have labelled may not."""
    return all(labels.get(name) for name in (POD_NAMESPACE, POD_NAME, POD_UID, CONTAINER))


def container_name(ref: PodRef, container: str, attempt: int) -> str:
    """The engine's name of a container; unique, and readable in `docker ps`."""
    return f"k8s_{container}_{ref.name}_{ref.namespace}_{ref.uid}_{attempt}"


def number(labels: Mapping[str, str], label: str) -> int:
    """The value of a label that counts; 0 when it is missing or no number."""
    text = labels.get(label, "")
    return int(text) if text.isdecimal() else 0


def addresses_of(labels: Labels) -> tuple[str, ...]:
    """The pod's addresses, as its pause container has them written on it."""
    return tuple(one for one in labels.get(ADDRESS, "").split(",") if one)

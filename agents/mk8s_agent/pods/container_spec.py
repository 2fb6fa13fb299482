"""From a pod's container to a container for the engine. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from minikube8s.api.views import Container, Pod
from mk8s_agent.pods.expansion import expand
from mk8s_agent.pods.identity import BACKOFF, SANDBOX, PodRef, container_name, pod_labels
from mk8s_agent.pods.qos import oom_score_adj
from mk8s_agent.pods.resizing import limits_of
from mk8s_agent.pods.rights import rights
from mk8s_agent.runtime.vocabulary import ContainerSpec, Limits, Mount


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a container finds: its sandbox, its variables, files of the agent's, the node's
    abilities.

    `beside` is the container whose processes this one sees; empty: its own. `image_user` is the
    user that the image names. `memory_capacity` in bytes. Without `may_protect` the engine cannot
    lower a process's out-of-memory score below its own. `seccomp` is the text of the node's profile
    that the container names.
    """

    owner: Mapping[str, str]
    sandbox_id: str
    environment: Mapping[str, str]
    mounts: tuple[Mount, ...]
    image_user: str
    memory_capacity: int
    may_protect: bool
    beside: str = ""
    seccomp: str = ""


def container_spec(
    pod: Pod, ref: PodRef, container: Container, attempt: int, backoff: int, around: Surroundings
) -> ContainerSpec:
    """The container to be made. Raises ConfigError."""
    values = around.environment
    labels = {
        **around.owner,
        **pod_labels(ref, container.name, attempt),
        BACKOFF: str(backoff),
        SANDBOX: around.sandbox_id,
    }
    return ContainerSpec(
        name=container_name(ref, container.name, attempt),
        image=container.image,
        labels=labels,
        command=_words(container.command, values),
        args=_words(container.args, values),
        env=tuple(f"{name}={value}" for name, value in values.items()),
        working_dir=container.working_dir,
        network=f"container:{around.sandbox_id}",
        pid_mode=_pid_mode(pod, around),
        ipc_mode="host" if pod.spec.host_ipc else f"container:{around.sandbox_id}",
        mounts=around.mounts,
        limits=_limits(pod, container, around),
        security=rights(pod, ref, container, around.image_user, around.seccomp),
        tty=container.tty,
        stdin=container.stdin,
        stdin_once=container.stdin_once,
        stop_signal=container.lifecycle.stop_signal,
    )


def _words(words: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...] | None:
    return tuple(expand(word, values) for word in words) if words else None


def _pid_mode(pod: Pod, around: Surroundings) -> str:
    if pod.spec.host_pid:
        return "host"
    if around.beside:
        return f"container:{around.beside}"
    return f"container:{around.sandbox_id}" if pod.spec.share_process_namespace else ""


def _limits(pod: Pod, container: Container, around: Surroundings) -> Limits:
    score = oom_score_adj(pod.spec, container, around.memory_capacity)
    return msgspec.structs.replace(
        limits_of(container), oom_score_adj=score if around.may_protect else max(score, 0)
    )

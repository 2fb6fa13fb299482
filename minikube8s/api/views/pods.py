"""Pods: what shall run on a node, and what was seen running."""

from __future__ import annotations

from typing import Any

from msgspec import field

from minikube8s.api.views.base import Quantities, View
from minikube8s.api.views.containers import Container, Profile, ResourceRequirements, SELinuxOptions
from minikube8s.api.views.meta import LocalObjectReference, ObjectMeta
from minikube8s.api.views.scheduling import Affinity, Toleration, TopologySpreadConstraint
from minikube8s.api.views.volumes import Volume


class Sysctl(View, frozen=True):
    """One kernel parameter of the pod's namespaces."""

    name: str = ""
    value: str = ""


class PodSecurityContext(View, frozen=True):
    """Rights shared by the pod's containers, each of which may say otherwise."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    fs_group: int | None = None
    fs_group_change_policy: str = ""
    supplemental_groups: tuple[int, ...] = ()
    supplemental_groups_policy: str = "Merge"
    seccomp_profile: Profile | None = None
    app_armor_profile: Profile | None = None
    se_linux_options: SELinuxOptions | None = None
    sysctls: tuple[Sysctl, ...] = ()


class HostAlias(View, frozen=True):
    """One line of the pod's /etc/hosts."""

    ip: str = ""
    hostnames: tuple[str, ...] = ()


class PodDNSConfigOption(View, frozen=True):
    """One resolver option, e.g. `ndots` with value "2"."""

    name: str = ""
    value: str = ""


class PodDNSConfig(View, frozen=True):
    """What is added to (or, with dnsPolicy None, is) the pod's resolv.conf."""

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[PodDNSConfigOption, ...] = ()


class PodReadinessGate(View, frozen=True):
    """A condition that must be True too before the pod is ready."""

    condition_type: str = ""


class PodSchedulingGate(View, frozen=True):
    """Holds the pod back from scheduling while it is listed."""

    name: str = ""


class PodOS(View, frozen=True):
    """The operating system that the pod needs: linux or windows."""

    name: str = ""


class PodSpec(View, frozen=True):
    """corev1.PodSpec. `overhead` in quantities; times in seconds."""

    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    ephemeral_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    node_name: str = ""
    node_selector: dict[str, str] = field(default_factory=dict)
    affinity: Affinity = Affinity()
    tolerations: tuple[Toleration, ...] = ()
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] = ()
    scheduler_name: str = "default-scheduler"
    scheduling_gates: tuple[PodSchedulingGate, ...] = ()
    priority: int | None = None
    priority_class_name: str = ""
    preemption_policy: str = "PreemptLowerPriority"
    restart_policy: str = "Always"
    termination_grace_period_seconds: int | None = None
    active_deadline_seconds: int | None = None
    service_account_name: str = ""
    automount_service_account_token: bool | None = None
    host_network: bool = False
    host_pid: bool = False
    host_ipc: bool = False
    host_users: bool | None = None
    hostname_override: str | None = None
    share_process_namespace: bool = False
    hostname: str = ""
    subdomain: str = ""
    set_hostname_as_fqdn: bool = False
    host_aliases: tuple[HostAlias, ...] = ()
    dns_policy: str = "ClusterFirst"
    dns_config: PodDNSConfig = PodDNSConfig()
    enable_service_links: bool = True
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    security_context: PodSecurityContext = PodSecurityContext()
    readiness_gates: tuple[PodReadinessGate, ...] = ()
    runtime_class_name: str | None = None
    overhead: Quantities = field(default_factory=dict)
    os: PodOS | None = None


class PodTemplateSpec(View, frozen=True):
    """What a workload's pods are made from (to copy one, take it from the JSON dict)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: PodSpec = PodSpec()


class ContainerStateWaiting(View, frozen=True):
    """Not running yet, or not again yet."""

    reason: str = ""
    message: str = ""


class ContainerStateRunning(View, frozen=True):
    """Running since."""

    started_at: str | None = None


class ContainerStateTerminated(View, frozen=True):
    """Ended."""

    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    container_id: str = ""


class ContainerState(View, frozen=True):
    """Exactly one is set; none means waiting."""

    waiting: ContainerStateWaiting | None = None
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None


class ContainerStatus(View, frozen=True):
    """corev1.ContainerStatus."""

    name: str = ""
    image: str = ""
    image_id: str = ""
    container_id: str = ""
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    resources: ResourceRequirements | None = None
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodCondition(View, frozen=True):
    """A pod's condition; `observed_generation` is the spec it speaks of."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    observed_generation: int = 0
    last_probe_time: str | None = None
    last_transition_time: str | None = None


class PodIP(View, frozen=True):
    """One of the pod's or host's addresses."""

    ip: str = ""


class PodStatus(View, frozen=True):
    """corev1.PodStatus."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    nominated_node_name: str = ""
    host_ip: str = ""
    host_ips: tuple[PodIP, ...] = ()
    pod_ip: str = ""
    pod_ips: tuple[PodIP, ...] = ()
    start_time: str | None = None
    qos_class: str = ""
    observed_generation: int = 0
    conditions: tuple[PodCondition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    ephemeral_container_statuses: tuple[ContainerStatus, ...] = ()
    resize: str = ""
    resource_claim_statuses: tuple[dict[str, Any], ...] = ()


class Pod(View, frozen=True):
    """corev1.Pod."""

    api_version: str = "v1"
    kind: str = "Pod"
    metadata: ObjectMeta = ObjectMeta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def ready(self) -> bool:
        """Whether the Ready condition is True."""
        return any(one.type == "Ready" and one.status == "True" for one in self.status.conditions)

    @property
    def terminal(self) -> bool:
        """Whether the pod has ended for good."""
        return self.status.phase in {"Succeeded", "Failed"}

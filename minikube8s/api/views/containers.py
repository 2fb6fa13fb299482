"""Containers of a pod: what to run, with which environment, limits, probes and rights."""

from __future__ import annotations

from msgspec import field

from minikube8s.api.views.base import Quantities, View


class ContainerPort(View, frozen=True):
    """corev1.ContainerPort."""

    container_port: int = 0
    name: str = ""
    protocol: str = "TCP"
    host_port: int = 0
    host_ip: str = ""


class KeySelector(View, frozen=True):
    """One key of a ConfigMap or Secret of the pod's namespace."""

    name: str = ""
    key: str = ""
    optional: bool = False


class ObjectFieldSelector(View, frozen=True):
    """A field of the pod itself, e.g. `metadata.name`."""

    field_path: str = ""
    api_version: str = "v1"


class ResourceFieldSelector(View, frozen=True):
    """A container's own request or limit, e.g. `limits.cpu`, in units of `divisor`."""

    resource: str = ""
    container_name: str = ""
    divisor: str | int | float = "0"


class EnvVarSource(View, frozen=True):
    """Where a variable's value comes from; exactly one is set."""

    config_map_key_ref: KeySelector | None = None
    secret_key_ref: KeySelector | None = None
    field_ref: ObjectFieldSelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None


class EnvVar(View, frozen=True):
    """One environment variable."""

    name: str = ""
    value: str = ""
    value_from: EnvVarSource | None = None


class EnvFromReference(View, frozen=True):
    """The ConfigMap or Secret all of whose keys become variables."""

    name: str = ""
    optional: bool = False


class EnvFromSource(View, frozen=True):
    """All keys of one ConfigMap or Secret as variables, with a prefix."""

    prefix: str = ""
    config_map_ref: EnvFromReference | None = None
    secret_ref: EnvFromReference | None = None


class ResourceRequirements(View, frozen=True):
    """Requests (for scheduling) and limits (enforced)."""

    requests: Quantities = field(default_factory=dict)
    limits: Quantities = field(default_factory=dict)


class ExecAction(View, frozen=True):
    """Run a command in the container; exit status 0 is success."""

    command: tuple[str, ...] = ()


class HTTPHeader(View, frozen=True):
    """One request header."""

    name: str = ""
    value: str = ""


class HTTPGetAction(View, frozen=True):
    """GET a path of the pod; `port` is a number or a container port's name."""

    port: int | str = 0
    path: str = "/"
    host: str = ""
    scheme: str = "HTTP"
    http_headers: tuple[HTTPHeader, ...] = ()


class TCPSocketAction(View, frozen=True):
    """Open a TCP connection."""

    port: int | str = 0
    host: str = ""


class GRPCAction(View, frozen=True):
    """Call the gRPC health service."""

    port: int = 0
    service: str = ""


class SleepAction(View, frozen=True):
    """Wait."""

    seconds: int = 0


class Probe(View, frozen=True):
    """corev1.Probe; exactly one action is set. Times in seconds."""

    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    grpc: GRPCAction | None = None
    initial_delay_seconds: int = 0
    timeout_seconds: int = 1
    period_seconds: int = 10
    success_threshold: int = 1
    failure_threshold: int = 3
    termination_grace_period_seconds: int | None = None


class LifecycleHandler(View, frozen=True):
    """What to do at a container's start or before its stop; exactly one is set."""

    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    sleep: SleepAction | None = None


class Lifecycle(View, frozen=True):
    """corev1.Lifecycle."""

    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None
    stop_signal: str = ""


class Capabilities(View, frozen=True):
    """Linux capabilities, with or without the `CAP_` prefix; ALL means every one."""

    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class Profile(View, frozen=True):
    """A seccomp or AppArmor profile: RuntimeDefault, Unconfined or one of the node (Localhost)."""

    type: str = ""
    localhost_profile: str = ""


class SELinuxOptions(View, frozen=True):
    """The parts of a label; empty ones are the engine's to choose."""

    user: str = ""
    role: str = ""
    type: str = ""
    level: str = ""


class SecurityContext(View, frozen=True):
    """A container's rights; `None` means "as the pod says, else the image's default"."""

    privileged: bool | None = None
    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    capabilities: Capabilities = Capabilities()
    seccomp_profile: Profile | None = None
    app_armor_profile: Profile | None = None
    se_linux_options: SELinuxOptions | None = None
    proc_mount: str = "Default"


class VolumeMount(View, frozen=True):
    """Where one of the pod's volumes appears in the container."""

    name: str = ""
    mount_path: str = ""
    sub_path: str = ""
    sub_path_expr: str = ""
    read_only: bool = False
    recursive_read_only: str = ""
    mount_propagation: str = ""


class RestartRuleExitCodes(View, frozen=True):
    """Exit codes that a restart rule speaks of: those `In` the values, or `NotIn`."""

    operator: str = ""
    values: tuple[int, ...] = ()


class ContainerRestartRule(View, frozen=True):
    """What happens after certain exit codes, whatever the restart policy says."""

    action: str = ""
    exit_codes: RestartRuleExitCodes = RestartRuleExitCodes()


class ContainerResizePolicy(View, frozen=True):
    """Whether a container restarts when one of its resources is changed."""

    resource_name: str = ""
    restart_policy: str = ""


class Container(View, frozen=True):
    """corev1.Container. An init container with `restart_policy` Always is a sidecar.

    `target_container_name` is an ephemeral container's only.
    """

    name: str = ""
    image: str = ""
    image_pull_policy: str = "IfNotPresent"
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    ports: tuple[ContainerPort, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFromSource, ...] = ()
    resources: ResourceRequirements = ResourceRequirements()
    resize_policy: tuple[ContainerResizePolicy, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    lifecycle: Lifecycle = Lifecycle()
    security_context: SecurityContext = SecurityContext()
    restart_policy: str = ""
    restart_policy_rules: tuple[ContainerRestartRule, ...] = ()
    target_container_name: str = ""
    termination_message_path: str = "/dev/termination-log"
    termination_message_policy: str = "File"
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False

"""How Docker writes things down: its JSON to our values and back. Pure but for log sizes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from mk8s_agent.runtime.vocabulary import (
    Container,
    ContainerSpec,
    DiskUse,
    EngineInfo,
    Image,
    Limits,
    Login,
    LogOptions,
    Mount,
    Phase,
    Security,
)

_GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_LOG_CONFIG = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}}
_ALIVE = {"running", "paused", "restarting"}
_RECURSIVE_READ_ONLY_API = (1, 44)
_CPU_PERIOD_MICROSECONDS = 100_000
_START_FAILED_EXIT = 128
_NOTHING_SAID = ": unknown"
_EXPLANATIONS = {
    "unable to apply caps: operation not permitted": (
        "the container asks for a capability that this machine does not have itself; "
        "privileged and ALL ask for every one"
    ),
    "Minimum memory limit allowed is": "raise the container's resources.limits.memory",
    "cpu.cfs_quota_us: invalid argument": "the container's resources.limits.cpu is too high",
}
"""What an engine does not say, by words of what it does say."""


def container(answer: dict[str, Any]) -> Container:
    """`GET /containers/ID/json`."""
    state, config = answer["State"], answer["Config"]
    error = readable(state.get("Error") or "")
    phase = _phase(state, error)
    return Container(
        id=answer["Id"],
        name=answer["Name"].removeprefix("/"),
        labels=config.get("Labels") or {},
        phase=phase,
        pid=state.get("Pid") or 0,
        image=config.get("Image") or "",
        image_id=answer["Image"],
        exit_code=_exit_code(state, phase, error),
        oom_killed=bool(state.get("OOMKilled")),
        error=error if phase is Phase.EXITED else "",
        stop_signal=config.get("StopSignal") or "SIGTERM",
        created_at=time(answer["Created"]) or datetime.fromtimestamp(0, UTC),
        started_at=time(state.get("StartedAt")),
        finished_at=time(state.get("FinishedAt")),
        limits=_limits(answer.get("HostConfig") or {}),
    )


def _limits(host: dict[str, Any]) -> Limits:
    return Limits(
        cpu_shares=host.get("CpuShares") or 0,
        cpu_quota=max(host.get("CpuQuota") or 0, 0),
        memory=host.get("Memory") or 0,
        oom_score_adj=host.get("OomScoreAdj") or 0,
    )


def update_body(limits: Limits) -> dict[str, Any]:
    """The body of `POST /containers/ID/update`."""
    return {
        "CpuShares": limits.cpu_shares,
        "CpuPeriod": _CPU_PERIOD_MICROSECONDS,
        "CpuQuota": limits.cpu_quota or -1,
        "Memory": limits.memory,
        "MemorySwap": limits.memory,
    }


def readable(message: str) -> str:
    """An engine's message without what says nothing, and with what it leaves out."""
    message = message.strip().removesuffix(_NOTHING_SAID)
    return next(
        (f"{message} ({why})" for words, why in _EXPLANATIONS.items() if words in message), message
    )


def disk_use(answer: dict[str, Any]) -> DiskUse:
    """`GET /containers/ID/json?size=1`; its log is looked at where the engine says that it is."""
    log = Path(answer.get("LogPath") or "/nowhere")
    output = sum(map(_size, log.parent.glob(f"{log.name}*")))
    return DiskUse(int(answer.get("SizeRw") or 0), output)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # the engine has just rotated it away


def _phase(state: dict[str, Any], error: str) -> Phase:
    status = state["Status"]
    if status in _ALIVE:
        return Phase.RUNNING
    return Phase.CREATED if status == "created" and not error else Phase.EXITED


def _exit_code(state: dict[str, Any], phase: Phase, error: str) -> int:
    if phase is not Phase.EXITED:
        return 0
    code = int(state.get("ExitCode") or 0)
    return code or (_START_FAILED_EXIT if error and state["Status"] == "created" else 0)


def image(answer: dict[str, Any]) -> Image:
    """`GET /images/NAME/json`, or one of `GET /images/json`."""
    return Image(
        id=answer["Id"],
        tags=_names(answer.get("RepoTags")),
        digests=_names(answer.get("RepoDigests")),
        size=int(answer.get("Size") or 0),
        user=str((answer.get("Config") or {}).get("User") or ""),
    )


def _names(listed: list[str] | None) -> tuple[str, ...]:
    return tuple(name for name in listed or () if "<none>" not in name)


def engine_info(version: dict[str, Any], info: dict[str, Any]) -> EngineInfo:
    """`GET /version` and `GET /info`."""
    return EngineInfo(
        version=version["Version"],
        architecture=_GO_ARCHITECTURES.get(version["Arch"], version["Arch"]),
        operating_system=info["OperatingSystem"],
        kernel=info["KernelVersion"],
        root_dir=info["DockerRootDir"],
        cpus=info["NCPU"],
        memory=info["MemTotal"],
    )


def create_body(spec: ContainerSpec) -> dict[str, Any]:
    """The body of `POST /containers/create`."""
    limits, security = spec.limits, spec.security
    host: dict[str, Any] = {
        "NetworkMode": spec.network,
        "LogConfig": _LOG_CONFIG,
        "Mounts": [_mount(mount) for mount in spec.mounts],
        "RestartPolicy": {"Name": "no"},
        "CpuShares": limits.cpu_shares,
        "Memory": limits.memory,
        "MemorySwap": limits.memory,
        "OomScoreAdj": limits.oom_score_adj,
        "Privileged": security.privileged,
        "CapAdd": list(security.capabilities_add),
        "CapDrop": list(security.capabilities_drop),
        "ReadonlyRootfs": security.read_only_root,
        "GroupAdd": list(security.groups),
        "PidMode": spec.pid_mode,
        "IpcMode": spec.ipc_mode,
    }
    if limits.cpu_quota:
        host |= {"CpuPeriod": _CPU_PERIOD_MICROSECONDS, "CpuQuota": limits.cpu_quota}
    if options := _security_options(security):
        host["SecurityOpt"] = options
    if security.whole_proc:
        host |= {"MaskedPaths": [], "ReadonlyPaths": []}
    if spec.sysctls:
        host["Sysctls"] = dict(spec.sysctls)
    body: dict[str, Any] = {
        "Image": spec.image,
        "Labels": dict(spec.labels),
        "Env": list(spec.env),
        "WorkingDir": spec.working_dir,
        "User": security.user,
        "Tty": spec.tty,
        "OpenStdin": spec.stdin,
        "StdinOnce": spec.stdin_once,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": host,
    }
    if spec.hostname:
        body["Hostname"] = spec.hostname
    if spec.stop_signal:
        body["StopSignal"] = spec.stop_signal
    if spec.command is not None:
        body["Entrypoint"] = list(spec.command)
    if spec.args is not None:
        body["Cmd"] = list(spec.args)
    return body


def refused(spec: ContainerSpec, api: tuple[int, ...]) -> str:
    """What an engine of that API version would silently leave undone; empty: nothing."""
    recursive = any(one.read_only and one.recursive_read_only == "Enabled" for one in spec.mounts)
    if recursive and api < _RECURSIVE_READ_ONLY_API:
        return "recursive read-only mode is not supported by the runtime: it takes Docker 25"
    return ""


def _mount(mount: Mount) -> dict[str, Any]:
    """A bind mount; engines older than API 1.44 know nothing of recursion and skip its fields.

    Private is the engine's default but for what holds its own directory, where it insists on slave.
    """
    options: dict[str, Any] = {}
    if mount.propagation != "private":
        options["Propagation"] = f"r{mount.propagation}"
    if mount.read_only and mount.recursive_read_only == "Enabled":
        options["ReadOnlyForceRecursive"] = True
    elif mount.read_only and mount.recursive_read_only != "IfPossible":
        options["ReadOnlyNonRecursive"] = True
    return {
        "Type": "bind",
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
        "BindOptions": options,
    }


def _security_options(security: Security) -> list[str]:
    options = ["no-new-privileges"] if security.no_new_privileges else []
    if security.seccomp:
        options.append(f"seccomp={security.seccomp}")
    if security.apparmor:
        options.append(f"apparmor={security.apparmor}")
    return options + [f"label={part}" for part in security.selinux]


def registry_auth(login: Login | None) -> dict[str, str]:
    """The headers that log a pull in."""
    if login is None:
        return {}
    said = {
        "username": login.username,
        "password": login.password,
        "serveraddress": login.server,
    }
    text = msgspec.json.encode(said)
    return {"X-Registry-Auth": base64.urlsafe_b64encode(text).decode()}


def log_query(options: LogOptions) -> dict[str, str]:
    """The query of `GET /containers/ID/logs`."""
    query = {
        "stdout": str(int(options.stdout)),
        "stderr": str(int(options.stderr)),
        "follow": str(int(options.follow)),
        "timestamps": str(int(options.timestamps)),
        "tail": "all" if options.tail is None else str(options.tail),
    }
    if options.since is not None:
        query["since"] = f"{options.since.timestamp():.9f}"
    return query


def time(text: str | None) -> datetime | None:
    """Docker's time stamps; its zero time is None."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text).astimezone(UTC)

"""The values that travel between the agent and a container engine.

Owns what containers and images are to the agent: containers here are just containers with labels,
of no engine in particular and of no pod.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec


class Phase(StrEnum):
    """Where a container is in its life. It only ever moves forward, and never starts twice."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Resources.

    `cpu_shares` are relative weights, `cpu_quota` microseconds per 100 ms, `memory` bytes; 0 is
    unlimited.
    """

    cpu_shares: int = 0
    cpu_quota: int = 0
    memory: int = 0
    oom_score_adj: int = 0


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """One container as the engine shows it.

    `pid` is 0 unless it runs. `error` is the engine's reason when its command could not be started;
    such a container is `EXITED` whatever the engine calls it. `image` is the reference that it was
    created from, `image_id` the digest.
    """

    id: str
    name: str
    labels: Mapping[str, str]
    phase: Phase
    image: str
    image_id: str
    created_at: datetime
    pid: int = 0
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    stop_signal: str = "SIGTERM"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    limits: Limits | None = None


class Listed(NamedTuple):
    """A container in a list: that it is there, and whose."""

    id: str
    labels: Mapping[str, str]


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A path of the host seen inside the container.

    `propagation`: whether mounts made later below it are seen on the other side: `private`: never,
    `slave`: the host's in the container, `shared`: both ways. `recursive_read_only`: whether what
    is mounted below it is read-only, too: empty or `Disabled`, `IfPossible`, `Enabled`.
    """

    source: str
    target: str
    read_only: bool = False
    propagation: Literal["private", "slave", "shared"] = "private"
    recursive_read_only: str = ""


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """What a container may do. `user` is `uid[:gid]`; empty takes the image's.

    `seccomp` is `unconfined` or a profile's JSON, `apparmor` the name of a profile; empty takes the
    engine's default. `selinux` are parts of a label (`type:NAME`). With `whole_proc` nothing of
    /proc is hidden or read-only.
    """

    user: str = ""
    groups: tuple[str, ...] = ()
    privileged: bool = False
    capabilities_add: tuple[str, ...] = ()
    capabilities_drop: tuple[str, ...] = ()
    read_only_root: bool = False
    no_new_privileges: bool = False
    seccomp: str = ""
    apparmor: str = ""
    selinux: tuple[str, ...] = ()
    whole_proc: bool = False


class ContainerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A container to be made.

    `command` replaces the image's entry point and `args` its command; None keeps the image's.
    `network` is `none`, `host` or `container:ID`; only the first two may carry a `hostname`, the
    third has that of the container it joins. `env` items are `NAME=value`. `stop_signal` replaces
    the image's. `sysctls` are set in its own namespaces.
    """

    name: str
    image: str
    labels: Mapping[str, str]
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: tuple[str, ...] = ()
    working_dir: str = ""
    hostname: str = ""
    network: str = "none"
    pid_mode: str = ""
    ipc_mode: str = ""
    mounts: tuple[Mount, ...] = ()
    limits: Limits = Limits()
    security: Security = Security()
    sysctls: Mapping[str, str] = msgspec.field(default_factory=dict)
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False
    stop_signal: str = ""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """An image on this machine.

    `size` in bytes; `user` is the one its containers run as by default.
    """

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    size: int
    user: str = ""


class Login(msgspec.Struct, frozen=True):
    """Who asks a registry for an image; `server` is the registry's address."""

    server: str
    username: str
    password: str


class DiskUse(NamedTuple):
    """Bytes that a container has on the disk: changes of its file system, and its output."""

    files: int
    output: int


class EngineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The engine and the machine it runs on.

    `memory` in bytes; `architecture` in Go's words (amd64, arm64).
    """

    version: str
    architecture: str
    operating_system: str
    kernel: str
    root_dir: str
    cpus: int
    memory: int


class RuntimeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to a container.

    `create`, `start`, `die`, `destroy`, `oom`, … as Docker names it.
    """

    container_id: str
    action: str
    labels: Mapping[str, str]


class LogOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a container's output.

    `tail` in lines (None: all); `since` and the container's clock are the host's.
    """

    follow: bool = False
    tail: int | None = None
    since: datetime | None = None
    timestamps: bool = False
    stdout: bool = True
    stderr: bool = True


class LogChunk(NamedTuple):
    """Bytes of one output stream: a piece of a line, a line or many."""

    stream: Literal["stdout", "stderr"]
    data: bytes

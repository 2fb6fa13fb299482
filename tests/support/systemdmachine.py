"""A Debian machine with systemd as its first process, in namespaces of its own.

    python3 -m tests.support.systemdmachine

makes and caches the root that all such machines have below them. Every machine starts clean, keeps
its files over a reboot, and reaches nothing but the others on its bridge. The project is in it as
this checkout, read-only, at the same place.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from minikube8s.cluster.standins.packages import BuildError
from tests.support.cluster import Result
from tests.support.debianroot import Recipe, provide
from tests.support.wait import until

RECIPE = Recipe(
    packages=(
        "systemd", "systemd-sysv", "dbus", "docker.io", "apparmor", "ca-certificates", "curl",
        "iproute2", "iptables", "iputils-ping", "kmod", "kubernetes-client", "nftables", "procps",
        "python3", "python3-venv",
    ),
    # what would touch this machine's kernel, wait for hardware, or look for updates
    script="""
        systemctl mask -q systemd-sysctl systemd-udevd systemd-modules-load systemd-random-seed \
            systemd-logind systemd-journal-flush console-getty getty.target apt-daily.timer \
            apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
            systemd-tmpfiles-clean.timer apparmor.service
        rm -f /etc/machine-id /var/lib/dbus/machine-id
        : >/etc/machine-id
        update-alternatives --set iptables /usr/sbin/iptables-nft
    """,
)  # fmt: skip
CHECKOUT = Path(__file__).parents[2]
MK8S = Path(sys.executable).with_name("mk8s")
BOOT_SECONDS = 120.0
_ROOM = 4 << 30
_BOOT = Path(__file__).with_name("machineboot.sh")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class SystemdMachine:
    """One machine: `address` (with its prefix length, on `bridge`) may change while it is off.

    `bound` are more folders or files of this machine, read-only, by their places in that one.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        bridge: str = "",
        address: str = "",
        bound: Mapping[Path, str] | None = None,
        gateway: str = "",
    ) -> None:
        self.name = name
        self.folder = folder
        self.bridge = bridge
        self.address = address
        self.gateway = gateway
        self._lower = provide(RECIPE)
        self._bound = dict(bound or {})
        self._process: subprocess.Popen[str] | None = None
        self._link = f"to-{name}"[:15]
        # a card keeps its address over a reboot, and neighbours remember it
        self._mac = ":".join(["02", *(f"{byte:02x}" for byte in os.urandom(5))])
        # as unique as its folder: other runs' machines of that name have groups beside it
        self._cgroup = folder.name
        self._prepare()

    @property
    def pid(self) -> int:
        """The process id of its systemd, as it is seen from here."""
        assert self._process is not None, f"{self.name} is off"
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(children.read_text())

    @property
    def root(self) -> Path:
        """Its files, from here."""
        return Path(f"/proc/{self.pid}/root")

    @property
    def docker_host(self) -> str:
        """Its engine, from here."""
        return f"unix://{self.root}/run/docker.sock"

    def start(self) -> None:
        """Switch on; returns when systemd has started everything."""
        groups = [folder / self._cgroup for folder in _hierarchies()]
        for group in groups:
            group.mkdir(exist_ok=True)
            for inherited in ("cpuset.cpus", "cpuset.mems"):
                if (group / inherited).exists() and not (group / "cgroup.controllers").exists():
                    (group / inherited).write_text((group.parent / inherited).read_text())
        enter = 'for group in $1; do echo $$ >"$group/cgroup.procs"; done; shift; exec "$@"'
        bound = {CHECKOUT: str(CHECKOUT), **self._bound}
        base = Path(sys.base_prefix)
        if base != Path("/usr"):
            bound[base] = str(base)
        self._process = subprocess.Popen(
            [
                "sh", "-c", enter, "sh", " ".join(map(str, groups)),
                "unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup",
                "--fork", "--kill-child", "--",
                "bash", str(_BOOT), str(self._lower), str(self.folder), self.name,
                *(f"{here}:{there}" for here, there in bound.items()),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )  # fmt: skip
        assert self._process.stdin is not None and self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], 10)[0]
        assert self._process.stdout.readline() == "made\n"
        self._plug_in()
        self._process.stdin.write(f"{self.address} {self.gateway}\n")
        self._process.stdin.close()
        until(f"{self.name} has booted", self._has_booted, BOOT_SECONDS)

    def _plug_in(self) -> None:
        if not self.bridge:
            return
        peer = ("peer", "eth0", "address", self._mac, "netns", str(self.pid))
        subprocess.run(["ip", "link", "add", self._link, "type", "veth", *peer], check=True)
        subprocess.run(["ip", "link", "set", self._link, "master", self.bridge, "up"], check=True)

    def _has_booted(self) -> bool:
        assert self._process is not None and self._process.poll() is None, f"{self.name} has ended"
        if not (self.root / "run/systemd/system").exists():
            return False
        state = self.run("systemctl", "is-system-running").out.strip()
        return state in ("running", "degraded")

    def power_off(self, seconds: float = 120) -> None:
        """Shut down in order; returns when it is off."""
        self._leave("poweroff", seconds)

    def reboot(self, seconds: float = 120) -> None:
        """Shut down in order and start again; returns when everything has started."""
        self._leave("reboot", seconds)
        self.start()

    def _leave(self, how: str, seconds: float) -> None:
        assert self._process is not None
        process = self._process
        self.run("systemctl", how)
        process.wait(seconds)
        self._is_off()

    def cut_power(self) -> None:
        """Switch off at once, as when a plug is pulled; harmless when it is off."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._is_off()

    def _is_off(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        # the kernel takes namespaces apart when it likes to, and the cable with them
        subprocess.run(["ip", "link", "del", self._link], capture_output=True, check=False)
        for parent in _hierarchies():
            group = parent / self._cgroup
            until("its processes are gone", lambda group=group: not _busy(group), 20)
            for empty in sorted([group, *group.rglob("*/")], reverse=True):
                with contextlib.suppress(OSError):
                    empty.rmdir()

    def run(
        self, *command: str, input: str | None = None, seconds: float = 180, **environment: str
    ) -> Result:
        """Run a command in it, as root and with the environment of a login."""
        wanted = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8", **environment}
        given = [f"{name}={value}" for name, value in wanted.items()]
        began = time.perf_counter()
        done = subprocess.run(
            [
                "nsenter", f"--target={self.pid}", "--all", "--",
                "env", "-i", "-C", "/", *given, *command,
            ],
            input=input, capture_output=True, text=True, check=False, timeout=seconds,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr, time.perf_counter() - began)

    def mk8s(self, *arguments: str, input: str | None = None, **environment: str) -> Result:
        """Run `mk8s` of this checkout in it."""
        return self.run(str(MK8S), *arguments, input=input, **environment)

    def shell(self, script: str) -> Result:
        """Run a line of shell in it."""
        return self.run("sh", "-c", script)

    def copy(self, source: Path, target: str) -> None:
        """Copy a file or folder of this machine into it."""
        place = self.root / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(source, place)

    def journal(self, unit: str = "") -> str:
        """What systemd has recorded since the boot."""
        chosen = [f"--unit={unit}"] if unit else []
        return self.run("journalctl", "--no-pager", "--boot", *chosen).out

    def _prepare(self) -> None:
        for part in ("upper/etc", "work", "root"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        etc = self.folder / "upper/etc"
        (etc / "hostname").write_text(f"{self.name}\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n")
        (etc / "resolv.conf").write_text("")


@contextlib.contextmanager
def systemd_machine(
    name: str,
    bridge: str = "",
    address: str = "",
    bound: Mapping[Path, str] | None = None,
    gateway: str = "",
) -> Iterator[SystemdMachine]:
    """A machine that runs, and is gone with all its files afterwards."""
    with tempfile.TemporaryDirectory(
        prefix=f"mk8s-{name}-", dir=_place(), ignore_cleanup_errors=True
    ) as folder:
        machine = SystemdMachine(name, Path(folder), bridge, address, bound, gateway)
        try:
            machine.start()
            yield machine
        finally:
            machine.cut_power()


@contextlib.contextmanager
def machine_bridge(name: str, address: str) -> Iterator[str]:
    """A bridge for machines, with an address (and prefix length) of the test's own on it."""
    # where a lab of namespaces is about, the kernel asks the firewall about all bridges' frames
    across = ["--in-interface", name, "--out-interface", name, "--jump", "ACCEPT"]
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "address", "add", address, "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        subprocess.run(["iptables", "--insert", "FORWARD", *across], check=True)
        yield name
    finally:
        subprocess.run(["iptables", "--delete", "FORWARD", *across], check=False)
        subprocess.run(["ip", "link", "del", name], check=False)


def _place() -> Path:
    """Where machines' files are: in memory, where there is plenty of that, for there are many."""
    memory = Path("/dev/shm")
    return (
        memory if memory.is_mount() and shutil.disk_usage(memory).free > _ROOM else Path("/var/tmp")
    )


def _hierarchies() -> list[Path]:
    """Where control groups are: one place in version 2, one a controller in version 1."""
    lines = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return [Path(place) for _, place, kind, *_ in lines if kind in ("cgroup", "cgroup2")]


def _busy(group: Path) -> bool:
    folders = [group, *group.rglob("*/")]
    for folder in folders:
        with contextlib.suppress(OSError):
            if (folder / "cgroup.procs").read_text():
                return True
    return False


def main() -> int:
    """The program: exit code 1 with a sentence when no root can be made."""
    try:
        provide(RECIPE)
    except (BuildError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

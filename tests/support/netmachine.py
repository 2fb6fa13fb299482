"""Machines of a test: network namespaces on one link, whose commands run in there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import netlab
from tests.support.cluster import Cluster, Result


@dataclass
class Machine(Cluster):
    """A machine whose commands run in a network namespace of its own."""

    place: netlab.Space | None = None

    def run(self, command: list[str], input: str | None = None, seconds: float = 120) -> Result:
        return super().run([*self.entering, *command], input, seconds)

    @property
    def space(self) -> netlab.Space:
        """Its namespace."""
        assert self.place is not None
        return self.place

    @property
    def entering(self) -> list[str]:
        """What goes before a command to have it run in there."""
        return ["nsenter", f"--net=/proc/{self.space.pid}/ns/net"]

    def readdress(self, before: str, after: str) -> None:
        """Give the machine another address on its link, as a lease that ended does."""
        with netlab.inside(self.space):
            netlab.run(f"ip addr del {before}/24 dev eth0")
            netlab.run(f"ip addr add {after}/24 dev eth0")


@contextmanager
def on_one_link(bridge: str, here: str, *theirs: str) -> Iterator[list[netlab.Space]]:
    """Namespaces with these addresses (/24) on a bridge, where the test's namespace has `here`."""
    with ExitStack() as stack:
        netlab.run(f"ip link add {bridge} type bridge")
        stack.callback(netlab.run, f"ip link del {bridge}")
        netlab.run(f"ip addr add {here}/24 dev {bridge}")
        netlab.run(f"ip link set {bridge} up")
        spaces = []
        for number, address in enumerate(theirs):
            space = stack.enter_context(netlab.empty_space())
            link = f"{bridge}-{number}"
            netlab.run(f"ip link add {link} type veth peer name eth0 netns {space.pid}")
            # an engine that ran in there may keep the namespace, and so both ends
            stack.callback(netlab.run, f"ip link del {link}")
            netlab.run(f"ip link set {link} master {bridge} up")
            with netlab.inside(space):
                netlab.run("ip link set lo up")
                netlab.run(f"ip addr add {address}/24 dev eth0")
                netlab.run("ip link set eth0 up")
            spaces.append(space)
        yield spaces


@contextmanager
def hosts(folder: Path) -> Iterator[Path]:
    """A file that stands for /etc/hosts of all machines; write into it to change names."""
    file = folder / "hosts"
    file.write_text(Path("/etc/hosts").read_text())
    netlab.run(f"mount --bind {file} /etc/hosts")
    try:
        yield file
    finally:
        netlab.run("umount /etc/hosts")

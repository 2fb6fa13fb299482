"""A node, a client outside and pods as network namespaces, for tests of the packet path.

Everything lives in unnamed namespaces held open by processes: when those end, it is gone. The test
itself moves into the node's namespace, as an agent would be started in it.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import select
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

NODE_ADDRESS = "198.51.100.1"
CLIENT_ADDRESS = "198.51.100.2"
DEADLINE = 30.0
_AT_ONCE, _TRIES = 1.0, 3

_SYSCTLS = (
    "ip_forward",
    "conf/all/rp_filter",
    "conf/all/route_localnet",
    "conf/uplink/route_localnet",
)
_SERVER = """
import socket, sys, threading
name, port = sys.argv[1], int(sys.argv[2])
def answer(peer): return f"{name} {peer[0]}".encode()
def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", port))
    while True:
        _, peer = s.recvfrom(64); s.sendto(answer(peer), peer)
t = socket.socket(); t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
t.bind(("0.0.0.0", port)); t.listen(512)
threading.Thread(target=udp, daemon=True).start()
print("ready", flush=True)
while True:
    c, peer = t.accept()
    try: c.sendall(answer(peer)); c.close()
    except OSError: pass
"""


@dataclass
class Space:
    """A network namespace, kept by a process."""

    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.process.pid


@dataclass
class NetLab:
    """The node is entered by `inside_node`; `tcp` and `udp` ask from any of the namespaces."""

    node: Space
    client: Space
    spaces: list[Space] = field(default_factory=list)

    def pod(self, name: str, port: int = 80) -> Space:
        """A namespace with a server that answers `<name> <client's address>` on TCP and UDP."""
        space = server_space(name, port)
        self.spaces.append(space)
        return space

    def tcp(self, source: Space, address: str, port: int, timeout: float = 3.0) -> str:
        with inside(source), socket.create_connection((address, port), timeout) as connection:
            connection.settimeout(timeout)
            return connection.recv(64).decode()

    def connect(self, source: Space, address: str, port: int, timeout: float = 3.0) -> None:
        """Open a connection and no more; raises what the socket raises."""
        with inside(source):
            socket.create_connection((address, port), timeout).close()

    def udp(self, source: Space, address: str, port: int, timeout: float = 3.0) -> str:
        with inside(source), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            return exchange(channel, address, port, timeout)

    def close(self) -> None:
        for space in (*self.spaces, self.client, self.node):
            end(space)


def server_space(name: str, port: int = 80) -> Space:
    """A namespace with a server that answers `<name> <client's address>` on TCP and UDP."""
    return _space(sys.executable, "-c", _SERVER, name, str(port))


def exchange(channel: socket.socket, address: str, port: int, timeout: float = 3.0) -> str:
    """Ask over UDP from a socket that may be used again."""
    channel.settimeout(timeout)
    channel.connect((address, port))
    channel.send(b"?")
    return channel.recv(64).decode()


@contextmanager
def net_lab(default_route: bool = True) -> Iterator[NetLab]:
    """A lab whose node namespace the calling thread is in for the length of the block."""
    lab = NetLab(_holder(), _holder())
    try:
        with inside(lab.node):
            run(f"ip link add uplink type veth peer name eth0 netns {lab.client.pid}")
            run("ip link set lo up")
            run(f"ip addr add {NODE_ADDRESS}/24 dev uplink")
            # addresses of their own come some time after links: states could not be compared
            run("ip link set uplink addrgenmode none up")
            with inside(lab.client):
                run("ip link set lo up")
                run(f"ip addr add {CLIENT_ADDRESS}/24 dev eth0")
                run("ip link set eth0 addrgenmode none up")
            if default_route:
                run(f"ip route add default via {CLIENT_ADDRESS}")
            yield lab
    finally:
        lab.close()


@contextmanager
def empty_space() -> Iterator[Space]:
    """A namespace without anything."""
    space = _holder()
    try:
        yield space
    finally:
        end(space)


@contextmanager
def inside(space: Space) -> Iterator[None]:
    """Be in a namespace; nothing may be awaited within the block of a coroutine."""
    with inside_file(Path(f"/proc/{space.pid}/ns/net")):
        yield


@contextmanager
def inside_file(namespace: Path) -> Iterator[None]:
    """Be in the namespace that a file is, such as one of `ip netns`."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    target = os.open(namespace, os.O_RDONLY)
    try:
        _setns(target)
        yield
    finally:
        _setns(home)
        os.close(target)
        os.close(home)


def run(command: str) -> str:
    """Run a command line in the present namespace and return what it prints."""
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def kernel_state() -> dict[str, str]:
    """Everything about the present namespace that an agent may change, as comparable text."""
    commands = (
        "ip -o link",
        "ip -o addr",
        "ip route show table all",
        "ip neigh show nud permanent",  # the kernel forgets all others by itself
        "ip rule",
    )
    state = {command: run(command) for command in commands}
    state["nft"] = run("nft list ruleset")
    for name in _SYSCTLS:
        state[name] = Path("/proc/sys/net/ipv4", name).read_text()
    return state


def refused_quickly(ask: Callable[[], object]) -> bool:
    """Whether the other side says no at once; a busy machine may take its time, but not always."""
    for _ in range(_TRIES):
        started = time.monotonic()
        with suppress(ConnectionRefusedError):
            ask()
            return False
        if time.monotonic() - started < _AT_ONCE:
            return True
    return False


async def eventually(condition: Callable[[], bool], seconds: float = DEADLINE) -> None:
    """Wait until the kernel shows what nothing announces; fails after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        if condition():
            return
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.01)


def _holder() -> Space:
    return _space("sh", "-c", "echo ready; exec sleep infinity")


def _space(*command: str) -> Space:
    process = subprocess.Popen(
        ["unshare", "--net", *command], stdout=subprocess.PIPE, text=True, close_fds=True
    )
    assert process.stdout is not None
    if select.select([process.stdout], [], [], DEADLINE)[0]:
        process.stdout.readline()
    return Space(process)


def end(space: Space) -> None:
    """End the process that keeps a namespace."""
    space.process.kill()
    space.process.wait()
    if space.process.stdout:
        space.process.stdout.close()


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns failed: these tests need root")

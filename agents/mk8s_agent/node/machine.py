"""What this machine is: read once, and what may change of it now and then."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import msgspec

from minikube8s.kit import machineidentity

_CAP_SYS_RESOURCE = 24
_ELSEWHERE = ("192.0.2.1", 9)
_ELSEWHERE_IPV6 = ("2001:db8::1", 9)
"""Documentation's own networks: nothing is sent, the kernel only chooses the way."""
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_HUGE_PAGES = Path("/sys/kernel/mm/hugepages")
_BINARY = ("Ki", "Mi", "Gi")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of the machine.

    Sizes in bytes; `huge_pages` is what each kind of them takes together, by the name of its
    resource. `may_protect`: processes may be kept from the OOM killer.
    """

    name: str
    address: str
    cpus: int
    memory: int
    storage: int
    kernel: str
    os_image: str
    architecture: str
    machine_id: str
    system_uuid: str
    boot_id: str
    may_protect: bool
    apparmor: bool = False
    address_ipv6: str = ""
    huge_pages: Mapping[str, int] = msgspec.field(default_factory=dict)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The machine's addresses, one of each family that it has."""
        return (self.address, self.address_ipv6) if self.address_ipv6 else (self.address,)


def read_machine(name: str, addresses: tuple[str, str], state_dir: Path) -> Machine:
    """Look at this machine, whose `addresses` are one of IPv4 and one, or none, of IPv6."""
    kernel = os.uname()
    address, address_ipv6 = addresses
    return Machine(
        name=name,
        address=address,
        cpus=_cpus(),
        memory=_memory(),
        storage=_disk_size(state_dir),
        huge_pages=_huge_pages(_HUGE_PAGES),
        kernel=kernel.release,
        os_image=_os_image(),
        architecture=_ARCHITECTURES.get(kernel.machine, kernel.machine),
        machine_id=machineidentity.machine_id(),
        system_uuid=machineidentity.system_uuid(),
        boot_id=machineidentity.boot_id(),
        may_protect=_has_capability(_CAP_SYS_RESOURCE),
        address_ipv6=address_ipv6,
        apparmor=_word("/sys/module/apparmor/parameters/enabled") == "Y",
    )


def look_again(machine: Machine, state_dir: Path) -> Machine:
    """The same machine with what can change while it runs: processors, memory, disk."""
    return msgspec.structs.replace(
        machine,
        cpus=_cpus(),
        memory=_memory(),
        storage=_disk_size(state_dir),
        huge_pages=_huge_pages(_HUGE_PAGES),
    )


def default_address() -> str:
    """The address that this machine shows to others; 127.0.0.1 when it is alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def default_address_ipv6() -> str:
    """The IPv6 address that this machine shows to others; empty when it has none."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(_ELSEWHERE_IPV6)
            address: str = probe.getsockname()[0]
    except OSError:
        return ""
    return "" if address.startswith("fe80:") else address


def _cpus() -> int:
    return len(os.sched_getaffinity(0))


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _huge_pages(directory: Path) -> dict[str, int]:
    """What is set aside of each size that the kernel offers, as `hugepages-2Mi` names it."""
    found = {}
    for one in directory.glob("hugepages-*kB"):
        kib = int(one.name.removeprefix("hugepages-").removesuffix("kB"))
        number = int(_word(f"{one}/nr_hugepages") or 0)
        unit, size = 0, kib
        while size % 1024 == 0 and unit < len(_BINARY) - 1:
            unit, size = unit + 1, size // 1024
        found[f"hugepages-{size}{_BINARY[unit]}"] = number * kib * 1024
    return dict(sorted(found.items()))


def _disk_size(directory: Path) -> int:
    disk = os.statvfs(directory)
    return disk.f_blocks * disk.f_frsize


def _os_image() -> str:
    for line in _text("/etc/os-release").splitlines():
        key, _, value = line.partition("=")
        if key == "PRETTY_NAME":
            return value.strip().strip('"')
    return "Linux"


def _has_capability(number: int) -> bool:
    for line in _text("/proc/self/status").splitlines():
        if line.startswith("CapBnd:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def _word(path: str) -> str:
    return _text(path).strip()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""

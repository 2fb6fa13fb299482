"""A libvirtd of the test's own: no systemd, no D-Bus, and nothing of the machine's own libvirt.

It lives in the namespaces that script/lab-test makes. Its settings, state and disks are mounted
over the usual places there, so that Vagrant finds it where it looks, and all ends with the
namespaces.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.wait import until

URI = "qemu:///system"

# Emulators run as who started them: nobody's ownership, control groups or AppArmor come in between.
_QEMU = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = [ ]
stdio_handler = "file"
namespaces = [ ]
"""
_TEMPORARY = ("/etc/libvirt", "/run/libvirt", "/var/cache/libvirt", "/var/log/libvirt")
_STATE = "/var/lib/libvirt"


@contextlib.contextmanager
def private_libvirtd(folder: Path) -> Iterator[None]:
    """A libvirtd at the usual socket, with its disks in ``folder``; what it runs ends with it."""
    assert os.environ.get("MK8S_TEST_NAMESPACE") == "private", "use script/lab-test"
    _mount(folder)
    log = (folder / "libvirtd.log").open("ab")
    daemon = subprocess.Popen(
        ["libvirtd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )
    try:
        until("libvirtd answers", lambda: daemon.poll() is not None or virsh("uri"), 30)
        assert daemon.poll() is None, (folder / "libvirtd.log").read_text()[-2000:]
        yield
    finally:
        for domain in virsh("list", "--name", check=False).split():
            virsh("destroy", domain, check=False)
        daemon.terminate()
        daemon.wait(30)


def virsh(*arguments: str, check: bool = True) -> str:
    """One command of virsh against it: what it printed."""
    done = subprocess.run(
        ["virsh", "--connect", URI, *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert not check or done.returncode == 0, f"virsh {arguments}: {done.stderr}"
    return done.stdout


def _mount(folder: Path) -> None:
    _own_sys()
    for place in _TEMPORARY:
        Path(place).mkdir(parents=True, exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
    Path(_STATE).mkdir(parents=True, exist_ok=True)
    state = folder / "libvirt"
    for name in ("images", "qemu", "dnsmasq", "network", "boot"):
        (state / name).mkdir(parents=True)
    _run("mount", "--bind", str(state), _STATE)
    Path("/etc/libvirt/qemu.conf").write_text(_QEMU)
    # who may use the socket is asked of polkit otherwise
    Path("/etc/libvirt/libvirtd.conf").write_text(
        'unix_sock_group = "root"\nauth_unix_rw = "none"\n'
    )


def _own_sys() -> None:
    """Have /sys show the links of this network namespace: libvirt sets up bridges through it."""
    kept = Path("/run/mk8s-cgroups")
    kept.mkdir(exist_ok=True)
    _run("mount", "--rbind", "/sys/fs/cgroup", str(kept))
    _run("mount", "-t", "sysfs", "sysfs", "/sys")
    _run("mount", "--rbind", str(kept), "/sys/fs/cgroup")
    _run("umount", "--lazy", str(kept))
    kept.rmdir()


def _run(*command: str) -> None:
    assert shutil.which(command[0]), f"{command[0]} is missing: use script/lab-test"
    subprocess.run(command, check=True, timeout=30)

"""A Debian box for vagrant-libvirt, built here: it stands for debian/bookworm64 in the lab test.

    python3 -m tests.support.vmbox

builds it unless the cache has it: packages come from outside, and the test has no way there.

It has Debian's own packages as debootstrap installs them, those that the lab needs among them, and
requirements.lock's where `vagrant/install.sh` puts them (to install either takes minutes in an
emulated processor; `tests/vagrant` does the latter from nothing), a boot loader, and a user that
Vagrant can log in as.
"""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from minikube8s.cluster.standins.packages import cache_directory
from tests.support import debianroot, lockedwheels
from tests.support.vmstores import HOST, IMAGES_PORT, WHEELS_PORT

NAME = "mk8s/debian-standin"
# what Debian's own box has, then what the lab installs into it
PACKAGES = (
    "systemd-sysv", "udev", "dbus", "systemd-timesyncd", "ifupdown", "isc-dhcp-client", "iproute2",
    "iputils-ping", "openssh-server", "sudo", "rsync", "ca-certificates", "kmod", "procps",
    "linux-image-cloud-amd64", "apparmor", "less",
    "docker.io", "iptables", "nftables", "libnftables1", "python3", "python3-venv", "curl",
    "kubernetes-client",
)  # fmt: skip
_RECIPE = debianroot.Recipe(PACKAGES, "useradd -m -s /bin/bash vagrant")
DISK_GIB = 8
_GRUB = Path("/usr/lib/grub/i386-pc")
_KEYS = Path("/usr/share/rubygems-integration/all/gems")
# the gap before the first partition, where the boot loader lives
_FIRST_SECTOR = 2048
_SECTOR = 512


def provide() -> Path:
    """The box file, built unless the cache has one of this recipe."""
    wheels = lockedwheels.provide().name
    recipe = f"{_RECIPE.identity} {wheels} {inspect.getsource(sys.modules[__name__])}"
    target = cache_directory() / "boxes" / f"{hashlib.sha256(recipe.encode()).hexdigest()[:24]}.box"
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            for old in target.parent.glob("*.box"):
                old.unlink()
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                _build(Path(scratch)).rename(target)
    return target


def _build(scratch: Path) -> Path:
    root, raw = scratch / "root", scratch / "box.raw"
    _run("cp", "--archive", str(debianroot.provide(_RECIPE)), str(root))
    _settle(root)
    _install_wheels(root)
    _disk(root, raw, scratch)
    _run("qemu-img", "convert", "-O", "qcow2", str(raw), str(scratch / "box.img"))
    (scratch / "metadata.json").write_text(
        json.dumps({"provider": "libvirt", "format": "qcow2", "virtual_size": DISK_GIB})
    )
    (scratch / "Vagrantfile").write_text(_VAGRANTFILE)
    with tarfile.open(scratch / "lab.box", "w") as box:
        for part in ("metadata.json", "Vagrantfile", "box.img"):
            box.add(scratch / part, part)
    return scratch / "lab.box"


# The machine is emulated: it boots slowly, and nobody needs its disk after a crash of the host.
_VAGRANTFILE = """Vagrant.configure("2") do |config|
  config.vm.boot_timeout = 900
  config.ssh.insert_key = false
  config.vm.provider :libvirt do |libvirt|
    libvirt.disk_driver :cache => "unsafe"
  end
end
"""

_FILES = {
    "etc/fstab": "/dev/vda1 / ext4 noatime,errors=remount-ro 0 1\n",
    "etc/hostname": "debian\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
    "etc/network/interfaces": (
        "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n"
    ),
    "etc/sudoers.d/vagrant": "vagrant ALL=(ALL) NOPASSWD: ALL\n",
    "etc/ssh/sshd_config.d/vagrant.conf": "UseDNS no\n",
    "etc/pip.conf": (
        "[global]\nno-index = true\n"
        f"find-links = http://{HOST}:{WHEELS_PORT}/\ntrusted-host = {HOST}\n"
        # Python does it when a module is first used, and of most modules none ever is
        "[install]\ncompile = false\n"
    ),
    "etc/docker/daemon.json": json.dumps({"registry-mirrors": [f"http://{HOST}:{IMAGES_PORT}"]}),
    "boot/grub/grub.cfg": (
        "set timeout=0\n"
        "linux /vmlinuz root=/dev/vda1 ro net.ifnames=0 console=ttyS0 quiet mitigations=off\n"
        "initrd /initrd.img\nboot\n"
    ),
}


# an initrd of what these machines have is there sooner; what looks for updates would find none
_COMMANDS = """
chown -R vagrant:vagrant /home/vagrant/.ssh
echo MODULES=list >/etc/initramfs-tools/conf.d/modules
printf '%s\\n' virtio_pci virtio_blk ext4 >>/etc/initramfs-tools/modules
update-initramfs -u
systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \\
    e2scrub_all.timer e2scrub_reap.service fstrim.timer
"""


def _settle(root: Path) -> None:
    """Turn what debootstrap left into a machine that boots and lets Vagrant in."""
    for place, text in _FILES.items():
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "etc/sudoers.d/vagrant").chmod(0o440)
    (key,) = _KEYS.glob("vagrant-[0-9]*/keys/vagrant.pub")
    folder = root / "home/vagrant/.ssh"
    folder.mkdir(mode=0o700)
    shutil.copy(key, folder / "authorized_keys")
    _run("chroot", str(root), "sh", "-ec", _COMMANDS)
    # all clones of a box have the same, which nothing of the cluster may trip over
    (root / "etc/machine-id").write_text(f"{'6d6b3873' * 4}\n")


def _install_wheels(root: Path) -> None:
    wheels, place = root / "wheels", "/opt/mk8s"
    shutil.copytree(lockedwheels.provide(), wheels)
    shutil.copy(lockedwheels.LOCK, wheels)
    _run("chroot", str(root), "python3", "-m", "venv", place)
    _run(
        "chroot", str(root), "env", "PIP_CONFIG_FILE=/dev/null", f"{place}/bin/python", "-m", "pip",
        "install", "--quiet", "--disable-pip-version-check", "--no-index", "--find-links=/wheels",
        "--require-hashes", "--requirement=/wheels/requirements.lock",
    )  # fmt: skip
    shutil.rmtree(wheels)


def _disk(root: Path, raw: Path, scratch: Path) -> None:
    """A disk of one partition with ``root`` in it, and GRUB in the gap before it."""
    offset = _FIRST_SECTOR * _SECTOR
    with raw.open("wb") as disk:
        disk.truncate(DISK_GIB << 30)
    _run("sfdisk", "--quiet", str(raw), given=f"start={_FIRST_SECTOR}, type=83, bootable\n")
    _run(
        "mkfs.ext4", "-q", "-F", "-d", str(root), "-E", f"offset={offset}", str(raw),
        str(((DISK_GIB << 30) - offset) // 1024) + "k",
    )  # fmt: skip
    core = scratch / "core.img"
    _run(
        "grub-mkimage", "-O", "i386-pc", "-o", str(core), "-p", "(hd0,msdos1)/boot/grub",
        "biosdisk", "part_msdos", "ext2", "linux", "normal",
    )  # fmt: skip
    assert core.stat().st_size < offset - _SECTOR, "the boot loader does not fit"
    with raw.open("r+b") as disk:
        # up to the table of partitions; its default is that the rest follows in sector 1
        disk.write((_GRUB / "boot.img").read_bytes()[:440])
        disk.seek(_SECTOR)
        disk.write(core.read_bytes())


def _run(*command: str, given: str = "") -> None:
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, check=False,
        env={**os.environ, "LC_ALL": "C"}, timeout=1800,
    )  # fmt: skip
    if done.returncode != 0:
        sys.exit(
            f"The box was not built: {' '.join(command)}: {(done.stderr or done.stdout)[-2000:]}"
        )


if __name__ == "__main__":
    provide()

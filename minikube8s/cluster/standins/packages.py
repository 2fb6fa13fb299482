"""Owns turning Debian packages into a root file system, without installing anything.

Packages come from the machine's own apt sources, are unpacked as they are (no maintainer script
runs) and cached by name and version.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from minikube8s.cluster.errors import ClusterError

_FOLLOWED = r"Depends: ((?:lib|zlib|nginx)[a-z0-9.+-]*)(?::any)?$"


class BuildError(ClusterError):
    """Why an image could not be built, in a sentence."""


def cache_directory() -> Path:
    """Where downloads and built images are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mk8s"


def closure(roots: Iterable[str]) -> list[str]:
    """``roots`` with the libraries (and parts of nginx) that they depend on, directly or not."""
    found = dict.fromkeys(roots)
    listed = _apt(
        "apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
        "--no-breaks", "--no-replaces", "--no-enhances", *found,
    )  # fmt: skip
    # each package's name at the start of a line, and what it needs below
    needs = {part.split("\n", 1)[0]: part for part in re.split(r"\n(?=\S)", listed)}
    pending = list(found)
    while pending:
        for name in re.findall(_FOLLOWED, needs.get(pending.pop(), ""), re.M):
            if name not in found:
                found[name] = None
                pending.append(name)
    return sorted(found)


def fetch(names: Iterable[str]) -> list[Path]:
    """The .deb file of every package in ``names``, downloaded when not cached."""
    folder = cache_directory() / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    wanted: dict[str, Path] = {}
    for line in _apt("apt-get", "download", "--print-uris", *names).splitlines():
        match = re.match(r"'[^']+' (\S+\.deb) ", line)
        if match:
            wanted[match[1].split("_")[0]] = folder / match[1]
    missing = [name for name, path in wanted.items() if not path.exists()]
    if missing:
        # apt's own unprivileged user may not write here, which it says in a warning only
        _run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *missing, cwd=folder)
    return sorted(wanted.values())


def unpack(packages: Iterable[Path], root: Path) -> None:
    """Unpack every package into ``root``, laid out with /bin, /lib and so on merged into /usr."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for package in packages:
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE
        ) as reader:
            subprocess.run(
                ["tar", "-x", "--keep-directory-symlink", "-C", root],
                stdin=reader.stdout,
                check=True,
            )
    for name in ("share/doc", "share/man", "share/locale", "share/info", "share/lintian"):
        subprocess.run(["rm", "-rf", root / "usr" / name], check=True)


def _apt(program: str, *arguments: str) -> str:
    """What apt says; with a cache of its own where the machine's configuration keeps none."""
    keep = cache_directory() / "packages"
    keep.mkdir(parents=True, exist_ok=True)
    caches = (f"Dir::Cache::{name}={keep / name}.bin" for name in ("pkgcache", "srcpkgcache"))
    options = [word for cache in caches for word in ("-o", cache)]
    return _run(program, *options, *arguments)


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise BuildError(
            f"{command[0]} is not here: images can only be built on Debian, Ubuntu and their like."
        ) from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or ["it did not say why"]
        raise BuildError(
            f"{command[0]} failed, and packages of the distribution are needed: {said[0]}"
        ) from None
    return done.stdout

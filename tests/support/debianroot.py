"""A Debian root as a folder, by debootstrap: what machines of the tests boot from.

Kept in the cache below a name that its recipe gives, so that it is made once. Whoever boots it puts
an overlay above: the folder itself is never written again.
"""

from __future__ import annotations

import fcntl
import hashlib
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from minikube8s.cluster.standins.packages import BuildError, cache_directory

SECONDS = 900.0
_MIRROR = "http://deb.debian.org/debian"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is in a root: a distribution's release, and packages beside the required ones.

    `script` is run by sh in the finished root, to change what packages leave.
    """

    packages: tuple[str, ...]
    script: str = ""
    suite: str = ""
    """By default the release that this machine runs: its Python fits."""

    @property
    def identity(self) -> str:
        """A name that another recipe does not have."""
        return hashlib.sha256(repr((self, *_source(self.suite))).encode()).hexdigest()[:24]


def provide(recipe: Recipe) -> Path:
    """The root, made when it is not cached. Needs root and a way to packages; raises BuildError."""
    folder = cache_directory() / "debian"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / recipe.identity
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            unfinished = folder / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            _make(recipe, unfinished)
            unfinished.rename(target)
    return target


def _make(recipe: Recipe, root: Path) -> None:
    suite, mirror, components = _source(recipe.suite)
    # what it mounts below the root goes with it, even when it is killed
    command = [
        "unshare", "--mount", "debootstrap", "--variant=minbase", f"--components={components}",
        f"--include={','.join(recipe.packages)}", suite, str(root), mirror,
    ]  # fmt: skip
    try:
        _run(command)
        if recipe.script:
            _run(["chroot", str(root), "sh", "-ec", recipe.script])
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stdout", None) or b""
        said = output.decode(errors="replace").strip().splitlines()[-3:]
        shutil.rmtree(root, ignore_errors=True)
        raise BuildError(f"A Debian root cannot be made: {error} {' '.join(said)}") from None
    for waste in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / waste, ignore_errors=True)
        (root / waste / "partial").mkdir(parents=True)


def _run(command: list[str]) -> None:
    subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        check=True,
    )


def _source(suite: str) -> tuple[str, str, str]:
    """Release, mirror and components: where apt gets that release's packages on this machine."""
    suite = suite or platform.freedesktop_os_release().get("VERSION_CODENAME", "bookworm")
    columns = "$(REPO_URI) $(CODENAME) $(COMPONENT) $(CREATED_BY)"
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", columns],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    rows = [line.split() for line in told.splitlines()]
    found = [(row[0], row[2]) for row in rows if row[1:2] == [suite] and row[3:] == ["Packages"]]
    mirrors = [uri for uri, component in found if component == "main" and "security" not in uri]
    mirror = mirrors[0] if mirrors else _MIRROR
    components = sorted({component for uri, component in found if uri == mirror}) or ["main"]
    return suite, mirror, ",".join(components)

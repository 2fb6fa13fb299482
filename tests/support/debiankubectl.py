"""The distribution's kubectl, also where another package's /usr/bin/kubectl keeps it out.

    python3 -m tests.support.debiankubectl

unpacks it into the cache. It is the oldest kubectl that the tests know: 1.20 in Debian 12.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from minikube8s.cluster.standins.packages import BuildError, cache_directory, fetch

PACKAGE = "kubernetes-client"


def folder() -> Path:
    """Where it is, named `kubectl.1.MINOR`."""
    return cache_directory() / "kubectl"


def provide() -> Path:
    """Download and unpack it unless it is there; raises BuildError."""
    (package,) = fetch([PACKAGE])
    version = package.name.split("_")[1].rpartition("%3a")[2]
    target = folder() / ".".join(["kubectl", *version.split(".")[:2]])
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as root:
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
            shutil.move(Path(root, "usr/bin/kubectl"), target)
    return target


def main() -> int:
    """The program: exit code 1 with a sentence when there is none to be had."""
    try:
        target = provide()
        subprocess.run([target, "version", "--client"], check=True, stdout=subprocess.DEVNULL)
    except (BuildError, OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"{PACKAGE} cannot be unpacked: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

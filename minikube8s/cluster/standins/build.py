"""Builds images of the catalogue and loads them into a Docker engine, by the engine's own API.

`mk8s image build` is this, too. `python3 -m minikube8s.cluster.standins.build IMAGE...` needs
nothing but Python's standard library and the distribution's apt and dpkg.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

from minikube8s.cluster.engine import DEFAULT_HOST, EngineConnection
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.standins.catalog import CATALOG, Image
from minikube8s.cluster.standins.packages import BuildError, cache_directory, closure, fetch, unpack


def archive(name: str) -> Path:
    """The root file system of image ``name`` as a tar file, built when it is not cached."""
    image = CATALOG.get(name)
    if image is None:
        raise BuildError(f"There is no image {name!r} here; there are {', '.join(CATALOG)}.")
    folder = cache_directory() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        packages = fetch(closure(image.packages))
        identity = repr((sorted(path.name for path in packages), image)).encode()
        target = folder / f"{hashlib.sha256(identity).hexdigest()[:24]}.tar"
        if not target.exists():
            try:
                _build(image, packages, target)
            except subprocess.CalledProcessError as error:
                raise BuildError(
                    f"{name} could not be built in {folder}: {error.cmd[0]} failed."
                ) from None
    return target


def load(name: str, tar: Path, host: str) -> None:
    """Import ``tar`` into the engine at ``host`` as image ``name``."""
    image = CATALOG[name]
    repository, _, tag = name.rpartition(":")
    changes = [f"CMD {json.dumps(list(image.command))}"]
    changes.append("ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    changes += [f"EXPOSE {port}" for port in image.ports]
    query = urllib.parse.urlencode(
        {"fromSrc": "-", "repo": repository, "tag": tag, "changes": changes}, doseq=True
    )
    try:
        with contextlib.closing(EngineConnection(host)) as engine, tar.open("rb") as body:
            engine.request(
                "POST", f"/images/create?{query}", body, {"Content-Type": "application/x-tar"}
            )
            response = engine.getresponse()
            text = response.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise BuildError(
            f"The Docker engine at {host} did not take the image {name} ({error}): see its log."
        ) from None
    if response.status != 200 or '"error"' in text:
        raise BuildError(f"The Docker engine refused the image {name}: {text.strip()}")


def _build(image: Image, packages: list[Path], target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        root = Path(scratch) / "root"
        root.mkdir()
        unpack(packages, root)
        for folder in image.folders:
            (root / folder).mkdir(parents=True, exist_ok=True)
        for path in ("tmp", "var/tmp"):
            (root / path).chmod(0o1777)
        for path, content in image.files.items():
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            place.write_text(content)
            if content.startswith("#!"):
                place.chmod(0o755)
        _applets(root)
        if not (root / "usr/bin/sh").exists() and (root / "usr/bin/dash").exists():
            (root / "usr/bin/sh").symlink_to("dash")
        temporary = target.with_suffix(".new")
        subprocess.run(
            [
                "tar",
                "-c",
                "--numeric-owner",
                "--owner=0",
                "--group=0",
                "-f",
                temporary,
                "-C",
                root,
                ".",
            ],
            check=True,
        )
        temporary.replace(target)


def _applets(root: Path) -> None:
    """Give busybox its names, as its own installer would."""
    busybox = root / "usr/bin/busybox"
    if busybox.exists():
        listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
        for applet in listed.stdout.split():
            with contextlib.suppress(FileExistsError):
                (root / "usr/bin" / applet).symlink_to("busybox")


def main() -> int:
    """Build and load the images named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, prog="python3 -m minikube8s.cluster.standins.build"
    )
    parser.add_argument("--host", default=os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
    parser.add_argument("--cache-only", action="store_true", help="build, but load nothing")
    parser.add_argument("images", nargs="+", choices=list(CATALOG), metavar="IMAGE")
    arguments = parser.parse_args()
    try:
        for name in arguments.images:
            tar = archive(name)
            if not arguments.cache_only:
                load(name, tar, arguments.host)
                print(f"built {name}")
    except (ClusterError, OSError) as error:
        print(f"images: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

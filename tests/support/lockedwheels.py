"""The wheels of requirements.lock as a folder, for machines of the tests without a way to PyPI."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from minikube8s.cluster.standins.packages import BuildError, cache_directory

LOCK = Path(__file__).parents[2] / "requirements.lock"
SECONDS = 600.0


def provide() -> Path:
    """The folder, filled by pip when it is not cached; hashes are checked. Raises BuildError."""
    folder = cache_directory() / "locked-wheels"
    folder.mkdir(parents=True, exist_ok=True)
    identity = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:24]
    target = folder / identity
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            unfinished = folder / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            _fetch(unfinished)
            unfinished.rename(target)
    return target


def _fetch(folder: Path) -> None:
    command = [
        sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check",
        "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(LOCK), "-d", str(folder),
    ]  # fmt: skip
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or "").strip().splitlines()[-2:]
        raise BuildError(f"The wheels cannot be fetched: {error} {' '.join(said)}") from None


def main() -> int:
    """The program: exit code 1 with a sentence when they cannot be fetched."""
    try:
        provide()
    except (BuildError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

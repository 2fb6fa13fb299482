"""Real kubectl against the server under test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.api.apiserver import ApiServer
from tests.support import debiankubectl

DEADLINE = 60.0
OLDEST = 27
"""The minor version from which kubectl has all that is tested outside of the scenarios."""


def every_binary() -> list[Path]:
    """Every kubectl that is here, oldest first.

    Several versions are found as `kubectl.1.27`, … beside the `kubectl` on the PATH, and where
    `tests.support.debiankubectl` puts the distribution's.
    """
    found = shutil.which("kubectl")
    if found is None:
        return []
    folders = (Path(found).resolve().parent, debiankubectl.folder())
    known = {
        int(path.suffix[1:]): path for folder in folders for path in folder.glob("kubectl.1.*")
    }
    if not any(path.parent == folders[0] for path in known.values()):
        known[_minor(Path(found))] = Path(found)
    return [known[minor] for minor in sorted(known)]


def binaries() -> list[Any]:
    """An old, a middle and the newest kubectl, as parameters of a test.

    What older ones than `OLDEST` lack, such as `create token`, is what many tests are about.
    Without any, tests are skipped, but fail where CI says that everything has to be there.
    """
    every = [binary for binary in every_binary() if _minor(binary) >= OLDEST]
    if not every:
        if os.environ.get("CI") == "true":
            return [pytest.param(Path("kubectl"), id="missing")]
        skip = pytest.mark.skip(reason="kubectl is not installed")
        return [pytest.param(Path("kubectl"), id="missing", marks=skip)]
    return list(dict.fromkeys((every[0], every[len(every) // 2], every[-1])))


@cache
def _minor(binary: Path) -> int:
    told = subprocess.check_output([binary, "version", "--client", "-o", "json"], text=True)
    version = json.loads(told)["clientVersion"]["gitVersion"]
    return int(version.removeprefix("v").split(".")[1])


@dataclass(frozen=True)
class Kubectl:
    """One kubectl, told where the server is and which namespace to use."""

    binary: Path
    namespace: str
    directory: Path
    environment: dict[str, str]

    @classmethod
    def of(cls, binary: Path, api: ApiServer, namespace: str, directory: Path) -> Kubectl:
        config = directory / "kubeconfig"
        config.write_text(json.dumps(kubeconfig(api, namespace)))
        # One discovery cache a server and version: that is what a user's home is.
        home = api.directory / f"home-{binary.name}"
        home.mkdir(exist_ok=True)
        environment = os.environ | {"KUBECONFIG": str(config), "HOME": str(home)}
        return cls(binary, namespace, directory, environment)

    @property
    def minor(self) -> int:
        """The minor version."""
        return _minor(self.binary)

    def run(
        self, *arguments: str, stdin: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl and return what came of it, whatever it was."""
        return subprocess.run(
            [str(self.binary), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
            env=self.environment | environment,
        )

    def __call__(self, *arguments: str, stdin: str | None = None, **environment: str) -> str:
        """Run kubectl, which must succeed, and return its output."""
        done = self.run(*arguments, stdin=stdin, **environment)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def fails(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl, which must fail, and return its complaint."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode != 0, f"kubectl {' '.join(arguments)} did not fail: {done.stdout}"
        return done.stderr

    def json(self, *arguments: str) -> Any:
        """Run kubectl with JSON output and return it decoded."""
        return json.loads(self(*arguments, "-o", "json"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start kubectl and return the process, whose output can be read line by line."""
        return subprocess.Popen(
            [str(self.binary), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

    def file(self, name: str, text: str) -> str:
        """Write a file and return its path."""
        path = self.directory / name
        path.write_text(text)
        return str(path)


def kubeconfig(api: ApiServer, namespace: str) -> dict[str, Any]:
    """The admin's kubeconfig."""
    pki = api.directory
    cluster = {
        "server": f"https://127.0.0.1:{api.server.port}",
        "certificate-authority": str(pki / "ca.crt"),
    }
    user = {"client-certificate": str(pki / "admin.crt"), "client-key": str(pki / "admin.key")}
    context = {"cluster": "test", "user": "admin", "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "admin", "user": user}],
        "contexts": [{"name": "test", "context": context}],
        "current-context": "test",
    }

"""A private Docker engine with a registry beside it that stands for Docker Hub.

Both live in the test run's own namespaces with their own data, socket and configuration. Images
are built from the distribution's packages and pushed, so that the cluster really pulls them.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from minikube8s.cluster.engine import EngineConnection
from minikube8s.cluster.standins.build import archive, load
from minikube8s.cluster.standins.catalog import CATALOG
from tests.support.wait import until

REGISTRY = "127.0.0.1:5000"
CGROUP = "/mk8s-test"


class PrivateEngine:
    """The running engine: ``host`` is its DOCKER_HOST."""

    def __init__(self, host: str, root: Path) -> None:
        self.host = host
        self.root = root
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def bare(cls, folder: Path) -> Self:
        """An engine in ``folder`` that brings no bridge and no rules; not started.

        It would take away the bridge of another one in its network: start it in one of its own.
        """
        made = cls(f"unix://{folder}/docker.sock", folder)
        configuration = {
            "data-root": f"{folder}/data",
            "exec-root": f"{folder}/exec",
            "pidfile": f"{folder}/dockerd.pid",
            "hosts": [made.host],
            "bridge": "none",
            "iptables": False,
            "cgroup-parent": CGROUP,
        }
        (folder / "daemon.json").write_text(json.dumps(configuration))
        return made

    def start(self, *before: str) -> None:
        """Start dockerd, with ``before`` in front of its command, and wait until it answers."""
        log = (self.root / "dockerd.log").open("ab")
        self._process = subprocess.Popen(
            [*before, "dockerd", "--config-file", str(self.root / "daemon.json")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        until("the private Docker engine answers", self.answers, 60)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """End dockerd and wait for its end."""
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait(60)
            self._process = None

    def answers(self) -> bool:
        """Whether the engine answers a ping."""
        return self.api("GET", "/_ping")[0] == 200

    def api(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """One call of the engine's API: status and body."""
        with contextlib.closing(EngineConnection(self.host)) as connection:
            headers = {"Content-Type": "application/json", "X-Registry-Auth": "e30="}
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            return response.status, response.read()

    def containers(self, **labels: str) -> list[dict[str, object]]:
        """All containers, running or not, that carry ``labels``."""
        filters = json.dumps({"label": [f"{key}={value}" for key, value in labels.items()]})
        status, body = self.api("GET", f"/containers/json?all=1&filters={quote(filters)}")
        assert status == 200, body
        found: list[dict[str, object]] = json.loads(body)
        return found

    def run(self, *arguments: str, check: bool = True) -> str:
        """One command of the docker client against this engine: what it printed."""
        done = subprocess.run(
            ["docker", "--host", self.host, *arguments],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"docker {arguments}: {done.stderr}"
        return done.stdout


def quote(text: str) -> str:
    """``text`` in the form of a query value."""
    from urllib.parse import quote as percent

    return percent(text, safe="")


@contextlib.contextmanager
def private_engine() -> Iterator[PrivateEngine]:
    """Registry and engine running, test images pushed and absent from the engine."""
    for program in ("dockerd", "docker-registry"):
        assert shutil.which(program), f"{program} is missing: run the tests with script/test"
    with tempfile.TemporaryDirectory(prefix="mk8s-engine-", dir="/var/tmp") as directory:
        root = Path(directory)
        registry = start_registry(root)
        engine = PrivateEngine(f"unix://{root}/docker.sock", root)
        (root / "daemon.json").write_text(
            json.dumps(
                {
                    "data-root": f"{root}/data",
                    "exec-root": f"{root}/exec",
                    "pidfile": f"{root}/dockerd.pid",
                    "hosts": [engine.host],
                    "registry-mirrors": [f"http://{REGISTRY}"],
                    "cgroup-parent": CGROUP,
                }
            )
        )
        try:
            engine.start()
            _publish(engine)
            yield engine
        finally:
            with contextlib.suppress(OSError, AssertionError):
                for container in engine.containers():
                    engine.api("DELETE", f"/containers/{container['Id']}?force=1")
            engine.stop()
            registry.terminate()
            registry.wait(30)
            _unmount(root)
            _remove_cgroups()


def _remove_cgroups() -> None:
    """Take away the empty control groups that the engine leaves, in version 1 and 2 alike."""
    parents = [*Path("/sys/fs/cgroup").glob(f"*{CGROUP}"), Path(f"/sys/fs/cgroup{CGROUP}")]
    for parent in parents:
        # another run's engine may still use its own below the same parent, and end meanwhile
        with contextlib.suppress(OSError):
            for folder in sorted([parent, *parent.rglob("*/")], reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()


def _unmount(root: Path) -> None:
    """Take away what an engine that was killed left mounted below ``root``."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in reversed([place for place in mounted if place.startswith(f"{root}/")]):
        subprocess.run(["umount", "--lazy", place], check=True)


def start_registry(root: Path, address: str = REGISTRY) -> subprocess.Popen[bytes]:
    """Serve the images of ``root``/registry there; return when it answers."""
    configuration = root / "registry.yml"
    configuration.write_text(
        "version: 0.1\nlog: {level: warn}\n"
        f"storage: {{filesystem: {{rootdirectory: {root}/registry}}}}\n"
        f"http: {{addr: '{address}'}}\n"
    )
    log = (root / "registry.log").open("ab")
    process = subprocess.Popen(
        ["docker-registry", "serve", str(configuration)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )

    def answers() -> bool:
        connection = http.client.HTTPConnection(address, timeout=2)
        with contextlib.closing(connection):
            connection.request("GET", "/v2/")
            return connection.getresponse().status == 200

    until("the registry answers", answers, 30)
    return process


def _publish(engine: PrivateEngine) -> None:
    for name in CATALOG:
        repository, tag = name.split(":")
        load(name, archive(name), engine.host)
        there = f"{REGISTRY}/library/{repository}"
        status, body = engine.api("POST", f"/images/{name}/tag?repo={quote(there)}&tag={tag}")
        assert status == 201, body
        status, body = engine.api("POST", f"/images/{there}/push?tag={tag}")
        assert status == 200 and b'"error"' not in body, body
        for reference in (name, f"{there}:{tag}"):
            assert engine.api("DELETE", f"/images/{reference}")[0] == 200

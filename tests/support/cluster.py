"""A cluster of the test's own, driven as a user drives it: by `mk8s` and by real kubectl."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.engine import PrivateEngine
from tests.support.wait import until

MK8S = Path(sys.executable).with_name("mk8s")
_LASTING = (
    "deployments,replicasets,statefulsets,daemonsets,replicationcontrollers,jobs,cronjobs,pods,"
    "services,persistentvolumeclaims,poddisruptionbudgets,horizontalpodautoscalers,ingresses"
)


@cache
def kubectls() -> dict[str, str]:
    """Every kubectl on this machine by its minor version ("1.33"), newest last."""
    found: dict[tuple[int, int], str] = {}
    first = shutil.which("kubectl")
    assert first, "kubectl is missing: run the tests with script/test"
    beside = sorted(Path(first).resolve().parent.glob("kubectl*"))
    for program in [first, *map(str, beside)]:
        done = subprocess.run(
            [program, "version", "--client", "-o", "json"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        match = re.search(r'"gitVersion": "v(\d+)\.(\d+)\.', done.stdout)
        if match:
            found.setdefault((int(match[1]), int(match[2])), program)
    return {f"{major}.{minor}": found[major, minor] for major, minor in sorted(found)}


@dataclass
class Result:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str
    seconds: float

    def ok(self) -> str:
        """What it printed; fails the test when the command failed."""
        assert self.code == 0, f"exit {self.code}\n{self.out}\n{self.err}"
        return self.out

    def fails(self) -> str:
        """Its one clear sentence; fails the test when the command succeeded or left a traceback."""
        assert self.code != 0, f"succeeded: {self.out}"
        assert "Traceback" not in self.err + self.out, self.err
        return self.err.strip()


@dataclass
class Cluster:
    """One cluster: its home, its engine, and the environment that its commands run in."""

    home: Path
    engine: PrivateEngine
    settings: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def beside(number: int, home: Path, engine: PrivateEngine) -> Cluster:
        """A cluster with name, ports and networks of its own; ``number`` (1 to 9) tells which."""
        name = {1: "second", 2: "third"}.get(number, f"cluster{number}")
        return Cluster(
            home,
            engine,
            {
                "MK8S_NAME": name,
                "MK8S_API_PORT": f"1{number}443",
                "MK8S_AGENT_PORT": f"1{number}444",
                "MK8S_POD_CIDR": f"10.20{number}.0.0/16",
                "MK8S_SERVICE_CIDR": f"10.19{number}.0.0/16",
                "MK8S_NODE_PORTS": f"{30000 + 250 * number}-{30249 + 250 * number}",
            },
        )

    def with_settings(self, **settings: str) -> Cluster:
        """The same cluster, with commands in another environment."""
        return replace(self, settings=self.settings | settings)

    def daemons(self) -> dict[str, int]:
        """The process id of each daemon that runs, as `mk8s status` tells them."""
        rows = [line.split() for line in self.mk8s("status").out.splitlines()]
        return {row[0]: int(row[2]) for row in rows if len(row) > 2 and row[1] == "running"}

    def kill(self, *names: str) -> None:
        """`kill -9` of daemons; returns when `mk8s status` says that they are gone."""
        daemons = self.daemons()
        for name in names:
            os.kill(daemons[name], signal.SIGKILL)
        until("status says so", lambda: not set(names) & set(self.daemons()))
        assert self.mk8s("status").code == 3

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every command: this cluster and no other configuration."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MK8S_", "KUBE"))}
        return kept | {
            "MK8S_HOME": str(self.home),
            "DOCKER_HOST": self.engine.host,
            "KUBECONFIG": str(self.home / "admin.kubeconfig"),
            "HOME": str(self.home.parent),
            "MK8S_NODE_NAME": "node1",
            **self.settings,
        }

    def mk8s(self, *arguments: str, input: str | None = None, seconds: float = 120) -> Result:
        """Run `mk8s` with ``arguments``."""
        return self.run([str(MK8S), *arguments], input, seconds)

    def kubectl(
        self,
        *arguments: str,
        version: str | None = None,
        input: str | None = None,
        seconds: float = 120,
    ) -> Result:
        """Run kubectl (the newest here unless ``version`` names one) with ``arguments``."""
        programs = kubectls()
        program = programs[version or list(programs)[-1]]
        return self.run([program, *arguments], input, seconds)

    def client(self, name: str) -> Any:
        """:meth:`mk8s` or :meth:`kubectl` by name, for tests that run with both."""
        return {"mk8s": self.mk8s, "kubectl": self.kubectl}[name]

    def get(self, *arguments: str) -> dict[str, Any]:
        """What `kubectl get … -o json` answers."""
        content: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json").ok())
        return content

    def column(self, kind: str, name: str, column: str, client: str = "kubectl") -> str:
        """One cell of `get KIND NAME`."""
        lines = self.client(client)("get", kind, name).ok().splitlines()
        headers, row = (re.split(r" {2,}", line.strip()) for line in lines)
        return row[headers.index(column)]

    def pods(self, selector: str = "", namespace: str = "default") -> list[dict[str, Any]]:
        """The pods that match a label selector."""
        extra = ["-l", selector] if selector else []
        items: list[dict[str, Any]] = self.get("pods", "-n", namespace, *extra)["items"]
        return items

    def no_pods(self, selector: str) -> None:
        """End the pods that match at once, and wait until they are gone from the machine, too."""
        self.kubectl("delete", "pod", "-l", selector, "--now", "--ignore-not-found").ok()
        until(f"no pods {selector}", lambda: not self.pods(selector), 60)

    def nothing_left(self) -> None:
        """Wait until the tests' objects are gone; fails with the names of those that stay."""
        columns = "-o=custom-columns=N:.metadata.namespace,K:.kind,NAME:.metadata.name"

        def gone() -> bool:
            listed = self.kubectl("get", _LASTING, "-A", "--no-headers", columns).ok()
            rows = {tuple(line.split()) for line in listed.splitlines()}
            own = {("default", "Service", "kubernetes")}
            left = sorted(row for row in rows - own if row[0] != "kube-system")
            assert not left, left
            return True

        until("nothing of these tests is left in the cluster", gone, 60)

    def ready_pods(
        self, count: int, selector: str = "", seconds: float = 60
    ) -> list[dict[str, Any]]:
        """Wait until exactly ``count`` pods match, all ready and none on its way out."""

        def settled() -> list[dict[str, Any]] | None:
            pods = self.pods(selector)
            good = [p for p in pods if is_ready(p) and "deletionTimestamp" not in p["metadata"]]
            return good if len(good) == len(pods) == count else None

        return until(f"{count} ready pods {selector}", settled, seconds) or []

    def run(self, command: list[str], input: str | None = None, seconds: float = 120) -> Result:
        """Run ``command`` in this cluster's environment."""
        return run_in(command, self.environment, self.home.parent, input, seconds)


def run_in(
    command: list[str],
    environment: dict[str, str],
    folder: Path,
    input: str | None = None,
    seconds: float = 120,
) -> Result:
    """Run ``command`` and return what it printed."""
    start = time.perf_counter()
    done = subprocess.run(
        command,
        input=input, env=environment, cwd=folder,
        capture_output=True, text=True, check=False, timeout=seconds,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr, time.perf_counter() - start)


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether the pod's Ready condition is True."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

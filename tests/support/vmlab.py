"""The project's Vagrantfile, brought up in emulated machines: what the lab's tests drive.

Vagrant works in a copy of the project's folder, with a home of its own, against a private libvirtd.
Each step is timed, because what a teacher wants to know first is how long it takes.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

from tests.support import vmbox
from tests.support.cluster import Result, kubectls
from tests.support.libvirtd import URI, private_libvirtd
from tests.support.systemdmachine import CHECKOUT
from tests.support.vmstores import stores
from tests.support.wait import until

MASTER, WORKER1, WORKER2 = MACHINES = ("master", "worker1", "worker2")
SUBNET = "192.168.56"
ADDRESSES = {name: f"{SUBNET}.{10 + index}" for index, name in enumerate(MACHINES)}
SLOW = 8
"""How many times longer than usual things take in an emulated processor."""
MEMORY_MIB = 1024
PATHS = {"nodes": "/api/v1/nodes", "pods": "/api/v1/namespaces/default/pods"}
"""Where kubectl finds what can be watched."""

Json = dict[str, Any]


@dataclass
class VmLab:
    """Three machines of the project's Vagrantfile, and the figures that its steps left."""

    base: Path
    figures: list[tuple[str, str]]

    @property
    def project(self) -> Path:
        """The copy of the project's folder, where Vagrant runs."""
        return self.base / "mk8s"

    @property
    def kubeconfig(self) -> Path:
        """Where the Vagrantfile leaves the host's kubeconfig."""
        return self.project / "kubeconfig"

    @property
    def environment(self) -> dict[str, str]:
        """What Vagrant and kubectl are run with."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("MK8S_")},
            "HOME": str(self.base),
            "VAGRANT_HOME": str(self.base / "vagrant"),
            "VAGRANT_DEFAULT_PROVIDER": "libvirt",
            "VAGRANT_CHECKPOINT_DISABLE": "1",
            "LIBVIRT_DEFAULT_URI": URI,
            "MK8S_BOX": vmbox.NAME,
            "MK8S_DRIVER": "qemu",
            "MK8S_MEMORY": str(MEMORY_MIB),
            "MK8S_CPUS": "1",
            "MK8S_NODE_GRACE": "20",
        }

    def vagrant(self, *arguments: str, seconds: float = 120) -> Result:
        """One command of Vagrant in the project's folder; `vagrant.log` follows a long one."""
        with (self.base / "vagrant.log").open("w+") as log:
            return self._run(["vagrant", *arguments, "--no-tty"], seconds, log=log)

    def step(self, *arguments: str, seconds: float = 900) -> str:
        """The same as a step that must succeed and whose duration is kept: what it printed."""
        with self.timed(f"vagrant {' '.join(arguments)}"):
            return self.vagrant(*arguments, seconds=seconds).ok()

    def ssh(self, machine: str, command: str, seconds: float = 120) -> Result:
        """A command line as root of that machine, over a connection that stays."""
        return self._run(
            ["ssh", "-F", str(self._ssh_config), machine, f"sudo sh -c {quoted(command)}"], seconds
        )

    def everywhere(self, command: str) -> dict[str, str]:
        """What that command line prints on each machine."""
        with ThreadPoolExecutor() as pool:
            printed = pool.map(lambda machine: self.ssh(machine, command).ok(), MACHINES)
            return dict(zip(MACHINES, printed, strict=True))

    @functools.cached_property
    def _ssh_config(self) -> Path:
        """How to reach the machines as Vagrant does, but with one handshake for many commands."""
        path = self.base / "ssh-config"
        shared = f"ControlMaster auto\nControlPath {self.base}/ssh-%n\nControlPersist 300\n"
        path.write_text(
            f"{self.vagrant('ssh-config').ok()}\nHost *\n{shared}ServerAliveInterval 10\n"
        )
        return path

    def kubectl(self, *arguments: str, given: str = "", seconds: float = 120) -> Result:
        """The host's kubectl with the kubeconfig that the Vagrantfile left."""
        return self._run(self._kubectl(*arguments), seconds, given)

    def objects(self, *arguments: str) -> list[Json]:
        """What kubectl gets, as objects."""
        items: list[Json] = json.loads(self.kubectl("get", *arguments, "-o", "json").ok())["items"]
        return items

    def apply(self, *objects: Json) -> None:
        """Apply these by kubectl."""
        body = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "-f", "-", given=json.dumps(body)).ok()

    def leftovers(self) -> set[str]:
        """Files in the project's folder that a clone has not; Vagrant's own folder is no matter."""
        found = (path.relative_to(self.project) for path in self.project.rglob("*"))
        files = {str(path) for path in found if path.parts[0] != ".vagrant"}
        return {each for each in files if not (CHECKOUT / each).exists()}

    def wait(self, what: str, condition: Any, seconds: float = 30) -> Any:
        """Wait as elsewhere, with the patience that emulated machines need, and few questions."""
        return until(what, condition, seconds * SLOW, pause_most=2)

    def watch(
        self, what: str, kind: str, condition: Callable[[list[Json]], Any], app: str = "",
        seconds: float = 30,
    ) -> Any:  # fmt: skip
        """Wait until the condition holds of all nodes, or of an app's pods, told of each change."""
        deadline = time.monotonic() + seconds * SLOW
        seen: list[Json] = []
        while (left := deadline - time.monotonic()) > 0:
            for seen in self._changes(kind, app, left):
                if answer := condition(seen):
                    return answer
            time.sleep(1)
        raise AssertionError(f"not within {seconds * SLOW:.0f} s: {what}; last seen: {seen}")

    def _changes(self, kind: str, app: str, seconds: float) -> Iterator[list[Json]]:
        """What there is, and all again whenever one has changed, for a minute at most."""
        path = f"{PATHS[kind]}?{urlencode({'labelSelector': f'app={app}'} if app else {})}"
        listed = self.kubectl("get", "--raw", path, "--request-timeout=30s")
        if listed.code != 0:
            return
        content = json.loads(listed.out)
        found: dict[str, Json] = {obj["metadata"]["uid"]: obj for obj in content["items"]}
        yield [*found.values()]
        path += "&" + urlencode(
            {"watch": "true", "resourceVersion": content["metadata"]["resourceVersion"]}
        )
        with subprocess.Popen(
            self._kubectl("get", "--raw", path), env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        ) as watching:  # fmt: skip
            # a master that went without a word would be listened to for ever
            timer = threading.Timer(min(seconds, 60), watching.kill)
            timer.start()
            try:
                for line in watching.stdout or ():
                    if not line.endswith("\n"):
                        break
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        break
                    obj = event["object"]
                    found[obj["metadata"]["uid"]] = obj
                    if event["type"] == "DELETED":
                        del found[obj["metadata"]["uid"]]
                    yield [*found.values()]
            finally:
                timer.cancel()
                watching.kill()

    def ready_pods(self, count: int, app: str, seconds: float = 60) -> list[Json]:
        """Wait until so many pods with that label are ready; return these."""

        def ready(pods: list[Json]) -> list[Json]:
            found = [pod for pod in pods if is_ready(pod)]
            return found if len(found) == count else []

        what = f"{count} pods of {app} are ready"
        found: list[Json] = self.watch(what, "pods", ready, app, seconds)
        return found

    def ask(self, machine: str, port: int, say: str = "", seconds: float = 10) -> str:
        """Connect from the host to a machine, say something, return all that comes."""
        with socket.create_connection((ADDRESSES[machine], port), seconds) as connection:
            connection.sendall(say.encode())
            pieces = iter(lambda: connection.recv(65536), b"")
            return b"".join(pieces).decode()

    def fetch(self, machine: str, port: int) -> str:
        """A page of that machine's by HTTP, as a browser on the host gets it."""
        return self.ask(machine, port, f"GET / HTTP/1.0\r\nHost: {machine}\r\n\r\n")

    @contextlib.contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Keep how long the block takes as a figure."""
        begin = time.monotonic()
        yield
        self.tell(what, f"{time.monotonic() - begin:.0f} s")

    def tell(self, what: str, figure: str) -> None:
        """Show a figure now, and keep it for the table at the end."""
        print(f"\n  {what}: {figure}", flush=True)
        self.figures.append((what, figure))

    def _kubectl(self, *arguments: str) -> list[str]:
        newest = list(kubectls().values())[-1]
        return [newest, "--kubeconfig", str(self.kubeconfig), *arguments]

    def _run(
        self, command: list[str], seconds: float, given: str = "", log: IO[str] | None = None
    ) -> Result:
        begin = time.monotonic()
        # files and not pipes: what a command leaves running may keep them open
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run(
                command, input=given, stdout=log or out, stderr=err, text=True, check=False,
                timeout=seconds, cwd=self.project, env=self.environment,
            )  # fmt: skip
            for file in (log or out, err):
                file.seek(0)
            return Result(
                done.returncode, (log or out).read(), err.read(), time.monotonic() - begin
            )


def is_ready(obj: Json) -> bool:
    """Whether a Node or a Pod, which is not about to go, is ready."""
    return not obj["metadata"].get("deletionTimestamp") and any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in obj["status"].get("conditions", [])
    )


def quoted(text: str) -> str:
    """``text`` as one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


@contextlib.contextmanager
def vm_lab(base: Path, figures: list[tuple[str, str]]) -> Iterator[VmLab]:
    """A lab whose machines are not up yet; at the end they are gone, however it went."""
    lab = VmLab(base, figures)
    _copy_project(lab.project)
    box = ("box", "add", "--name", vmbox.NAME, str(vmbox.provide()))
    with private_libvirtd(base), ThreadPoolExecutor() as pool:
        adding = pool.submit(lab.vagrant, *box, seconds=300)
        with stores(base):
            adding.result().ok()
            yield lab


def _copy_project(target: Path) -> None:
    """What a clone would hold, with changes that are not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    target.mkdir()
    subprocess.run(
        ["rsync", "-a", "-0", "--files-from=-", "--ignore-missing-args", f"{CHECKOUT}/", target],
        input=listed.stdout, check=True, timeout=60,
    )  # fmt: skip

"""The demo's own part: images, `mk8s up`, the tutorial's Deployment and Service, and the page.

Run by script/demo, which prepares the machine. Talks to the cluster as any user does.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.console import Console
from rich.live import Live
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from minikube8s.cli.connection.client import Client
from minikube8s.cli.errors import CommandError
from minikube8s.cluster.config import Home
from minikube8s.cluster.engine import DEFAULT_HOST, EngineConnection
from minikube8s.cluster.standins.build import archive, load
from minikube8s.cluster.standins.packages import BuildError

ROOT = Path(__file__).resolve().parents[1]
MK8S = str(ROOT / ".venv/bin/mk8s")
IMAGE = "nginx:1.10"
FILES = ("examples/deployment-nginx.yaml", "examples/svc-nodeport.yaml")
PODS = "/api/v1/namespaces/default/pods"
EVENTS = "/api/v1/namespaces/default/events"
SELECTOR = "app=my-nginx"
READY_SECONDS = 180.0
PAGE_SECONDS = 20.0
STAGES = ("scheduled", "image", "starting", "ready")

console = Console(highlight=False)


class DemoError(Exception):
    """Why the demo ended early, in a sentence."""


def main() -> int:
    """The demo; 0 when the page came."""
    try:
        ensure_image(os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
        heading("mk8s up")
        mk8s("up")
        heading("mk8s apply -f " + " -f ".join(FILES))
        mk8s("apply", *(word for file in FILES for word in ("-f", str(ROOT / file))))
        client = Client.of_home(Home.from_environment())
        Progress(client).show()
        show_page(client)
    except (DemoError, BuildError, CommandError) as error:
        console.print(f"[red]demo:[/] {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def ensure_image(host: str) -> None:
    """Have the tutorial's image: the engine's own, else Docker Hub's, else a stand-in."""
    if engine_call(host, "GET", f"/images/{IMAGE}/json")[0] == 200:
        return
    heading(f"docker pull {IMAGE}")
    name, _, tag = IMAGE.partition(":")
    query = urlencode({"fromImage": name, "tag": tag})
    status, body = engine_call(host, "POST", f"/images/create?{query}")
    if status == 200 and b'"error"' not in body:
        console.print(f"  pulled {IMAGE} from Docker Hub")
        return
    console.print(
        f"  Docker Hub cannot be reached from here ({why(body)}).\n"
        "  Building a stand-in from this distribution's own nginx package instead,\n"
        f"  tagged {IMAGE} as the manifest names it.",
        soft_wrap=True,
    )
    if not Path("/usr/bin/apt-get").exists():
        raise DemoError(f"this is not Debian or Ubuntu: load an image {IMAGE} with `docker load`.")
    # old lists do when the mirror cannot be reached; fetching says what is really missing
    subprocess.run(["apt-get", "-qq", "update"], check=False, stderr=subprocess.DEVNULL)
    load(IMAGE, archive(IMAGE), host)


def engine_call(host: str, method: str, path: str) -> tuple[int, bytes]:
    """One call of the Docker engine's API."""
    with contextlib.closing(EngineConnection(host)) as engine:
        engine.request(method, path)
        response = engine.getresponse()
        return response.status, response.read()


def why(body: bytes) -> str:
    """The engine's own message out of an answer or a progress stream."""
    lines = body.strip().splitlines() or [b"{}"]
    with contextlib.suppress(ValueError):
        last = json.loads(lines[-1])
        return str(last.get("error") or last.get("message") or "no reason given")
    return body.decode(errors="replace")[:200]


def heading(text: str) -> None:
    """What is done next, as the command that would do it."""
    console.print(f"\n[bold]$ {text}[/]")


def mk8s(*arguments: str) -> None:
    """Run `mk8s`; its own words explain a failure."""
    if subprocess.run([MK8S, *arguments], check=False).returncode != 0:
        raise DemoError(f"`mk8s {arguments[0]}` failed: its message is above.")


class Progress:
    """The pods on their way to Ready, drawn live; line by line where there is no terminal."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.pods: dict[str, dict[str, Any]] = {}
        self.pulled: dict[str, str] = {}
        self.troubles: dict[str, str] = {}
        self.printed: dict[str, str] = {}
        self.live: Live | None = None

    def show(self) -> None:
        """Return when all replicas are ready. Raises DemoError when that takes too long."""
        threading.Thread(target=self._follow_events, daemon=True).start()
        deadline = time.monotonic() + READY_SECONDS
        with contextlib.ExitStack() as stack:
            if console.is_terminal:
                self.live = stack.enter_context(Live(console=console, auto_refresh=False))
            for _ in self._changes():
                self._draw()
                if self._ready():
                    return
                if time.monotonic() > deadline:
                    break
        said = "; ".join(self.troubles.values()) or "see `mk8s get pods` and `mk8s describe`"
        raise DemoError(f"the pods were not ready within {READY_SECONDS:.0f} s: {said}")

    def _changes(self) -> Iterator[None]:
        query = {"watch": "true", "labelSelector": SELECTOR, "timeoutSeconds": "180"}
        with self.client.stream(PODS, seconds=READY_SECONDS, query=query) as answer:
            for line in answer:
                event = json.loads(line)
                name = event["object"]["metadata"]["name"]
                if event["type"] == "DELETED":
                    self.pods.pop(name, None)
                else:
                    self.pods[name] = event["object"]
                yield

    def _follow_events(self) -> None:
        client = Client.of_home(Home.from_environment())
        query = {"watch": "true", "fieldSelector": "involvedObject.kind=Pod"}
        with (
            contextlib.suppress(CommandError, OSError, ValueError),
            client.stream(EVENTS, query=query) as answer,
        ):
            for line in answer:
                event = json.loads(line)["object"]
                name = event["involvedObject"]["name"]
                if event["reason"] in {"Pulling", "Pulled"}:
                    self.pulled[name] = event["reason"].lower()
                elif event.get("type") == "Warning":
                    self.troubles[name] = event["message"]
                self._draw()

    def _ready(self) -> bool:
        alive = [pod for pod in self.pods.values() if "deletionTimestamp" not in pod["metadata"]]
        return len(alive) == 3 and all(self._stages(pod)[-1] == "ready" for pod in alive)

    def _stages(self, pod: dict[str, Any]) -> list[str]:
        status = pod.get("status", {})
        conditions = {c["type"]: c["status"] for c in status.get("conditions") or []}
        states = [c["state"] for c in status.get("containerStatuses") or []]
        reached = []
        if conditions.get("PodScheduled") == "True":
            reached.append("scheduled")
        running = bool(states) and all("running" in state for state in states)
        if running or self.pulled.get(pod["metadata"]["name"]) == "pulled":
            reached.append("image")
        if running:
            reached.append("starting")
        if conditions.get("Ready") == "True":
            reached = list(STAGES)
        return reached or [""]

    def _draw(self) -> None:
        if self.live is not None:
            table = Table("POD", *(stage.upper() for stage in STAGES), box=None)
            for name, pod in sorted(self.pods.items()):
                reached = self._stages(pod)
                marks = ["[green]✓[/]" if stage in reached else "…" for stage in STAGES]
                table.add_row(name, *marks)
            self.live.update(table, refresh=True)
            return
        for name, pod in sorted(self.pods.items()):
            stage = self._stages(pod)[-1]
            if stage and self.printed.get(name) != stage:
                self.printed[name] = stage
                console.print(f"  {name}  {stage}")


def show_page(client: Client) -> None:
    """Fetch the page through the NodePort and say what to try next."""
    service = client.json("GET", "/api/v1/namespaces/default/services/svc-clusterip")
    url = f"http://127.0.0.1:{service['spec']['ports'][0]['nodePort']}"
    heading(f"curl {url}")
    page = fetch(url)
    console.print(page.strip(), markup=False)
    home = Home.from_environment()
    console.print(
        f"\n[green]It works.[/] Three nginx pods answer behind {url}. Try next:\n"
        f"  {MK8S} get pods -o wide\n"
        f"  {MK8S} describe deployment my-nginx-deployment\n"
        f"  {MK8S} scale deployment my-nginx-deployment --replicas 5\n"
        f"  export KUBECONFIG={home.kubeconfig}; kubectl get all\n"
        f"  {MK8S} down --purge          (removes everything again)",
        markup=True,
        soft_wrap=True,
    )


def fetch(url: str) -> str:
    """The page; the rules of a Service made a moment ago may come a moment later."""
    deadline = time.monotonic() + PAGE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise DemoError(f"{url} does not answer: {error}") from None
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())

"""What the engine tells of pods' containers while the bench runs."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from typing import Any

from tests.support.cluster import Cluster


class Events:
    """The engine's events of pods' containers, with the engine's own times."""

    def __init__(self, cluster: Cluster) -> None:
        command = ["docker", "events", "--filter", "type=container", "--format", "{{json .}}"]
        self._process = subprocess.Popen(
            command, env=cluster.environment, stdout=subprocess.PIPE, text=True
        )
        self._seen: list[dict[str, Any]] = []
        self._news = threading.Condition()
        # the clock of the watch, and that of the engine
        self._offset = time.time() - time.perf_counter()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    def time_of(self, action: str, pod: str, container: str = "main") -> float:
        """When it happened to one of the pod's containers, on the clock of `perf_counter`."""
        return float(self.find(action, pod, container)["timeNano"]) / 1e9 - self._offset

    def find(self, action: str, pod: str, container: str = "main") -> dict[str, Any]:
        """The first such event; waits for it."""
        deadline = time.monotonic() + 30
        with self._news:
            while True:
                for event in self._seen:
                    labels = event["Actor"]["Attributes"]
                    names = (
                        labels.get("io.kubernetes.pod.name"),
                        labels.get("io.kubernetes.container.name"),
                    )
                    if event["Action"] == action and names == (pod, container):
                        return event
                left = deadline - time.monotonic()
                assert left > 0 and self._news.wait(left), f"no {action} of {pod}"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self._seen.append(json.loads(line))
                self._news.notify_all()

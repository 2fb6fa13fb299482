"""The static pods of this node, and their mirrors at the API.

Owns what the files say. Pods run them; a mirror makes each visible to others. Bad files are logged
and left out, the others go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from minikube8s.api.times import now_rfc3339
from minikube8s.api.views import Pod
from minikube8s.kit.clock import Clock
from mk8s_agent.assignments import Assignments, Key
from mk8s_agent.pods.identity import MIRROR, mirrored
from mk8s_agent.static.directory import Directory
from mk8s_agent.static.manifests import BadManifest, StaticPod, static_pod

log = logging.getLogger(__name__)

_RETRY_SECONDS = 30.0


class Reporter(Protocol):
    """What the master is told, see `mk8s_agent.link.reporter`."""

    def mirror(self, uid: str, pod: dict[str, Any]) -> None:
        """The API shall show this static pod."""
        ...

    def repeat_status(self, uid: str) -> None:
        """The status of this pod has to be told again."""
        ...


class StaticPods:
    """Reads a directory of manifests, and keeps `changed` informed of the pods in it.

    `changed` also hears whether these are all: of a file that was never read nobody knows its pod.
    """

    def __init__(
        self,
        directory: Directory,
        node: str,
        assignments: Assignments,
        reporter: Reporter,
        clock: Clock,
        changed: Callable[[Mapping[str, Pod], bool], None],
    ) -> None:
        self._directory = directory
        self._node = node
        self._assignments = assignments
        self._reporter = reporter
        self._clock = clock
        self._changed = changed
        self._files: dict[str, tuple[bytes, StaticPod | None]] = {}
        self._mirrors: dict[str, str] = {}
        """The uid of each pod's mirror that was seen last, by the pod's own."""

    async def run(self) -> None:
        """Follow the directory until cancelled."""
        unsubscribe = self._assignments.subscribe(self._assignment_changed)
        try:
            while True:
                await self._follow()
        finally:
            unsubscribe()

    async def _follow(self) -> None:
        """Read whenever something changed, until the directory is gone or cannot be watched."""
        try:
            # Who takes the directory away takes its pods away, and may bring it back.
            self._directory.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.error("the directory of static pods is missing and cannot be made: %s", error)
            await self._clock.sleep(_RETRY_SECONDS)
            return
        changed = asyncio.Event()
        watching = asyncio.create_task(self._directory.watch(changed), name="static/watch")
        watching.add_done_callback(lambda _: changed.set())
        try:
            while not watching.done():
                await changed.wait()
                changed.clear()
                if not self.read():
                    # What hinders the reading may end without a change of the directory.
                    await self._clock.sleep(_RETRY_SECONDS)
                    changed.set()
            if failure := watching.exception():
                log.error("files of static pods that change are not heard of: %s", failure)
                await self._clock.sleep(_RETRY_SECONDS)
        finally:
            watching.cancel()

    def read(self) -> bool:
        """Take over what the files say now; False when not all of them could be read.

        What cannot be read goes on as it was last read.
        """
        try:
            found = self._directory.read()
        except FileNotFoundError:
            found = {}
        except OSError as error:
            log.error("static pods cannot be read: %s", error)
            return False
        files: dict[str, tuple[bytes, StaticPod | None]] = {}
        complete = True
        for name, data in found.items():
            if not isinstance(data, OSError):
                files[name] = self._taken(name, data)
                continue
            log.error("a static pod cannot be read: %s", data)
            if known := self._files.get(name):
                files[name] = known
            else:
                complete = False
        self._files = files
        pods = self._pods()
        self._changed({uid: one.pod for uid, one in pods.items()}, complete)
        self._keep_mirrors(pods, pods)
        return not any(isinstance(data, OSError) for data in found.values())

    def _taken(self, name: str, data: bytes) -> tuple[bytes, StaticPod | None]:
        """What a file means; one that has not changed means the same."""
        known = self._files.get(name)
        if known is not None and known[0] == data:
            return known
        path = str(self._directory.path / name)
        try:
            return data, static_pod(data, path, self._node, now_rfc3339(self._clock.now()))
        except BadManifest as error:
            log.error("%s is left out of the static pods: %s", path, error)
        except Exception:
            log.exception("%s is left out of the static pods: checking it failed", path)
        return data, None

    def _pods(self) -> dict[str, StaticPod]:
        """By uid; of several files with one pod the first counts."""
        by_name: dict[Key, StaticPod] = {}
        for name, (_, one) in self._files.items():
            if one is None:
                continue
            key = (one.pod.metadata.namespace, one.pod.metadata.name)
            if key in by_name:
                log.error("%s is left out: another file has pod %s/%s", name, *key)
            else:
                by_name[key] = one
        return {one.pod.metadata.uid: one for one in by_name.values()}

    def _assignment_changed(self, resource: str, key: Key) -> None:
        if resource == "pods":
            pods = self._pods()
            self._keep_mirrors(
                pods,
                [
                    uid
                    for uid, one in pods.items()
                    if (one.pod.metadata.namespace, one.pod.metadata.name) == key
                ],
            )

    def _keep_mirrors(self, pods: Mapping[str, StaticPod], uids: Iterable[str]) -> None:
        """See that the API shows these pods; what it does not know yet, it is told."""
        for uid in uids:
            metadata = pods[uid].pod.metadata
            shown = self._assignments.pods().get((metadata.namespace, metadata.name))
            mirror = None if shown is None else shown.view.metadata
            if mirror is None or mirror.deletion_timestamp or mirrored(mirror) != uid:
                self._reporter.mirror(uid, _mirror(pods[uid].object, uid))
            elif self._mirrors.get(uid) != mirror.uid:
                self._mirrors[uid] = mirror.uid
                self._reporter.repeat_status(uid)


def _mirror(pod: dict[str, Any], uid: str) -> dict[str, Any]:
    """What the API shows of a static pod."""
    metadata = {name: value for name, value in pod["metadata"].items() if name != "uid"}
    annotations = {**metadata["annotations"], MIRROR: uid}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "annotations": annotations},
        "spec": pod["spec"],
    }

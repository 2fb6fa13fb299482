"""How many bytes of their images pods that are being made have, asked of their nodes.

A node of this cluster tells it when asked (nodes/NAME/proxy/pulls). Others do not, and whoever may
not ask nodes is refused: after the first refusal nothing is asked any more, and nothing said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.progress import amount

if TYPE_CHECKING:
    from minikube8s.cli.connection.client import Client

Object = dict[str, Any]

_STARTING = {"ContainerCreating", "PodInitializing"}


class Pulls:
    """One command's questions. Ask at most about twice a second, while somebody watches."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._answered = True

    def of(self, pods: Iterable[Object]) -> dict[str, str]:
        """What to say of each pod, by name: `pulling nginx:latest, 12.3 MB of 56.8 MB`.

        Pods that pull nothing are not in it. One request for each node with pods that wait.
        """
        wanted = {name: of for name, of in ((_name(pod), _waiting(pod)) for pod in pods) if of[1]}
        nodes = {node for node, _ in wanted.values()}
        told = {node: self._ask(node) for node in sorted(nodes)}
        found = {}
        for name, (node, images) in wanted.items():
            said = [told[node][image] for image in images if image in told[node]]
            if said:
                found[name] = "; ".join(map(sentence, said))
        return found

    def _ask(self, node: str) -> dict[str, Object]:
        if not self._answered:
            return {}
        try:
            path = f"/api/v1/nodes/{quote(node, safe='')}/proxy/pulls"
            pulls = self._client.json("GET", path)["pulls"]
            return {str(pull["image"]): pull for pull in pulls}
        except (CommandError, KeyError, TypeError):
            self._answered = False
            return {}


def sentence(pull: Mapping[str, Any]) -> str:
    """What is said of one pull, as a node tells it."""
    had, total = int(pull.get("downloadedBytes") or 0), int(pull.get("totalBytes") or 0)
    start = f"pulling {pull['image']}"
    if not total:
        return start
    if had >= total and pull.get("layersDone") == pull.get("layers"):
        return f"{start}, unpacking {amount(total)}"
    return f"{start}, {amount(had)} of {amount(total)}"


def _name(pod: Object) -> str:
    return str(pod["metadata"]["name"])


def _waiting(pod: Object) -> tuple[str, list[str]]:
    """The node, and the images of containers that it has yet to make."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    node = str(spec.get("nodeName") or "")
    if not node or status.get("phase") != "Pending":
        return "", []
    started = set()
    for field in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(field) or ():
            waiting = (one.get("state") or {}).get("waiting")
            if waiting is None or waiting.get("reason") not in _STARTING:
                started.add(one.get("name"))
    every = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    images = [str(one.get("image") or "") for one in every if one.get("name") not in started]
    return node, list(dict.fromkeys(images))

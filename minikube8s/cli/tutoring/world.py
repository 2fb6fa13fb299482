"""What exists in the tutorial's namespace: the objects as the API gave them, and questions to them.

Pure; `seeing.py` asks the API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from minikube8s.api.meta import controller_of, is_pod_ready, is_pod_terminal, labels_of
from minikube8s.api.selectors import parse_labels

Object = dict[str, Any]


class World(NamedTuple):
    """The objects of a namespace, each kind sorted by name."""

    deployments: tuple[Object, ...] = ()
    replica_sets: tuple[Object, ...] = ()
    pods: tuple[Object, ...] = ()
    services: tuple[Object, ...] = ()

    def chosen(self, selector: str) -> list[Object]:
        """The pods that a label selector finds; "" finds all."""
        matches = parse_labels(selector).matches
        return [pod for pod in self.pods if matches(labels_of(pod))]

    def find(self, word: str) -> Object | None:
        """The object that `pod/NAME`, `rs/NAME`, `deploy/NAME` or `svc/NAME` names."""
        kind, _, name = word.partition("/")
        kinds: dict[str, tuple[Object, ...]] = {
            "deploy": self.deployments,
            "rs": self.replica_sets,
            "pod": self.pods,
            "svc": self.services,
        }
        return next((one for one in kinds[kind] if one["metadata"]["name"] == name), None)


def owned(objects: Iterable[Object], owner: Object) -> list[Object]:
    """Those of `objects` that `owner` controls."""
    uid = owner["metadata"].get("uid")
    return [one for one in objects if uid and (controller_of(one) or {}).get("uid") == uid]


def selected(world: World, service: Object) -> list[Object]:
    """The pods that a Service leads to."""
    wanted: Mapping[str, str] = part(service, "spec").get("selector") or {}
    if not wanted:
        return []
    return [pod for pod in world.pods if wanted.items() <= labels_of(pod).items()]


def is_well(pod: Object) -> bool:
    """Whether the pod is ready and stays."""
    return is_pod_ready(pod) and not is_pod_terminal(pod) and not is_ending(pod)


def is_ending(obj: Object) -> bool:
    """Whether the object has been deleted and is on its way out."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def images(pod: Object) -> list[str]:
    """The images of the pod's containers."""
    return [str(one.get("image", "")) for one in part(pod, "spec").get("containers") or ()]


def part(obj: Mapping[str, Any], name: str) -> Object:
    """`spec`, `status`, ...: empty when there is none."""
    return obj.get(name) or {}

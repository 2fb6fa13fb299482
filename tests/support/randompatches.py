"""Deployments and strategic merge patches for them, drawn from a seed.

They have the lists that merge by keys, those that do not, nulls, empty values and directives.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Object = dict[str, Any]


class Drawing:
    """Draws objects; `patch` draws what changes one of them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def deployment(self, name: str, *, patch: bool) -> Object:
        metadata: Object = {"name": name}
        for field in ("labels", "annotations"):
            self._may(metadata, field, lambda: self._map("abc"))
        self._may(metadata, "finalizers", lambda: self._words("f/a", "f/b", "f/c"), 0.2)
        spec: Object = {"replicas": self._random.randint(1, 3), "template": {}}
        spec["template"]["spec"] = self._pod(patch)
        self._may(spec, "strategy", lambda: {"type": self._random.choice(["Recreate", "X"])}, 0.3)
        self._may(spec, "selector", lambda: {"matchLabels": self._map("ab")})
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}

    def _pod(self, patch: bool) -> Object:
        pod: Object = {"containers": self._list(self._container, ["a", "b", "c"], patch)}
        if patch and self._random.random() < 0.2:
            del pod["containers"]
        if patch and self._random.random() < 0.05:
            pod["containers"] = [{"$patch": "replace"}, *pod.get("containers", [])]
        for field, chance, draw in (
            ("initContainers", 0.3, lambda: self._list(self._container, ["x", "y"], patch)),
            ("volumes", 0.4, lambda: self._list(self._volume, ["v", "w", "u"], patch)),
            ("nodeSelector", 0.3, lambda: self._map("ab")),
            ("tolerations", 0.3, lambda: [{"key": self._random.choice("ab")}]),
            ("imagePullSecrets", 0.3, lambda: [{"name": one} for one in self._words("p", "q")]),
        ):
            self._may(pod, field, draw, chance)
        if patch:
            self._may(pod, "nodeSelector", lambda: {"$patch": "replace", "z": "1"}, 0.05)
            self._may(pod, "nodeSelector", lambda: None, 0.1)
            self._may(pod, "volumes", lambda: None, 0.05)
            self._may(pod, "securityContext", lambda: {"runAsUser": 1, "fsGroup": None}, 0.1)
        return pod

    def _container(self, name: str, patch: bool) -> Object:
        if self._deletes(patch):
            return {"name": name, "$patch": "delete"}
        found: Object = {"name": name}
        for field, chance, draw in (
            ("image", 0.4 if patch else 0.9, lambda: self._random.choice(["i:1", "j:2"])),
            ("env", 0.5, lambda: self._list(self._variable, ["A", "B", "C", "D"], patch)),
            ("ports", 0.4, lambda: self._list(self._port, ["80", "81", "82"], patch)),
            ("volumeMounts", 0.4, lambda: self._list(self._mount, ["a", "b"], patch)),
            ("args", 0.3, lambda: self._words("-a", "-b", "-c")),
            ("resources", 0.3, lambda: {"limits": self._map(["cpu", "memory"])}),
        ):
            self._may(found, field, draw, chance)
        if patch:
            for field in ("args", "resources", "env", "image"):
                self._may(found, field, lambda: None, 0.05)
            directive = {"$patch": self._random.choice(["replace", "delete"]), "requests": {}}
            self._may(found, "resources", lambda: directive, 0.05)
        return found

    def _variable(self, name: str, patch: bool) -> Object:
        if self._deletes(patch):
            return {"name": name, "$patch": "delete"}
        if self._random.random() < 0.7:
            return {"name": name, "value": self._random.choice("xyz")}
        reference = {"name": self._random.choice("st"), "key": "k"}
        return {"name": name, "valueFrom": {"secretKeyRef": reference}}

    def _port(self, number: str, patch: bool) -> Object:
        protocol = self._random.choice(["TCP", "UDP"])
        port: Object = {"containerPort": int(number), "protocol": protocol}
        if self._deletes(patch):
            return {**port, "$patch": "delete"}
        self._may(port, "name", lambda: f"p{number}", 0.4)
        return port

    def _mount(self, path: str, patch: bool) -> Object:
        if self._deletes(patch):
            return {"mountPath": f"/{path}", "$patch": "delete"}
        return {"mountPath": f"/{path}", "name": self._random.choice("vw")}

    def _volume(self, name: str, patch: bool) -> Object:
        if self._deletes(patch):
            return {"name": name, "$patch": "delete"}
        return {"name": name, self._random.choice(["emptyDir", "configMap"]): {}}

    def _deletes(self, patch: bool) -> bool:
        return patch and self._random.random() < 0.15

    def _list(
        self, draw: Callable[[str, bool], Object], names: list[str], patch: bool
    ) -> list[Object]:
        return [draw(name, patch) for name in self._words(*names, least=int(patch))]

    def _words(self, *words: str, least: int = 0) -> list[str]:
        return self._random.sample(words, self._random.randint(least, len(words)))

    def _map(self, keys: str | list[str]) -> dict[str, str]:
        return {key: self._random.choice("12") for key in self._words(*keys)}

    def _may(
        self, holder: Object, field: str, draw: Callable[[], Any], chance: float = 0.5
    ) -> None:
        if self._random.random() < chance:
            holder[field] = draw()

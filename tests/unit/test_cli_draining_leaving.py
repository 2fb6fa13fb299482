"""A node that goes for good: whose pods are moved, and what of it goes from the API."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.draining import leaving
from minikube8s.cli.errors import CommandError

NODE, PODS = "/api/v1/nodes/n1", "/api/v1/pods"


def failure(code: int, reason: str) -> ApiFailure:
    return ApiFailure({"code": code, "reason": reason, "message": "why"})


def pod(name: str, kind: str = "") -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "ns"}
    if kind:
        metadata["ownerReferences"] = [{"kind": kind, "name": "o", "controller": True}]
    volumes = [{"name": "v", "emptyDir": {}}]
    return {"metadata": metadata, "spec": {"volumes": volumes}, "status": {"phase": "Running"}}


class Api:
    """In place of a Client; ``gone`` says whom a deletion does not find."""

    def __init__(self, *, ready: bool = True, found: Exception | None = None) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.deleted: list[str] = []
        self.gone: dict[str, Exception] = {}
        self._ready, self._found = ready, found

    def json(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        self.asked.append((method, path, body))
        if method == "DELETE":
            assert body == {"gracePeriodSeconds": 0}
            if path in self.gone:
                raise self.gone[path]
            self.deleted.append(path)
            return {}
        if path == PODS:
            assert more["query"] == {"fieldSelector": "spec.nodeName=n1"}
            return {"items": [pod("alone"), pod("web", "ReplicaSet"), pod("daemon", "DaemonSet")]}
        assert more == {"content_type": "application/merge-patch+json"}
        if self._found is not None:
            raise self._found
        ready = "True" if self._ready else "Unknown"
        conditions = [
            {"type": "DiskPressure", "status": "True"},
            {"type": "Ready", "status": ready},
        ]
        return {"status": {"conditions": conditions}}


class Evicting:
    """What was to be evicted; ``fails`` is how that ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.fails = ""
        monkeypatch.setattr(leaving.evicting, "evict", self._evict)

    def _evict(self, _: object, node: str, pods: list[dict[str, Any]], way: Any) -> None:
        assert (node, way.seconds) == ("n1", 5.0)
        self.names += [one["metadata"]["name"] for one in pods]
        if self.fails:
            raise CommandError(self.fails)


def empty(api: Api) -> list[str]:
    said: list[str] = []
    leaving.empty(api, "n1", 5.0, said.append, "open it again")  # type: ignore[arg-type]
    return said


def test_a_node_is_closed_and_all_its_pods_but_daemons_are_evicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api, evicted = Api(), Evicting(monkeypatch)
    assert empty(api) == []
    assert api.asked[0] == ("PATCH", NODE, {"spec": {"unschedulable": True}})
    assert evicted.names == ["alone", "web"]


def test_pods_of_a_node_that_is_away_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    evicted = Evicting(monkeypatch)
    assert empty(Api(ready=False)) == ["n1 is not Ready, so nobody waits for its pods"]
    assert empty(Api(found=failure(404, "NotFound"))) == []
    assert evicted.names == []
    with pytest.raises(ApiFailure):
        empty(Api(found=failure(403, "Forbidden")))


def test_pods_that_stay_are_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    Evicting(monkeypatch).fails = "ns/web does not go."
    with pytest.raises(CommandError, match=r"ns/web does not go\. n1 is still .*: open it again"):
        empty(Api())


def test_of_a_node_that_is_forgotten_no_pod_stays_whoever_else_removes_it() -> None:
    api = Api()
    places = [f"/api/v1/namespaces/ns/pods/{name}" for name in ("alone", "web", "daemon")]
    api.gone = {NODE: failure(404, "NotFound"), places[1]: failure(404, "NotFound")}
    leaving.forget(api, "n1")  # type: ignore[arg-type]
    assert api.deleted == [places[0], places[2]]
    api.gone = {NODE: failure(403, "Forbidden")}
    with pytest.raises(ApiFailure):
        leaving.forget(api, "n1")  # type: ignore[arg-type]

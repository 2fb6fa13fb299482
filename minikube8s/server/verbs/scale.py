"""The scale subresource: how many replicas, as an autoscaling/v1 Scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from minikube8s.api import errors
from minikube8s.api.selectors import from_label_selector
from minikube8s.server import bodies, configurations, patches, responses
from minikube8s.server.call import Call
from minikube8s.server.verbs import apply

Object = dict[str, Any]


async def get(call: Call) -> web.StreamResponse:
    """Answer with the Scale of an object."""
    entry = call.registry.get(call.resource, call.namespace, call.name)
    return responses.stated(call, scale_of(entry.object))


async def update(call: Call) -> web.StreamResponse:
    """Set the replicas that the body's Scale asks for."""
    scale = await call.object(bodies.SCALE)
    bodies.check_identity(scale, call.namespace, call.name)
    return await _write(call, lambda _: scale)


async def patch(call: Call) -> web.StreamResponse:
    """Set the replicas that the patched Scale asks for."""
    call.answer()
    if call.applies:
        config = await apply.read(call, bodies.SCALE)
        target = configurations.scale_target(config, bodies.expected(call.resource))
        entry, _ = await apply.store(call, target)
        return responses.stated(call, scale_of(entry.object))
    validation = call.write_query().validation
    patched = await patches.reader(call, bodies.SCALE.definition)

    def change(current: Object) -> Object:
        new = patched(current)
        bodies.check_patched(new, current, bodies.SCALE, validation, call.warnings)
        return new

    return await _write(call, change)


async def _write(call: Call, change: Callable[[Object], Object]) -> web.StreamResponse:
    options = call.write_options()

    def scaled(current: Object) -> Object:
        scale = change(scale_of(current))
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        if replicas < 0:
            message = "must be greater than or equal to 0"
            cause = errors.invalid_value("spec.replicas", replicas, message)
            raise errors.invalid(call.resource, call.name, [cause])
        current.setdefault("spec", {})["replicas"] = replicas
        for key in ("resourceVersion", "uid"):
            if scale["metadata"].get(key):
                current["metadata"][key] = scale["metadata"][key]
        return current

    entry = await call.registry.update(
        call.resource, call.namespace, call.name, scaled, call.subresource, options
    )
    return responses.stated(call, scale_of(entry.object))


def scale_of(obj: Object) -> Object:
    """Return the Scale of a Deployment, a ReplicaSet or whatever else has replicas."""
    metadata, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = spec.get("replicas")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": status.get("replicas", 0),
            "selector": str(from_label_selector(_selector(obj["kind"], spec.get("selector")))),
        },
    }


def _selector(kind: str, selector: Object | None) -> Object | None:
    """Return the LabelSelector of an object; a ReplicationController's is a plain map."""
    return {"matchLabels": selector} if kind == "ReplicationController" else selector

"""Where pods are and whether they stay: pods/binding and pods/eviction."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from minikube8s.api import errors, meta
from minikube8s.api.resources import PODS
from minikube8s.registry import DeleteOptions, eviction
from minikube8s.server import bodies, responses
from minikube8s.server.call import Call

Object = dict[str, Any]


async def bind(call: Call) -> web.StreamResponse:
    """Put a pod on the node that the Binding in the body names.

    The pod is that of the path, or, where bindings are created as such, of the same name.
    """
    binding = await call.object(bodies.BINDING)
    bodies.check_identity(binding, call.namespace, call.name)
    name = call.name or binding["metadata"].get("name", "")
    if not name:
        raise errors.bad_request("metadata.name: Required value: name the pod to be bound")
    target = binding.get("target") or {}
    node = target.get("name", "")
    if target.get("kind") not in {None, "", "Node"} or not node:
        raise errors.bad_request("target: Invalid value: name the node that the pod shall run on")
    now = meta.now_rfc3339(call.now)

    def change(pod: Object) -> Object:
        if pod["spec"].get("nodeName"):
            raise errors.conflict(
                PODS,
                name,
                f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"',
            )
        if pod["spec"].get("schedulingGates"):
            raise errors.conflict(PODS, name, f"pod {name} has non-empty .spec.schedulingGates")
        if pod["metadata"].get("deletionTimestamp"):
            why = f"pod {name} is being deleted, cannot be assigned to a host"
            raise errors.conflict(PODS, name, why)
        pod["spec"]["nodeName"] = node
        meta.set_condition(pod.setdefault("status", {}), "PodScheduled", "True", now=now)
        return pod

    await call.registry.update(PODS, call.namespace, name, change, "binding", call.write_options())
    return _done(call)


async def evict(call: Call) -> web.StreamResponse:
    """Delete a pod on behalf of `kubectl drain`, if its disruption budget allows that."""
    body = await call.object(bodies.EVICTION)
    bodies.check_identity(body, call.namespace, call.name)
    wanted = body.get("deleteOptions") or {}
    conditions = wanted.get("preconditions") or {}
    options = DeleteOptions(
        grace_period_seconds=wanted.get("gracePeriodSeconds"),
        propagation=wanted.get("propagationPolicy"),
        uid=conditions.get("uid") or "",
        resource_version=conditions.get("resourceVersion") or "",
        dry_run=call.write_query().dry_run or wanted.get("dryRun") == ["All"],
    )
    options = call.checked_end(options)
    await eviction.evict(call.registry, call.namespace or "", call.name, options)
    return _done(call)


def _done(call: Call) -> web.Response:
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return responses.stated(call, status, 201)

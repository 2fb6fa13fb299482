"""Whatever is sent as an applied configuration is refused with a sentence or can be applied."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api import apply
from minikube8s.api.apply import shapes
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import DEPLOYMENTS
from minikube8s.registry.tracking import Application
from minikube8s.server import bodies, configurations

Object = dict[str, Any]
WANTED = bodies.expected(DEPLOYMENTS)
HEAD = {"apiVersion": "apps/v1", "kind": "Deployment"}
NAMES = st.sampled_from(
    [
        *("metadata", "spec", "status", "name", "labels", "managedFields", "finalizers"),
        *("template", "containers", "ports", "containerPort", "env", "value", "resources"),
        *("limits", "cpu", "ownerReferences", "uid", "volumes", "selector", "matchLabels"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "1", "TCP"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def read(data: bytes) -> Object | None:
    try:
        return configurations.read(data, WANTED, "Strict", [])
    except ApiError as error:
        assert error.code == 400
        assert error.message
        return None


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read(data)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_object_is_refused_or_applied(live: Object, config: Object) -> None:
    current = read(msgspec.json.encode({**live, **HEAD}))
    wanted = read(msgspec.json.encode({**config, **HEAD}))
    if current is None or wanted is None:
        return
    for obj in (current, wanted):
        obj["metadata"] |= {"name": "x", "namespace": "default"}
    work = Application(DEPLOYMENTS, wanted, "me", force=True)
    once = work.change(current)
    twice = work.change(once)
    assert twice["metadata"].get("managedFields") == once["metadata"].get("managedFields")
    shape = shapes.of(DEPLOYMENTS.schema)
    assert not apply.compare(shape, {"spec": once.get("spec")}, {"spec": twice.get("spec")})

"""Patches and applied configurations keep their algebra for objects of every kind."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api import apply, schema
from minikube8s.api.apply import Managers, manager, shapes
from minikube8s.api.patch import strategic_merge
from minikube8s.api.patch.three_way import three_way
from minikube8s.api.resources import RESOURCES
from tests.support.schemaobjects import objects, told_apart

Object = dict[str, Any]
DEFINITIONS = sorted({resource.schema for resource in RESOURCES.all()})
DEPTH = 6

RELAXED = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)


@st.composite
def several(draw: st.DrawFn, number: int) -> tuple[str, list[Object]]:
    """A kind's definition, and some objects of it."""
    definition = draw(st.sampled_from(DEFINITIONS))
    type_ = schema.Type("ref", ref=definition)
    drawn = [draw(objects(definition, DEPTH)) for _ in range(number)]
    return definition, [told_apart(type_, obj) for obj in drawn]


def applied(definition: str, live: Object, config: Object, owners: Managers) -> apply.Applied:
    me = manager("one", "Apply", "v1")
    return apply.apply(shapes.of(definition), live, config, owners, me, "v1", force=True)


def filled(value: Any) -> Any:
    """Return a value without its empty parts: a struct may stay when all that was in it goes."""
    if isinstance(value, dict):
        parts = {name: filled(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part != {}}
    return [filled(item) for item in value] if isinstance(value, list) else value


@RELAXED
@given(several(2))
def test_a_difference_sent_as_a_patch_gives_the_target(kind: tuple[str, list[Object]]) -> None:
    definition, (old, new) = kind
    patch = three_way(definition, old, new, old)
    assert strategic_merge(definition, old, patch) == new


@RELAXED
@given(several(2))
def test_the_same_patch_twice_is_the_patch_once(kind: tuple[str, list[Object]]) -> None:
    definition, (old, new) = kind
    patch = three_way(definition, old, new, old)
    once = strategic_merge(definition, old, patch)
    assert strategic_merge(definition, once, patch) == once
    assert three_way(definition, new, new, once) == {}


@RELAXED
@given(several(2))
def test_an_object_as_a_patch_is_there_afterwards(kind: tuple[str, list[Object]]) -> None:
    definition, (old, new) = kind
    before = copy.deepcopy((old, new))
    merged = strategic_merge(definition, old, new)
    assert three_way(definition, {}, new, merged) == {}
    assert strategic_merge(definition, merged, new) == merged
    assert (old, new) == before


@RELAXED
@given(several(2))
def test_a_configuration_applied_twice_is_applied_once(kind: tuple[str, list[Object]]) -> None:
    definition, (live, config) = kind
    once = applied(definition, live, config, {})
    assert applied(definition, once.obj, config, once.managers) == once
    changes = apply.compare(shapes.of(definition), once.obj, config)
    assert not changes.added
    assert not changes.modified


@RELAXED
@given(several(3))
def test_what_was_applied_and_is_not_any_more_is_gone(kind: tuple[str, list[Object]]) -> None:
    """From nothing, what the last of several configurations states is all that is left."""
    definition, configs = kind
    shape = shapes.of(definition)
    obj, owners = applied(definition, {}, configs[0], {})
    for config in configs[1:]:
        obj, owners = applied(definition, obj, config, owners)
    stated = set(apply.fields.paths(apply.fields_of(shape, configs[-1])))
    left = set(apply.fields.paths(apply.fields_of(shape, filled(obj)))) - stated
    assert not left

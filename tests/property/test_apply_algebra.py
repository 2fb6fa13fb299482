"""Server-side apply against its algebra, on generated objects and sets of fields."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api import apply
from minikube8s.api.apply import Managers, fields, manager, shapes

Object = dict[str, Any]
DEPLOYMENT = shapes.of("io.k8s.api.apps.v1.Deployment")
NAMES = st.sampled_from(["a", "b", "c"])
TEXTS = st.dictionaries(NAMES, st.sampled_from(["1", "2"]), min_size=1, max_size=3)
PORTS = st.lists(
    st.fixed_dictionaries(
        {"containerPort": st.sampled_from([80, 81])},
        optional={"protocol": st.sampled_from(["TCP", "UDP"]), "name": NAMES},
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda port: (port["containerPort"], port.get("protocol", "TCP")),
)
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES},
        optional={
            "image": st.sampled_from(["x", "y"]),
            "ports": PORTS,
            "args": st.lists(NAMES, max_size=2),
            "resources": st.fixed_dictionaries({}, optional={"limits": TEXTS}),
        },
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda container: container["name"],
)
OBJECTS = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "labels": TEXTS,
                "annotations": TEXTS,
                "finalizers": st.lists(NAMES, min_size=1, max_size=3, unique=True),
            },
        ),
        "spec": st.fixed_dictionaries(
            {},
            optional={
                "replicas": st.integers(0, 2),
                "paused": st.booleans(),
                "selector": st.fixed_dictionaries({}, optional={"matchLabels": TEXTS}),
                "template": st.fixed_dictionaries(
                    {}, optional={"spec": st.fixed_dictionaries({"containers": CONTAINERS})}
                ),
            },
        ),
    },
)
SETS = OBJECTS.map(lambda obj: apply.fields_of(DEPLOYMENT, obj)) | OBJECTS.map(
    lambda obj: apply.created(DEPLOYMENT, obj)
)
MANAGERS = st.sampled_from(["one", "two"])


def members(stated: fields.Fields) -> set[str]:
    return set(fields.paths(stated))


def applied(live: Object, config: Object, owners: Managers, name: str = "one") -> apply.Applied:
    me = manager(name, "Apply", "apps/v1")
    return apply.apply(DEPLOYMENT, live, config, owners, me, "apps/v1", force=True)


def sets_of(owners: Managers) -> dict[str, fields.Fields]:
    return {key.name: own.fields for key, own in owners.items()}


@given(SETS, SETS)
def test_the_algebra_is_that_of_sets_of_paths(left: fields.Fields, right: fields.Fields) -> None:
    assert members(fields.union(left, right)) == members(left) | members(right)
    assert members(fields.difference(left, right)) == members(left) - members(right)
    assert members(fields.intersection(left, right)) == members(left) & members(right)


@given(SETS, SETS)
def test_every_result_has_the_one_spelling(left: fields.Fields, right: fields.Fields) -> None:
    for operation in (fields.union, fields.difference, fields.intersection):
        result = operation(left, right)
        assert fields.checked(result) == result
    assert fields.union(left, right) == fields.union(right, left)
    assert fields.difference(left, left) == {}
    assert fields.intersection(left, left) == left


@given(OBJECTS)
def test_an_object_does_not_differ_from_itself(obj: Object) -> None:
    assert not apply.compare(DEPLOYMENT, obj, obj)


@given(OBJECTS, OBJECTS)
def test_there_and_back_differ_by_the_same_fields(old: Object, new: Object) -> None:
    there, back = apply.compare(DEPLOYMENT, old, new), apply.compare(DEPLOYMENT, new, old)
    assert there.added == back.removed
    assert there.removed == back.added
    assert there.modified == back.modified


@given(OBJECTS, OBJECTS)
def test_applying_twice_changes_nothing(live: Object, config: Object) -> None:
    once = applied(live, config, {})
    twice = applied(once.obj, config, once.managers)
    assert twice == once


@given(OBJECTS, OBJECTS)
def test_everything_stated_is_there_afterwards(live: Object, config: Object) -> None:
    result = applied(live, config, {})
    changes = apply.compare(DEPLOYMENT, result.obj, config)
    assert not changes.added
    assert not changes.modified


@given(OBJECTS, OBJECTS, OBJECTS)
def test_moving_on_leaves_no_trace_of_the_last_configuration(
    live: Object, first: Object, second: Object
) -> None:
    """What only the first configuration stated is gone, or was there before it."""
    once = applied(live, first, {})
    result = applied(once.obj, second, once.managers)
    before = members(apply.fields_of(DEPLOYMENT, live))
    stated = members(apply.fields_of(DEPLOYMENT, second))
    only_first = members(apply.fields_of(DEPLOYMENT, first)) - stated - before
    present = members(apply.fields_of(DEPLOYMENT, result.obj))
    left = only_first & present
    # A struct that was applied empty may stand for parts that have been there.
    assert all(any(other.startswith(path) for other in before | stated) for path in left)


@given(OBJECTS, st.lists(st.tuples(MANAGERS, OBJECTS), min_size=1, max_size=4))
def test_a_field_stated_by_two_stays_until_both_let_go(
    live: Object, steps: list[tuple[str, Object]]
) -> None:
    obj, owners = live, {}
    last: dict[str, Object] = {}
    for name, config in steps:
        obj, owners = applied(obj, config, owners, name)
        last[name] = config
        owned = sets_of(owners)
        present = members(apply.fields_of(DEPLOYMENT, obj))
        # The last to apply has what it states; no set names what it never stated.
        assert members(owned.get(name, {})) == members(apply.fields_of(DEPLOYMENT, config))
        for other, stated in owned.items():
            assert members(stated) <= members(apply.fields_of(DEPLOYMENT, last[other]))
            gone = members(stated) - present
            # What is stated empty, and is not empty now, stands for its parts.
            assert all(any(path.startswith(there) for path in present) for there in gone)


@given(OBJECTS, OBJECTS)
def test_without_force_nothing_of_another_changes(first: Object, second: Object) -> None:
    one = applied({}, first, {})
    me = manager("two", "Apply", "apps/v1")
    try:
        result = apply.apply(DEPLOYMENT, one.obj, second, one.managers, me, "apps/v1", force=False)
    except apply.Conflicts as error:
        assert error.fields
        return
    assert sets_of(result.managers).get("one", {}) == sets_of(one.managers).get("one", {})
    assert not apply.compare(DEPLOYMENT, one.obj, result.obj).modified

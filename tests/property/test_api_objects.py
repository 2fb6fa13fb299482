"""For any object that fits its schema: defaults settle, nothing set is lost, nothing crashes."""

import copy
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api import defaults, fields, tables
from minikube8s.api.resources import RESOURCES
from minikube8s.api.strategy import for_resource
from tests.support.schemaobjects import objects

NOW = datetime(2024, 1, 31, 9, 5, 0, tzinfo=UTC)


@st.composite
def kinds(draw):
    resource = draw(st.sampled_from(RESOURCES.all()))
    obj = draw(objects(resource.schema))
    obj["metadata"] = {**obj.get("metadata", {}), "name": "x"}
    if resource.namespaced:
        obj["metadata"]["namespace"] = "default"
    return resource, obj


def missing(before, after, path=""):
    """Yield the places where something set is gone or different."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            yield from missing(value, after.get(name), f"{path}.{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, value in enumerate(before):
            yield from missing(value, after[position], f"{path}[{position}]")
    elif before != after and before not in ("", 0, None, [], {}):
        yield path


# What a default may replace: values that other fields decide.
DECIDED = ("serviceAccount", "sessionAffinityConfig", "stringData", "data", "metadata.name")

RELAXED = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)


@RELAXED
@given(kinds())
def test_defaults_applied_twice_are_defaults_applied_once(kind):
    resource, obj = kind
    defaults.apply(resource, obj)
    once = copy.deepcopy(obj)
    defaults.apply(resource, obj)
    assert obj == once


@RELAXED
@given(kinds())
def test_defaults_leave_what_is_set(kind):
    resource, obj = kind
    before = copy.deepcopy(obj)
    defaults.apply(resource, obj)
    lost = [path for path in missing(before, obj) if not any(one in path for one in DECIDED)]
    assert lost == []


@RELAXED
@given(kinds())
def test_whatever_fits_the_schema_can_be_checked_and_shown(kind):
    resource, obj = kind
    strategy = for_resource(resource)
    defaults.apply(resource, obj)
    strategy.prepare_create(obj)
    for cause in strategy.validate(obj):
        assert cause.message
    strategy.warnings(obj)
    new = copy.deepcopy(obj)
    strategy.prepare_update(new, obj)
    assert strategy.validate_update(new, obj) == []
    assert len(tables.row(resource, obj, NOW)) == len(tables.columns(resource))
    assert fields.selectable(resource, obj).keys() == fields.selectable(resource, {}).keys()

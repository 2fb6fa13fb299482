from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api.patch import json_patch, merge_patch, strategic_merge

POD = "io.k8s.api.core.v1.Pod"

scalars = st.booleans() | st.integers(-5, 5) | st.text("abc", max_size=2)
keys = st.text("abc", min_size=1, max_size=2)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(keys, values, max_size=4)
patches = st.dictionaries(
    keys,
    st.recursive(
        scalars | st.none(),
        lambda inner: st.lists(scalars, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)

names = st.sampled_from("abcde")
containers = st.lists(
    st.fixed_dictionaries(
        {"name": names}, optional={"image": st.text("xy", max_size=2), "tty": st.booleans()}
    ),
    max_size=5,
    unique_by=lambda item: item["name"],
)


def pod(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"spec": {"containers": items}}


def without_nulls(value: Any) -> bool:
    if isinstance(value, dict):
        return all(item is not None and without_nulls(item) for item in value.values())
    return not isinstance(value, list) or all(without_nulls(item) for item in value)


@given(objects)
def test_an_empty_patch_changes_nothing(obj: dict[str, Any]) -> None:
    assert merge_patch(obj, {}) == obj
    assert strategic_merge(POD, obj, {}) == obj
    assert json_patch(obj, []) == obj


@given(objects, patches)
def test_a_merge_patch_applied_twice_is_applied_once(
    obj: dict[str, Any], patch: dict[str, Any]
) -> None:
    once = merge_patch(obj, patch)
    assert merge_patch(once, patch) == once


@given(objects, patches)
def test_a_merge_patch_leaves_no_null_and_touches_only_what_it_names(
    obj: dict[str, Any], patch: dict[str, Any]
) -> None:
    result = merge_patch(obj, patch)
    assert without_nulls(result)
    assert {key: result[key] for key in obj if key not in patch} == {
        key: value for key, value in obj.items() if key not in patch
    }


@given(objects, patches)
def test_without_lists_to_merge_a_strategic_patch_is_a_merge_patch(
    obj: dict[str, Any], patch: dict[str, Any]
) -> None:
    live, change = {"spec": {"nodeSelector": obj}}, {"spec": {"nodeSelector": patch}}
    assert strategic_merge(POD, live, change) == merge_patch(live, change)


@given(containers, containers)
def test_a_strategic_patch_keeps_every_container_once_and_is_idempotent(
    live: list[dict[str, Any]], patch: list[dict[str, Any]]
) -> None:
    once = strategic_merge(POD, pod(live), pod(patch))
    found = [item["name"] for item in once["spec"]["containers"]]
    assert sorted(found) == sorted({item["name"] for item in (*live, *patch)})
    assert strategic_merge(POD, once, pod(patch)) == once


@given(containers, containers)
def test_patch_and_server_items_both_keep_their_own_order(
    live: list[dict[str, Any]], patch: list[dict[str, Any]]
) -> None:
    result = strategic_merge(POD, pod(live), pod(patch))["spec"]["containers"]
    ours = [item["name"] for item in patch]
    theirs = [item["name"] for item in live if item["name"] not in ours]
    found = [item["name"] for item in result]
    assert [name for name in found if name in ours] == ours
    assert [name for name in found if name not in ours] == theirs


@given(containers, containers)
def test_delete_and_add_turn_any_list_into_any_other(
    live: list[dict[str, Any]], target: list[dict[str, Any]]
) -> None:
    patch = [{"name": item["name"], "$patch": "delete"} for item in live]
    emptied = strategic_merge(POD, pod(live), pod(patch))
    assert emptied == pod([])
    assert strategic_merge(POD, emptied, pod(target)) == pod(target)

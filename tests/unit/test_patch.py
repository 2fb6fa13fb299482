import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.patch import MAX_OPERATIONS, json_patch, merge_patch


def test_a_json_patch_applies_its_operations_in_order() -> None:
    obj = {"spec": {"replicas": 1, "list": [1, 2]}}
    result = json_patch(
        obj,
        [
            {"op": "test", "path": "/spec/replicas", "value": 1},
            {"op": "replace", "path": "/spec/replicas", "value": 3},
            {"op": "add", "path": "/spec/list/-", "value": 3},
            {"op": "remove", "path": "/spec/list/0"},
            {"op": "copy", "from": "/spec/list", "path": "/spec/other"},
            {"op": "move", "from": "/spec/other", "path": "/moved"},
            {"op": "add", "path": "/metadata", "value": {"a~b/c": 1}},
            {"op": "replace", "path": "/metadata/a~0b~1c", "value": 2},
        ],
    )
    assert result == {
        "spec": {"replicas": 3, "list": [2, 3]},
        "moved": [2, 3],
        "metadata": {"a~b/c": 2},
    }
    assert obj == {"spec": {"replicas": 1, "list": [1, 2]}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/missing"},
        {"op": "replace", "path": "/missing", "value": 1},
        {"op": "add", "path": "/list/9", "value": 1},
        {"op": "copy", "from": "/missing", "path": "/b"},
    ],
)
def test_an_operation_that_does_not_fit_is_unprocessable_and_named(
    operation: dict[str, object],
) -> None:
    with pytest.raises(ApiError) as caught:
        json_patch({"a": 1, "list": []}, [operation])
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")
    assert str(operation["path"]) in caught.value.message


@pytest.mark.parametrize(
    "patch",
    [
        {},
        "x",
        [{"op": "explode", "path": "/a"}],
        [{"op": "add", "value": 1}],
        [{"op": "add", "path": "/a"}],
        [{"op": "copy", "path": "/a"}],
        [{"op": "add", "path": 1, "value": 1}],
        [1],
        [None],
        [[]],
        [{"op": "replace", "path": "", "value": 1}],
    ],
)
def test_what_is_no_json_patch_is_a_bad_request(patch: object) -> None:
    with pytest.raises(ApiError) as caught:
        json_patch({"a": 1}, patch)
    assert caught.value.code == 400


def test_a_json_patch_has_a_bounded_number_of_operations() -> None:
    operations = [{"op": "test", "path": "/a", "value": 1}] * (MAX_OPERATIONS + 1)
    with pytest.raises(ApiError) as caught:
        json_patch({"a": 1}, operations)
    assert caught.value.code == 413


def test_copies_that_double_an_object_are_stopped_early() -> None:
    operations = [{"op": "copy", "from": "/a", "path": f"/a/{n}"} for n in range(100)]
    with pytest.raises(ApiError) as caught:
        json_patch({"a": {"text": "x" * 100}}, operations)
    assert caught.value.code == 413


@pytest.mark.parametrize(
    ("obj", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "x"}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
    ],
)
def test_merge_patch_follows_rfc_7386(obj: object, patch: object, result: object) -> None:
    assert merge_patch(obj, patch) == result  # type: ignore[arg-type]


@pytest.mark.parametrize("patch", [[], "x", 1, None])
def test_a_merge_patch_that_is_no_map_is_refused(patch: object) -> None:
    with pytest.raises(ApiError) as caught:
        merge_patch({}, patch)
    assert caught.value.code == 400

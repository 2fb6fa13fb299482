from types import SimpleNamespace

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.selectors import (
    EVERYTHING,
    NOTHING,
    from_label_selector,
    from_map,
    parse_fields,
    parse_labels,
)

WEB = {"app": "web", "tier": "front", "weight": "7"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web , tier = front", True),
        ("app!=web", False),
        ("missing!=web", True),
        ("app in (web, api)", True),
        ("app in (api)", False),
        ("app notin (api,db)", True),
        ("missing notin (x)", True),
        ("app", True),
        ("missing", False),
        ("!missing", True),
        ("!app", False),
        ("weight>6", True),
        ("weight<7", False),
        ("app>1", False),
        ("missing=", False),
        ("app==,tier", False),
        ("app=web,missing", False),
        ("app in (web),tier notin (back),!missing", True),
    ],
)
def test_label_selectors_match_as_kubectl_documents(text: str, matches: bool) -> None:
    assert parse_labels(text).matches(WEB) is matches


@pytest.mark.parametrize(
    "text",
    [
        "app=web,",
        ",",
        "app in web",
        "app in (web",
        "=web",
        "!",
        "a b",
        "app>x",
        "-a=b",
        "a=-",
    ],
)
def test_a_malformed_label_selector_is_a_bad_request_that_quotes_it(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_labels(text)
    assert caught.value.code == 400
    assert text in caught.value.message


@pytest.mark.parametrize(
    "text", ["a=b", "a!=b", "a in (b,c)", "a notin (b,c)", "a", "!a", "a>5", "a<5"]
)
def test_a_selector_prints_as_it_is_written(text: str) -> None:
    assert str(parse_labels(text)) == text


def test_a_missing_label_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert from_label_selector(None) == NOTHING
    assert from_label_selector({}) == EVERYTHING
    assert not from_label_selector(None).matches({})
    assert from_label_selector({}).empty
    assert not NOTHING.empty


def test_a_label_selector_object_joins_labels_and_expressions() -> None:
    selector = from_label_selector(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["front", "back"]},
                {"key": "canary", "operator": "DoesNotExist"},
            ],
        }
    )
    assert selector.matches(WEB)
    assert not selector.matches({**WEB, "canary": "1"})
    assert not selector.matches({**WEB, "tier": "db"})


def test_a_typed_view_of_a_label_selector_is_read_like_a_dict() -> None:
    expression = SimpleNamespace(key="tier", operator="Exists", values=None)
    view = SimpleNamespace(match_labels={"app": "web"}, match_expressions=[expression])
    assert from_label_selector(view).matches(WEB)


@pytest.mark.parametrize(
    "expression",
    [
        {"key": "a", "operator": "Equals", "values": ["b"]},
        {"key": "a", "operator": "In", "values": []},
        {"key": "a", "operator": "Exists", "values": ["b"]},
        {"key": "", "operator": "Exists"},
    ],
)
def test_an_impossible_expression_is_refused(expression: dict[str, object]) -> None:
    with pytest.raises(ApiError):
        from_label_selector({"matchExpressions": [expression]})


def test_a_service_without_a_selector_selects_nothing() -> None:
    assert from_map(None) == NOTHING
    assert from_map({}) == NOTHING
    assert from_map({"app": "web"}).matches(WEB)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("spec.nodeName=node1", True),
        ("spec.nodeName==node1", True),
        ("spec.nodeName!=node1", False),
        ("spec.nodeName=node1,status.phase!=Failed", True),
        ("spec.nodeName=node1,status.phase=Failed", False),
        ("spec.other=", True),
        (r"odd=a\,b\=c\\d", True),
    ],
)
def test_field_selectors_compare_text(text: str, matches: bool) -> None:
    fields = {"spec.nodeName": "node1", "status.phase": "Running", "odd": "a,b=c\\d"}
    assert parse_fields(text).matches(fields) is matches


def test_a_field_selector_tells_which_value_it_needs() -> None:
    selector = parse_fields("metadata.name=x,status.phase!=Failed")
    assert selector.value_of("metadata.name") == "x"
    assert selector.value_of("status.phase") is None
    assert [item.field for item in selector.requirements] == ["metadata.name", "status.phase"]


@pytest.mark.parametrize("text", ["nonsense", "a=b=c", r"a=b\x", "a=b\\"])
def test_a_malformed_field_selector_is_a_bad_request(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_fields(text)
    assert caught.value.code == 400

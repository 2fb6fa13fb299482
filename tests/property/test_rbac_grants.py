"""Grants against the definition of RBAC, and covering against deciding, on generated policies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api.rbac import Ask, Grants, Rule, missing

VERBS, KINDS, NAMES = ("get", "list", "*"), ("pods", "pods/log", "*/log", "*"), ("a", "b")
PATHS = ("/a", "/a/*", "/b", "*")
NAMESPACES = st.sampled_from(("", "n", "m"))

words = st.lists(st.sampled_from(VERBS), min_size=1, max_size=2).map(tuple)
resource_rules = st.builds(
    Rule,
    verbs=words,
    groups=st.lists(st.sampled_from(("", "apps", "*")), min_size=1, max_size=2).map(tuple),
    resources=st.lists(st.sampled_from(KINDS), min_size=1, max_size=2).map(tuple),
    names=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
)
path_rules = st.builds(
    Rule, verbs=words, paths=st.lists(st.sampled_from(PATHS), min_size=1, max_size=2).map(tuple)
)
rules = st.one_of(resource_rules, path_rules)
asks = st.one_of(
    st.builds(
        Ask,
        verb=st.sampled_from(("get", "list", "watch")),
        group=st.sampled_from(("", "apps", "batch")),
        resource=st.sampled_from(("pods", "jobs")),
        subresource=st.sampled_from(("", "log", "status")),
        namespace=NAMESPACES,
        name=st.sampled_from(("", "a", "c")),
    ),
    st.builds(
        Ask, verb=st.sampled_from(("get", "list")), path=st.sampled_from(("/a", "/a/x", "/b", "/c"))
    ),
)


@given(st.lists(rules, max_size=4), st.lists(rules, max_size=4), asks)
def test_who_holds_all_of_a_role_may_do_all_that_it_allows(
    held: list[Rule], wanted: list[Rule], ask: Ask
) -> None:
    if not missing(held, wanted) and any(rule.allows(ask) for rule in wanted):
        assert any(rule.allows(ask) for rule in held)


@given(st.lists(rules, max_size=4), st.lists(rules, max_size=4))
def test_with_what_was_missing_nothing_is_missing(held: list[Rule], wanted: list[Rule]) -> None:
    assert missing([*held, *missing(held, wanted)], wanted) == []


bindings = st.tuples(
    NAMESPACES,
    st.sampled_from(("b1", "b2")),
    st.sampled_from(("ClusterRole", "Role")),
    st.lists(
        st.tuples(st.sampled_from(("User", "Group")), st.sampled_from(("x", "y"))), max_size=3
    ),
)


@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("role"), st.sampled_from(("", "n", "m")), st.lists(rules, max_size=2)
            ),
            st.tuples(st.just("bind"), bindings),
            st.tuples(st.just("unbind"), bindings),
            st.tuples(st.just("unrole"), NAMESPACES),
        ),
        max_size=12,
    ),
    asks,
)
def test_after_any_changes_the_decision_is_that_of_what_is_left(
    changes: list[tuple], ask: Ask
) -> None:
    grants = Grants()
    roles: dict[str, list[Rule]] = {}
    bound: dict[tuple[str, str], tuple[str, list[tuple[str, str]]]] = {}
    for kind, *rest in changes:
        if kind == "role":
            namespace, content = rest
            roles[namespace] = content
            grants.put_role(namespace, "r", {"rules": [rule.object() for rule in content]})
        elif kind == "unrole":
            roles.pop(rest[0], None)
            grants.drop_role(rest[0], "r")
        else:
            namespace, name, of, subjects = rest[0]
            of = of if namespace else "ClusterRole"
            if kind == "bind":
                bound[namespace, name] = (of, subjects)
                named = [{"kind": what, "name": who} for what, who in subjects]
                obj = {"roleRef": {"kind": of, "name": "r"}, "subjects": named}
                grants.put_binding(namespace, name, obj)
            else:
                bound.pop((namespace, name), None)
                grants.drop_binding(namespace, name)
    expected = any(
        rule.allows(ask)
        for (namespace, _), (of, subjects) in bound.items()
        if (not namespace or namespace == ask.namespace)
        and (("User", "x") in subjects or ("Group", "y") in subjects)
        for rule in roles.get(namespace if of == "Role" else "", ())
    )
    assert grants.decide("x", ("y",), ask).allowed == expected

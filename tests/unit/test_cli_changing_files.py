"""Deleting, editing, comparing and waiting: what flags and texts mean, before a server is asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api.resources import DEPLOYMENTS, NAMESPACES, SECRETS
from minikube8s.cli.awaiting.wanted import wanted
from minikube8s.cli.deleting.options import IMMEDIATE, deletion
from minikube8s.cli.diffing import content
from minikube8s.cli.diffing.content import Versions
from minikube8s.cli.editing import text
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming.items import Item


def _deletion(**flags: Any) -> tuple[Any, bool, tuple[str, ...]]:
    given = {"cascade": "background", "grace_period": -1} | flags
    body, wait, warnings = deletion(given)
    return body.get("gracePeriodSeconds"), wait, warnings


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ({}, (None, True, ())),
        ({"wait": False}, (None, False, ())),
        ({"grace_period": 7}, (7, True, ())),
        ({"grace_period": 0, "wait": False}, (1, True, ())),
        ({"now": True}, (1, True, ())),
        ({"force": True}, (0, True, (IMMEDIATE,))),
        ({"force": True, "grace_period": 0}, (0, True, (IMMEDIATE,))),
    ],
)
def test_a_pod_has_the_time_to_end_that_flags_give_it(flags: Any, wanted: Any) -> None:
    assert _deletion(**flags) == wanted


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"now": True, "grace_period": 3}, "--now and --grace-period"),
        ({"now": True, "force": True}, "--force and --grace-period greater than 0"),
        ({"cascade": "upwards"}, r"invalid cascade value \(upwards\)"),
    ],
)
def test_flags_of_a_deletion_that_contradict_each_other_are_refused(
    flags: Any, message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        _deletion(**flags)


def test_what_becomes_of_dependents_is_asked_in_the_old_way_too() -> None:
    old = deletion({"cascade": "false", "grace_period": -1})
    assert old.body["propagationPolicy"] == "Orphan"
    assert "deprecated" in old.warnings[0]
    tried = deletion({"cascade": "foreground", "grace_period": -1}, dry_run="server")
    assert tried.body["propagationPolicy"] == "Foreground"
    assert (tried.body["dryRun"], tried.wait) == (["All"], False)


def _object(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a", "generation": 2, "labels": {"x": "1"}}, "status": status}


_READY = {"type": "Ready", "status": "True"}


@pytest.mark.parametrize(
    ("goal", "obj", "met"),
    [
        ("condition=Ready", _object(conditions=[_READY]), True),
        ("condition=ready=TRUE", _object(conditions=[_READY]), True),
        ("condition=Ready=false", _object(conditions=[_READY]), False),
        ("condition=Ready", _object(), False),
        ("condition=Ready", _object(conditions=[_READY | {"observedGeneration": 1}]), False),
        ("condition=Ready", _object(conditions=[_READY], observedGeneration=1), False),
        ("condition=Ready", _object(conditions=[_READY], observedGeneration=2), True),
        ("jsonpath={.status.phase}=Running", _object(phase="Running"), True),
        ("jsonpath={.status.phase}", _object(phase="x"), True),
        ("jsonpath={.status.phase}", _object(), False),
        ("jsonpath=.status.replicas=3", _object(replicas=3), True),
        ("jsonpath={.status.up}=true", _object(up=True), True),
        ("jsonpath='{.status.phase}'=Running", _object(phase="Running"), False),
        (
            'jsonpath={.status.conditions[?(@.type=="Ready")].status}=True',
            _object(conditions=[_READY]),
            True,
        ),
    ],
)
def test_a_state_is_recognised(goal: str, obj: dict[str, Any], met: bool) -> None:
    if "'{" in goal:
        with pytest.raises(CommandError):
            wanted(goal)
        return
    assert wanted(goal).met(obj) is met


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ("", 'unrecognized condition: ""'),
        ("ready", "unrecognized condition"),
        ("jsonpath={.a}=", "has to have a value after equal sign"),
        ("jsonpath={.a}=b=c", "jsonpath wait format must be"),
        ("jsonpath={.a[}", "unterminated array"),
    ],
)
def test_a_goal_that_means_nothing_is_refused(goal: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        wanted(goal)


def _secret(**data: str) -> dict[str, Any]:
    return {"kind": "Secret", "metadata": {"name": "s"}, "data": data}


def test_of_secrets_only_which_values_differ_is_shown() -> None:
    live, merged = content.masked(
        Versions(_secret(a="1", b="2", c="3"), _secret(a="1", b="9", d="4"))
    )
    assert live and merged
    assert live["data"] == {"a": "***", "b": "*** (before)", "c": "***"}
    assert merged["data"] == {"a": "***", "b": "*** (after)", "d": "***"}


_DATA = st.dictionaries(st.text("abc", min_size=1, max_size=2), st.text("secret0", min_size=6))


@given(_DATA, _DATA, st.booleans())
def test_no_value_of_a_secret_is_ever_shown(
    before: dict[str, str], after: dict[str, str], new: bool
) -> None:
    kept = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": str(after)}}
    merged = _secret(**after) | {"metadata": {"name": "s", **kept}}
    texts = content.texts(Versions(None if new else _secret(**before), merged), managers=True)
    said = "".join(text or "" for text in texts)
    assert not any(value in said for value in (*before.values(), *after.values()))


def test_files_are_called_after_their_objects() -> None:
    web = {"metadata": {"name": "web"}}
    assert content.file_name(Item("", DEPLOYMENTS, "n", web)) == "apps.v1.Deployment.n.web"
    assert content.file_name(Item("", SECRETS, "n", web)) == "v1.Secret.n.web"
    assert content.file_name(Item("", NAMESPACES, "", web)) == "v1.Namespace..web"


def test_an_edited_text_says_above_it_what_is_wrong_and_reads_without_that() -> None:
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    plain = text.rendered([obj], "yaml")
    complaints = [text.Complaint('pods "a"', ("spec.x: wrong\nand more",))]
    shown = text.shown(plain, "yaml", complaints)
    assert '# pods "a" was not valid:\n# * spec.x: wrong\n# * and more\n#\n' in shown
    assert text.without_comments(shown) == plain
    assert text.without_comments(shown.replace("\n", "\r\n")) == plain
    assert text.objects_of(text.without_comments(shown)) == [obj]


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_several_objects_are_edited_as_one_list(form: str) -> None:
    objects = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}} for name in "ab"]
    shown = text.shown(text.rendered(objects, form), form, [])
    assert text.objects_of(text.without_comments(shown)) == objects
    with pytest.raises(CommandError, match="holds no object"):
        text.objects_of("\n")

"""ARCHITECTURE.md says of every field of a pod what becomes of it, and says the truth."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from minikube8s.api.schema import definition
from minikube8s.api.strategy import unsupported
from tests.support.podchecks import pod, problems

PAGE = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text()
KINDS = ("PodSpec", "Container", "EphemeralContainer", "SecurityContext", "PodSecurityContext")
HONOURED, WARNED, REFUSED = "honoured", "warned about", "refused"
_ROW = re.compile(r"^\| (\w+) \| (honoured|warned about|refused) \| (.*) \|$", re.MULTILINE)
_SECTIONS = {
    "containers[].": "Container",
    "ephemeralContainers[].": "EphemeralContainer",
    "securityContext.": "PodSecurityContext",
}


def _told() -> dict[str, dict[str, list[str]]]:
    """The table: by kind and by what becomes of them, the fields."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for kind, fate, fields in _ROW.findall(PAGE):
        found[kind][fate] += re.findall(r"`([^`]+)`", fields)
    return found


def _warnings() -> dict[str, set[str]]:
    """The list of warnings by kind; kinds of volumes have a list of their own."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for entry in unsupported._POD:
        if entry.startswith(("initContainers[].", "volumes[].")):
            continue
        section = next((one for one in _SECTIONS if entry.startswith(one)), "")
        kind, path = _SECTIONS.get(section, "PodSpec"), entry.removeprefix(section)
        if kind != "PodSecurityContext" and path.startswith("securityContext."):
            kind, path = "SecurityContext", path.removeprefix("securityContext.")
        found[kind].add(path)
    return found


def _head(entry: str) -> str:
    """The field that an entry begins with."""
    return re.split(r"[.\[=!]", entry, maxsplit=1)[0]


TOLD, WARNINGS = _told(), _warnings()


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_has_every_field_of_the_schema_and_no_other(kind: str) -> None:
    fields = set(definition(f"io.k8s.api.core.v1.{kind}").fields)
    told = {_head(entry) for entries in TOLD[kind].values() for entry in entries}
    assert told == fields


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_warns_of_what_the_api_warns_of(kind: str) -> None:
    assert set(TOLD[kind][WARNED]) == WARNINGS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_is_honoured_unless_all_of_it_is_warned_about_or_refused(kind: str) -> None:
    honoured, entries = TOLD[kind][HONOURED], TOLD[kind][WARNED]
    assert len(honoured) == len(set(honoured))
    assert not set(honoured) & set(entries)
    partly = {_head(entry) for entry in entries if entry != _head(entry)}
    assert partly <= set(honoured)


def test_init_containers_are_warned_about_like_the_others() -> None:
    plain = {one for one in unsupported._POD if one.startswith("containers[].")}
    init = {one for one in unsupported._POD if one.startswith("initContainers[].")}
    assert {one.removeprefix("initC") for one in init} == {one.removeprefix("c") for one in plain}


@pytest.mark.parametrize("field", TOLD["EphemeralContainer"][REFUSED])
def test_what_ephemeral_containers_cannot_have_is_refused(field: str) -> None:
    assert field not in TOLD["EphemeralContainer"][HONOURED]
    listed = definition("io.k8s.api.core.v1.EphemeralContainer").fields[field].type.kind == "list"
    debugger = {"name": "d", "image": "x", field: [{}] if listed else {"a": "b"}}
    found = problems(pod({"ephemeralContainers": [debugger]}))
    assert any("cannot be set for an Ephemeral Container" in one for one in found)

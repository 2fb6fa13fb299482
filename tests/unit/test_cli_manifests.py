"""Manifests are read as kubectl reads them, and refused with file and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from minikube8s.cli import manifests
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kinds import Kinds

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\n"


def test_documents_lists_folders_and_json_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text(POD.replace("NAME", "a") + "---\n---\n" + POD)
    (tmp_path / "2.json").write_text(
        '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod",'
        ' "metadata": {"name": "c"}}]}'
    )
    (tmp_path / "README.md").write_text("not a manifest")
    found = manifests.read([str(tmp_path)], recursive=False)
    assert [obj["metadata"]["name"] for obj in found] == ["a", "NAME", "c"]


def test_a_date_stays_the_text_that_it_is(tmp_path: Path) -> None:
    [obj] = manifests.parse("x", POD + "data: {day: 2024-01-31, on: yes}\n")
    assert obj["data"]["day"] == "2024-01-31"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "error parsing x: line"),
        ("kind: Pod\nkind: Pod\n", 'key "kind" already set'),
        ("kind: Pod\n", "apiVersion not set"),
        ("apiVersion: v1\n", "kind not set"),
        ("- a\n- b\n", "must be a mapping"),
        ("just text", "must be a mapping"),
        ("", "no objects"),
        ("a: b\n\tc: d\n", "error parsing x"),
        (POD.replace("{name: NAME}", "text"), "metadata must be a mapping"),
        ("{" * 4000, "error parsing x"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        manifests.parse("x", text)


def test_a_missing_path_and_an_unknown_kind_are_named() -> None:
    with pytest.raises(CommandError, match='the path "/no/such" does not exist'):
        manifests.read(["/no/such"], recursive=False)
    with pytest.raises(CommandError, match='no matches for kind "Pdo" in version "v1"'):
        Kinds().of({"apiVersion": "v1", "kind": "Pdo"})

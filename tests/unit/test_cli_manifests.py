"""Manifests are read as kubectl reads them, and refused with file and place."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli import manifests
from minikube8s.cli.errors import CommandError
from minikube8s.cli.manifests import sources
from minikube8s.cli.output import yamltext

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\n"
JSON = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "NAME"}}'


def _names(text: str) -> list[str]:
    return [obj["metadata"]["name"] for obj in manifests.parse("x", text)]


def test_documents_lists_folders_and_json_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text(POD.replace("NAME", "a") + "---\n---\n" + POD)
    (tmp_path / "2.json").write_text(
        '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod",'
        ' "metadata": {"name": "c"}}]}'
    )
    (tmp_path / "README.md").write_text("not a manifest")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "3.yml").write_text(POD.replace("NAME", "d"))
    found = manifests.read([str(tmp_path)], recursive=False)
    assert [obj["metadata"]["name"] for obj in found] == ["a", "NAME", "c"]
    assert len(manifests.read([str(tmp_path)], recursive=True)) == 4
    assert len(manifests.read([str(tmp_path / "*.yaml")], recursive=False)) == 2


def test_a_date_stays_the_text_that_it_is() -> None:
    [obj] = manifests.parse("x", POD + "data: {day: 2024-01-31, on: yes, sign: =}\n")
    assert obj["data"] == {"day": "2024-01-31", "true": True, "sign": "="}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + POD,
        JSON,
        JSON[:-1] + ",}",
        "\n" + JSON,
        "# a comment\n---\n" + POD + "...\n",
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: NAME}\n",
    ],
)
def test_what_kubectl_reads_is_read(text: str) -> None:
    assert _names(text) == ["NAME"]


def test_json_objects_may_follow_each_other() -> None:
    assert _names(JSON + JSON.replace("NAME", "b")) == ["NAME", "b"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_says_how_the_file_is_written(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(POD.encode(encoding))
    assert len(manifests.read([str(file)], recursive=False)) == 1


@pytest.mark.parametrize("text", ["", "\n\n", "---\n---\n", "# nothing\n", "null\n"])
def test_a_file_without_objects_has_none(text: str) -> None:
    assert manifests.parse("x", text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "error parsing x: line 1: "),
        ("kind: Pod\nkind: Pod\n", 'error parsing x: line 2: key "kind" already set'),
        ('{"kind": "Pod", "kind": "Pod"}', 'key "kind" already set'),
        ("kind: Pod\n", '"x", line 1: apiVersion not set'),
        (POD + "---\napiVersion: v1\n", '"x", line 5: kind not set'),
        ("- a\n- b\n", "must be a mapping"),
        ("just text", "must be a mapping"),
        ("a: b\n\tc: d\n", "error parsing x: line 2: it is indented with a tab"),
        ("a: b\0c\n", "a character that YAML does not allow"),
        (POD.replace("{name: NAME}", "text"), "metadata must be a mapping"),
        (POD.replace("NAME", "1.5"), "metadata.name must be text: put 1.5 in quotes"),
        (POD.replace("NAME", "x, namespace: [a]"), "metadata.namespace must be text"),
        ("{" * 4000, "error parsing x"),
        (POD + "a: .nan\n", "JSON does not have"),
        ("<!DOCTYPE html><html></html>", "a web page, not a manifest"),
        (POD + "? [a]\n: b\n", "a key must be text"),
        ("a: &a [" + "x," * 9 + "]\nb: *c\n", "undefined alias"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        manifests.parse("x", text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_aliases_that_would_fill_the_memory_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(CommandError, match="far too large"):
        manifests.parse("x", "\n".join(lines))
    with pytest.raises(CommandError, match="far too large"):
        manifests.parse("x", "a: &a [*a]\n")


def test_text_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"a: b\nc: \xe9\n")
    with pytest.raises(CommandError, match=r"latin.yaml: line 2: it is not UTF-8"):
        manifests.read([str(file)], recursive=False)


def test_what_stands_before_a_mistake_is_read_and_other_files_are(tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text(POD + "---\na: [\n---\n" + POD)
    (tmp_path / "2.yaml").write_text(POD.replace("NAME", "b"))
    reading = manifests.gather([str(tmp_path)])
    assert [found.obj["metadata"]["name"] for found in reading.documents] == ["NAME", "b"]
    assert len(reading.failures) == 1
    assert "1.yaml: line " in str(reading.failures[0])


def test_a_missing_path_an_empty_folder_and_a_huge_file_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match='the path "/no/such" does not exist'):
        manifests.read(["/no/such"], recursive=False)
    with pytest.raises(CommandError, match=r"extensions are \[.json .yaml .yml\]; -R goes"):
        manifests.read([str(tmp_path)], recursive=False)
    monkeypatch.setattr(sources, "FILE_BYTES", 1 << 20)
    (tmp_path / "huge.yaml").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(CommandError, match=r"huge.yaml is larger than 1 MiB"):
        manifests.read([str(tmp_path)], recursive=False)


class _Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/pod.yaml"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(POD.encode() if found else b"no")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_url_is_read_and_one_that_fails_is_told_in_a_line(pages: str) -> None:
    assert len(manifests.read([f"{pages}/pod.yaml"], recursive=False)) == 1
    with pytest.raises(CommandError, match=r"server reported 404 .*status code=404"):
        manifests.read([f"{pages}/none.yaml"], recursive=False)
    with pytest.raises(CommandError, match=r'unable to read URL "http://127.0.0.1:1/x": Conn'):
        manifests.read(["http://127.0.0.1:1/x"], recursive=False)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab=y~0", max_size=3), inner)
    ),
    max_leaves=9,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), _VALUES, max_size=4))
def test_an_object_is_the_same_in_json_and_in_yaml(fields: dict[str, object]) -> None:
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": fields}
    as_yaml = yamltext.dump(obj)
    assert manifests.parse("x", as_yaml) == [obj]
    assert manifests.parse("x", json.dumps(obj)) == [obj]


def test_merged_mappings_are_written_out_once() -> None:
    lines = ["a0: &a0 {k: v}"]
    for level in range(1, 12):
        lines.append(f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 10)}]}}")
    (found,) = manifests.parse("x", "\n".join([*lines, "apiVersion: v1", "kind: X"]))
    assert found["a11"] == {"k": "v"}


def test_a_merged_mapping_may_be_merged_again_before_it_is_read() -> None:
    text = "z: &z {k: 1}\nx: {deep: {q: &q {<<: *z, k: 2}}}\nb: {<<: *q}\n"
    (found,) = manifests.parse("x", f"{text}apiVersion: v1\nkind: X\n")
    assert found["b"] == {"k": 2} == found["x"]["deep"]["q"]


@pytest.mark.parametrize("value", ["!!set {a}", "!!binary aGk=", "!!pairs [a: b]"])
def test_values_that_json_does_not_have_are_refused(value: str) -> None:
    with pytest.raises(CommandError, match="x: it has a value that JSON does not have"):
        manifests.parse("x", f"apiVersion: v1\nkind: X\ndata: {value}\n")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1e3", 1000), ("1.5e3", 1500), (".5", 0.5), ("5.0", 5), ("010", 8), ("0o10", 8),
        ("09", 9), ("0x1F", 31), ("-0b11", -3), ("1_000", 1000), ("+1", 1), ("!!float 5", 5),
        ("12:30", "12:30"), ("22:22:22", "22:22:22"), ("1.2.3", "1.2.3"),
        ("0x", "0x"), ("1e", "1e"), ("y", True), ("N", False), ("on", True), ("nO", "nO"),
    ],
)  # fmt: skip
def test_words_are_numbers_and_truths_as_for_kubectl(text: str, wanted: object) -> None:
    (found,) = manifests.parse("x", f"apiVersion: v1\nkind: X\nvalue: {text}\n")
    assert (found["value"], type(found["value"])) == (wanted, type(wanted))


def test_whole_numbers_with_a_point_are_whole_in_json_too() -> None:
    (found,) = manifests.parse("x", '{"apiVersion": "v1", "kind": "X", "a": 3.0, "b": 2.5}')
    assert repr((found["a"], found["b"])) == "(3, 2.5)"


def test_keys_are_told_apart_as_text() -> None:
    (found,) = manifests.parse("x", "apiVersion: v1\nkind: X\n1: a\ntrue: b\n1.5: c\n")
    assert (found["1"], found["true"], found["1.5"]) == ("a", "b", "c")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000, "x: " + "{a: [" * 50_000, '{"a": ' * 100_000, "- " * 100_000,
        "".join("\n" + " " * at + "a:" for at in range(1200)),
    ],
    ids=["lists", "both", "json", "dashes", "indented"],
)  # fmt: skip
def test_what_is_nested_too_deeply_is_refused_before_it_ends_the_program(text: str) -> None:
    with pytest.raises(CommandError, match="x: it is nested too deeply"):
        manifests.parse("x", text)


def test_brackets_in_words_make_nothing_deep() -> None:
    text = f"apiVersion: v1\nkind: X\nvalue: '{'[' * 5000}'\n"
    assert len(manifests.parse("x", text)[0]["value"]) == 5000

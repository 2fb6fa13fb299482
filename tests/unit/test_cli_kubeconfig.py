"""Kubeconfigs are read, merged, chosen from and changed as kubectl does."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.connection.wire import Wire
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig import fields, loading, writing
from minikube8s.cli.kubeconfig.choosing import Overrides, choose
from minikube8s.cli.kubeconfig.loading import Sources, load
from minikube8s.cli.kubeconfig.plugins import VERSIONS, Plugin, environment_of
from minikube8s.cli.kubeconfig.validity import token_end, validity
from minikube8s.cli.session import Session
from minikube8s.cli.verbs import kubeconfig as merging
from minikube8s.cluster import kubeconfig as cluster_kubeconfig
from minikube8s.cluster.config import Home

FIRST: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [
        {
            "name": "c",
            "cluster": {
                "server": "https://one:1",
                "certificate-authority": "ca",
                "extensions": [
                    {"name": "other", "extension": 1},
                    {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}},
                ],
            },
        }
    ],
    "users": [{"name": "u", "user": {"token": "abc"}}],
}
SECOND: dict[str, Any] = {
    "users": [
        {"name": "u", "user": {"username": "bob", "password": "secret"}},
        {"name": "w", "user": {"client-certificate": "sub/x.crt", "client-key": "../y.key"}},
    ],
    "contexts": [
        {"name": "x", "context": {"cluster": "c", "user": "u"}},
        {"name": "y", "context": {"cluster": "c", "user": "w", "namespace": "blue"}},
    ],
    "current-context": "x",
}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    paths = [tmp_path / "a" / "config", tmp_path / "b" / "config"]
    for path, content in zip(paths, (FIRST, SECOND), strict=True):
        path.parent.mkdir()
        path.write_text(yaml.safe_dump(content))
    return Sources([*paths, tmp_path / "missing"])


def test_of_several_files_the_first_decides_each_entry_alone(sources: Sources) -> None:
    config = load(sources)
    assert config.entries["users"]["u"].fields == {"token": "abc"}
    assert list(config.entries["contexts"]) == ["x", "y"]
    assert config.current == "x"
    assert config.entries["contexts"]["x"].origin == sources.paths[1]


def test_paths_count_from_the_file_that_names_them(sources: Sources) -> None:
    access = choose(load(sources), Overrides(context="y"))
    first, second = sources.paths[0].parent, sources.paths[1].parent
    assert access.ca_file == str(first / "ca")
    assert access.cert_file == str(second / "sub" / "x.crt")
    assert access.key_file == str(second.parent / "y.key")
    assert access.namespace == "blue"


def test_kubeconfig_is_one_file_and_the_variable_a_list(tmp_path: Path) -> None:
    environment = {"KUBECONFIG": "a::b:a", "HOME": "/h"}
    assert Sources.of(None, environment).paths == (Path("a"), Path("b"))
    assert Sources.of("z", environment).paths == (Path("z"),)
    assert Sources.of(None, {"HOME": "/h"}).paths == (Path("/h/.kube/config"),)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {"execute_config": {"audience": "x"}}),
        ({"namespace": "red"}, {"namespace": "red", "token": "abc"}),
        ({"server": "https://two"}, {"server": "https://two", "token": "abc"}),
        ({"user": "w"}, {"token": "", "user": "w"}),
        ({"token": "t"}, {"token": "t"}),
        ({"username": "n", "password": "p"}, {"token": "", "username": "n", "password": "p"}),
        ({"insecure": True}, {"insecure": True, "ca_file": ""}),
        ({"certificate_authority": "z"}, {"ca_file": "z", "insecure": False}),
        ({"as_user": "eve", "as_groups": ("g",)}, {"as_user": "eve", "as_groups": ("g",)}),
    ],
)
def test_flags_count_more_than_files(
    sources: Sources, given: dict[str, Any], wanted: dict[str, Any]
) -> None:
    access = choose(load(sources), Overrides(**given))
    assert {name: getattr(access, name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"context": "xx"}, r'context was not found for specified context: xx \(did you mean "x"'),
        ({"cluster": "d"}, 'no server found for cluster "d"'),
        ({"user": "d"}, 'auth info "d" does not exist'),
        ({"as_groups": ("g",)}, "without impersonating a user"),
        ({"token": "t", "username": "n"}, r"found \[token basicAuth\], only one is allowed"),
        ({"insecure": True, "certificate_authority": "z"}, "insecure flag is not allowed"),
        ({"user": "w", "client_key": "", "client_certificate": ""}, None),
    ],
)
def test_what_cannot_be_meant_is_said(
    sources: Sources, given: dict[str, Any], message: str | None
) -> None:
    config = load(sources)
    if message is None:
        choose(config, Overrides(**given))
        return
    with pytest.raises(CommandError, match=message):
        choose(config, Overrides(**given))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [b", "yaml: line [12]: did"),
        ("a: b\n\tc: d\n", "yaml: line 2: found a tab"),
        ("hello", "not a kubeconfig"),
        ("kind: Pod\napiVersion: v1", 'no kind "Pod" is registered'),
        ("clusters: {}", "clusters must be a list"),
        ("users: [{name: u}, {name: u}]", 'duplicate name "u" in users'),
        ("clusters: [x]", r"clusters\[0\] must be a map"),
        ("users: [{name: u, user: {token: 5}}]", "in the user 'u' token must be text, not 5, so"),
        ("contexts: [{name: no, context: {}}]", "name of contexts.0. must be text"),
        ("clusters: [{name: c, cluster: {certificate-authority-data: '!!'}}]", "not base64"),
        ("\x00", "yaml: "),
        ('{"a": ', "yaml: line 2"),
    ],
)
def test_a_broken_file_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken"
    path.write_text(text)
    with pytest.raises(CommandError, match=f'error loading config file "{path}": .*{message}'):
        loading.read(path)


@given(st.binary(max_size=200))
def test_whatever_bytes_a_file_has_the_answer_is_content_or_a_sentence(data: bytes) -> None:
    try:
        content = loading._checked(Path("x"), loading._decoded(Path("x"), data))
    except CommandError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(content, dict)


def test_an_entry_is_changed_where_it_stands_and_a_new_one_made_in_the_first_file(
    sources: Sources,
) -> None:
    config = load(sources)
    writing.put(config, "contexts", "y", {"cluster": "c", "user": "w", "namespace": "green"})
    writing.put(config, "contexts", "new", {"cluster": "c", "user": "u"})
    first, second = (yaml.safe_load(path.read_text()) for path in sources.paths[:2])
    assert [item["name"] for item in first["contexts"]] == ["new"]
    assert second["contexts"][1]["context"]["namespace"] == "green"
    assert second["users"] == SECOND["users"]


def test_a_file_is_replaced_at_once_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "config"
    writing.change(path, lambda content: content.update({"current-context": "a"}))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    before = path.stat().st_ino
    writing.change(path, lambda content: content.update({"current-context": "b"}))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_ino != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["config"]


def test_a_link_to_a_kubeconfig_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("")
    link = tmp_path / "config"
    link.symlink_to("real")
    writing.change(link, lambda content: content.update({"current-context": "a"}))
    assert link.is_symlink() and "current-context: a" in (tmp_path / "real").read_text()


def merge(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setattr(Home, "load", lambda home: None)
    monkeypatch.setattr(cluster_kubeconfig, "build", lambda *_: {**SECOND, "clusters": []})
    session = Session({"home": str(path.parent)})
    merging.command.main(["--merge"], standalone_mode=False, obj=session)


def test_the_clusters_kubeconfig_is_merged_behind_a_link_and_kept_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").write_text(json.dumps(FIRST))
    (tmp_path / "real").chmod(0o644)
    (tmp_path / "config").symlink_to("real")
    merge(tmp_path / "config", monkeypatch)
    assert (tmp_path / "config").is_symlink()
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600
    found = load(Sources([tmp_path / "real"]))
    assert (found.current, list(found.entries["clusters"])) == ("x", ["c"])


def test_nothing_is_merged_into_what_is_no_kubeconfig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("users: [a]")
    with pytest.raises(CommandError, match="must be a map"):
        merge(tmp_path / "config", monkeypatch)
    assert (tmp_path / "config").read_text() == "users: [a]"


def test_a_locked_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_LOCK_SECONDS", 0.0)
    path = tmp_path / "config"
    (tmp_path / "config.lock").touch()
    with pytest.raises(CommandError, match="Remove that file if no other"):
        writing.change(path, lambda content: content.update({"current-context": "a"}))
    assert not path.exists()


@pytest.mark.parametrize("days", [1, 3650, 20000])
def test_the_end_of_a_certificate_is_read_from_it(tmp_path: Path, days: int) -> None:
    path = tmp_path / "x.crt"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += [
        "-nodes",
        "-subj",
        "/CN=x",
        "-days",
        str(days),
        "-keyout",
        "/dev/null",
        "-out",
        path,
    ]
    subprocess.run(command, check=True, capture_output=True)
    dates = validity(path.read_bytes())
    assert dates is not None
    assert (dates[1] - dates[0]).days == days


def test_the_end_of_a_token_is_read_from_it() -> None:
    claims = base64.urlsafe_b64encode(b'{"exp": 1600000000}').decode().rstrip("=")
    end = token_end(f"e30.{claims}.x")
    assert end is not None and end.isoformat() == "2020-09-13T12:26:40+00:00"


@given(st.text(max_size=50))
def test_what_is_no_token_has_no_end(text: str) -> None:
    assert token_end(text) is None


@given(st.binary(max_size=100))
def test_what_is_no_certificate_has_no_end(data: bytes) -> None:
    assert validity(data) is None


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 9)
    | st.sampled_from(["", "x", "aGVsbG8=", "https://h"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    *fields.CLUSTER,
                    *fields.USER,
                    *fields.CONTEXT,
                    "command",
                    "args",
                    "env",
                    "name",
                    "config",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
_EXEC = st.fixed_dictionaries(
    {"command": st.just("./x"), "apiVersion": st.just(VERSIONS[1])},
    optional={"args": _VALUES, "env": _VALUES, "interactiveMode": _VALUES, "installHint": _VALUES},
)


def entry(section: str) -> st.SearchStrategy[dict[str, Any]]:
    """An entry of a section with any values in two of its fields."""
    return st.dictionaries(st.sampled_from(sorted(fields.SECTIONS[section])), _VALUES, max_size=2)


_USERS = (
    entry("users")
    | st.fixed_dictionaries({"exec": _EXEC})
    | st.fixed_dictionaries(
        {"auth-provider": st.dictionaries(st.sampled_from(["name", "config"]), _VALUES)}
    )
)


@given(entry("clusters"), _USERS, entry("contexts"))
def test_whatever_a_kubeconfig_says_comes_to_a_way_to_a_server_or_a_sentence(
    cluster: dict[str, Any], user: dict[str, Any], context: dict[str, Any]
) -> None:
    content = {
        "clusters": [{"name": "a", "cluster": {**cluster, "server": "https://h"}}],
        "users": [{"name": "a", "user": user}],
        "contexts": [{"name": "a", "context": {**context, "cluster": "a", "user": "a"}}],
        "current-context": "a",
    }
    with tempfile.NamedTemporaryFile("w") as file:
        json.dump(content, file)
        file.flush()
        try:
            access = choose(load(Sources([Path(file.name)])), Overrides())
            if access.execute:
                plugin = Plugin(access)
                plugin.command()
                plugin.question(interactive=False)
                environment_of(access.execute)
                access.execute = {}
            Wire(access).identity()
        except CommandError as error:
            assert str(error)

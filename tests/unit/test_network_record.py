"""Kernel settings are put back as they were found, by whoever goes last."""

from __future__ import annotations

from pathlib import Path

import pytest
from mk8s_agent.network import record, sysctls
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.record import NetworkRecord


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "sys"
    root.mkdir()
    (root / "forward").write_text("0\n")
    (root / "learn").write_text("1\n")
    monkeypatch.setattr(sysctls, "_ROOT", root)
    return root


@pytest.fixture
def written(tmp_path: Path) -> NetworkRecord:
    return NetworkRecord(tmp_path / "run")


def test_what_was_changed_is_put_back_even_by_a_later_agent(kernel: Path, tmp_path: Path) -> None:
    for _ in range(2):
        NetworkRecord(tmp_path / "run").change({"forward": "1"})
        assert (kernel / "forward").read_text() == "1"
    NetworkRecord(tmp_path / "run").leave("mk8s", last=True)
    assert (kernel / "forward").read_text() == "0"
    assert list((tmp_path / "run").iterdir()) == []


def test_the_value_of_before_is_that_before_the_first_change(
    kernel: Path, written: NetworkRecord
) -> None:
    written.change({"forward": "1"})
    (kernel / "forward").write_text("2")
    written.change({"forward": "1"})
    written.leave("mk8s", last=True)
    assert (kernel / "forward").read_text() == "0"


def test_what_was_right_already_is_left_alone(
    kernel: Path, written: NetworkRecord, tmp_path: Path
) -> None:
    written.change({"forward": "0"})
    assert not (tmp_path / "run").exists()
    written.leave("mk8s", last=True)
    assert (kernel / "forward").read_text() == "0\n"


def test_what_somebody_else_changed_since_is_theirs(kernel: Path, written: NetworkRecord) -> None:
    written.change({"forward": "1"})
    (kernel / "forward").write_text("2")
    written.leave("mk8s", last=True)
    assert (kernel / "forward").read_text() == "2"


def test_a_setting_that_the_kernel_lacks_is_left_out(kernel: Path, written: NetworkRecord) -> None:
    written.change({"ipv6/none": "1"})
    written.leave("mk8s", last=True)
    assert not (kernel / "ipv6").exists()


def test_a_setting_that_cannot_be_written_is_named(kernel: Path) -> None:
    (kernel / "folder").mkdir()
    with pytest.raises(NetworkError, match=r"cannot set .*folder to 1"):
        sysctls.write("folder", "1")


def test_the_last_of_several_clusters_puts_back_what_all_have_changed(
    kernel: Path, written: NetworkRecord, tmp_path: Path
) -> None:
    written.enter("one", ["fd00:1::/48"])
    written.change({"forward": "1"})
    written.enter("two", [])
    written.change({"forward": "1", "learn": "2"})
    assert written.clusters() == {"one": ["fd00:1::/48"], "two": []}
    written.leave("one", last=False)
    assert written.clusters() == {"two": []}
    assert (kernel / "forward").read_text() == "1"
    written.leave("two", last=True)
    assert (kernel / "forward").read_text() == "0"
    assert (kernel / "learn").read_text() == "1"
    assert list((tmp_path / "run").iterdir()) == []


def test_a_record_is_one_namespaces_alone(
    kernel: Path, written: NetworkRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.enter("one", [])
    written.change({"forward": "1"})
    here = record._namespace()
    assert here == record._namespace() and here.isdigit()
    monkeypatch.setattr(record, "_namespace", lambda: "another")
    assert written.clusters() == {}
    written.leave("one", last=True)
    assert (kernel / "forward").read_text() == "1"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"settings": 1, "clusters": {}}'])
def test_a_damaged_record_keeps_nobody_from_going(
    kernel: Path, written: NetworkRecord, tmp_path: Path, content: str
) -> None:
    written.enter("one", [])
    (file,) = (tmp_path / "run").iterdir()
    file.write_text(content)
    assert written.clusters() == {}
    written.change({"forward": "1"})
    written.leave("one", last=True)
    assert (kernel / "forward").read_text() == "0"

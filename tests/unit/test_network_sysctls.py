"""Kernel settings are put back as they were found."""

from __future__ import annotations

from pathlib import Path

import pytest
from mk8s_agent.network import sysctls
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.sysctls import SysctlRecord


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "sys"
    root.mkdir()
    (root / "forward").write_text("0\n")
    monkeypatch.setattr(sysctls, "_ROOT", root)
    return root


def test_what_was_changed_is_put_back_even_by_a_later_agent(kernel: Path, tmp_path: Path) -> None:
    for _ in range(2):
        SysctlRecord(tmp_path / "state").change({"forward": "1"})
        assert (kernel / "forward").read_text() == "1"
    SysctlRecord(tmp_path / "state").restore()
    assert (kernel / "forward").read_text() == "0"
    assert list((tmp_path / "state").iterdir()) == []


def test_what_was_right_already_is_left_alone(kernel: Path, tmp_path: Path) -> None:
    record = SysctlRecord(tmp_path / "state")
    record.change({"forward": "0"})
    record.restore()
    assert (kernel / "forward").read_text() == "0\n"
    assert not (tmp_path / "state").exists()


def test_what_somebody_else_changed_since_is_theirs(kernel: Path, tmp_path: Path) -> None:
    record = SysctlRecord(tmp_path / "state")
    record.change({"forward": "1"})
    (kernel / "forward").write_text("2")
    record.restore()
    assert (kernel / "forward").read_text() == "2"


def test_a_setting_that_the_kernel_lacks_is_left_out(kernel: Path, tmp_path: Path) -> None:
    record = SysctlRecord(tmp_path / "state")
    record.change({"ipv6/none": "1"})
    record.restore()
    assert not (kernel / "ipv6").exists()


def test_a_setting_that_cannot_be_written_is_named(kernel: Path) -> None:
    (kernel / "folder").mkdir()
    with pytest.raises(NetworkError, match=r"cannot set .*folder to 1"):
        sysctls.write("folder", "1")

"""The sentence that a daemon leaves beside its state."""

from __future__ import annotations

from pathlib import Path

import pytest

from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joined
from minikube8s.kit import notice


def test_a_notice_is_read_until_it_is_taken_back(tmp_path: Path) -> None:
    assert notice.read(tmp_path) == ""
    notice.leave(tmp_path, "something is wrong")
    notice.leave(tmp_path, "something else is")
    assert notice.read(tmp_path) == "something else is"
    notice.leave(tmp_path, "")
    notice.leave(tmp_path, "")
    assert notice.read(tmp_path) == "" and not list(tmp_path.iterdir())


def test_a_machine_that_the_master_refuses_is_not_taken_for_the_node(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.agent.mkdir()
    joined.require_taken(home)
    notice.leave(home.agent, "two machines are node a")
    with pytest.raises(ClusterError, match="refuses this machine: two machines are node a"):
        joined.require_taken(home)

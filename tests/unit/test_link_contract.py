"""The committed stubs are those of the contract."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_stubs_are_not_stale(tmp_path):
    pytest.importorskip("grpc_tools")
    subprocess.run([ROOT / "script/proto", tmp_path], check=True, timeout=60)
    for made in sorted(tmp_path.iterdir()):
        committed = ROOT / "minikube8s/rpc" / made.name
        assert made.read_text() == committed.read_text(), f"run script/proto: {made.name} is stale"

"""Owns asking the agent's own program what the kernel has: netlink and nftables are known to it."""

from __future__ import annotations

import subprocess
import sys

import msgspec

from minikube8s.cluster.checkup.findings import Examination

_SECONDS = 30.0


def examine() -> Examination:
    """What it found, or why it could not look; changes nothing."""
    command = [sys.executable, "-m", "mk8s_agent", "--examine"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, cwd="/")
        return msgspec.json.decode(done.stdout, type=Examination)
    except subprocess.TimeoutExpired:
        return Examination(f"no answer within {_SECONDS:.0f} s")
    except msgspec.DecodeError:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return Examination(lines[-1] if lines else "the agent's program said nothing")

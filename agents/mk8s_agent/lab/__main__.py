"""`python -m mk8s_agent.lab VERB --spec FILE`: make, change or remove a lab, and end.

Running it again is harmless, also after it was killed half-way.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mk8s_agent.lab import applying
from mk8s_agent.lab.spec import LabError, Spec, load
from mk8s_agent.network.errors import NetworkError


def main() -> int:
    """Do what the arguments say; returns the exit status, 1 with a sentence for a failure."""
    parser = argparse.ArgumentParser(prog="mk8s_agent.lab", description="A lab's network.")
    parser.add_argument("--spec", type=Path, required=True, help="the lab's JSON file")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("apply", help="make the lab as the file says")
    verbs.add_parser("remove", help="remove all of it")
    for verb, what in (("cut", "switch a node's link off"), ("heal", "switch it on again")):
        verbs.add_parser(verb, help=what).add_argument("node")
    for verb, unit in (("delay", "ms"), ("loss", "percent")):
        one = verbs.add_parser(verb, help=f"{verb} what goes to a node; 0 ends it")
        one.add_argument("node")
        one.add_argument(unit, type=float)
    arguments = parser.parse_args()
    try:
        with _alone(arguments.spec):
            _run(load(arguments.spec), arguments)
    except (LabError, NetworkError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


@contextmanager
def _alone(spec: Path) -> Iterator[None]:
    """One at a time: whoever started an earlier one may have been killed, and not that one."""
    place = os.open(spec.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _run(spec: Spec, arguments: argparse.Namespace) -> None:
    match arguments.verb:
        case "apply":
            applying.apply(spec)
        case "remove":
            applying.remove(spec)
        case "cut" | "heal":
            applying.switch(spec, arguments.node, on=arguments.verb == "heal")
        case "delay":
            applying.impair(spec, arguments.node, delay_ms=arguments.ms, loss_percent=0)
        case "loss":
            applying.impair(spec, arguments.node, delay_ms=0, loss_percent=arguments.percent)


if __name__ == "__main__":
    sys.exit(main())

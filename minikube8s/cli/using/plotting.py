"""Draws how use went, in one line of text a node, pod or container. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from minikube8s.cli.using import figures
from minikube8s.cli.using.figures import Use

POINTS = 24
"""How many samples are kept and drawn of each."""
_BARS = "▁▂▃▄▅▆▇█"
_PLAIN = "_.-=+*#@"


class History:
    """The last samples of whatever was measured."""

    def __init__(self) -> None:
        self._cpu: dict[tuple[str, ...], deque[int]] = {}
        self._memory: dict[tuple[str, ...], deque[int]] = {}

    def add(self, uses: Iterable[Use]) -> None:
        """Take a sample; what is no longer measured is forgotten."""
        now = {tuple(use.names): use for use in uses if use.cpu >= 0}
        for kept, part in ((self._cpu, "cpu"), (self._memory, "memory")):
            for gone in kept.keys() - now.keys():
                del kept[gone]
            for names, use in now.items():
                kept.setdefault(names, deque(maxlen=POINTS)).append(getattr(use, part))

    def rows(self, uses: Sequence[Use], *, shares: bool, pretty: bool) -> list[list[str]]:
        """The rows of ``uses``, each figure with its line.

        A line fills up to what a node has, or to the most that any pod used.
        """
        most_cpu = max((max(points) for points in self._cpu.values()), default=0)
        most_memory = max((max(points) for points in self._memory.values()), default=0)
        found = []
        for use in uses:
            cells, names = figures.row(use, shares=shares), tuple(use.names)
            cpu, memory = use.of if use.of else (most_cpu, most_memory)
            cpu_line = line(self._cpu.get(names, ()), cpu, pretty=pretty)
            memory_line = line(self._memory.get(names, ()), memory, pretty=pretty)
            middle = len(names) + (2 if shares else 1)
            found.append([*cells[:middle], cpu_line, *cells[middle:], memory_line])
        return found


def headings(known: Sequence[str]) -> list[str]:
    """kubectl's headings with those of the lines between them."""
    middle = known.index("MEMORY(bytes)")
    return [*known[:middle], "CPU", *known[middle:], "MEMORY"]


def line(points: Sequence[int], most: int, *, pretty: bool) -> str:
    """The points as bars from nothing to ``most``, the newest at the right."""
    bars = _BARS if pretty else _PLAIN
    drawn = (bars[min(len(bars) - 1, max(0, point * len(bars) // most))] for point in points)
    return "".join(drawn if most > 0 else bars[0] * len(points)).rjust(POINTS)

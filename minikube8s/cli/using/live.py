"""Owns `mk8s top -w`: measures again and again, and draws it in place on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from minikube8s.cli.connection.client import Client
from minikube8s.cli.output import styles, tables
from minikube8s.cli.output.progress import watched
from minikube8s.cli.using import figures, plotting
from minikube8s.cli.using.asking import Nodes, Pods


def follow(
    client: Client, asked: Pods | Nodes, by: str, heads: Sequence[str], seconds: float
) -> None:
    """Measure every ``seconds`` until interrupted. Raises CommandError, NothingFound."""
    history = plotting.History()
    shares = isinstance(asked, Nodes)
    pretty = "utf" in (sys.stdout.encoding or "").lower()
    lines: list[str] = []
    with watched() as progress:
        live = progress.live and sys.stdout.isatty()
        try:
            while True:
                begun = time.monotonic()
                uses = figures.ordered(asked.uses(client), by)
                history.add(uses)
                rows = history.rows(uses, shares=shares, pretty=pretty)
                lines = _lines([plotting.headings(heads), *rows])
                if live:
                    progress.show(lines)
                else:
                    sys.stdout.write("\n".join([*lines, "", ""]))
                    sys.stdout.flush()
                time.sleep(max(0.0, seconds - (time.monotonic() - begun)))
        finally:
            progress.clear()
            if live and lines:
                sys.stdout.write("\n".join([*lines, ""]))
                sys.stdout.flush()


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    width = styles.width()
    fitted = tables.fitted(rows, width - 1, range(len(rows[0]) - 1)) if width else rows
    return tables.Layout().lines(fitted)

"""The form of an explanation: a headline, then sections of sentences. Knows no Kubernetes."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from minikube8s.cli.output.escapes import harmless


class Finding(NamedTuple):
    """Something that keeps an object from being what it should be, and what would change that."""

    what: str
    changes: tuple[str, ...] = ()


@dataclass(slots=True)
class Story:
    """An explanation in the making. Sections without sentences are not shown."""

    headline: str
    sections: list[tuple[str, list[str]]] = field(default_factory=list)

    def tell(self, title: str, sentences: Iterable[str]) -> None:
        """Add a section; of equal sentences the first is kept."""
        lines = list(dict.fromkeys(sentence for sentence in sentences if sentence))
        if lines:
            self.sections.append((title, lines))

    def tell_troubles(self, title: str, findings: Sequence[Finding]) -> None:
        """Add what is wrong, and then what would change it."""
        self.tell(title, (one.what for one in findings))
        changes = (change for one in findings for change in one.changes)
        self.tell("What would have to change", changes)

    def text(self, width: int | None = None) -> str:
        """Return the explanation, wrapped to `width` columns if there are any."""
        parts = [_wrapped(self.headline, "", width)]
        for title, lines in self.sections:
            parts.append("\n".join([title, *(_wrapped(line, "  ", width) for line in lines)]))
        return "\n\n".join(parts)


def finding(what: str, *changes: str) -> Finding:
    """Return a finding; changes that are "" are left out."""
    return Finding(what, tuple(change for change in changes if change))


def grouped(findings: Sequence[tuple[str, Finding]], total: int) -> list[Finding]:
    """Join what several pods have in common: `(name, finding)` of some of `total` pods.

    The most frequent trouble comes first.
    """
    counts = Counter(finding for _, finding in findings)
    examples = {finding: name for name, finding in reversed(findings)}
    ordered = sorted(counts.items(), key=lambda one: -one[1])
    return [
        Finding(f"{_share(count, total)} ({examples[finding]}): {finding.what}", finding.changes)
        for finding, count in ordered
    ]


def _share(count: int, total: int) -> str:
    return "Its pod" if total == 1 else f"{count} of its {total} pods"


def _wrapped(text: str, indent: str, width: int | None) -> str:
    text = harmless(text)
    if width is None:
        return indent + text
    return textwrap.fill(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=f"{indent}  " if indent else "",
        break_long_words=False,
        break_on_hyphens=False,
    )

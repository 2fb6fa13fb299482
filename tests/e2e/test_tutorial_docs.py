"""The tutorial's pages show what a cluster shows: run again, they come out the same.

`script/tutorial` writes them anew: read the difference.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from minikube8s.cli.tutoring.course import LANGUAGES, load
from tests.support.cluster import Cluster
from tests.support.tutorialdocs.recording import record
from tests.support.tutorialdocs.writing import page

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"en": DOCS / "tutorial.md", "ko": DOCS / "tutorial.ko.md"}


def test_the_pages_are_what_the_steps_show(
    cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    course = load()
    shown = list(record(course, cluster, tmp_path))
    for language in LANGUAGES:
        made = page(course, shown, language)
        if request.config.getoption("--record"):
            PAGES[language].write_text(made)
        written = PAGES[language].read_text()
        difference = difflib.unified_diff(
            written.splitlines(), made.splitlines(), PAGES[language].name, "shown now", lineterm=""
        )
        assert made == written, "\n".join(difference)

"""The tutorial, typed with mk8s."""

from __future__ import annotations

from tests.support.tutorial import Tutorial


class TestTutorialWithMk8s(Tutorial):
    client = "mk8s"

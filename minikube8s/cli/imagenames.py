"""Owns what may be the name of a container image. Pure."""

from __future__ import annotations

import re

from minikube8s.cli.errors import CommandError

_HOST = r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d+)?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::\w[\w.-]{{0,127}})?(?:@[A-Za-z][\w+.-]*:[0-9a-fA-F]{{32,}})?",
    re.ASCII,
)


def check(image: str, of: str = "") -> None:
    """Raise CommandError where ``image`` (``of`` says what has it) cannot be an image's name."""
    if not _NAME.fullmatch(image):
        raise CommandError(f'Invalid image name "{image}"{of}: invalid reference format')

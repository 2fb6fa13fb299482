"""Names of images, in the grammar that Docker and Kubernetes share. Pure."""

from __future__ import annotations

import re

from mk8s_agent.runtime.errors import InvalidReference

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?P<name>(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)


def normalize(reference: str) -> tuple[str, str]:
    """Split into (name, tag or digest); without either the tag is `latest`. Raises
    InvalidReference.

    The name keeps the user's spelling; which registry a short name means is the engine's to say.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise InvalidReference(
            f'couldn\'t parse image name "{reference}": invalid reference format'
        )
    return match["name"], match["digest"] or match["tag"] or "latest"


def full_name(reference: str) -> str:
    """The name under which the engine lists the image. Raises InvalidReference."""
    name, tag = normalize(reference)
    for home in (
        "docker.io/library/",
        "index.docker.io/library/",
        "docker.io/",
        "index.docker.io/",
    ):
        name = name.removeprefix(home)
    return f"{name}@{tag}" if ":" in tag else f"{name}:{tag}"

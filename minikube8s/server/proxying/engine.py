"""What a node's container engine is asked through nodes/proxy: about images, nothing else. Pure.

Form: the paths of Docker's API, https://docs.docker.com/reference/api/engine.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from minikube8s.server.proxying.names import Place

PAGE = "engine"
_ALLOWED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/info"), "GET"),
    (re.compile(r"/images/json"), "GET"),
    (re.compile(r"/images/load"), "POST"),
    (re.compile(r"/images/[^?#]+/json"), "GET"),
)


def place(asked: Place) -> Place:
    """The place below the engine that is meant by one below the node."""
    return Place(f"{asked.prefix}/{PAGE}", asked.path.removeprefix(f"/{PAGE}"), asked.query)


def allowed(path: str) -> str:
    """The method by which the engine may be asked for this path; empty for none."""
    if ".." in unquote(path).split("/"):
        return ""
    return next((method for form, method in _ALLOWED if form.fullmatch(path)), "")


def unknown(path: str) -> str:
    """The sentence about a path that is not handed on."""
    return (
        f'the node\'s engine is not asked for "{path or "/"}" here; it is for /info, /images/json, '
        "/images/NAME/json and /images/load"
    )

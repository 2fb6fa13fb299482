"""What an editor is given, and what its text says. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from minikube8s.cli import manifests
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing

_HEADER = """\
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
"""


class Complaint(NamedTuple):
    """What is wrong with one object: its name, `deployments.apps "web"`, and why."""

    what: str
    reasons: tuple[str, ...]


def rendered(objects: Sequence[dict[str, Any]], form: str) -> str:
    """The objects as text: one alone, several as a List."""
    whole = objects[0]
    if len(objects) > 1:
        whole = {"apiVersion": "v1", "items": list(objects), "kind": "List", "metadata": {}}
    return printing.structured(form, whole) + "\n"


def shown(text: str, form: str, complaints: Sequence[Complaint]) -> str:
    """``text`` below what its reader has to know; JSON has no comments, and so nothing above it."""
    if form == "json":
        return text
    lines = []
    for complaint in complaints:
        lines.append(f"# {complaint.what} was not valid:")
        lines += [
            f"# * {line}" for reason in complaint.reasons for line in reason.splitlines() if line
        ]
        lines.append("#")
    return _HEADER + "".join(f"{line}\n" for line in lines) + text


def without_comments(text: str) -> str:
    """What was written: no comment lines, ends of lines as on this system."""
    return re.sub(r"(?m)^#.*\n?", "", text.replace("\r\n", "\n"))


def objects_of(text: str) -> list[dict[str, Any]]:
    """The objects in an edited text. Raises CommandError with the line."""
    found = manifests.parse("the edited file", text)
    if not found:
        raise CommandError("the edited file holds no object")
    return found


def invalid(what: str, status: dict[str, Any]) -> Complaint:
    """What a server finds wrong with an object: one line a field."""
    causes = (status.get("details") or {}).get("causes") or ()
    reasons = tuple(f"{cause.get('field')}: {cause.get('message')}" for cause in causes)
    return Complaint(what, reasons or (str(status.get("message")),))

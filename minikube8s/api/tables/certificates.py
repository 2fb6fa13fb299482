"""The table of requests for certificates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from minikube8s.api import times
from minikube8s.api.tables.model import AGE, NAME, NONE, Column, Obj, Table, age, name_of, section


def _request(obj: Obj, now: datetime) -> list[Any]:
    spec = section(obj, "spec")
    seconds = spec.get("expirationSeconds")
    return [
        name_of(obj),
        age(obj, now),
        spec.get("signerName") or NONE,
        spec.get("username", ""),
        NONE if seconds is None else times.human_duration(timedelta(seconds=seconds)),
        _condition(section(obj, "status")),
    ]


def _condition(status: Obj) -> str:
    given = {condition.get("type") for condition in status.get("conditions") or ()}
    words = ["Denied" if "Denied" in given else "Approved" if "Approved" in given else "Pending"]
    if "Failed" in given:
        words.append("Failed")
    if status.get("certificate"):
        words.append("Issued")
    return ",".join(words)


SIGNING_REQUEST = Table(
    (
        NAME,
        AGE,
        Column("SignerName", "Who is asked to sign."),
        Column("Requestor", "Who asked."),
        Column("RequestedDuration", "How long the certificate should be valid."),
        Column("Condition", "Whether it is approved and issued."),
    ),
    _request,
)

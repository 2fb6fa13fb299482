"""Owns what is made of when a home's certificates end, and what to do then. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from minikube8s.cluster.checkup.findings import Finding, Mark
from minikube8s.kit.validity import Validity

Found = Mapping[str, Validity | None]
"""How long each certificate is valid, by its file's name; None: the file is no certificate."""

_AUTHORITY, _NODE = "ca.crt", "agent.crt"
_RENEWED_BY = 0.9
"""The share of its time after which a node's certificate has been renewed, where all is well."""
_AUTHORITY_SOON, _SOON = timedelta(days=180), timedelta(days=30)
_ANEW = "remove the cluster with `mk8s down --purge` and create it again"
_RESTART = "`mk8s down`, then `mk8s up` makes another one"
_JOIN = "join again, with what `mk8s token create --print-join-command` prints on the master"


class Problem(NamedTuple):
    """What is wrong, and what to do about it: the two halves of a sentence."""

    mark: Mark
    what: str
    remedy: str

    @property
    def sentence(self) -> str:
        """Both."""
        return f"{self.what}: {self.remedy}."


def problems(found: Found, now: datetime, *, joined: bool) -> list[Problem]:
    """What is wrong with a home's certificates; `joined`: it is a machine's without a master."""
    return list(_of_member(found, now) if joined else _of_cluster(found, now))


def findings(found: Found, now: datetime, *, joined: bool) -> Iterator[Finding]:
    """The same for `mk8s doctor`; nothing where there are no certificates yet."""
    wrong = problems(found, now, joined=joined)
    for one in wrong:
        yield Finding(one.mark, one.sentence)
    if wrong or not found:
        return
    own = found.get(_NODE) if joined else None
    if own is not None:
        text = f"this machine's certificate lasts until {own.ends:%Y-%m-%d}, and is renewed before"
    else:
        until = min(one.ends for one in found.values() if one)
        text = f"the cluster's certificates last until {until:%Y-%m-%d}"
    yield Finding(Mark.FINE, text)


def ended(ends: datetime) -> Problem:
    """That a joined machine's certificate is over."""
    return Problem(
        Mark.FAULT,
        f"This machine's certificate ended on {ends:%Y-%m-%d}, before its agent could renew it",
        _JOIN,
    )


def _of_member(found: Found, now: datetime) -> Iterator[Problem]:
    known, authority = found.get(_NODE), found.get(_AUTHORITY)
    if known is None:
        yield Problem(Mark.FAULT, f"This machine has no certificate ({_NODE} is of no use)", _JOIN)
    elif known.ends <= now:
        yield ended(known.ends)
    elif authority and known.ends >= authority.ends:
        yield from _of_authority(authority, now, "it has to be made again on the master")
    elif now - known.begins > (known.ends - known.begins) * _RENEWED_BY:
        yield Problem(
            Mark.DOUBT,
            f"This machine's certificate ends on {known.ends:%Y-%m-%d} and should be another one "
            "by now",
            "see that the agent runs and reaches the master; `mk8s component-logs agent` says what "
            "is wrong",
        )


def _of_cluster(found: Found, now: datetime) -> Iterator[Problem]:
    authority = found.get(_AUTHORITY)
    if authority is None:
        if found:
            yield Problem(Mark.FAULT, f"The cluster's authority ({_AUTHORITY}) is of no use", _ANEW)
        return
    yield from _of_authority(authority, now, _ANEW)
    if authority.ends <= now:
        return
    for name, known in found.items():
        if known is None:
            yield Problem(Mark.DOUBT, f"{name} is no certificate", _RESTART)
        elif known.ends <= now:
            yield Problem(Mark.FAULT, f"{name} ended on {known.ends:%Y-%m-%d}", _RESTART)
        elif known.ends <= now + _SOON and known.ends < authority.ends:
            yield Problem(Mark.DOUBT, f"{name} ends on {known.ends:%Y-%m-%d}", _RESTART)


def _of_authority(authority: Validity, now: datetime, remedy: str) -> Iterator[Problem]:
    """That it ends, which nothing it signed outlasts."""
    when = f"{authority.ends:%Y-%m-%d}"
    if authority.ends <= now:
        yield Problem(
            Mark.FAULT, f"The cluster's authority ended on {when}, and all with it", remedy
        )
    elif authority.ends <= now + _AUTHORITY_SOON:
        what = f"The cluster's authority ends on {when}, and all with it"
        yield Problem(Mark.DOUBT, what, f"{remedy} before then")

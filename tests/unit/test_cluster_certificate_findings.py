"""What is said of certificates, by when they end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from minikube8s.cluster.checkup import certificatefindings
from minikube8s.cluster.checkup.certificatefindings import Found
from minikube8s.cluster.checkup.findings import Mark
from minikube8s.kit.validity import Validity

NOW = datetime(2026, 6, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def lasts(begun: float, left: float) -> Validity:
    """Of one that was made so many days ago and lasts so many more."""
    return Validity(NOW - begun * _DAY, NOW + left * _DAY)


TEN_YEARS = lasts(10, 3640)
OLD = lasts(3550, 100)


MEMBER: dict[str, tuple[Validity | None, Mark, str]] = {
    "new": (lasts(1, 364), Mark.FINE, "lasts until 2027-05-31, and is renewed before"),
    "due": (lasts(320, 45), Mark.FINE, "lasts until 2026-07-16"),
    "overdue": (lasts(330, 35), Mark.DOUBT, "ends on 2026-07-06 and should be another .* agent"),
    "ended": (lasts(366, -1), Mark.FAULT, "ended on 2026-05-31, .*token create --print-join-com"),
    "ends now": (lasts(365, 0), Mark.FAULT, "ended on 2026-06-01"),
    "damaged": (None, Mark.FAULT, "has no certificate.*: join again"),
}


@pytest.mark.parametrize(("known", "mark", "said"), MEMBER.values(), ids=MEMBER)
def test_a_joined_machine_is_told_of_its_own_certificate(
    known: Validity | None, mark: Mark, said: str
) -> None:
    found = {"agent.crt": known, "ca.crt": TEN_YEARS}
    (told,) = certificatefindings.findings(found, NOW, joined=True)
    assert told.mark is mark
    assert re.search(said, told.text)


def test_a_joined_machine_whose_certificate_ends_with_the_authority_is_told_of_that() -> None:
    """No other would last longer."""
    found = {"agent.crt": lasts(340, 10), "ca.crt": lasts(3640, 10)}
    (told,) = certificatefindings.findings(found, NOW, joined=True)
    assert told.mark is Mark.DOUBT
    assert "authority ends on 2026-06-11, and all with it: it has to be made again" in told.text


CLUSTER: dict[str, tuple[Found, list[tuple[Mark, str]]]] = {
    "none yet": ({}, []),
    "all new": (
        {"ca.crt": TEN_YEARS, "admin.crt": TEN_YEARS},
        [(Mark.FINE, "certificates last until 2036-05-19")],
    ),
    "one ends": (
        {"ca.crt": TEN_YEARS, "admin.crt": lasts(1, 20)},
        [(Mark.DOUBT, "admin.crt ends on 2026-06-21: `mk8s down`, then `mk8s up` makes an")],
    ),
    "one has ended": (
        {"ca.crt": TEN_YEARS, "admin.crt": lasts(9, -2), "agent.crt": TEN_YEARS},
        [(Mark.FAULT, "admin.crt ended on 2026-05-30: `mk8s down`, then")],
    ),
    "one is damaged": (
        {"ca.crt": TEN_YEARS, "admin.crt": None},
        [(Mark.DOUBT, "admin.crt is no certificate")],
    ),
    "all end with the authority": (
        {"ca.crt": OLD, "admin.crt": OLD},
        [(Mark.DOUBT, "authority ends on 2026-09-09, .*`mk8s down --purge` and .* before then")],
    ),
    "the authority has ended": (
        {"ca.crt": lasts(9, -1), "admin.crt": lasts(9, -1)},
        [(Mark.FAULT, "authority ended on 2026-05-31, and all with it: remove the cluster")],
    ),
    "the authority is damaged": (
        {"ca.crt": None, "admin.crt": TEN_YEARS},
        [(Mark.FAULT, "ca.crt. is of no use: remove the cluster with `mk8s down --purge`")],
    ),
}


@pytest.mark.parametrize(("found", "said"), CLUSTER.values(), ids=CLUSTER)
def test_a_master_is_told_of_all_that_its_authority_signed(
    found: Found, said: list[tuple[Mark, str]]
) -> None:
    told = list(certificatefindings.findings(found, NOW, joined=False))
    assert [one.mark for one in told] == [mark for mark, _ in said]
    assert all(re.search(text, one.text) for one, (_, text) in zip(told, said, strict=True))

"""Secrets that hold the token of an account: what is filled in, and when they are removed."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from minikube8s.controllers.tokens import (
    ACCOUNT_NAME,
    ACCOUNT_UID,
    TYPE,
    Snapshot,
    TokenController,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ACCOUNT = {"metadata": {"name": "robot", "namespace": "n", "uid": "u1"}}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FULL = {"namespace": encoded("n"), "ca.crt": encoded("CA"), "token": encoded("robot in s")}


def secret(data: dict[str, str] | None = None, uid: str = "") -> dict[str, Any]:
    annotations = {ACCOUNT_NAME: "robot"} | ({ACCOUNT_UID: uid} if uid else {})
    metadata = {"name": "s", "namespace": "n", "uid": "x", "resourceVersion": "1"}
    return {"metadata": metadata | {"annotations": annotations}, "type": TYPE, "data": data or {}}


def controller() -> TokenController:
    return TokenController(lambda account, name: f"{account['metadata']['name']} in {name}", "CA")


@pytest.mark.parametrize(
    ("held", "lacking"),
    [
        ({}, FULL),
        ({"token": encoded("kept")}, {key: FULL[key] for key in ("namespace", "ca.crt")}),
        (FULL | {"ca.crt": encoded("old")}, {"ca.crt": FULL["ca.crt"]}),
        (FULL | {"more": "eA=="}, {}),
    ],
)
def test_what_is_missing_is_filled_in(held: dict[str, str], lacking: dict[str, str]) -> None:
    plan = controller().plan(Snapshot(secret(held), ACCOUNT), NOW)
    [patch] = plan.patches
    assert patch.patch["data"] == lacking
    assert patch.patch["metadata"] == {"annotations": {ACCOUNT_UID: "u1"}}


def test_a_complete_secret_is_left_alone() -> None:
    plan = controller().plan(Snapshot(secret(FULL, "u1"), ACCOUNT), NOW)
    assert (plan.patches, plan.deletes) == ((), ())


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_a_secret_whose_account_is_gone_or_another_is_removed(account: Any) -> None:
    plan = controller().plan(Snapshot(secret(FULL, "an earlier uid"), account), NOW)
    assert [one.target.name for one in plan.deletes] == ["s"]
    assert plan.patches == ()

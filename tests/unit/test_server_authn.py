"""Who is asking: certificates and the places where a token can be."""

import base64

import pytest

from minikube8s.server.authn import NOBODY, User, bearer_token, identify


def certificate(*pairs: tuple[str, str]) -> dict[str, object]:
    return {"subject": tuple((pair,) for pair in pairs)}


def test_the_common_name_is_the_user_and_organizations_are_groups() -> None:
    given = certificate(
        ("organizationName", "devs"), ("organizationName", "ops"), ("commonName", "jane")
    )
    assert identify(given) == User("jane", ("devs", "ops", "system:authenticated"))


@pytest.mark.parametrize(
    "given", [None, {}, {"subject": ()}, certificate(("organizationName", "system:masters"))]
)
def test_without_a_common_name_there_is_nobody(given: dict[str, object] | None) -> None:
    assert identify(given) == NOBODY


@pytest.mark.parametrize("value", ["Bearer a.b.c", "bearer a.b.c", " BEARER   a.b.c "])
def test_a_bearer_token_is_found_whatever_the_case_of_its_scheme(value: str) -> None:
    assert bearer_token({"Authorization": value}) == "a.b.c"


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c"])
def test_other_authorizations_are_no_token(value: str) -> None:
    assert bearer_token({"Authorization": value}) is None


def test_a_websocket_carries_its_token_among_its_protocols() -> None:
    token = base64.urlsafe_b64encode(b"a.b.cd").decode().rstrip("=")
    protocols = f"v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.{token}"
    assert bearer_token({"Sec-WebSocket-Protocol": protocols}) == "a.b.cd"


def test_a_broken_token_among_the_protocols_is_a_token_of_nobody() -> None:
    protocols = "base64url.bearer.authorization.k8s.io.!"
    assert bearer_token({"Sec-WebSocket-Protocol": protocols}) == ""


def test_user_info_tells_only_what_is_known() -> None:
    assert User("jane").info() == {"username": "jane"}
    full = User("jane", ("devs",), "u1", (("scopes", ("a", "b")),))
    assert full.info() == {
        "username": "jane",
        "uid": "u1",
        "groups": ["devs"],
        "extra": {"scopes": ["a", "b"]},
    }

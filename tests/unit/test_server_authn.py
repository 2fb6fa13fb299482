import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS
from minikube8s.server.authn import NOBODY, User, identify
from minikube8s.server.authz import Attributes, check

ADMIN = User("admin", ("system:masters",))


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


def test_masters_may_do_everything() -> None:
    check(Attributes(ADMIN, "delete", "/api/v1/pods", PODS))
    check(Attributes(ADMIN, "get", "/openapi/v2"))


@pytest.mark.parametrize("path", ["/healthz", "/livez/ping", "/readyz", "/version", "/version/"])
def test_everybody_may_ask_how_the_server_is(path: str) -> None:
    check(Attributes(NOBODY, "get", path))


@pytest.mark.parametrize(
    ("verb", "path"), [("post", "/healthz"), ("get", "/healthzz"), ("get", "/"), ("get", "/api")]
)
def test_nobody_may_do_anything_else(verb: str, path: str) -> None:
    with pytest.raises(ApiError) as caught:
        check(Attributes(NOBODY, verb, path))
    assert caught.value.code == 401


def test_a_group_with_a_similar_name_is_no_master() -> None:
    with pytest.raises(ApiError) as caught:
        check(Attributes(User("eve", ("system:master",)), "list", "/api/v1/pods", PODS))
    assert caught.value.code == 403


def test_a_subresource_is_named_in_the_refusal() -> None:
    with pytest.raises(ApiError) as caught:
        check(Attributes(User("eve"), "get", "", PODS, "log", "default", "p"))
    assert caught.value.message == (
        'pods "p" is forbidden: User "eve" cannot get resource "pods/log" in API group "" '
        'in the namespace "default"'
    )

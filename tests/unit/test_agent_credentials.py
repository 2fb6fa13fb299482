"""Which logins of a pod's pull secrets are used for an image."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from mk8s_agent.pods.credentials import logins, usable

from minikube8s.api import views
from tests.support.agentnode import Node, container, on_a_node, pod_json

HUB = "https://index.docker.io/v1/"


def secret(auths: dict[str, Any], key: str = ".dockerconfigjson") -> views.Secret:
    """A pull secret; every registry gives the user of its own name."""
    entries = {
        server: {"username": user, "password": "p"} if isinstance(user, str) else user
        for server, user in auths.items()
    }
    whole = {"auths": entries} if key == ".dockerconfigjson" else entries
    return views.Secret(data={key: base64.b64encode(json.dumps(whole).encode()).decode()})


def users(image: str, **auths: Any) -> list[str]:
    return [one.username for one in logins([secret(auths["auths"])], image)]


@pytest.mark.parametrize(
    ("auths", "image", "expected"),
    [
        ({"r.example": "a"}, "r.example/app:1", ["a"]),
        ({"r.example": "a"}, "r.example:5000/app:1", []),
        ({"r.example:5000": "a"}, "r.example:5000/app:1", ["a"]),
        ({"https://r.example/v2/": "a"}, "r.example/app", ["a"]),
        ({"http://r.example": "a"}, "r.example/app", ["a"]),
        ({"r.example": "a"}, "other.example/app", []),
        ({"r.example": "a", "r.example/team": "b"}, "r.example/team/app", ["b", "a"]),
        ({"r.example": "a", "r.example/team": "b"}, "r.example/else/app", ["a"]),
        ({"*.example": "a"}, "r.example/app", ["a"]),
        ({"*.example": "a"}, "x.r.example/app", []),
        ({HUB: "a"}, "nginx", ["a"]),
        ({HUB: "a"}, "me/app:1", ["a"]),
        ({HUB: "a"}, "docker.io/me/app:1", ["a"]),
        ({HUB: "a"}, "r.example/app", []),
        ({"docker.io": "a"}, "nginx", ["a"]),
        ({"localhost": "a"}, "localhost/app", ["a"]),
    ],
)
def test_logins_for_an_image(auths: dict[str, str], image: str, expected: list[str]) -> None:
    assert users(image, auths=auths) == expected


def test_a_login_may_be_written_as_one_text_and_in_the_old_form() -> None:
    auth = base64.b64encode(b"me:se:cret").decode()
    found = logins([secret({"r.example": {"auth": auth}}, ".dockercfg")], "r.example/app")
    assert [(one.server, one.username, one.password) for one in found] == [
        ("r.example", "me", "se:cret")
    ]


def test_of_several_secrets_the_most_exact_login_comes_first_and_each_once() -> None:
    first, second = secret({"r.example": "a"}), secret({"r.example/team": "b", "r.example": "a"})
    found = logins([first, second], "r.example/team/app")
    assert [one.username for one in found] == ["b", "a"]


@pytest.mark.parametrize(
    "data",
    [{}, {"password": "eA=="}, {".dockerconfigjson": "eA=="}, {".dockercfg": "not base64!"}],
)
def test_a_secret_that_holds_no_logins_is_not_usable(data: dict[str, str]) -> None:
    assert not usable(views.Secret(data=data))
    assert usable(secret({"r.example": "a"}))


PRIVATE = "r.example/team/app:1"


def with_secrets(*names: str) -> dict[str, Any]:
    """A pod of an image that is not for everyone."""
    references = [{"name": name} for name in names]
    return pod_json(container(image=PRIVATE), imagePullSecrets=references)


def put_secret(node: Node, name: str, auths: dict[str, Any]) -> None:
    metadata = {"namespace": "default", "name": name}
    node.put("secrets", {"metadata": metadata, "data": secret(auths).data})


def keep_private(node: Node) -> None:
    node.sync()
    node.runtime.registry[PRIVATE] = node.runtime.images["app:1"]
    node.runtime.passwords[PRIVATE] = "p"


@on_a_node
async def test_logins_are_tried_until_one_may_pull(node: Node) -> None:
    keep_private(node)
    put_secret(node, "wrong", {"r.example/team": {"username": "me", "password": "no"}})
    put_secret(node, "right", {"r.example": "me"})
    node.put("pods", with_secrets("wrong", "right"))
    await node.running()
    assert node.runtime.calls.count(f"pull {PRIVATE}") == 2
    assert "FailedToRetrieveImagePullSecret" not in node.reports.reasons()


@on_a_node
async def test_secrets_that_are_missing_or_hold_no_login_are_named(node: Node) -> None:
    keep_private(node)
    node.put("secrets", {"metadata": {"namespace": "default", "name": "other"}, "data": {"a": ""}})
    node.put("pods", with_secrets("gone", "other"))
    waiting = await node.waits("ErrImagePull")
    assert waiting["message"] == "no basic auth credentials"
    assert node.reports.message("FailedToRetrieveImagePullSecret") == (
        "Unable to retrieve some image pull secrets (gone, other); attempting to pull the image "
        "may not succeed."
    )
    put_secret(node, "gone", {"r.example": "me"})
    await node.running()


@on_a_node
async def test_the_refusals_of_all_logins_are_told(node: Node) -> None:
    keep_private(node)
    node.runtime.passwords[PRIVATE] = "other"
    put_secret(node, "wrong", {"r.example": "me", "r.example/team": "me"})
    node.put("pods", with_secrets("wrong"))
    waiting = await node.waits("ErrImagePull")
    assert waiting["message"] == "unauthorized"

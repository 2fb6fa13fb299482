"""Objects may be nested two hundred levels deep, whichever way they come, and no deeper."""

from collections.abc import Callable

import pytest

from minikube8s.server.documents import DEEPEST
from tests.api.apiserver import ApiServer, Reply

JSON_PATCH = "application/json-patch+json"


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def revision(name: str, data: str) -> bytes:
    """A kind with data of any form."""
    head = f'"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{{"name":"{name}"}}'
    return f'{{{head},"revision":1,"data":{data}}}'.encode()


def ways(api: ApiServer, base: str) -> dict[str, Callable[[str], Reply]]:
    """How an object can get deep data."""

    def patch(path: str, kind: str, body: bytes) -> Reply:
        return api.request("PATCH", f"{base}/{path}", body, content_type=f"application/{kind}")

    return {
        "create": lambda data: api.post(base, revision("created", data)),
        "yaml": lambda data: api.post(
            base, revision("read", data), content_type="application/yaml"
        ),
        "apply": lambda data: patch(
            "applied?fieldManager=me", "apply-patch+yaml", revision("applied", data)
        ),
        "merge": lambda data: patch("old", "merge-patch+json", f'{{"data":{data}}}'.encode()),
        "strategic": lambda data: patch(
            "old", "strategic-merge-patch+json", f'{{"data":{data}}}'.encode()
        ),
        "json": lambda data: patch(
            "old", "json-patch+json", f'[{{"op":"add","path":"/data","value":{data}}}]'.encode()
        ),
    }


@pytest.mark.parametrize("way", ["create", "yaml", "apply", "merge", "strategic", "json"])
@pytest.mark.parametrize("levels", [DEEPEST + 1, 480, 700, 900, 5_000, 100_000])
def test_what_is_nested_too_deeply_is_refused(
    api: ApiServer, namespace: str, way: str, levels: int
) -> None:
    base = f"/apis/apps/v1/namespaces/{namespace}/controllerrevisions"
    api.post(base, revision("old", "{}"))
    refused = ways(api, base)[way](deep(levels))
    assert (refused.code, refused.json["reason"]) == (400, "BadRequest")
    assert f"max depth of {DEEPEST}" in refused.json["message"]


@pytest.mark.parametrize("way", ["create", "yaml", "apply"])
def test_what_is_nested_as_deeply_as_allowed_is_stored_and_read(
    api: ApiServer, namespace: str, way: str
) -> None:
    base = f"/apis/apps/v1/namespaces/{namespace}/controllerrevisions"
    stored = ways(api, base)[way](deep(DEEPEST - 2))
    assert stored.code == 201, stored.data
    name = stored.json["metadata"]["name"]
    for accept in ("application/json", "application/yaml"):
        assert api.get(f"{base}/{name}", accept=accept).code == 200


def test_patches_cannot_add_up_to_what_is_too_deep(api: ApiServer, namespace: str) -> None:
    base = f"/apis/apps/v1/namespaces/{namespace}/controllerrevisions"
    api.create(base, {"metadata": {"name": "old"}, "revision": 1, "data": {"y": 1}})
    first, second = (
        f'{{"op":"add","path":"/data/x{path}","value":{deep(150)}}}' for path in ("", "/a" * 149)
    )
    add = f"[{first},{second}]"
    refused = api.request("PATCH", f"{base}/old", add.encode(), content_type=JSON_PATCH)
    assert refused.code == 400
    assert "200 levels deep" in refused.json["message"]

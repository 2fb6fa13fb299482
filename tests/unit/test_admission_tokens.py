"""Which pods have their account's token mounted, and where."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS, SERVICEACCOUNTS
from minikube8s.registry import Registry, WriteOptions
from minikube8s.registry.admission.accounts import TOKEN_PATH
from tests.support.registries import a_registry, pod

Json = dict[str, Any]
MIRROR = "kubernetes.io/config.mirror"
OWN_MOUNT = {"name": "own", "mountPath": TOKEN_PATH}


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with a_registry() as made:
        for name, wish in (("robot", {}), ("quiet", {"automountServiceAccountToken": False})):
            await made.create(SERVICEACCOUNTS, "default", {"metadata": {"name": name}, **wish})
        yield made


async def admitted(registry: Registry, annotations: Json | None = None, **spec: Any) -> Json:
    """The spec of a new pod as it is stored."""
    obj = pod()
    obj["metadata"]["annotations"] = annotations or {}
    obj["spec"].update(spec)
    entry = await registry.create(PODS, "default", obj, WriteOptions(dry_run=True))
    stored: Json = entry.object["spec"]
    return stored


def container(name: str = "c", *mounts: Json) -> Json:
    return {"name": name, "image": "nginx", "volumeMounts": list(mounts)}


async def test_every_container_has_the_token_where_clients_look_for_it(registry: Registry) -> None:
    spec = await admitted(
        registry, containers=[container()], initContainers=[container("i")], volumes=[]
    )
    (volume,) = spec["volumes"]
    name = volume.pop("name")
    assert name.startswith("kube-api-access-") and len(name) == len("kube-api-access-") + 5
    assert volume == {
        "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {
                    "configMap": {
                        "name": "kube-root-ca.crt",
                        "items": [{"key": "ca.crt", "path": "ca.crt"}],
                    }
                },
                {
                    "downwardAPI": {
                        "items": [
                            {
                                "path": "namespace",
                                "fieldRef": {
                                    "apiVersion": "v1",
                                    "fieldPath": "metadata.namespace",
                                },
                            }
                        ]
                    }
                },
            ],
        }
    }
    mount = {"name": name, "readOnly": True, "mountPath": TOKEN_PATH}
    for one in (*spec["containers"], *spec["initContainers"]):
        assert one["volumeMounts"] == [mount]


@pytest.mark.parametrize(
    ("account", "said", "mounted"),
    [
        ("robot", None, True),
        ("robot", False, False),
        ("quiet", None, False),
        ("quiet", True, True),
    ],
)
async def test_what_the_pod_says_counts_then_what_its_account_says(
    registry: Registry, account: str, said: bool | None, mounted: bool
) -> None:
    wish = {} if said is None else {"automountServiceAccountToken": said}
    spec = await admitted(registry, serviceAccountName=account, **wish)
    assert bool(spec.get("volumes")) is mounted


async def test_a_mount_of_the_pods_own_at_that_place_stays(registry: Registry) -> None:
    volumes = [{"name": "own", "emptyDir": {}}]
    spec = await admitted(registry, containers=[container("c", OWN_MOUNT)], volumes=volumes)
    assert [one["name"] for one in spec["volumes"]] == ["own"]
    assert [one["name"] for one in spec["containers"][0]["volumeMounts"]] == ["own"]


async def test_a_volume_that_a_copied_pod_brings_is_used(registry: Registry) -> None:
    volumes = [{"name": "kube-api-access-abcde", "emptyDir": {}}]
    spec = await admitted(registry, volumes=volumes)
    assert [one["name"] for one in spec["volumes"]] == ["kube-api-access-abcde"]
    assert spec["containers"][0]["volumeMounts"][0]["name"] == "kube-api-access-abcde"


async def test_a_mirror_pod_gets_nothing(registry: Registry) -> None:
    spec = await admitted(registry, {MIRROR: "hash"})
    assert "volumes" not in spec and "serviceAccountName" not in spec


TOKEN = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}
SECRET = {"name": "s", "secret": {"secretName": "s"}}
SECRET_VARIABLE = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"serviceAccountName": "robot"}, "a mirror pod may not reference service accounts"),
        ({"volumes": [SECRET]}, "a mirror pod may not reference secrets"),
        (
            {"containers": [{**container(), "env": [SECRET_VARIABLE]}]},
            "a mirror pod may not reference secrets",
        ),
        (
            {"volumes": [TOKEN]},
            "a mirror pod may not use ServiceAccountToken volume projections",
        ),
    ],
)
async def test_a_mirror_pod_refers_to_nothing_of_the_api(
    registry: Registry, spec: Json, why: str
) -> None:
    with pytest.raises(ApiError) as refused:
        await admitted(registry, {MIRROR: "hash"}, **spec)
    assert refused.value.message == f'pods "x" is forbidden: {why}'

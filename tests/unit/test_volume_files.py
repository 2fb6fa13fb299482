"""What stands in a volume's files, with which bits, and what is said when it cannot be had."""

from __future__ import annotations

from typing import Any

import pytest
from mk8s_agent.volumes import VolumeError, atomic, content
from mk8s_agent.volumes.atomic import Drop, File, Hide, Listing, Show, Switch, Write

from minikube8s.api import views
from tests.support.agentnode import container, pod_json, view

Json = dict[str, Any]
CONFIG = {"data": {"a": "1", "b": "2"}, "binaryData": {"raw": "/w=="}}
SECRET = {"data": {"key": "czNjcmV0"}}


class Known:
    """One ConfigMap, one Secret."""

    memory = 1 << 30

    def configmap(self, namespace: str, name: str) -> views.ConfigMap | None:
        return views.from_dict(views.ConfigMap, CONFIG) if name == "settings" else None

    def secret(self, namespace: str, name: str) -> views.Secret | None:
        return views.from_dict(views.Secret, SECRET) if name == "keys" else None

    def field(self, pod: views.Pod, path: str) -> str:
        return f"<{path}>"

    def resource(self, pod: views.Pod, selector: Any) -> str:
        return f"<{selector.resource}>"

    async def token(self, pod: views.Pod, audience: str, seconds: int) -> str:
        raise AssertionError

    def claimed(self, pod: views.Pod, volume: views.Volume) -> Any:
        raise AssertionError


def made(source: Json, **spec: Any) -> dict[str, File]:
    """The files of a volume of the pod, whose token is called TOKEN."""
    pod = view(
        pod_json(
            metadata={"labels": {"b": 'say "x"', "a": "1"}},
            volumes=[{"name": "v", **source}],
            **spec,
        )
    )
    (volume,) = pod.spec.volumes
    return content.files(pod, volume, Known(), {"token": "TOKEN"})


def short(files: dict[str, File]) -> dict[str, tuple[bytes, str]]:
    return {path: (file.data, f"{file.mode:o}") for path, file in files.items()}


def one_of(*sources: Json) -> Json:
    return {"projected": {"sources": list(sources), "defaultMode": 0o640}}


FILES: dict[str, tuple[Json, dict[str, tuple[bytes, str]]]] = {
    "all keys": (
        {"configMap": {"name": "settings", "defaultMode": 0o600}},
        {"a": (b"1", "600"), "b": (b"2", "600"), "raw": (b"\xff", "600")},
    ),
    "chosen keys": (
        {"configMap": {"name": "settings", "items": [{"key": "a", "path": "x/y", "mode": 0o400}]}},
        {"x/y": (b"1", "400")},
    ),
    "a Secret": ({"secret": {"secretName": "keys"}}, {"key": (b"s3cret", "644")}),
    "none, and that is fine": ({"secret": {"secretName": "none", "optional": True}}, {}),
    "a key that may be missing": (
        {
            "configMap": {
                "name": "settings",
                "optional": True,
                "items": [{"key": "z", "path": "z"}, {"key": "a", "path": "a"}],
            }
        },
        {"a": (b"1", "644")},
    ),
    "the pod itself": (
        {
            "downwardAPI": {
                "items": [
                    {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                    {"path": "none", "fieldRef": {"fieldPath": "metadata.annotations"}},
                    {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}, "mode": 0o600},
                    {"path": "cpu", "resourceFieldRef": {"resource": "limits.cpu"}},
                ]
            }
        },
        {
            "labels": (b'a="1"\nb="say \\"x\\""', "644"),
            "none": (b"", "644"),
            "name": (b"<metadata.name>", "600"),
            "cpu": (b"<limits.cpu>", "644"),
        },
    ),
    "several, the later over the earlier": (
        one_of(
            {"configMap": {"name": "settings", "items": [{"key": "a", "path": "key"}]}},
            {"secret": {"name": "keys"}},
            {"serviceAccountToken": {"path": "token"}},
        ),
        {"key": (b"s3cret", "640"), "token": (b"TOKEN", "640")},
    ),
}


@pytest.mark.parametrize(("source", "expected"), FILES.values(), ids=FILES)
def test_files(source: Json, expected: dict[str, tuple[bytes, str]]) -> None:
    assert short(made(source)) == expected


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ({"configMap": {"name": "x"}}, 'configmap "x" not found'),
        ({"secret": {"secretName": "x"}}, 'secret "x" not found'),
        (
            {"configMap": {"name": "settings", "items": [{"key": "z", "path": "z"}]}},
            "configmap references non-existent config key: z",
        ),
        (
            {"secret": {"secretName": "keys", "items": [{"key": "z", "path": "z"}]}},
            "references non-existent secret key: z",
        ),
        (
            one_of({"configMap": {"name": "x"}}, {"secret": {"name": "y"}}),
            '[configmap "x" not found, secret "y" not found]',
        ),
    ],
)
def test_what_is_missing_is_named_in_the_kubelets_words(source: Json, why: str) -> None:
    with pytest.raises(VolumeError) as error:
        made(source)
    assert str(error.value) == why


TOKEN = one_of({"serviceAccountToken": {"path": "token"}})


@pytest.mark.parametrize(
    ("spec", "mode", "owner"),
    [
        ({}, "640", None),
        ({"securityContext": {"fsGroup": 7}}, "600", None),
        ({"securityContext": {"runAsUser": 8}}, "600", 8),
        (
            {"containers": [container("a", securityContext={"runAsUser": 8}), container("b")]},
            "640",
            None,
        ),
    ],
)
def test_a_token_is_readable_for_those_who_need_it(
    spec: Json, mode: str, owner: int | None
) -> None:
    containers = spec.pop("containers", [])
    pod = view(pod_json(*containers, volumes=[{"name": "v", **TOKEN}], **spec))
    files = content.files(pod, pod.spec.volumes[0], Known(), {"token": "TOKEN"})
    assert (f"{files['token'].mode:o}", files["token"].uid) == (mode, owner)


def test_volumes_name_what_they_show() -> None:
    sources = [
        {"configMap": {"name": "x"}},
        {"secret": {"secretName": "x"}},
        one_of({"configMap": {"name": "x"}}),
        one_of({"secret": {"name": "x"}}),
        {"emptyDir": {}},
    ]
    volumes = [views.from_dict(views.Volume, {"name": "v", **one}) for one in sources]
    assert [content.names(one, "configmaps", "x") for one in volumes] == [1, 0, 1, 0, 0]
    assert [content.names(one, "secrets", "x") for one in volumes] == [0, 1, 0, 1, 0]


OLD = Listing(generation="..1", content={"a": b"1", "d/b": b"2"}, names=("a", "d"))
NEW = {"a": File(b"1", 0o644), "e": File(b"3", 0o644)}

PLANS: dict[str, tuple[Listing, dict[str, File], list[atomic.Step]]] = {
    "nothing is there": (Listing(), {}, [Write("..2", {}), Switch("..2")]),
    "nothing has changed": (
        OLD,
        {"a": File(b"1", 0o600), "d/b": File(b"2", 0o600)},
        [],
    ),
    "a file comes and a file goes": (
        OLD,
        NEW,
        [Write("..2", NEW), Switch("..2"), Show("e"), Hide("d"), Drop("..1")],
    ),
    "an update died after its switch": (
        Listing(generation="..1", content={"e": b"3", "a": b"1"}, others=("..0",), names=("a",)),
        NEW,
        [Show("e"), Drop("..0")],
    ),
}


@pytest.mark.parametrize(("present", "wanted", "steps"), PLANS.values(), ids=PLANS)
def test_plans(present: Listing, wanted: dict[str, File], steps: list[atomic.Step]) -> None:
    assert atomic.plan(present, wanted, "..2") == steps


@pytest.mark.parametrize("path", ["/a", "../a", "a/../b", "..a", "", "..data/a"])
def test_no_file_is_written_outside_of_its_generation(path: str) -> None:
    with pytest.raises(VolumeError, match="invalid path"):
        atomic.plan(Listing(), {path: File(b"", 0)}, "..1")

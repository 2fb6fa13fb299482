import base64
from typing import Any

import pytest

from minikube8s.api import protobuf, schema
from minikube8s.api.protobuf import wire
from minikube8s.api.protobuf.messages import Type, message, names
from minikube8s.api.resources import RESOURCES
from tests.support import protoreader

# What `kubectl create deployment web --image=nginx --port=80 --replicas=0` (1.33) sends.
KUBECTL_DEPLOYMENT = base64.b64decode(
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErgBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoYB"
    "CAASDAoKCgNhcHASA3dlYhpsChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkwSLgoFbmdpbngSBW5naW54"
    "KgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgA"
    "OAAaDAgAEAAYACAAKAA4ABoAIgA="
)


def meta(**fields: Any) -> dict[str, Any]:
    return {"name": "x", "namespace": "default", **fields}


OBJECTS: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}},
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(
            creationTimestamp="2024-02-03T04:05:06Z",
            labels={"a": "", "b": "c"},
            ownerReferences=[
                {"apiVersion": "v1", "kind": "K", "name": "n", "uid": "u", "controller": False}
            ],
            managedFields=[{"manager": "m", "fieldsV1": {"f:spec": {"f:x": {}}}}],
        ),
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "tolerations": [{"operator": "Exists", "tolerationSeconds": -1}],
            "volumes": [
                {"name": "e", "emptyDir": {}},
                {"name": "c", "configMap": {"name": "cm", "optional": False}},
                {"name": "s", "secret": {"secretName": "s", "defaultMode": 420}},
            ],
            "containers": [
                {
                    "name": "c",
                    "image": "é",
                    "resources": {"limits": {"cpu": "250m", "memory": "64Mi"}},
                    "env": [
                        {
                            "name": "E",
                            "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}},
                        }
                    ],
                    "livenessProbe": {
                        "httpGet": {"path": "/", "port": "http"},
                        "periodSeconds": 5,
                    },
                    "securityContext": {"runAsUser": 0, "runAsNonRoot": False},
                }
            ],
        },
        "status": {
            "podIPs": [{"ip": "10.0.0.1"}],
            "containerStatuses": [
                {"name": "c", "ready": False, "restartCount": 0, "started": False}
            ],
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(),
        "spec": {
            "ports": [{"port": 80, "targetPort": 8080}, {"port": 81, "targetPort": "web"}],
            "selector": {"app": "x"},
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta(),
        "data": {"k": "AP8=", "empty": ""},
        "immutable": False,
    },
    {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": meta(),
        "spec": {"holderIdentity": "n", "renewTime": "2024-02-03T04:05:06.123456Z"},
    },
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "x"},
        "spec": {
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": False,
                    "schema": {
                        "openAPIV3Schema": {
                            "$ref": "#/x",
                            "type": "object",
                            "default": {"a": [1, None]},
                            "maximum": 1.5,
                            "x-kubernetes-preserve-unknown-fields": True,
                            "items": {"type": "string"},
                            "additionalProperties": False,
                            "dependencies": {"a": ["b"]},
                            "properties": {"p": {"additionalProperties": {"type": "string"}}},
                        }
                    },
                }
            ]
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "reason": "NotFound",
        "details": {"name": "x", "causes": [{"field": "f", "message": "m", "reason": "r"}]},
        "code": 404,
    },
]


def test_what_kubectl_sends_is_what_its_json_would_be() -> None:
    assert protobuf.decode(KUBECTL_DEPLOYMENT) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "containers": [
                        {
                            "name": "nginx",
                            "image": "nginx",
                            "ports": [{"containerPort": 80}],
                            "resources": {},
                        }
                    ]
                },
            },
            "strategy": {},
        },
        "status": {"replicas": 0},
    }


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: obj["kind"])
def test_an_object_comes_back_as_it_went(obj: dict[str, Any]) -> None:
    assert protobuf.decode(protobuf.encode(obj)) == obj


def test_every_served_kind_and_its_list_has_a_protobuf_form() -> None:
    for row in RESOURCES.all():
        assert protobuf.encodable(row.api_version, row.kind)
        if "list" in row.verbs:
            assert protobuf.encodable(row.api_version, row.kind + "List")


def test_every_field_of_the_schema_has_a_number() -> None:
    for name in names():
        definition = "io.k8s." + name.removeprefix("k8s.io.").replace(
            "apiextensions_apiserver", "apiextensions-apiserver"
        )
        try:
            fields = set(schema.definition(definition).fields)
        except schema.UnknownDefinition:
            continue
        assert fields - message(name).names <= {"apiVersion", "kind"}, name


def test_every_message_that_a_field_names_exists() -> None:
    for name in names():
        for field in message(name).fields:
            type_: Type | None = field.type
            while type_ is not None:
                if type_.message:
                    message(type_.message)
                type_ = type_.element


def test_a_delete_options_of_any_group_is_understood() -> None:
    obj = {"apiVersion": "apps/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
    assert protobuf.decode(protobuf.encode(obj)) == obj


def test_the_first_second_of_1970_is_a_time_and_an_empty_message_is_none() -> None:
    raw = wire.field(1, wire.field(8, b""))
    assert protobuf.decode(envelope(b"Pod", raw))["metadata"] == {}
    first = {"creationTimestamp": "1970-01-01T00:00:00Z"}
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": first}
    assert protobuf.decode(protobuf.encode(obj)) == obj


def test_nulls_are_left_out() -> None:
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"creationTimestamp": None, "name": "x"}}
    assert protobuf.decode(protobuf.encode(obj))["metadata"] == {"name": "x"}


def test_a_kind_without_messages_says_so() -> None:
    with pytest.raises(protobuf.NotEncodable):
        protobuf.encode({"apiVersion": "meta.k8s.io/v1", "kind": "Table"})
    with pytest.raises(protobuf.NotEncodable):
        protobuf.encode({"apiVersion": "v1", "kind": "Pod", "surprise": 1})
    with pytest.raises(protobuf.NotEncodable):
        protobuf.encode({"apiVersion": "v1", "kind": "Pod", "spec": "text"})


def envelope(kind: bytes, raw: bytes) -> bytes:
    types = wire.field(1, b"v1") + wire.field(2, kind)
    return protobuf.MAGIC + wire.field(1, types) + wire.field(2, raw)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        protobuf.MAGIC,
        protobuf.MAGIC + b"\xff",
        KUBECTL_DEPLOYMENT[:-40],
        envelope(b"Nonsense", b""),
        envelope(b"Pod", b"\x0a\xff"),
        envelope(b"Pod", b"\x0b\x0c"),
        envelope(b"Pod", wire.integer(1, 5)),
        envelope(b"Pod", wire.field(1, wire.field(1, b"\xff\xfe"))),
        envelope(b"Pod", b"\x80" * 20),
        envelope(b"Pod", b"\x80" * 20 + b"\x01"),
    ],
)
def test_a_body_that_is_not_protobuf_is_refused(body: bytes) -> None:
    with pytest.raises(protobuf.Undecodable):
        protobuf.decode(body)


def test_nesting_is_bounded() -> None:
    raw = b""
    for _ in range(2000):
        raw = wire.field(28, raw)
    raw = wire.field(3, wire.field(7, wire.field(4, wire.field(1, raw))))
    types = wire.field(1, b"apiextensions.k8s.io/v1") + wire.field(2, b"CustomResourceDefinition")
    for number in (2, 7, 4, 1):
        raw = wire.field(number, raw)
    with pytest.raises(protobuf.Undecodable):
        protobuf.decode(protobuf.MAGIC + wire.field(1, types) + wire.field(2, raw))


def test_fields_of_a_newer_kubernetes_are_passed_over() -> None:
    raw = wire.field(1, wire.field(1, b"x")) + wire.field(9999, b"new") + wire.integer(9998, 1)
    assert protobuf.decode(envelope(b"Pod", raw))["metadata"] == {"name": "x"}


def test_packed_numbers_are_read_too() -> None:
    groups = wire.field(4, b"\x01\x02")
    raw = wire.field(2, wire.field(14, groups))
    assert protobuf.decode(envelope(b"Pod", raw))["spec"]["securityContext"] == {
        "supplementalGroups": [1, 2]
    }


def test_a_watch_event_is_a_bare_message_around_an_enveloped_object() -> None:
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}
    frame = protobuf.watch_frame("ADDED", protobuf.encode(obj))
    assert int.from_bytes(frame[:4]) == len(frame) - 4
    event = dict(wire.fields(frame[4:]))
    assert event[1] == b"ADDED"
    raw = dict(wire.fields(event[2]))[1]  # type: ignore[arg-type]
    assert protobuf.decode(raw) == obj  # type: ignore[arg-type]


def test_a_second_implementation_reads_and_writes_the_same_bytes() -> None:
    pod = next(obj for obj in OBJECTS if obj["kind"] == "Pod")
    raw = protobuf.encode_bare(pod)
    parsed = protoreader.class_of("k8s.io.api.core.v1.Pod").FromString(raw)
    assert parsed.SerializeToString(deterministic=True) == raw


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: obj["kind"])
def test_a_second_implementation_reads_what_was_written(obj: dict[str, Any]) -> None:
    assert protoreader.read(protobuf.encode(obj)) == obj

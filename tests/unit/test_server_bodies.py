import json

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS, SERVICES
from minikube8s.server import documents
from minikube8s.server.bodies import check_identity, expected, read_object


def refusal(data: bytes, validation: str = "Strict", encoding: str = "json") -> str:
    with pytest.raises(ApiError) as caught:
        read_object(data, encoding, expected(SERVICES), validation, [])  # type: ignore[arg-type]
    assert caught.value.code == 400
    return caught.value.message


def service(**spec: object) -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": "Service", "spec": spec}).encode()


def test_an_unknown_field_is_refused_with_its_path_and_the_nearest_name() -> None:
    message = refusal(service(externalTrafficPilicy="Local"))
    assert message.startswith('Service in version "v1" cannot be handled as a Service: ')
    assert 'strict decoding error: unknown field "spec.externalTrafficPilicy"' in message
    assert 'did you mean "externalTrafficPolicy"?' in message


def test_warn_names_the_unknown_field_and_drops_it() -> None:
    warnings: list[str] = []
    obj = read_object(
        service(externalTrafficPilicy="Local", type="NodePort"),
        "json",
        expected(SERVICES),
        "Warn",
        warnings,
    )
    assert len(warnings) == 1
    assert warnings[0].startswith('unknown field "spec.externalTrafficPilicy"')
    assert obj["spec"] == {"type": "NodePort"}


def test_ignore_drops_the_unknown_field_silently() -> None:
    warnings: list[str] = []
    obj = read_object(service(foo=1), "json", expected(SERVICES), "Ignore", warnings)
    assert warnings == []
    assert obj["spec"] == {}


def test_a_repeated_key_is_refused_with_its_path() -> None:
    data = b'{"kind":"Service","spec":{"ports":[{"port":1,"port":2}],"type":"a","type":"b"}}'
    message = refusal(data)
    assert 'duplicate field "spec.type"' in message
    assert 'duplicate field "spec.ports[0].port"' in message


@pytest.mark.parametrize(
    "data",
    [
        b'{"data": {"a": "1", "a": "2", "b" : "3"}}',
        b'{"data": {"a": "1", "a": "2", "b"\t: "3"}}',
        b'{"data": {"a": "1",\n"a": "2",\n"b"\n: "3"}}',
        b'{"data": {"a": "1", "a": "\\u0022:"}}',
        b'{"data": {"a": "1", "a": "\\":"}}',
        b'{"data": {"a": "1", "\\u0061": "2"}}',
    ],
)
def test_a_repeated_key_is_found_however_the_text_is_spelled(data: bytes) -> None:
    found = documents.decode(data, "json", find_duplicates=True)
    assert found.duplicates == ("data.a",)


def test_a_repeated_yaml_key_is_refused_with_its_path() -> None:
    message = refusal(b"spec:\n  type: ClusterIP\n  type: NodePort\n", encoding="yaml")
    assert 'duplicate field "spec.type"' in message


def test_a_wrong_type_is_refused_whatever_the_validation() -> None:
    message = refusal(service(ports="none"), validation="Ignore")
    assert "spec.ports" in message


@pytest.mark.parametrize("data", [b"{", b"", b"null", b"[]", b'"text"', b"\xff\xfe", b"{" * 5000])
def test_what_is_no_object_is_refused_in_one_sentence(data: bytes) -> None:
    assert refusal(data).startswith("the object provided is unrecognized (must be of type Service)")


@pytest.mark.parametrize("data", [b"a: [", b"--- 1\n--- 2\n", b"a: !!python/object:os.system x"])
def test_broken_yaml_is_refused_in_one_sentence(data: bytes) -> None:
    message = refusal(data, encoding="yaml")
    assert message.startswith("the object provided is unrecognized")
    assert "\n" not in message


def test_yaml_dates_stay_text() -> None:
    data = b"metadata:\n  name: x\n  annotations: {released: 2024-01-01}\n"
    obj = read_object(data, "yaml", expected(PODS), "Strict", [])
    assert obj["metadata"]["annotations"] == {"released": "2024-01-01"}


def test_another_version_is_refused() -> None:
    message = refusal(b'{"apiVersion":"apps/v1","kind":"Service"}')
    assert message == (
        "the API version in the data (apps/v1) does not match the expected API version (v1)"
    )


def test_another_kind_is_refused() -> None:
    assert "cannot be handled as a Service" in refusal(b'{"apiVersion":"v1","kind":"Pod"}')


def test_missing_kind_and_version_are_filled_in() -> None:
    obj = read_object(b"{}", "json", expected(SERVICES), "Strict", [])
    assert (obj["apiVersion"], obj["kind"]) == ("v1", "Service")


def test_names_that_differ_from_the_url_are_refused() -> None:
    with pytest.raises(ApiError, match=r"the name of the object \(a\) does not match"):
        check_identity({"metadata": {"name": "a"}}, "ns", "b")
    with pytest.raises(ApiError, match="the namespace of the provided object"):
        check_identity({"metadata": {"namespace": "x"}}, "ns", "")

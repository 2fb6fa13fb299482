import pytest

from minikube8s.api.errors import ApiError
from minikube8s.server.negotiation import Answer, body_encoding, negotiate

KUBECTL = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,"
    "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        ("", Answer("object", "", "json")),
        ("*/*", Answer("object", "", "json")),
        ("application/json", Answer("object", "", "json")),
        ("application/yaml", Answer("object", "", "yaml")),
        (KUBECTL, Answer("table", "v1", "json")),
        (
            "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
            Answer("partial", "v1", "json"),
        ),
        ("application/vnd.kubernetes.protobuf,application/json", Answer("object", "", "json")),
        ("application/json;q=0.1, application/yaml", Answer("object", "", "yaml")),
        ("application/json;as=Table;v=v9;g=meta.k8s.io, */*", Answer("object", "", "json")),
    ],
)
def test_the_first_form_that_can_be_served_is_taken(accept: str, answer: Answer) -> None:
    assert negotiate(accept) == answer


@pytest.mark.parametrize(
    "accept", ["text/html", "application/vnd.kubernetes.protobuf", "application/json;q=0"]
)
def test_forms_that_cannot_be_served_are_refused_with_the_list_of_those_that_can(
    accept: str,
) -> None:
    with pytest.raises(ApiError) as caught:
        negotiate(accept)
    assert caught.value.code == 406
    assert "application/json" in caught.value.message


def test_a_body_without_a_type_is_json() -> None:
    assert body_encoding("") == "json"
    assert body_encoding("application/json; charset=utf-8") == "json"
    assert body_encoding("application/yaml") == "yaml"


def test_an_unknown_body_type_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        body_encoding("text/plain")
    assert caught.value.code == 415

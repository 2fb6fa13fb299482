import pytest

from minikube8s.api.errors import ApiError
from minikube8s.server.negotiation import PLAIN, Answer, body_encoding, negotiate, plain_encoding

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
            Answer("partial", "v1", "protobuf"),
        ),
        ("application/vnd.kubernetes.protobuf,application/json", Answer("object", "", "protobuf")),
        ("application/json,application/vnd.kubernetes.protobuf", Answer("object", "", "json")),
        (
            "application/vnd.kubernetes.protobuf;q=0.5, application/json;q=0.9",
            Answer("object", "", "json"),
        ),
        # A Table has no protobuf form, here as in Kubernetes.
        (
            "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/yaml",
            Answer("object", "", "yaml"),
        ),
        ("*/*, application/yaml", Answer("object", "", "yaml")),
        ("application/json;v=v1;g=meta.k8s.io, application/yaml", Answer("object", "", "yaml")),
        ("application/json;q=0.1, application/yaml", Answer("object", "", "yaml")),
        ("application/json;as=Table;v=v9;g=meta.k8s.io, */*", Answer("object", "", "json")),
    ],
)
def test_the_first_form_that_can_be_served_is_taken(accept: str, answer: Answer) -> None:
    assert negotiate(accept) == answer


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/cbor",
        "text/yaml",
        "application/json;q=0",
        "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1",
    ],
)
def test_forms_that_cannot_be_served_are_refused_with_the_list_of_those_that_can(
    accept: str,
) -> None:
    with pytest.raises(ApiError) as caught:
        negotiate(accept)
    assert caught.value.code == 406
    assert caught.value.message == (
        "only the following media types are accepted: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    )


def test_a_watch_is_not_written_in_yaml() -> None:
    for accept in ("application/yaml", "application/yaml,application/json"):
        with pytest.raises(ApiError) as caught:
            negotiate(accept, streaming=True)
        assert caught.value.code == 406
        assert caught.value.message == (
            "only the following media types are accepted: "
            "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
        )
    assert negotiate("application/json,application/yaml", streaming=True) == PLAIN


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", "json"),
        ("text/html", "json"),
        ("application/vnd.kubernetes.protobuf", "protobuf"),
        ("application/yaml", "yaml"),
        (
            "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
            "json",
        ),
    ],
)
def test_an_error_is_written_in_the_first_encoding_asked_for_without_conversion(
    accept: str, encoding: str
) -> None:
    assert plain_encoding(accept) == encoding


def test_a_body_without_a_type_is_json() -> None:
    assert body_encoding("") == "json"
    assert body_encoding("application/json; charset=utf-8") == "json"
    assert body_encoding("application/json;") == "json"
    assert body_encoding("Application/JSON; charset=latin-1") == "json"
    assert body_encoding("application/yaml") == "yaml"
    assert body_encoding("application/vnd.kubernetes.protobuf") == "protobuf"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/yaml",
        "application/cbor",
        "application/json-patch+json",
        "application/json; charset",
        "application/json; charset=utf-8; charset=utf-8",
        "application/json, application/yaml",
        ";",
    ],
)
def test_an_unknown_body_type_is_refused(content_type: str) -> None:
    with pytest.raises(ApiError) as caught:
        body_encoding(content_type)
    assert caught.value.code == 415
    assert caught.value.message == (
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    )

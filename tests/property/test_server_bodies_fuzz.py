import json

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS
from minikube8s.server.bodies import expected, read_object
from minikube8s.server.pagination import decode

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "spec", "containers", "name", "kind", "apiVersion", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def refused_or_read(data: bytes, encoding: str, validation: str) -> None:
    try:
        obj = read_object(data, encoding, expected(PODS), validation, [])  # type: ignore[arg-type]
    except ApiError as error:
        assert error.code == 400
        assert error.message
    else:
        assert obj["kind"] == "Pod"


@given(
    st.binary(max_size=60),
    st.sampled_from(["json", "yaml", "protobuf"]),
    st.sampled_from(["Strict", "Warn", "Ignore"]),
)
def test_any_bytes_are_read_or_refused(data: bytes, encoding: str, validation: str) -> None:
    refused_or_read(data, encoding, validation)
    refused_or_read(b"k8s\x00" + data, encoding, validation)


@given(_VALUES, st.sampled_from(["json", "yaml"]), st.sampled_from(["Strict", "Ignore"]))
def test_any_document_is_read_or_refused(value: object, encoding: str, validation: str) -> None:
    refused_or_read(json.dumps(value).encode(), encoding, validation)


@given(st.text(max_size=80))
def test_any_token_is_read_or_refused(text: str) -> None:
    try:
        decode(text)
    except ApiError as error:
        assert error.code == 400

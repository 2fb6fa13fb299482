"""Errors say what Kubernetes says, with machine-readable details."""

import pytest

from minikube8s.api import errors
from minikube8s.api.resources import DEPLOYMENTS, NODES, PODS


@pytest.mark.parametrize(
    ("error", "code", "reason", "message"),
    [
        (errors.not_found(PODS, "x"), 404, "NotFound", 'pods "x" not found'),
        (
            errors.not_found(DEPLOYMENTS, "x"),
            404,
            "NotFound",
            'deployments.apps "x" not found',
        ),
        (errors.already_exists(PODS, "x"), 409, "AlreadyExists", 'pods "x" already exists'),
        (
            errors.conflict(PODS, "x", "stale"),
            409,
            "Conflict",
            'Operation cannot be fulfilled on pods "x": stale',
        ),
        (
            errors.forbidden(NODES, "", "no"),
            403,
            "Forbidden",
            "nodes is forbidden: no",
        ),
        (
            errors.forbidden(PODS, "x", "no"),
            403,
            "Forbidden",
            'pods "x" is forbidden: no',
        ),
        (errors.bad_request("no"), 400, "BadRequest", "no"),
        (errors.unauthorized(), 401, "Unauthorized", "Unauthorized"),
        (errors.expired("too old"), 410, "Expired", "too old"),
        (
            errors.method_not_allowed(PODS, "put"),
            405,
            "MethodNotAllowed",
            'put is not supported on resources of kind "pods"',
        ),
        (
            errors.not_acceptable(["application/json"]),
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json",
        ),
        (
            errors.unsupported_media_type(["application/json"]),
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include:"
            " application/json",
        ),
        (
            errors.too_large("3 MiB"),
            413,
            "RequestEntityTooLarge",
            "Request entity too large: 3 MiB",
        ),
        (errors.too_many_requests("wait"), 429, "TooManyRequests", "wait"),
        (errors.internal("oh"), 500, "InternalError", "Internal error occurred: oh"),
        (errors.timeout("slow"), 504, "Timeout", "Timeout: slow"),
        (errors.unavailable("down"), 503, "ServiceUnavailable", "down"),
    ],
)
def test_every_error_is_a_status_in_kubernetes_words(error, code, reason, message):
    status = error.status()
    assert (status["code"], status["reason"], status["message"]) == (code, reason, message)
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert str(error) == message


def test_details_name_the_object_for_clients():
    details = errors.not_found(DEPLOYMENTS, "x").status()["details"]
    assert details == {"name": "x", "group": "apps", "kind": "deployments"}


def test_details_that_say_nothing_are_told_because_kubectl_looks_into_them():
    assert errors.ApiError(404, "NotFound", "nothing here", {}).status()["details"] == {}
    assert "details" not in errors.bad_request("no").status()


def test_a_retry_hint_tells_clients_when_to_come_back():
    assert errors.too_many_requests("busy", 7).status()["details"] == {"retryAfterSeconds": 7}


def test_one_cause_reads_as_a_sentence():
    error = errors.invalid(DEPLOYMENTS, "x", [errors.required("spec.selector")])
    assert error.message == 'Deployment.apps "x" is invalid: spec.selector: Required value'
    assert error.details == {
        "name": "x",
        "group": "apps",
        "kind": "Deployment",
        "causes": [
            {
                "reason": "FieldValueRequired",
                "message": "Required value",
                "field": "spec.selector",
            }
        ],
    }


def test_several_causes_read_as_a_list_and_equal_ones_once():
    cause = errors.required("spec.a")
    error = errors.invalid(PODS, "x", [cause, errors.required("spec.b"), cause])
    assert error.message == ('Pod "x" is invalid: [spec.a: Required value, spec.b: Required value]')


@pytest.mark.parametrize(
    ("cause", "reason", "message"),
    [
        (errors.required("f", "why"), "FieldValueRequired", "Required value: why"),
        (errors.invalid_value("f", "a", "why"), "FieldValueInvalid", 'Invalid value: "a": why'),
        (errors.invalid_value("f", 3, "why"), "FieldValueInvalid", "Invalid value: 3: why"),
        (
            errors.invalid_value("f", {"app": "x"}, "why"),
            "FieldValueInvalid",
            'Invalid value: {"app":"x"}: why',
        ),
        (
            errors.unsupported("f", "a", ("c", "b")),
            "FieldValueNotSupported",
            'Unsupported value: "a": supported values: "c", "b"',
        ),
        (errors.forbidden_field("f", "why"), "FieldValueForbidden", "Forbidden: why"),
        (errors.duplicate("f", "a"), "FieldValueDuplicate", 'Duplicate value: "a"'),
        (errors.not_found_value("f", "a"), "FieldValueNotFound", 'Not found: "a"'),
        (
            errors.too_long("f", 63),
            "FieldValueTooLong",
            "Too long: may not be more than 63 bytes",
        ),
        (errors.too_many("f", 3, 1), "FieldValueTooMany", "Too many: 3: must have at most 1 item"),
        (
            errors.type_invalid("f", 1, "why"),
            "FieldValueTypeInvalid",
            "Invalid value: 1: why",
        ),
        (
            errors.immutable("f", "a"),
            "FieldValueInvalid",
            'Invalid value: "a": field is immutable',
        ),
    ],
)
def test_causes_have_the_api_servers_reason_and_wording(cause, reason, message):
    assert cause == errors.Cause("f", reason, message)

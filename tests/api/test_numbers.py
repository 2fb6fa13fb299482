"""Numbers of thousands of digits, which Python refuses to read, are refused as bad ones."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.api.apiserver import ApiServer

DIGITS = "9" * 5000
TEMPLATE = {
    "metadata": {"labels": {"app": "a"}},
    "spec": {"containers": [{"name": "main", "image": "nginx"}]},
}


def workload(**spec: Any) -> dict[str, Any]:
    selector = {"matchLabels": {"app": "a"}}
    return {"metadata": {"name": "a"}, "spec": {"selector": selector, **spec}}


@pytest.mark.parametrize(
    "query",
    [
        f"configmaps?{name}={digits}"
        for name in ("resourceVersion", "limit", "timeoutSeconds")
        for digits in (DIGITS, str(1 << 63))
    ]
    + [f"pods/p/log?tailLines={DIGITS}", f"pods/p/portforward?ports={DIGITS}"]
    + [f"pods/p:{DIGITS}/proxy/", f"services/s:{DIGITS}/proxy/"],
)
def test_a_query_or_path_with_a_giant_number_is_refused(
    api: ApiServer, namespace: str, query: str
) -> None:
    reply = api.get(f"/api/v1/namespaces/{namespace}/{query}")
    assert 400 <= reply.code < 500, reply.data
    assert reply.json["kind"] == "Status"


@pytest.mark.parametrize("digits", [DIGITS, "9" * 11], ids=["giant", "large"])
@pytest.mark.parametrize(
    ("path", "spec", "field"),
    [
        ("deployments", ("strategy", "rollingUpdate", "maxSurge"), "maxSurge"),
        ("deployments", ("strategy", "rollingUpdate", "maxUnavailable"), "maxUnavailable"),
        ("daemonsets", ("updateStrategy", "rollingUpdate", "maxUnavailable"), "maxUnavailable"),
        ("daemonsets", ("updateStrategy", "rollingUpdate", "maxSurge"), "maxSurge"),
    ],
)
def test_a_giant_percentage_is_refused(
    api: ApiServer, namespace: str, path: str, spec: tuple[str, str, str], field: str, digits: str
) -> None:
    outer, inner, last = spec
    body = workload(template=TEMPLATE, **{outer: {inner: {last: f"{digits}%"}}})
    reply = api.post(f"/apis/apps/v1/namespaces/{namespace}/{path}", body)
    assert reply.code == 422, reply.data
    assert field in reply.json["details"]["causes"][0]["field"]


@pytest.mark.parametrize("field", ["minAvailable", "maxUnavailable"])
def test_a_giant_budget_is_refused(api: ApiServer, namespace: str, field: str) -> None:
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    assert api.post(budgets, workload(**{field: f"{DIGITS}%"})).code == 422


@pytest.mark.parametrize("port", [DIGITS, "²", "٣"], ids=["giant", "raised", "arabic"])
def test_a_port_of_a_service_that_is_no_number_here_is_not_found(
    api: ApiServer, namespace: str, port: str
) -> None:
    services = f"/api/v1/namespaces/{namespace}/services"
    api.create(services, {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
    reply = api.get(f"{services}/s:{quote(port)}/proxy/")
    assert (reply.code, reply.json["reason"]) == (503, "ServiceUnavailable"), reply.data

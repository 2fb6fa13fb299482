"""Endpoints and EndpointSlices: who is behind a Service, with as few writes as possible."""

from typing import Any

import msgspec
import pytest

from minikube8s.api.views import Pod, Service, from_dict
from minikube8s.api.views.pods import PodIP
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.endpoints import slices
from minikube8s.controllers.endpoints.controller import Snapshot, plan
from minikube8s.controllers.podfacts import facts_of
from tests.support.objects import metadata, pod_view

READY = "2026-01-01T00:05:00Z"


def service(**spec: Any) -> dict[str, Any]:
    ports = [{"port": 8080, "targetPort": 80, "protocol": "TCP", "name": "http"}]
    return {
        "metadata": metadata("svc", labels={"team": "blue"}),
        "spec": {"selector": {"app": "web"}, "ports": ports, "clusterIP": "10.96.0.9", **spec},
    }


def planned(
    obj: dict[str, Any] | None, *pods: Pod, slices: Any = (), endpoints: Any = None
) -> Plan:
    view = from_dict(Service, obj) if obj is not None else None
    return plan(Snapshot(view, obj, tuple(map(facts_of, pods)), tuple(slices), endpoints))


def backend(name: str = "p", ip: str = "10.0.0.1", **fields: Any) -> Pod:
    return pod_view(name, **{"ip": ip, "node": "n1", "ready_since": READY, **fields})


def slice_of(result: Plan) -> dict[str, Any]:
    (create,) = [one for one in result.creates if one.object["kind"] == "EndpointSlice"]
    return create.object


def endpoints_of(result: Plan) -> dict[str, Any]:
    (create,) = [one for one in result.creates if one.object["kind"] == "Endpoints"]
    return create.object


def stored(result: Plan, name: str = "svc-abcde") -> dict[str, Any]:
    obj = slice_of(result)
    return {**obj, "metadata": {**metadata(name), **obj["metadata"]}}


def test_a_ready_pod_becomes_an_endpoint_of_both_kinds() -> None:
    result = planned(service(), backend())
    body = slice_of(result)
    assert body["metadata"]["generateName"] == "svc-"
    assert body["metadata"]["labels"] == {
        "team": "blue",
        "kubernetes.io/service-name": "svc",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    assert body["metadata"]["ownerReferences"][0]["kind"] == "Service"
    assert body["ports"] == [{"name": "http", "port": 80, "protocol": "TCP"}]
    target = {"kind": "Pod", "namespace": "default", "name": "p", "uid": "uid-p"}
    assert body["endpoints"] == [
        {
            "addresses": ["10.0.0.1"],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "targetRef": target,
            "nodeName": "n1",
        }
    ]
    assert endpoints_of(result)["subsets"] == [
        {
            "addresses": [{"ip": "10.0.0.1", "targetRef": target, "nodeName": "n1"}],
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        }
    ]


@pytest.mark.parametrize(
    ("fields", "ready", "serving", "terminating"),
    [
        ({}, True, True, False),
        ({"ready_since": ""}, False, False, False),
        ({"deleting": True}, False, True, True),
        ({"deleting": True, "ready_since": ""}, False, False, True),
    ],
)
def test_conditions_tell_ready_serving_and_terminating_apart(
    fields: dict[str, Any], ready: bool, serving: bool, terminating: bool
) -> None:
    (endpoint,) = slice_of(planned(service(), backend(**fields)))["endpoints"]
    assert endpoint["conditions"] == {
        "ready": ready,
        "serving": serving,
        "terminating": terminating,
    }


@pytest.mark.parametrize("fields", [{"ip": ""}, {"phase": "Failed"}, {"phase": "Succeeded"}])
def test_pods_without_address_or_that_ended_are_no_endpoints(fields: dict[str, Any]) -> None:
    assert slice_of(planned(service(), backend(**fields)))["endpoints"] == []


def test_addresses_that_are_not_ready_are_published_where_asked_for() -> None:
    waiting = backend(ready_since="")
    assert "notReadyAddresses" in endpoints_of(planned(service(), waiting))["subsets"][0]
    result = planned(service(publishNotReadyAddresses=True), waiting)
    assert slice_of(result)["endpoints"][0]["conditions"]["ready"] is True
    assert "addresses" in endpoints_of(result)["subsets"][0]


def test_named_target_ports_are_looked_up_in_each_pod() -> None:
    obj = service(ports=[{"port": 80, "targetPort": "http", "protocol": "TCP"}])
    one = backend("one", ports=[{"name": "http", "containerPort": 8080, "protocol": "TCP"}])
    two = backend("two", "10.0.0.2", ports=[{"name": "http", "containerPort": 9090}])
    none = backend("none", "10.0.0.3")
    bodies = [c.object for c in planned(obj, one, two, none).creates if "ports" in c.object]
    found = {
        body["endpoints"][0]["targetRef"]["name"]: [port["port"] for port in body["ports"]]
        for body in bodies
    }
    assert found == {"one": [8080], "two": [9090], "none": []}


def test_a_headless_service_labels_its_slices_and_names_its_hosts() -> None:
    obj = service(clusterIP="None")
    body = slice_of(planned(obj, backend(hostname="web-0", subdomain="svc")))
    assert body["metadata"]["labels"]["service.kubernetes.io/headless"] == ""
    assert body["endpoints"][0]["hostname"] == "web-0"


def test_a_slice_that_is_right_is_not_written() -> None:
    first = planned(service(), backend())
    endpoints = {**endpoints_of(first)}
    endpoints["metadata"] = {**metadata("svc"), **endpoints["metadata"]}
    again = planned(service(), backend(), slices=[stored(first)], endpoints=endpoints)
    assert not again.acts


def test_a_change_of_one_pod_is_one_patch_of_its_slice() -> None:
    before = planned(service(), backend("a"), backend("b", "10.0.0.2"))
    result = planned(
        service(), backend("a"), backend("b", "10.0.0.2", ready_since=""), slices=[stored(before)]
    )
    (patch,) = [one for one in result.patches if one.target.name == "svc-abcde"]
    assert list(patch.patch) == ["endpoints"]
    assert [one["conditions"]["ready"] for one in patch.patch["endpoints"]] == [True, False]


def test_endpoints_beyond_a_hundred_go_to_further_slices_and_the_room_is_used_first() -> None:
    pods = [backend(f"p{n:03}", f"10.0.1.{n}") for n in range(250)]
    obj = service()
    bodies = [c.object for c in planned(obj, *pods).creates if "endpoints" in c.object]
    assert [len(body["endpoints"]) for body in bodies] == [100, 100, 50]
    existing = [
        {**body, "metadata": {**metadata(f"svc-{n}"), **body["metadata"]}}
        for n, body in enumerate(bodies)
    ]
    more = [*pods, backend("p900", "10.0.9.9")]
    result = planned(obj, *more, slices=existing)
    assert not [one for one in result.creates if one.object["kind"] == "EndpointSlice"]
    assert [one.target.name for one in result.patches] == ["svc-2"]


def test_the_last_slice_stays_when_all_pods_are_gone_and_others_go() -> None:
    pods = [backend(f"p{n:03}", f"10.0.1.{n}") for n in range(150)]
    creates = [c.object for c in planned(service(), *pods).creates if "endpoints" in c.object]
    existing = [
        {**body, "metadata": {**metadata(f"svc-{n}"), **body["metadata"]}}
        for n, body in enumerate(creates)
    ]
    result = planned(service(), slices=existing)
    assert len(result.deletes) == 1
    assert [one.patch["endpoints"] for one in result.patches] == [[]]


def test_endpoints_of_more_than_a_thousand_hold_those_that_serve_and_say_that_they_are_cut() -> (
    None
):
    pods = [
        backend(f"p{n:04}", f"10.0.{n // 250}.{n % 250}", ready_since=READY if n >= 100 else "")
        for n in range(1050)
    ]
    result = planned(service(), *pods)
    body = endpoints_of(result)
    (subset,) = body["subsets"]
    assert len(subset["addresses"]) == 950
    assert len(subset["notReadyAddresses"]) == 50
    assert body["metadata"]["annotations"] == {"endpoints.kubernetes.io/over-capacity": "truncated"}
    slices = [one.object for one in result.creates if one.object["kind"] == "EndpointSlice"]
    assert sum(len(one["endpoints"]) for one in slices) == 1050

    known = {**body, "metadata": {**metadata("svc"), **body["metadata"]}}
    patches = planned(service(), *pods[:1000], endpoints=known).patches
    (mark,) = [one.patch["metadata"]["annotations"] for one in patches if "metadata" in one.patch]
    assert mark == {"endpoints.kubernetes.io/over-capacity": None}


@pytest.mark.parametrize("spec", [{"selector": {}}, {"type": "ExternalName"}])
def test_services_without_a_selector_are_left_to_their_makers(spec: dict[str, Any]) -> None:
    assert not planned(service(**spec), backend()).acts


def test_what_was_written_for_a_service_goes_with_it_and_nothing_else() -> None:
    ours = {
        "metadata": metadata(
            "svc", labels={"endpoints.kubernetes.io/managed-by": ("endpoint-controller")}
        )
    }
    theirs = {"metadata": metadata("svc")}
    labels = {slices.SERVICE_NAME: "svc", slices.MANAGED_BY: slices.MANAGER}
    one = {"metadata": metadata("svc-1", labels=labels)}
    assert len(planned(None, slices=[one], endpoints=ours).deletes) == 2
    assert len(planned(None, endpoints=theirs).deletes) == 0


def test_a_service_of_both_families_has_slices_of_each_and_endpoints_of_the_first() -> None:
    pod = backend()
    status = msgspec.structs.replace(pod.status, pod_ips=(PodIP("10.0.0.1"), PodIP("fd00::1")))
    both = msgspec.structs.replace(pod, status=status)
    only4 = backend("q", "10.0.0.2")
    result = planned(service(ipFamilies=["IPv6", "IPv4"]), both, only4)
    found = {
        one.object["addressType"]: [each["addresses"] for each in one.object["endpoints"]]
        for one in result.creates
        if one.object["kind"] == "EndpointSlice"
    }
    assert found == {"IPv6": [["fd00::1"]], "IPv4": [["10.0.0.1"], ["10.0.0.2"]]}
    (subset,) = endpoints_of(result)["subsets"]
    assert [one["ip"] for one in subset["addresses"]] == ["fd00::1"]


def test_slices_of_a_family_that_a_service_has_no_more_are_removed() -> None:
    six = stored(planned(service(ipFamilies=["IPv6"]), backend()), "svc-six")
    result = planned(service(ipFamilies=["IPv4"]), backend(), slices=[six])
    assert [one.target.name for one in result.deletes] == ["svc-six"]
    assert slice_of(result)["addressType"] == "IPv4"

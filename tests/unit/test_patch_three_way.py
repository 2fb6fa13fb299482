"""`apply` changes what the file changed, deletes what left the file, and leaves the rest alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api.patch import strategic_merge
from minikube8s.api.patch.three_way import three_way, three_way_merge

POD, SERVICE = "io.k8s.api.core.v1.Pod", "io.k8s.api.core.v1.Service"
DEPLOYMENT = "io.k8s.api.apps.v1.Deployment"


def pod(*containers: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p", **metadata}, "spec": {"containers": list(containers)}}


CASES = {
    "a default in the live object is no difference": (
        POD,
        pod({"name": "a", "image": "x"}),
        pod({"name": "a", "image": "x"}),
        pod({"name": "a", "image": "x", "imagePullPolicy": "Always"}),
        {},
    ),
    "a changed field of one container names that container": (
        POD,
        pod({"name": "a", "image": "x"}),
        pod({"name": "a", "image": "y"}),
        pod({"name": "a", "image": "x"}, {"name": "sidecar", "image": "s"}),
        {
            "spec": {
                "$setElementOrder/containers": [{"name": "a"}],
                "containers": [{"name": "a", "image": "y"}],
            }
        },
    ),
    "a label that left the file is deleted, another tool's stays": (
        POD,
        pod(labels={"a": "1", "b": "2"}),
        pod(labels={"a": "1"}),
        pod(labels={"a": "1", "b": "2", "theirs": "3"}),
        {"metadata": {"labels": {"b": None}}},
    ),
    "a container that left the file is deleted": (
        POD,
        pod({"name": "a"}, {"name": "b"}),
        pod({"name": "a"}),
        pod({"name": "a"}, {"name": "b"}, {"name": "theirs"}),
        {
            "spec": {
                "$setElementOrder/containers": [{"name": "a"}],
                "containers": [{"$patch": "delete", "name": "b"}],
            }
        },
    ),
    "a port whose protocol the file leaves to the default is the same port": (
        SERVICE,
        {"spec": {"ports": [{"port": 80}]}},
        {"spec": {"ports": [{"port": 80}]}},
        {"spec": {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 80, "nodePort": 30001}]}},
        {},
    ),
    "of a strategy that changes its type only what is wanted stays": (
        DEPLOYMENT,
        {"spec": {"strategy": {"type": "RollingUpdate"}}},
        {"spec": {"strategy": {"type": "Recreate"}}},
        {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}},
        {"spec": {"strategy": {"type": "Recreate", "$retainKeys": ["type"]}}},
    ),
    "a volume that gets another source loses its first": (
        POD,
        {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}},
        {"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}},
        {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}},
        {
            "spec": {
                "$setElementOrder/volumes": [{"name": "v"}],
                "volumes": [
                    {
                        "name": "v",
                        "hostPath": {"path": "/x"},
                        "emptyDir": None,
                        "$retainKeys": ["hostPath", "name"],
                    }
                ],
            }
        },
    ),
    "of two ports of one number the one that left the file goes, and no other": (
        SERVICE,
        {"spec": {"ports": [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]}},
        {"spec": {"ports": [{"port": 53, "protocol": "UDP", "name": "dns"}]}},
        {
            "spec": {
                "ports": [
                    {"port": 53, "protocol": "TCP", "nodePort": 30001},
                    {"port": 99, "protocol": "TCP", "nodePort": 30002},
                    {"port": 53, "protocol": "UDP", "nodePort": 30003},
                ]
            }
        },
        {
            "spec": {
                "ports": [
                    {"$patch": "replace"},
                    {"port": 53, "protocol": "UDP", "nodePort": 30003, "name": "dns"},
                    {"port": 99, "protocol": "TCP", "nodePort": 30002},
                ]
            }
        },
    ),
    "a second port of a number that is there is no change of the first": (
        SERVICE,
        {"spec": {"ports": [{"port": 53, "protocol": "TCP"}]}},
        {"spec": {"ports": [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]}},
        {"spec": {"ports": [{"port": 53, "protocol": "TCP", "nodePort": 30001}]}},
        {
            "spec": {
                "ports": [
                    {"$patch": "replace"},
                    {"port": 53, "protocol": "TCP", "nodePort": 30001},
                    {"port": 53, "protocol": "UDP"},
                ]
            }
        },
    ),
    "an explicit null deletes": (
        POD,
        {},
        pod(labels={"app": None}),
        pod(labels={"app": "x"}),
        {"metadata": {"labels": {"app": None}}, "spec": {"containers": []}},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_patch_says_exactly_what_changed(name: str) -> None:
    definition, original, modified, current, wanted = CASES[name]
    if name == "an explicit null deletes":
        current.pop("spec", None)
    assert three_way(definition, original, modified, current) == wanted


names = st.sampled_from("abcd")
containers = st.dictionaries(names, st.sampled_from("xyz"), max_size=4).map(
    lambda found: [{"name": name, "image": image} for name, image in found.items()]
)
labels = st.dictionaries(names, names, max_size=4)
pods = st.builds(lambda c, found: pod(*c, labels=found), containers, labels)


@given(pods, pods)
def test_applying_the_patch_brings_about_what_the_file_says(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    patch = three_way(POD, before, after, before)
    assert strategic_merge(POD, before, patch) == after
    assert three_way(POD, after, after, strategic_merge(POD, before, patch)) == {}


def test_without_a_definition_maps_merge_and_lists_are_replaced_whole() -> None:
    before = {"spec": {"a": 1, "gone": 2, "list": [{"name": "x"}]}}
    wanted = {"spec": {"a": 1, "list": [{"name": "y"}]}}
    live = {"spec": {"a": 1, "gone": 2, "theirs": 3, "list": [{"name": "x"}]}}
    assert three_way_merge(before, wanted, live) == {
        "spec": {"gone": None, "list": [{"name": "y"}]}
    }


ports = st.dictionaries(
    st.tuples(st.sampled_from([53, 80]), st.sampled_from(["TCP", "UDP"])), names, max_size=4
).map(
    lambda found: [
        {"port": port, "protocol": protocol, "name": name}
        for (port, protocol), name in found.items()
    ]
)


@given(ports, ports, st.booleans())
def test_ports_of_one_number_and_several_protocols_become_what_the_file_says(
    before: list[dict[str, Any]], after: list[dict[str, Any]], others: bool
) -> None:
    theirs = [{"port": 99, "protocol": "TCP", "name": "theirs"}] if others else []
    live = {"spec": {"ports": before + theirs}}
    wanted = {"spec": {"ports": after}}
    patch = three_way(SERVICE, {"spec": {"ports": before}}, wanted, live)
    result = strategic_merge(SERVICE, live, patch)

    def order(items: list[dict[str, Any]]) -> list[str]:
        return sorted(map(str, items))

    assert order(result["spec"]["ports"]) == order(after + theirs)
    again = strategic_merge(SERVICE, result, three_way(SERVICE, wanted, wanted, result))
    assert order(again["spec"]["ports"]) == order(after + theirs)

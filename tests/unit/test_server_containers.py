from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.server.containers import check_log, choose, node_of


def pod(*names: str, init: tuple[str, ...] = (), **state: Any) -> dict[str, Any]:
    statuses = [{"name": names[0], **state}] if state else []
    return {
        "metadata": {"name": "p"},
        "spec": {
            "containers": [{"name": name} for name in names],
            "initContainers": [{"name": name} for name in init],
        },
        "status": {"containerStatuses": statuses},
    }


def refusal(call: Any) -> str:
    with pytest.raises(ApiError) as caught:
        call()
    assert caught.value.code == 400
    return caught.value.message


def test_the_only_container_needs_no_name() -> None:
    assert choose(pod("a"), "") == "a"
    assert choose(pod("a", init=("i",)), "") == "a"


def test_a_named_container_is_taken_of_whatever_sort() -> None:
    assert choose(pod("a", "b", init=("i",)), "b") == "b"
    assert choose(pod("a", "b", init=("i",)), "i") == "i"


def test_of_several_one_must_be_named() -> None:
    assert refusal(lambda: choose(pod("a", "b", init=("i", "j")), "")) == (
        "a container name must be specified for pod p, choose one of: [a b] "
        "or one of the init containers: [i j]"
    )


def test_a_container_that_is_not_there_is_not_valid() -> None:
    assert refusal(lambda: choose(pod("a"), "x")) == "container x is not valid for pod p"


def test_an_unscheduled_pod_has_no_node() -> None:
    assert "does not have a host assigned" in refusal(lambda: node_of(pod("a")))


RAN = {"terminated": {"exitCode": 1}}


@pytest.mark.parametrize(
    "state",
    [
        {"state": {"running": {}}} | {"state": {"running": {"startedAt": "x"}}},
        {"state": RAN},
        {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": RAN},
    ],
)
def test_what_runs_or_ran_has_a_log(state: dict[str, Any]) -> None:
    check_log(pod("a", **state), "a", previous=False)


@pytest.mark.parametrize(
    ("state", "ending"),
    [
        ({}, "is waiting to start: ContainerCreating"),
        (
            {"state": {"waiting": {"reason": "ContainerCreating"}}},
            "is waiting to start: ContainerCreating",
        ),
        (
            {"state": {"waiting": {"reason": "ErrImagePull"}}},
            "is waiting to start: image can't be pulled",
        ),
        (
            {"state": {"waiting": {"reason": "ImagePullBackOff"}}},
            "is waiting to start: trying and failing to pull image",
        ),
        ({"state": {}}, "is waiting to start - no logs yet"),
    ],
)
def test_what_has_not_started_has_none(state: dict[str, Any], ending: str) -> None:
    message = refusal(lambda: check_log(pod("a", **state), "a", previous=False))
    assert message == f'container "a" in pod "p" {ending}'


def test_the_previous_run_is_asked_for_separately() -> None:
    check_log(pod("a", state={"running": {}}, lastState=RAN), "a", previous=True)
    message = refusal(lambda: check_log(pod("a", state=RAN), "a", previous=True))
    assert message == 'previous terminated container "a" in pod "p" not found'

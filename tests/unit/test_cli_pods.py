"""Which pod of several is talked with or read, and which of its containers."""

from __future__ import annotations

import pytest

from minikube8s.api.resources import RESOURCES
from minikube8s.cli.containers import pods
from minikube8s.cli.errors import CommandError


def pod(name="p", phase="Running", ready="2024-01-01T00:00:00Z", node="n", restarts=0, **metadata):
    told = [{"type": "Ready", "status": "True", "lastTransitionTime": ready}] if ready else []
    return {
        "metadata": {"name": name, "creationTimestamp": "2024-01-01T00:00:00Z", **metadata},
        "spec": {"nodeName": node, "containers": [{"name": "main"}]},
        "status": {
            "phase": phase,
            "conditions": told,
            "containerStatuses": [{"restartCount": restarts}],
        },
    }


RUNNING = pod("running")
BETTER_TO_ATTACH = [
    (RUNNING, pod(node="")),
    (RUNNING, pod(phase="Pending")),
    (pod(phase="Unknown", ready=""), pod(phase="Pending", ready="")),
    (RUNNING, pod(ready="")),
    (RUNNING, pod(deletionTimestamp="2024-01-02T00:00:00Z")),
    (RUNNING, pod(ready="2024-01-02T00:00:00Z")),
    (RUNNING, pod(restarts=3)),
    (RUNNING, pod(creationTimestamp="2024-01-02T00:00:00Z")),
]


@pytest.mark.parametrize(("better", "worse"), BETTER_TO_ATTACH)
def test_the_pod_that_runs_best_is_talked_with(better, worse):
    assert max([worse, better], key=pods.to_attach) is better


@pytest.mark.parametrize(
    ("better", "worse"), [*BETTER_TO_ATTACH[:4], (pod(restarts=3), RUNNING), BETTER_TO_ATTACH[7]]
)
def test_of_pods_that_run_the_one_that_restarted_is_read(better, worse):
    assert max([worse, better], key=pods.to_read) is better


def two(**metadata):
    found = pod(**metadata)
    found["spec"] |= {
        "containers": [{"name": "a"}, {"name": "b"}],
        "initContainers": [{"name": "i"}],
        "ephemeralContainers": [{"name": "e"}],
    }
    return found


def test_the_first_of_several_containers_is_meant_and_told(capsys):
    assert pods.container(two()) == "a"
    told = capsys.readouterr().err
    assert told == 'Defaulted container "a" out of: a, b, e (ephem), i (init)\n'
    assert pods.container(two(), quiet=True) == "a"
    assert pods.container(pod()) == "main"
    assert capsys.readouterr().err == ""


def test_an_annotation_names_the_container_that_is_meant():
    key = "kubectl.kubernetes.io/default-container"
    assert pods.container(two(annotations={key: "b"})) == "b"
    assert pods.container(two(annotations={key: "gone"})) == "a"
    assert pods.container(two(annotations={key: "b"}), "a") == "a"


@pytest.mark.parametrize(
    ("kind", "selector", "wanted"),
    [
        ("deploy", {"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        (
            "rs",
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "y"]}]},
            "a in (x,y)",
        ),
        ("rs", {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, "!a"),
        ("rs", {"matchExpressions": [{"key": "a", "operator": "Exists"}]}, "a"),
        ("svc", {"app": "web"}, "app=web"),
        ("rc", {"app": "web"}, "app=web"),
    ],
)
def test_objects_find_their_pods_by_their_selector(kind, selector, wanted):
    obj = {"metadata": {"name": "x"}, "spec": {"selector": selector}}
    assert pods.selector(RESOURCES.by_word(kind), obj, "attach to") == wanted


@pytest.mark.parametrize(
    ("kind", "obj"), [("cm", {}), ("svc", {"spec": {}}), ("svc", {"spec": {"selector": {}}})]
)
def test_what_selects_no_pods_is_told(kind, obj):
    with pytest.raises(CommandError, match="cannot attach to"):
        pods.selector(RESOURCES.by_word(kind), {"metadata": {"name": "x"}, **obj}, "attach to")

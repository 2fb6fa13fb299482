"""What a profile asks."""

import pytest

from minikube8s.scheduler.plugins import all_plugins
from minikube8s.scheduler.pods import incoming
from minikube8s.scheduler.profiles import Choice, Profile, deciders
from minikube8s.scheduler.usage import Usage
from tests.support.scheduling import node, pod

IMAGE = [{"names": ["nginx:latest"], "sizeBytes": 10**9}]


def place(profile: Profile, *nodes: dict) -> str:
    usage = Usage()
    decider = deciders([profile], all_plugins(usage))[profile.scheduler_name]
    for number, fields in enumerate(nodes):
        usage.set_node(node(f"n{number}", **fields))
    return decider.decide(incoming(pod()), usage.view()).node


def test_a_disabled_filter_is_not_asked() -> None:
    assert place(Profile(), {"unschedulable": True}) == ""
    careless = Profile("careless", filters=Choice(frozenset({"NodeUnschedulable"})))
    assert place(careless, {"unschedulable": True}) == "n0"
    only = Profile("a", filters=Choice(frozenset({"*"}), frozenset({"NodeUnschedulable"})))
    assert place(only, {"unschedulable": True}) == ""
    tainted = {"taints": [{"key": "x", "effect": "NoSchedule"}]}
    assert (place(Profile(), tainted), place(only, tainted)) == ("", "n0")


def test_weights_decide_and_a_disabled_score_does_not_count() -> None:
    nodes = ({}, {"images": IMAGE, "taints": [{"key": "x", "effect": "PreferNoSchedule"}]})
    assert place(Profile(), *nodes) == "n0"
    assert place(Profile("a", weights={"ImageLocality": 9}), *nodes) == "n1"
    assert place(Profile("a", scores=Choice(frozenset({"TaintToleration"}))), *nodes) == "n1"
    only = Profile("a", scores=Choice(frozenset({"*"}), frozenset({"ImageLocality"})))
    assert place(only, *nodes) == "n1"


def test_an_unknown_plugin_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(ValueError, match="there is no plugin Fast; there are ImageLocality, "):
        place(Profile("a", Choice(frozenset({"Fast"}))))

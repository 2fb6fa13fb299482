"""What set, label, annotate and taint make of objects, in kubectl's words."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from minikube8s.cli.changing import (
    environment,
    images,
    marks,
    pairs,
    requirements,
    subjects,
    taints,
    templates,
)
from minikube8s.cli.errors import CommandError


def deployment(**spec: Any) -> dict[str, Any]:
    pod = {
        "initContainers": [{"name": "prep", "image": "busybox:1"}],
        "containers": [{"name": "nginx", "image": "nginx:1"}, {"name": "side", "image": "side:1"}],
    }
    template = {"metadata": {}, "spec": pod | spec}
    return {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": template}}


def images_of(obj: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["image"] for one in templates.containers(obj)}


@pytest.mark.parametrize(
    ("wanted", "after", "missing"),
    [
        ({"nginx": "n:2"}, {"nginx": "n:2", "side": "side:1", "prep": "busybox:1"}, []),
        ({"prep": "p:2"}, {"nginx": "nginx:1", "side": "side:1", "prep": "p:2"}, []),
        ({"*": "x"}, {"nginx": "x", "side": "x", "prep": "x"}, []),
        ({"no": "x", "side": "s"}, {"nginx": "nginx:1", "side": "s", "prep": "busybox:1"}, ["no"]),
    ],
)
def test_images_of_named_containers_change(
    wanted: dict[str, str], after: dict[str, str], missing: list[str]
) -> None:
    obj = deployment()
    assert images.set_images(obj, wanted) == missing
    assert images_of(obj) == after


def test_a_pods_spec_is_found_in_every_kind_that_makes_pods() -> None:
    spec = {"containers": [{"name": "a"}]}
    pod = {"kind": "Pod", "spec": spec}
    cron = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}
    workload = {"kind": "DaemonSet", "spec": {"template": {"spec": spec}}}
    assert all(templates.pod_spec(obj) is spec for obj in (pod, cron, workload))
    assert templates.pod_spec({"kind": "ConfigMap", "data": {}}) is None


def test_words_are_objects_until_the_first_change() -> None:
    assert pairs.split(["deploy", "web", "a=b", "c-"], "label") == (
        ["deploy", "web"],
        ["a=b", "c-"],
    )
    with pytest.raises(CommandError, match="all resources must be specified before label changes"):
        pairs.split(["a=b", "deploy/web"], "label")
    assert pairs.parse(["a=b=c", "d=", "e-"], "label") == ({"a": "b=c", "d": ""}, ["e"])
    with pytest.raises(CommandError, match="unknown label spec: x"):
        pairs.parse(["x"], "label")


def test_amounts_are_read_and_spelt_as_quantities() -> None:
    assert requirements.amounts("cpu=0.2,memory=536870912") == {
        "cpu": "200m",
        "memory": "536870912",
    }
    for wrong in ("cpu", "cpu=1=2", "cpu=x"):
        with pytest.raises(CommandError):
            requirements.amounts(wrong)


def test_resources_of_matching_containers_are_merged() -> None:
    obj = deployment()
    assert requirements.set_resources(obj, "s*", {"cpu": "1"}, {})
    assert requirements.set_resources(obj, "side", {"memory": "1Gi"}, {"cpu": "1"})
    by_name = {one["name"]: one.get("resources") for one in templates.containers(obj)}
    limits = {"cpu": "1", "memory": "1Gi"}
    assert by_name["side"] == {"limits": limits, "requests": {"cpu": "1"}}
    assert by_name["nginx"] is None
    assert not requirements.set_resources(obj, "nobody", {"cpu": "1"}, {})


def test_variables_keep_their_places_and_new_ones_follow() -> None:
    present = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C"}]
    new, gone = environment.parse(["D=4", "B=3", "C-"])
    assert environment.changed(present, new, gone) == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "3"},
        {"name": "D", "value": "4"},
    ]
    assert environment.taken(present, new) == [
        "'B' already has a value (2), and --overwrite is false"
    ]


@pytest.mark.parametrize("wrong", [["A=1", "A-"], ["1A=2"], ["A"], ["=1"]])
def test_wrong_variables_are_refused(wrong: list[str]) -> None:
    with pytest.raises(CommandError):
        environment.parse(wrong)


def test_variables_come_from_a_map_under_names_that_variables_can_have() -> None:
    source = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"some.key": "", "B": ""}}
    found, renamed = environment.of_source(source, [], "P_")
    assert [one["name"] for one in found] == ["P_B", "P_SOME_KEY"]
    assert found[0]["valueFrom"] == {"secretKeyRef": {"key": "B", "name": "s"}}
    assert renamed == ["key some.key transferred to SOME_KEY"]
    assert environment.of_source(source, ["B"], "")[1] == []


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ({}, "A="),
        ({"configMapKeyRef": {"name": "c", "key": "k"}}, "# A from configmap c, key k"),
        ({"fieldRef": {"fieldPath": "metadata.name"}}, "# A from field path metadata.name"),
        (
            {"resourceFieldRef": {"containerName": "c", "resource": "limits.cpu"}},
            "# A from resource field c/limits.cpu",
        ),
        ({"fileKeyRef": {}}, "# A from unknown source"),
    ],
)
def test_a_variables_origin_is_told(source: dict[str, Any], line: str) -> None:
    variable = {"name": "A"} | ({"valueFrom": source} if source else {})
    assert environment.line(variable) == line


def test_references_to_fields_are_resolved() -> None:
    obj = deployment()
    obj["metadata"]["labels"] = {"a": "b"}
    assert environment.field_value(obj, "metadata.name") == "web"
    assert environment.field_value(obj, "metadata.labels['a']") == "b"
    assert environment.field_value(obj, "status.podIP") is None
    requirements.set_resources(obj, "side", {"cpu": "1500m", "memory": "3Mi"}, {})
    nginx = {"name": "nginx"}
    cpu = {"containerName": "side", "resource": "limits.cpu"}
    memory = {"containerName": "side", "resource": "limits.memory", "divisor": "1Mi"}
    assert environment.resource_value(obj, nginx, cpu) == "2"
    assert environment.resource_value(obj, nginx, memory) == "3"
    assert environment.resource_value(obj, nginx, {"resource": "limits.cpu"}) == "0"


def test_subjects_are_added_once() -> None:
    wanted = subjects.subjects(["jo"], ["devs"], ["ns:builder"])
    binding: dict[str, Any] = {"subjects": [wanted[0]]}
    subjects.add_subjects(binding, wanted)
    assert binding["subjects"] == wanted
    assert wanted[2] == {"kind": "ServiceAccount", "name": "builder", "namespace": "ns"}
    for wrong in ("builder", "a:b:c", ":b", "a:"):
        with pytest.raises(CommandError, match="serviceaccount must be <namespace>:<name>"):
            subjects.subjects([], [], [wrong])


def test_labels_are_set_and_taken_away_and_an_empty_map_goes() -> None:
    obj = {"metadata": {"name": "x", "labels": {"a": "1"}}}
    before = copy.deepcopy(obj)
    assert marks.marked(obj, "labels", {"b": "2"}, ["a"])["metadata"]["labels"] == {"b": "2"}
    assert "labels" not in marks.marked(obj, "labels", {}, ["a"])["metadata"]
    assert obj == before
    assert marks.taken(obj, "labels", {"a": "2", "b": "1"}) == ["'a' already has a value (1)"]
    assert marks.taken(obj, "labels", {"a": "1"}) == []
    with pytest.raises(CommandError, match="invalid label value"):
        marks.check_labels({"a": "b c"})


PRESENT = [{"key": "a", "value": "1", "effect": "NoSchedule"}]


@pytest.mark.parametrize(
    ("words", "overwrite", "after", "word"),
    [
        (["b:NoExecute"], False, ["b:NoExecute", "a=1:NoSchedule"], "tainted"),
        (["a=2:NoSchedule"], True, ["a=2:NoSchedule"], "modified"),
        (["a-"], False, [], "untainted"),
        (["a:NoSchedule-"], False, [], "untainted"),
        (["a-", "b=2:NoExecute"], False, ["b=2:NoExecute"], "modified"),
    ],
)
def test_taints_change(words: list[str], overwrite: bool, after: list[str], word: str) -> None:
    found, said = taints.changed(PRESENT, taints.parse(words), overwrite=overwrite)
    spelt = [
        one["key"] + (f"={one['value']}" if "value" in one else "") + f":{one['effect']}"
        for one in found
    ]
    assert (spelt, said) == (after, word)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a=b"], "invalid taint spec: a=b"),
        (["a=b:Foo"], "invalid taint effect: Foo"),
        (["a b=c:NoSchedule"], "invalid taint spec"),
        (["a=b:NoSchedule", "a=c:NoSchedule"], "duplicated taints"),
        (["a=b:NoSchedule", "a:NoSchedule-"], "can not both modify and remove"),
    ],
)
def test_wrong_taints_are_refused(words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        taints.parse(words)


def test_a_taint_that_is_not_there_cannot_be_taken_away() -> None:
    with pytest.raises(CommandError, match='taint "b:NoExecute" not found'):
        taints.changed(PRESENT, taints.parse(["b:NoExecute-"]), overwrite=False)
    assert taints.held(PRESENT, taints.parse(["a=9:NoSchedule"])) == ["a"]
    assert taints.held(PRESENT, taints.parse(["a=9:NoExecute"])) == []

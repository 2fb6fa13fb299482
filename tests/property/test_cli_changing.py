"""Whatever is changed: a change made twice is made once, and what it does not name stays."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.changing import environment, images, marks, taints
from minikube8s.cli.draining.choice import Rules, choose

KEYS = st.sampled_from("abcdef")
MAPS = st.dictionaries(KEYS, st.sampled_from(["", "1", "2"]))


@given(MAPS, MAPS, st.sets(KEYS))
def test_labels(before: dict[str, str], new: dict[str, str], gone: set[str]) -> None:
    obj = {"metadata": {"name": "x", "labels": before}}
    untouched = copy.deepcopy(obj)
    wanted = gone - set(new)
    after = marks.marked(obj, "labels", new, wanted)
    labels = after["metadata"].get("labels") or {}
    assert labels == {k: v for k, v in {**before, **new}.items() if k not in wanted}
    assert marks.marked(after, "labels", new, wanted) == after
    assert obj == untouched


@given(MAPS, MAPS, st.sets(KEYS))
def test_variables(before: dict[str, str], new: dict[str, str], gone: set[str]) -> None:
    def listed(content: dict[str, str]) -> list[dict[str, Any]]:
        return [{"name": name, "value": value} for name, value in content.items()]

    after = environment.changed(listed(before), listed(new), gone - set(new))
    names = [one["name"] for one in after]
    assert names == [k for k in {**before, **new} if k in new or k not in gone]
    assert environment.changed(after, listed(new), gone - set(new)) == after


TAINTS = st.lists(st.tuples(KEYS, st.sampled_from(taints.EFFECTS)), unique=True, max_size=5).map(
    lambda pairs: [{"key": key, "value": "v", "effect": effect} for key, effect in pairs]
)


@given(TAINTS, TAINTS)
def test_taints(before: list[taints.Taint], new: list[taints.Taint]) -> None:
    added, _ = taints.changed(before, taints.Changes(new, []), overwrite=True)
    places = [(one["key"], one["effect"]) for one in added]
    assert len(places) == len(set(places))
    assert taints.changed(added, taints.Changes(new, []), overwrite=True)[0] == added
    places_of_new = {(one["key"], one["effect"]) for one in new}
    kept = [one for one in before if (one["key"], one["effect"]) not in places_of_new]
    removed, _ = taints.changed(added, taints.Changes([], new), overwrite=False)
    assert removed == kept


@given(st.lists(KEYS, unique=True), st.dictionaries(KEYS, st.sampled_from(["x", "y"])))
def test_images(names: list[str], wanted: dict[str, str]) -> None:
    containers = [{"name": name, "image": "old"} for name in names]
    obj = {"kind": "Pod", "spec": {"containers": containers}}
    missing = images.set_images(obj, wanted)
    assert set(missing) == set(wanted) - set(names)
    assert {one["name"]: one["image"] for one in containers} == {
        name: wanted.get(name, "old") for name in names
    }


@st.composite
def pods(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        metadata: dict[str, Any] = {"name": f"p{number}", "namespace": "n"}
        owner = draw(st.sampled_from(["", "DaemonSet", "ReplicaSet"]))
        if owner:
            metadata["ownerReferences"] = [{"kind": owner, "name": "o", "controller": True}]
        if draw(st.booleans()):
            metadata["annotations"] = {"kubernetes.io/config.mirror": "x"}
        volumes = [{"name": "v", "emptyDir": {}}] * draw(st.integers(0, 1))
        phase = draw(st.sampled_from(["Running", "Succeeded"]))
        found.append(
            {"metadata": metadata, "spec": {"volumes": volumes}, "status": {"phase": phase}}
        )
    return found


@given(pods(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_a_node_that_can_be_drained_keeps_daemons_and_mirrors_alone(
    found: list[dict[str, Any]], force: bool, ignore: bool, local: bool, known: bool
) -> None:
    daemon_sets = frozenset({("n", "o")}) if known else frozenset()
    rules = Rules(force, ignore, local, daemon_sets)
    picked = choose(found, rules)
    evicted = {pod["metadata"]["name"] for pod in picked.evicted}
    for pod in found:
        name, owners = pod["metadata"]["name"], pod["metadata"].get("ownerReferences") or [{}]
        mirror = "annotations" in pod["metadata"]
        daemon = owners[0].get("kind") == "DaemonSet" and known
        if mirror:
            assert name not in evicted
        elif not picked.refusals and name not in evicted:
            assert daemon and ignore
    strictest = choose(found, Rules(daemon_sets=daemon_sets))
    assert {pod["metadata"]["name"] for pod in strictest.evicted} <= evicted

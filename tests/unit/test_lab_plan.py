"""From what a lab shall be and what the kernel has to what is to be done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mk8s_agent.lab import plan, spec
from mk8s_agent.lab.plan import (
    Found,
    MakeBridge,
    MakeLink,
    MakeNamespace,
    RemoveLink,
    RemoveNamespace,
    Step,
)
from mk8s_agent.lab.spec import LabError, LabNode, Spec

TWO, THREE = LabNode("node2", "10.1.0.2"), LabNode("node3", "10.1.0.3")
LAB = Spec(cluster="mk8s", subnet="10.1.0.0/24", nodes=(TWO, THREE))
BRIDGE, LINK2, LINK3 = "lab-mk8s", "lab-mk8s.2", "lab-mk8s.3"
PATH2 = Path("/run/netns/mk8s-node2")
MADE = Found(
    {"lo": "", BRIDGE: "lab/mk8s/", LINK2: "lab/mk8s/node2", LINK3: "lab/mk8s/node3"},
    {
        "node2": {"lo": "", "eth0": "lab/mk8s/node2"},
        "node3": {"lo": "", "eth0": "lab/mk8s/node3"},
    },
)


def test_on_a_machine_without_a_lab_everything_is_made() -> None:
    assert plan.to_apply(LAB, Found({"lo": ""})) == [
        MakeBridge(),
        MakeNamespace(TWO),
        MakeLink(TWO),
        MakeNamespace(THREE),
        MakeLink(THREE),
    ]


def test_a_lab_that_is_there_needs_nothing() -> None:
    assert plan.to_apply(LAB, MADE) == []


def test_a_node_that_is_not_wanted_any_more_is_removed_its_name_before_its_link() -> None:
    smaller = Spec(cluster="mk8s", subnet="10.1.0.0/24", nodes=(THREE,))
    assert plan.to_apply(smaller, MADE) == [RemoveNamespace(PATH2), RemoveLink(LINK2)]


def test_an_address_passes_on_to_another_node() -> None:
    other = LabNode("other", TWO.address)
    renamed = Spec(cluster="mk8s", subnet="10.1.0.0/24", nodes=(other, THREE))
    assert plan.to_apply(renamed, MADE) == [
        RemoveNamespace(PATH2),
        RemoveLink(LINK2),
        MakeNamespace(other),
        MakeLink(other),
    ]


@pytest.mark.parametrize(
    ("found", "steps"),
    [
        # the name was taken away: what has the link's other end is no node any more
        (
            Found(MADE.links, {"node3": MADE.inside["node3"]}),
            [MakeNamespace(TWO), RemoveLink(LINK2), MakeLink(TWO)],
        ),
        # killed after the namespace was made
        (Found({**MADE.links}, {**MADE.inside, "node2": {"lo": ""}}), [
            RemoveLink(LINK2), MakeLink(TWO),
        ]),
        # killed before the far end got its mark
        (Found(MADE.links, {**MADE.inside, "node2": {"lo": "", "eth0": ""}}), []),
    ],
)  # fmt: skip
def test_what_was_made_half_is_made_whole(found: Found, steps: list[Step]) -> None:
    assert plan.to_apply(LAB, found) == steps


@pytest.mark.parametrize(
    ("links", "inside", "said"),
    [
        ({BRIDGE: ""}, {}, "ip link delete lab-mk8s`"),
        ({BRIDGE: "lab/other/"}, {}, "not of the lab of cluster mk8s"),
        ({LINK2: "mine"}, {}, "ip link delete lab-mk8s.2`"),
        ({}, {"node2": {"eth0": "lab/other/node2"}}, "ip netns delete mk8s-node2`"),
    ],
)
def test_what_is_somebody_elses_is_left_alone(
    links: dict[str, str], inside: dict[str, dict[str, str]], said: str
) -> None:
    with pytest.raises(LabError, match=said):
        plan.to_apply(LAB, Found(links, inside))
    assert plan.to_remove(LAB, Found(links, inside)) == []


def test_removing_takes_names_links_and_the_bridge() -> None:
    steps = plan.to_remove(LAB, MADE)
    assert steps[-1] == RemoveLink(BRIDGE)
    assert {RemoveLink(LINK2), RemoveLink(LINK3), RemoveNamespace(PATH2)} <= set(steps)
    assert plan.to_remove(LAB, Found({"lo": ""})) == []


def test_names_fit_into_what_the_kernel_allows_and_differ() -> None:
    long = [Spec(cluster=f"a-long-name-{end}", subnet="10.0.0.0/16") for end in "xyz"]
    last = LabNode("n", "10.0.3.231")
    assert all(len(one.link(last)) <= 15 and not one.bridge.startswith("mk8s") for one in long)
    assert len({one.bridge for one in long}) == len(long)


def carried_out(found: Found, steps: list[Step], lab: Spec) -> Found:
    """What the kernel has after some steps."""
    links = dict(found.links)
    inside = {node: dict(aliases) for node, aliases in found.inside.items()}
    for step in steps:
        match step:
            case MakeBridge():
                links[lab.bridge] = lab.alias()
            case MakeNamespace(node):
                inside[node.name] = {"lo": ""}
            case MakeLink(node):
                assert node.name in inside and lab.link(node) not in links
                links[lab.link(node)] = lab.alias(node)
                inside[node.name]["eth0"] = lab.alias(node)
            case RemoveLink(name):
                mark = links.pop(name)
                for aliases in inside.values():
                    if name != lab.bridge and aliases.get("eth0") == mark:
                        del aliases["eth0"]
            case RemoveNamespace(path):
                inside.pop(path.name.removeprefix(f"{lab.cluster}-"), None)
    return Found(links, inside)


NODES = st.lists(st.integers(2, 6), unique=True, max_size=4).map(
    lambda numbers: tuple(LabNode(f"node{n}", f"10.1.0.{n}") for n in numbers)
)


@given(st.lists(st.tuples(NODES, st.booleans(), st.integers(0, 9)), max_size=5), NODES)
def test_however_often_a_lab_is_cut_off_in_its_making_it_comes_about(
    attempts: list[tuple[tuple[LabNode, ...], bool, int]], wanted: tuple[LabNode, ...]
) -> None:
    found = Found({"lo": ""})
    for nodes, makes, done in attempts:
        lab = Spec(cluster="mk8s", subnet="10.1.0.0/24", nodes=nodes)
        seen = visible(found, lab)
        steps = plan.to_apply(lab, seen) if makes else plan.to_remove(lab, seen)
        found = carried_out(found, steps[:done], lab)
    lab = Spec(cluster="mk8s", subnet="10.1.0.0/24", nodes=wanted)
    found = carried_out(found, plan.to_apply(lab, visible(found, lab)), lab)
    assert plan.to_apply(lab, visible(found, lab)) == []
    assert set(found.links) == {"lo", lab.bridge, *map(lab.link, wanted)}


def visible(found: Found, lab: Spec) -> Found:
    """What a look for a lab shows: the namespaces of its own nodes alone."""
    names = {node.name for node in lab.nodes}
    return Found(found.links, {n: a for n, a in found.inside.items() if n in names})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "does not describe a lab"),
        ({"cluster": "c", "subnet": "10.1.0.0/33"}, "does not describe a lab"),
        ({"nodes": [{"name": "a", "address": "10.1.0.1"}]}, "cannot be a node's address"),
        ({"nodes": [{"name": "a", "address": "10.2.0.2"}]}, "cannot be a node's address"),
        ({"nodes": [{"name": "a", "address": f"10.1.0.{n}"} for n in (2, 3)]}, "twice"),
        ({"nodes": [{"name": n, "address": "10.1.0.2"} for n in "ab"]}, "twice"),
    ],
)
def test_a_file_that_describes_no_lab_is_refused_in_words(
    tmp_path: Path, content: str | dict[str, object], said: str
) -> None:
    file = tmp_path / "lab.json"
    if isinstance(content, dict):
        content = json.dumps({"cluster": "c", "subnet": "10.1.0.0/24"} | content)
    file.write_text(content)
    with pytest.raises(LabError, match=said):
        spec.load(file)

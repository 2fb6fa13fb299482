"""`mk8s top` counts, orders, adds up and plots what was measured."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.using import figures, plotting
from minikube8s.cli.using.figures import Use

METRICS: list[dict[str, Any]] = [
    {
        "metadata": {"name": "b", "namespace": "x"},
        "containers": [{"name": "c", "usage": {"cpu": "400u", "memory": "32Mi"}}],
    },
    {
        "metadata": {"name": "a", "namespace": "x"},
        "containers": [
            {"name": "side", "usage": {"cpu": "50m", "memory": "1352296Ki"}},
            {"name": "main", "usage": {"cpu": "150m", "memory": "32Mi"}},
        ],
    },
]


def rows(uses: list[Use], *, shares: bool = False) -> list[str]:
    return [" ".join(figures.row(use, shares=shares)) for use in uses]


def test_pods_are_told_by_name_with_the_sum_of_their_containers() -> None:
    shown = figures.pods(METRICS, namespaces=False, containers=False)
    assert rows(shown) == ["a 200m 1352Mi", "b 1m 32Mi"]


def test_containers_are_told_below_their_pods() -> None:
    shown = figures.pods(METRICS, namespaces=True, containers=True)
    assert rows(shown) == ["x a main 150m 32Mi", "x a side 50m 1320Mi", "x b c 1m 32Mi"]
    by_memory = figures.ordered(shown, "memory")
    assert [use.names[2] for use in by_memory] == ["side", "main", "c"]
    assert figures.total(shown, 5) == [
        ["", "", "", "________", "________"],
        ["", "", "", "201m", "1384Mi"],
    ]


def test_a_nodes_use_is_a_share_and_nodes_that_are_silent_come_last() -> None:
    there = {"cpu": "3500m", "memory": "7Gi"}
    known = [{"metadata": {"name": name}, "status": {"allocatable": there}} for name in "cab"]
    metrics = [
        {"metadata": {"name": "b"}, "usage": {"cpu": "1500m", "memory": "2048Mi"}},
        {"metadata": {"name": "c"}, "usage": {"cpu": "3200u", "memory": "0"}},
    ]
    assert rows(figures.nodes(metrics, known, "allocatable"), shares=True) == [
        "b 1500m 42% 2048Mi 28%",
        "c 4m 0% 0Mi 0%",
        "a <unknown> <unknown> <unknown> <unknown>",
    ]


@pytest.mark.parametrize(
    ("points", "most", "drawn"),
    [([], 10, ""), ([0, 5, 10], 10, "▁▅█"), ([3, 20], 10, "▃█"), ([1, 2], 0, "▁▁")],
)
def test_a_line_goes_from_nothing_to_the_most(points: list[int], most: int, drawn: str) -> None:
    assert plotting.line(points, most, pretty=True) == drawn.rjust(plotting.POINTS)


@given(st.lists(st.integers(0, 10**12), max_size=plotting.POINTS), st.integers(0, 10**12))
def test_a_line_is_always_as_long(points: list[int], most: int) -> None:
    assert len(plotting.line(points, most, pretty=False)) == plotting.POINTS


def test_a_history_keeps_the_last_samples_and_forgets_what_is_gone() -> None:
    history = plotting.History()
    for cpu in range(plotting.POINTS + 5):
        history.add([Use(["a"], cpu, 0), Use(["b"], 1, 1)])
    history.add([Use(["a"], 0, 0)])
    [first, second] = history.rows([Use(["a"], 0, 0), Use(["b"], 1, 1)], shares=False, pretty=True)
    assert first[2].endswith("█▁")
    assert len(first[2]) == plotting.POINTS
    assert not second[2].strip()


def test_plots_stand_behind_the_figures_that_they_are_of() -> None:
    heads = plotting.headings(figures.headings(nodes=True))
    assert heads == ["NAME", "CPU(cores)", "CPU(%)", "CPU", "MEMORY(bytes)", "MEMORY(%)", "MEMORY"]
    history = plotting.History()
    use = Use(["n"], 10**9, 1 << 30, (2 * 10**9, 2 << 30))
    history.add([use])
    [cells] = history.rows([use], shares=True, pretty=True)
    assert [cell.strip() for cell in cells] == ["n", "1000m", "50%", "▅", "1024Mi", "50%", "▅"]

"""What `mk8s status` makes of nodes and pods."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from minikube8s.cli import wellness
from minikube8s.cluster.lifecycle import Component
from minikube8s.cluster.supervising.supervision import Care

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
COLUMNS = [{"name": name} for name in ("Name", "Ready", "Status", "Restarts", "Age")]
OLD, YOUNG = "2026-01-31T11:00:00Z", "2026-01-31T11:59:50Z"


def node(name: str, *conditions: dict[str, str], unschedulable: bool = False) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {"unschedulable": unschedulable},
        "status": {"conditions": list(conditions)},
    }


def condition(kind: str, status: str, message: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "message": message}


def table(*rows: tuple[str, str, str], namespace: str = "default", more: int = 0) -> dict[str, Any]:
    return {
        "columnDefinitions": COLUMNS,
        "metadata": {"remainingItemCount": more} if more else {},
        "rows": [
            {
                "cells": [f"pod-{index}", ready, status, 0, "1h"],
                "object": {
                    "metadata": {
                        "name": f"pod-{index}",
                        "namespace": namespace,
                        "creationTimestamp": since,
                    }
                },
            }
            for index, (ready, status, since) in enumerate(rows)
        ],
    }


def test_nodes_are_counted_and_what_they_lack_is_said() -> None:
    found = wellness.of_nodes(
        [
            node("a", condition("Ready", "True"), condition("DiskPressure", "False")),
            node("b", condition("Ready", "Unknown", "agent stopped posting.")),
            node("c", condition("Ready", "True"), condition("DiskPressure", "True", "disk full")),
            node("d", condition("Ready", "True"), unschedulable=True),
            node("e"),
        ]
    )
    assert (found.total, found.well) == (5, 3)
    said = list(wellness.lines(found.troubles))
    assert said[0].startswith("! Node b is not Ready: agent stopped posting. See `mk8s ")
    assert said[1].startswith("! Node c has DiskPressure: disk full.")
    assert said[2] == "! Node d takes no new pods. Open it: `mk8s uncordon d`."
    assert "it has not said how it is" in said[3]


def test_machines_that_claim_what_is_anothers_are_told_once_and_while_it_lasts() -> None:
    def event(name: str, reason: str, last: str) -> dict[str, Any]:
        about = {"kind": "Node", "name": name}
        return {
            "involvedObject": about,
            "reason": reason,
            "message": f"nodes a and b: {reason}",
            "lastTimestamp": last,
        }

    events = [
        event("a", "AddressInUse", YOUNG),
        event("b", "AddressInUse", YOUNG),
        event("a", "DuplicateNode", OLD),
        event("a", "Rebooted", YOUNG),
    ]
    (line,) = wellness.lines(wellness.of_events(events, NOW))
    assert line == "! Nodes a and b: AddressInUse. See `mk8s describe node b`."


@pytest.mark.parametrize(
    ("ready", "status", "since", "well"),
    [
        ("1/1", "Running", OLD, True),
        ("0/1", "Completed", OLD, True),
        ("0/1", "Running", OLD, False),
        ("0/1", "Running", YOUNG, True),
        ("0/1", "ContainerCreating", YOUNG, True),
        ("0/1", "ContainerCreating", OLD, False),
        ("0/1", "Init:0/2", YOUNG, True),
        ("0/1", "Init:CrashLoopBackOff", YOUNG, False),
        ("0/1", "ImagePullBackOff", YOUNG, False),
        ("0/1", "Evicted", YOUNG, False),
    ],
)
def test_a_pod_is_not_well_when_it_fails_or_takes_long(
    ready: str, status: str, since: str, well: bool
) -> None:
    found = wellness.of_pods(table((ready, status, since)), NOW)
    assert (found.total, found.well) == (1, int(well))
    assert bool(found.troubles) is not well


def test_who_asks_why_is_told_how_in_the_pods_namespace() -> None:
    (told,) = wellness.of_pods(table(("0/1", "Error", OLD), namespace="shop"), NOW).troubles
    assert told.what == "Pod shop/pod-0: Error."
    assert told.remedy == "Ask why: `mk8s why pod/pod-0 -n shop`."


def test_many_sick_pods_are_summed_up_and_those_not_looked_at_count_as_well() -> None:
    found = wellness.of_pods(table(*[("0/1", "Error", OLD)] * 8, more=100), NOW)
    assert (found.total, found.well) == (108, 100)
    assert len(found.troubles) == 6
    assert found.troubles[-1].what == "3 more pods are not well."


def test_words_of_others_cannot_move_the_cursor() -> None:
    found = wellness.of_pods(table(("0/1", "\x1b[2JError", OLD)), NOW)
    assert "\x1b" not in found.troubles[0].what


@pytest.mark.parametrize(
    ("pid", "care", "said"),
    [
        (7, None, ""),
        (7, Care("u", runs=True, at_boot=True), ""),
        (0, Care("u", runs=True, at_boot=False), ""),
        (7, Care("u", runs=True, at_boot=False), "systemd does not start agent after a boot."),
        (7, Care("u", runs=False, at_boot=True), "systemd does not run agent"),
    ],
)
def test_a_daemon_of_which_systemd_has_a_unit_is_run_by_it_and_started_after_a_boot(
    pid: int, care: Care | None, said: str
) -> None:
    agent = Component("agent", pid, 0.0, "/agent.log", care=care)
    lines = list(wellness.lines(wellness.of_supervision([agent])))
    assert [said in line for line in lines] == [True] * bool(said)

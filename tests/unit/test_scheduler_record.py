"""The record of a decision, written and read."""

import pytest

from minikube8s.scheduler import record
from minikube8s.scheduler.decision import Decision, Ranked
from minikube8s.scheduler.framework import Refusal
from minikube8s.scheduler.record import BYTES, Record, Refused
from tests.support.scheduling import Cluster, node, pod

POINTS = (("NodeResourcesFit", 93), ("NodeResourcesBalancedAllocation", 99), ("ImageLocality", 95))
RANKING = (
    Ranked("node2", 287, POINTS),
    Ranked("node1", 203, POINTS),
    Ranked("node3", 180, POINTS),
)


def refusal(*reasons: str) -> Refusal:
    return Refusal("any", reasons, permanent=True)


def test_it_tells_how_many_fit_what_decided_and_why_the_others_did_not() -> None:
    decision = Decision(
        "node2", 4, 3, RANKING, {"node4": refusal("Insufficient cpu", "Too many pods")}
    )
    text = record.write(decision)
    assert text == (
        "3 of 4 nodes fit; node2 scored 287 (NodeResourcesFit 93,"
        " NodeResourcesBalancedAllocation 99, ImageLocality 95), node1 203, node3 180;"
        " node4: Insufficient cpu, Too many pods"
    )
    assert record.read(text) == Record(
        3,
        4,
        0,
        "node2",
        "scored",
        287,
        POINTS,
        (("node1", 203), ("node3", 180)),
        (Refused(("node4",), 0, "Insufficient cpu, Too many pods"),),
    )


def test_nodes_of_one_reason_are_told_together_and_only_the_first_are_named() -> None:
    taint = refusal("node(s) had untolerated taint {gpu: yes}")
    refusals = {f"n{number}": taint for number in range(9)} | {"m": refusal("Too many pods")}
    decision = Decision("node2", 500, 1, RANKING[:1], refusals)
    text = record.write(decision)
    assert text == (
        "1 of 11 nodes fit, 489 not looked at; only node2;"
        " n0, n1, n2 and 6 more: node(s) had untolerated taint {gpu: yes}; m: Too many pods"
    )
    assert record.read(text) == Record(
        1,
        11,
        489,
        "node2",
        "only",
        refused=(
            Refused(("n0", "n1", "n2"), 6, "node(s) had untolerated taint {gpu: yes}"),
            Refused(("m",), 0, "Too many pods"),
        ),
    )


def test_a_nominated_node_is_told_as_such() -> None:
    text = record.write(Decision("n1", 3, 1, RANKING[:1], nominated=True))
    assert text == "nominated n1"
    assert record.read(text) == Record(1, 1, node="n1", how="nominated")


@pytest.mark.parametrize("length", [60, 252])
def test_it_stays_small_whatever_the_nodes_are_called_and_say(length: int) -> None:
    refusals = {
        f"{'n' * length}{number}": refusal(f"Insufficient x{number}") for number in range(500)
    }
    ranking = tuple(Ranked(f"{'m' * length}{number}", 300, POINTS) for number in range(4))
    text = record.write(Decision(ranking[0].node, 600, 100, ranking, refusals))
    assert len(text.encode()) <= BYTES
    read = record.read(text)
    assert read is not None and read.node == ranking[0].node
    assert len(read.refused) + read.more == 500 and read.more


def test_what_is_no_record_is_not_taken_for_one() -> None:
    for text in ("", "0/1 nodes are available: 1 Too many pods.", "3 of 4 nodes fit", "a; b; c"):
        assert record.read(text) is None, text


def test_a_real_decision_can_be_read_back() -> None:
    image = {"names": ["nginx:latest"], "sizeBytes": 5 * 10**8}
    cluster = Cluster(node("n1"), node("n2", images=[image]), node("n3", unschedulable=True))
    decision = cluster.decide(pod(cpu="1"))
    read = record.read(record.write(decision))
    assert read is not None
    assert (read.node, read.fitting, read.looked, read.others[0][0]) == ("n2", 2, 3, "n1")
    assert sum(points for _, points in read.points) == read.total
    assert read.refused == (Refused(("n3",), 0, "node(s) were unschedulable"),)

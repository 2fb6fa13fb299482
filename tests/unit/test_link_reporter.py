"""Reports: the newest state, each thing until the master has it, within bounds."""

from datetime import datetime

from mk8s_agent.link import reporter as module
from mk8s_agent.link.reporter import Reporter

from minikube8s.kit.clock import SystemClock
from minikube8s.rpc import agent_pb2
from tests.support.virtualtime import EPOCH

INVOLVED = {"kind": "Pod", "name": "web"}


def drain(reporter: Reporter) -> list[agent_pb2.Up]:
    taken = []
    while (message := reporter.take()) is not None:
        taken.append(message)
    return taken


def kinds(messages: list[agent_pb2.Up]) -> list[str]:
    return [message.WhichOneof("message") for message in messages]


def test_only_the_newest_status_of_a_pod_is_sent():
    reporter = Reporter()
    reporter.pod_status("default", "web", "u", {"phase": "Pending"})
    reporter.pod_status("default", "web", "u", {"phase": "Running"})
    (message,) = drain(reporter)
    assert message.pod_status.status_json == b'{"phase":"Running"}'
    assert message.sequence == 1


def test_an_unchanged_status_is_not_sent_again():
    reporter = Reporter()
    reporter.pod_status("default", "web", "u", {"phase": "Running"})
    drain(reporter)
    reporter.pod_status("default", "web", "u", {"phase": "Running"})
    assert not reporter.pending.is_set()


def test_a_new_session_hears_the_newest_status_of_every_pod_even_acknowledged_ones():
    reporter = Reporter()
    for uid in ("u1", "u2"):
        reporter.pod_status("default", uid, uid, {"phase": "Running"})
    reporter.acknowledged(drain(reporter)[-1].sequence)
    reporter.restart()
    assert [message.pod_status.uid for message in drain(reporter)] == ["u1", "u2"]


def test_a_gone_pod_is_told_until_it_is_acknowledged_and_its_status_never_again():
    reporter = Reporter()
    reporter.pod_status("default", "web", "u", {"phase": "Running"})
    reporter.pod_gone("default", "web", "u")
    assert kinds(drain(reporter)) == ["pod_gone"]
    reporter.restart()
    again = drain(reporter)
    assert kinds(again) == ["pod_gone"]
    reporter.acknowledged(again[0].sequence)
    reporter.restart()
    assert drain(reporter) == []


def test_a_removed_volume_is_told_until_it_is_acknowledged():
    reporter = Reporter()
    reporter.volume_removed("v", "u")
    assert kinds(drain(reporter)) == ["volume_removed"]
    reporter.restart()
    (again,) = drain(reporter)
    assert (again.volume_removed.name, again.volume_removed.uid) == ("v", "u")
    reporter.acknowledged(again.sequence)
    reporter.restart()
    assert drain(reporter) == []


def test_events_that_were_not_acknowledged_come_again_in_order():
    reporter = Reporter()
    for reason in ("A", "B", "C"):
        reporter.event(INVOLVED, "Normal", reason, "")
    first = drain(reporter)
    reporter.acknowledged(first[0].sequence)
    reporter.event(INVOLVED, "Normal", "D", "")
    reporter.restart()
    assert [message.event.reason for message in drain(reporter)] == ["B", "C", "D"]


def test_an_event_keeps_the_time_when_it_happened():
    class Past(SystemClock):
        def now(self) -> datetime:
            return EPOCH

    reporter = Reporter(Past())
    reporter.event(INVOLVED, "Normal", "A", "")
    happened = int(EPOCH.timestamp()) * 1_000_000
    for _ in range(2):
        assert [message.event.time for message in drain(reporter)] == [happened]
        reporter.restart()


def test_events_are_bounded_and_the_newest_survive(monkeypatch):
    monkeypatch.setattr(module, "MAX_EVENTS", 3)
    reporter = Reporter()
    for number in range(10):
        reporter.event(INVOLVED, "Normal", str(number), "")
    assert [message.event.reason for message in drain(reporter)] == ["7", "8", "9"]


def test_unacknowledged_messages_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_IN_FLIGHT", 2)
    reporter = Reporter()
    for number in range(3):
        reporter.pod_status("default", "web", str(number), {})
    taken = drain(reporter)
    assert len(taken) == 2
    assert not reporter.pending.is_set()
    reporter.acknowledged(taken[0].sequence)
    assert reporter.pending.is_set()
    assert len(drain(reporter)) == 1


def test_sequences_begin_with_one_in_each_session_and_heartbeats_share_them():
    reporter = Reporter()
    assert reporter.numbered(agent_pb2.Up(heartbeat=agent_pb2.Heartbeat())).sequence == 1
    reporter.pod_status("default", "web", "u", {})
    assert drain(reporter)[0].sequence == 2
    reporter.restart()
    assert drain(reporter)[0].sequence == 1


def test_a_node_status_made_before_a_session_is_left_to_its_hello():
    reporter = Reporter()
    reporter.node_status({"conditions": []})
    reporter.restart()
    assert drain(reporter) == []
    reporter.node_status({"conditions": []})
    assert kinds(drain(reporter)) == ["node_status"]


def test_a_mirror_is_told_until_it_is_acknowledged_and_its_status_again_once_it_is_there():
    reporter = Reporter()
    reporter.mirror("h", {"kind": "Pod"})
    reporter.repeat_status("h")
    reporter.pod_status("default", "web", "h", {"phase": "Running"})
    assert kinds(drain(reporter)) == ["mirror_pod", "pod_status"]
    reporter.restart()
    again = drain(reporter)
    assert kinds(again) == ["mirror_pod", "pod_status"]
    reporter.acknowledged(again[-1].sequence)
    reporter.repeat_status("h")
    assert kinds(drain(reporter)) == ["pod_status"]

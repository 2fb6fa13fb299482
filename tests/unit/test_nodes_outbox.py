"""What an agent still has to be told, as messages."""

from minikube8s.nodes import outbox as module
from minikube8s.nodes.outbox import Outbox, complete_sync, delta_sync
from minikube8s.nodes.references import ObjectKey
from minikube8s.rpc import agent_pb2
from minikube8s.store.entry import Entry


def entry(name: str, revision: int = 1, size: int = 10) -> Entry:
    return Entry(f"pods/default/{name}", b"x" * size, revision)


def key(name: str) -> ObjectKey:
    return ObjectKey("pods", "default", name)


def outbox(limit: int = 100) -> tuple[Outbox, list[bool]]:
    overdue: list[bool] = []
    return Outbox(limit, lambda: overdue.append(True)), overdue


def test_an_object_that_changes_again_before_it_is_sent_is_sent_once():
    box, _ = outbox()
    box.upsert(key("a"), entry("a", 1))
    box.upsert(key("a"), entry("a", 2))
    (message,) = box.take()
    (upsert,) = message.sync.upserts
    assert (upsert.name, upsert.revision) == ("a", 2)
    assert message.sync.revision == 2
    assert not box.pending.is_set()


def test_a_removal_takes_the_place_of_an_unsent_object():
    box, _ = outbox()
    box.upsert(key("a"), entry("a"))
    box.remove(key("a"))
    (message,) = box.take()
    assert not message.sync.upserts
    assert [removal.name for removal in message.sync.removals] == ["a"]


def test_what_comes_while_messages_are_sent_stays_pending():
    box, _ = outbox()
    box.upsert(key("a"), entry("a"))
    messages = box.take()
    next(messages)
    box.upsert(key("b"), entry("b"))
    assert list(messages) == []
    assert box.pending.is_set()
    (message,) = box.take()
    assert message.sync.upserts[0].name == "b"


def test_too_many_unsent_objects_are_overdue_and_changes_of_the_same_are_not():
    box, overdue = outbox(limit=2)
    for revision in range(10):
        box.upsert(key("a"), entry("a", revision))
        box.upsert(key("b"), entry("b", revision))
    assert not overdue
    box.upsert(key("c"), entry("c"))
    assert overdue


def test_too_many_unsent_requests_are_overdue():
    box, overdue = outbox()
    for _ in range(module.MAX_REQUESTS):
        box.request(agent_pb2.Down(open_tunnel=agent_pb2.OpenTunnel()))
    assert not overdue
    box.request(agent_pb2.Down(open_tunnel=agent_pb2.OpenTunnel()))
    assert overdue


def test_only_the_newest_acknowledgement_is_sent():
    box, _ = outbox()
    box.acknowledge(1)
    box.acknowledge(3)
    box.acknowledge(2)
    (message,) = box.take()
    assert message.ack.sequence == 3


def test_a_complete_sync_comes_in_parts_of_which_only_the_last_says_so(monkeypatch):
    monkeypatch.setattr(module, "PART_BYTES", 25)
    parts = list(complete_sync([entry(name, size=10) for name in "abcdefg"]))
    assert [[one.name for one in part.sync.upserts] for part in parts] == [
        ["a", "b", "c"],
        ["d", "e", "f"],
        ["g"],
    ]
    assert [part.sync.last_part for part in parts] == [False, False, True]
    assert all(part.sync.complete for part in parts)


def test_an_empty_complete_sync_is_a_message_too():
    (part,) = complete_sync([])
    assert part.sync.complete
    assert part.sync.last_part


def test_a_long_delta_is_split_and_its_removals_come_first(monkeypatch):
    monkeypatch.setattr(module, "PART_BYTES", 15)
    changes = {key("a"): entry("a"), key("b"): entry("b"), key("c"): entry("c"), key("r"): None}
    first, second = delta_sync(changes)
    assert [removal.name for removal in first.sync.removals] == ["r"]
    assert [one.name for one in first.sync.upserts] == ["a", "b"]
    assert [one.name for one in second.sync.upserts] == ["c"]
    assert not first.sync.complete


def test_what_is_not_urgent_goes_with_what_comes_next_or_when_it_is_hurried():
    box, _ = outbox()
    box.upsert(key("a"), entry("a"), at_once=False)
    assert not box.pending.is_set()
    box.upsert(key("b"), entry("b"))
    (message,) = box.take()
    assert [one.name for one in message.sync.upserts] == ["a", "b"]
    box.remove(key("a"), at_once=False)
    assert not box.pending.is_set()
    box.hurry()
    (message,) = box.take()
    assert [one.name for one in message.sync.removals] == ["a"]
    box.hurry()
    assert not box.pending.is_set()

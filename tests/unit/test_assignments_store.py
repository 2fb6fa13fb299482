"""Assignments: complete syncs replace, deltas change, subscribers see consistent states."""

import msgspec
from mk8s_agent.assignments import NO_KEY, ROUTES, Assigned, Assignments, NodeRoute


def assigned(resource: str, name: str, revision: int = 1, **fields) -> Assigned:
    obj = {"metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"}, **fields}
    return Assigned(resource, ("default", name), revision, msgspec.json.encode(obj))


def recorded(assignments: Assignments) -> list[tuple[str, str]]:
    changes: list[tuple[str, str]] = []
    assignments.subscribe(lambda resource, key: changes.append((resource, key[1])))
    return changes


def test_nothing_is_known_before_the_first_complete_sync():
    assignments = Assignments()
    assert not assignments.synced.is_set()
    assignments.replace([], 5)
    assert assignments.synced.is_set()
    assert assignments.revision == 5


def test_a_complete_sync_replaces_everything_and_tells_only_what_changed():
    assignments = Assignments()
    assignments.replace([assigned("pods", "kept"), assigned("pods", "gone")], 1)
    changes = recorded(assignments)
    assignments.replace([assigned("pods", "kept"), assigned("services", "new")], 2)
    assert set(assignments.pods()) == {("default", "kept")}
    assert sorted(changes) == [("pods", "gone"), ("services", "new")]


def test_another_pod_under_the_same_name_is_a_change_even_at_the_same_revision():
    assignments = Assignments()
    assignments.replace([assigned("pods", "web")], 1)
    changes = recorded(assignments)
    other = Assigned("pods", ("default", "web"), 1, b'{"metadata":{"uid":"other"}}')
    assignments.replace([other], 1)
    assert changes == [("pods", "web")]
    assert assignments.pods()["default", "web"].view.metadata.uid == "other"


def test_a_delta_changes_only_what_it_names():
    assignments = Assignments()
    assignments.replace([assigned("pods", "a"), assigned("secrets", "s")], 1)
    changes = recorded(assignments)
    assignments.update([assigned("configmaps", "c", 3)], [("secrets", ("default", "s"))], 3)
    assert changes == [("secrets", "s"), ("configmaps", "c")]
    assert assignments.configmap("default", "c").revision == 3
    assert assignments.secret("default", "s") is None
    assert ("default", "a") in assignments.pods()


def test_subscribers_are_called_when_the_whole_message_is_in_place():
    assignments = Assignments()
    seen = []
    assignments.subscribe(lambda *_: seen.append(assignments.configmap("default", "c")))
    assignments.update([assigned("pods", "a"), assigned("configmaps", "c")], [], 1)
    assert len(seen) == 2
    assert all(seen)


def test_a_failing_subscriber_does_not_keep_news_from_others(caplog):
    assignments = Assignments()

    def fail(*_):
        raise ValueError("oops")

    assignments.subscribe(fail)
    changes = recorded(assignments)
    assignments.update([assigned("pods", "a")], [], 1)
    assert changes == [("pods", "a")]
    assert "oops" in caplog.text


def test_an_ended_subscription_is_not_called():
    assignments = Assignments()
    changes: list[str] = []
    end = assignments.subscribe(lambda resource, _: changes.append(resource))
    end()
    assignments.update([assigned("pods", "a")], [], 1)
    assert changes == []


def test_resources_of_a_newer_master_are_ignored():
    assignments = Assignments()
    changes = recorded(assignments)
    assignments.update([assigned("novelties", "n")], [("novelties", ("default", "m"))], 1)
    assert changes == []


def test_routes_are_told_when_they_change():
    assignments = Assignments()
    seen = []
    assignments.subscribe(lambda *change: seen.append(change))
    routes = [NodeRoute("two", ("10.244.1.0/24",), ("192.0.2.2",))]
    assignments.set_routes(routes)
    assignments.set_routes(routes)
    assert seen == [(ROUTES, NO_KEY)]
    assert assignments.routes == tuple(routes)


def test_views_and_objects_are_decoded_once():
    item = assigned("pods", "a", spec={"nodeName": "one"})
    assert item.view is item.view
    assert item.object is item.object
    assert item.view.spec.node_name == "one"

"""Whatever happens to pods, what nodes were told of peers is what a new list would hold."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.nodes.peers import Peers
from minikube8s.store.entry import Entry

pods = st.builds(
    lambda name, address, phase, host, labels: {
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {"nodeName": "one", "hostNetwork": host},
        "status": {"phase": phase, "podIP": address},
    },
    st.sampled_from("abc"),
    st.sampled_from(["", "10.0.0.1", "10.0.0.2"]),
    st.sampled_from(["Pending", "Running", "Running", "Failed"]),
    st.sampled_from([False, False, False, True]),
    st.dictionaries(st.sampled_from(["app"]), st.sampled_from("xy")),
)


def entry(pod: dict[str, Any], revision: int) -> Entry:
    return Entry(f"pods/default/{pod['metadata']['name']}", msgspec.json.encode(pod), revision)


@given(st.lists(st.tuples(pods, st.booleans())))
def test_what_nodes_were_told_adds_up(happenings: list[tuple[dict[str, Any], bool]]):
    peers, told, alive = Peers(), {}, {}
    for revision, (pod, deleted) in enumerate(happenings):
        change = peers.apply(entry(pod, revision), deleted)
        alive[pod["metadata"]["name"]] = None if deleted else pod
        if change is not None and change.entry is None:
            del told[change.key]
        elif change is not None:
            assert told.get(change.key) != change.entry.value, "nothing to be told of"
            told[change.key] = change.entry.value
    anew = Peers()
    anew.replace(entry(pod, 0) for pod in alive.values() if pod is not None)
    expected = {key: one.value for key, one in zip(anew.keys(), anew.entries(), strict=True)}
    assert told == expected
    assert set(peers.keys()) == set(expected)

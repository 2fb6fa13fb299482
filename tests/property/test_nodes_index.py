"""Whatever happens to pods, a node that applies its deliveries has what a complete sync holds."""

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.nodes.assign import Index
from minikube8s.nodes.references import ObjectKey

PODS = [ObjectKey("pods", "default", name) for name in "abc"]
CONFIGS = [ObjectKey("configmaps", "default", name) for name in "xyz"]
NODES = ["", "one", "two"]

steps = st.lists(
    st.tuples(
        st.sampled_from([*PODS, *CONFIGS]),
        st.sampled_from(NODES),
        st.frozensets(st.sampled_from(CONFIGS)),
    )
)
"""A pod with what it names; or an object that a node looks after whatever its pods name."""


@given(steps)
def test_deliveries_add_up_to_the_complete_state(happenings):
    index = Index()
    held: dict[str, set[ObjectKey]] = {"one": set(), "two": set()}
    placed: dict[ObjectKey, tuple[str, frozenset[ObjectKey]]] = {}
    kept: dict[ObjectKey, str] = {}
    for key, node, references in happenings:
        if key in PODS:
            placed[key] = (node, references)
            deliveries = index.place(key, node, references)
        else:
            kept[key] = node
            deliveries = index.keep(key, node)
        for delivery in deliveries:
            if delivery.needed:
                held[delivery.node].add(delivery.key)
            else:
                held[delivery.node].remove(delivery.key)
    for node in ("one", "two"):
        expected = {pod for pod, (where, _) in placed.items() if where == node}
        expected |= {key for where, keys in placed.values() if where == node for key in keys}
        expected |= {key for key, where in kept.items() if where == node}
        assert held[node] == expected == set(index.needs_of(node))
        for key in CONFIGS:
            assert (node in index.users_of(key)) == (key in expected)

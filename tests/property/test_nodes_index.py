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
        st.sampled_from(PODS), st.sampled_from(NODES), st.frozensets(st.sampled_from(CONFIGS))
    )
)


@given(steps)
def test_deliveries_add_up_to_the_complete_state(happenings):
    index = Index()
    held: dict[str, set[ObjectKey]] = {"one": set(), "two": set()}
    placed: dict[ObjectKey, tuple[str, frozenset[ObjectKey]]] = {}
    for pod, node, references in happenings:
        placed[pod] = (node, references)
        for delivery in index.place(pod, node, references):
            if delivery.needed:
                held[delivery.node].add(delivery.key)
            else:
                held[delivery.node].remove(delivery.key)
    for node in ("one", "two"):
        expected = {pod for pod, (where, _) in placed.items() if where == node}
        expected |= {key for where, keys in placed.values() if where == node for key in keys}
        assert held[node] == expected == set(index.needs_of(node))
        for key in CONFIGS:
            assert (node in index.users_of(key)) == (key in expected)

"""The rules let through what Kubernetes' API says, whatever has changed on the way to them."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minikube8s.api.views import NetworkPolicy, PeerPod
from tests.support.policies import Judge, Packet, Walker, peer, policy

NAMESPACES = ("default", "shop")
KEYS, VALUES = ("app", "tier"), ("a", "b")
PORTS = (53, 80, 443, 8080)
PROTOCOLS = ("TCP", "UDP", "SCTP")
OUTSIDE = ("203.0.113.7", "10.0.3.9", "2001:db8::7")
BLOCKS = ("10.0.0.0/8", "10.0.0.0/30", "203.0.113.0/24", "0.0.0.0/0", "::/0", "fd00::/126")
HOLES = {
    "10.0.0.0/8": ["10.0.0.2/32", "10.0.0.0/31"],
    "0.0.0.0/0": ["10.0.0.0/30", "0.0.0.0/1"],
    "::/0": ["fd00::2/128"],
}

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
expressions = st.builds(
    lambda key, operator, values: (
        {"key": key, "operator": operator, "values": values}
        if "In" in operator
        else {"key": key, "operator": operator}
    ),
    st.sampled_from(KEYS),
    st.sampled_from(("In", "NotIn", "Exists", "DoesNotExist")),
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=2, unique=True),
)
selectors = st.one_of(
    st.just({}),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), min_size=1, max_size=1).map(
        lambda one: {"matchLabels": one}
    ),
    expressions.map(lambda one: {"matchExpressions": [one]}),
    st.fixed_dictionaries({"matchLabels": labels, "matchExpressions": st.lists(expressions)}),
)


@st.composite
def blocks(draw: Any) -> dict[str, Any]:
    cidr = draw(st.sampled_from(BLOCKS))
    holes = draw(st.lists(st.sampled_from(HOLES.get(cidr, [""])), unique=True))
    return {"cidr": cidr, "except": [hole for hole in holes if hole]}


peers = st.one_of(
    st.fixed_dictionaries({"podSelector": selectors}),
    st.fixed_dictionaries({"namespaceSelector": selectors}),
    st.fixed_dictionaries({"namespaceSelector": selectors, "podSelector": selectors}),
    st.fixed_dictionaries({"ipBlock": blocks()}),
)
numbers = st.builds(
    lambda port, more: {"port": port, "endPort": port + more} if more else {"port": port},
    st.sampled_from(PORTS),
    st.sampled_from((0, 0, 1, 400)),
)
ports = st.builds(
    lambda port, protocol: {**port, **protocol},
    st.one_of(
        st.just({}),
        numbers,
        st.sampled_from(("http", "udp-dns", "none")).map(lambda n: {"port": n}),
    ),
    st.sampled_from(PROTOCOLS).map(lambda name: {"protocol": name}),
)


def rules(side: str) -> st.SearchStrategy[dict[str, Any]]:
    some = {side: st.lists(peers, max_size=2), "ports": st.lists(ports, max_size=2)}
    return st.fixed_dictionaries(some)


specs = st.fixed_dictionaries(
    {
        "podSelector": selectors,
        "ingress": st.lists(rules("from"), max_size=2),
        "egress": st.lists(rules("to"), max_size=2),
    },
    optional={"policyTypes": st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]])},
)
policies = st.builds(
    lambda name, namespace, spec: policy(name, namespace, **spec),
    st.sampled_from("pqr"),
    st.sampled_from(NAMESPACES),
    specs,
)
pods = st.tuples(
    st.integers(1, 4),
    st.sampled_from(NAMESPACES),
    labels,
    st.sampled_from([{}, {"http": 80}, {"http": 8080, "udp-dns": 53}]),
).map(lambda told: a_pod(*told))
namespaces = st.tuples(st.sampled_from(NAMESPACES), labels | st.none())
forgotten = st.tuples(st.just("forget"), st.integers(0, 9))


def a_pod(number: int, namespace: str, has: dict[str, str], ports: dict[str, int]) -> PeerPod:
    ips = f"10.0.0.{number}", f"fd00::{number}"
    return peer(f"pod{number}", *ips, namespace=namespace, ports=ports, **has)


@st.composite
def stories(draw: Any) -> list[Any]:
    """Pods and labelled namespaces, policies, and then some changes, in any order."""
    begin: list[Any] = [draw(policies) for _ in range(draw(st.integers(1, 3)))]
    begin += [(name, draw(labels)) for name in NAMESPACES]
    for number in range(1, 5):
        own = draw(st.sampled_from([{"http": 80}, {"http": 8080, "udp-dns": 53}]))
        begin.append(a_pod(number, draw(st.sampled_from(NAMESPACES)), draw(labels), own))
    changes = draw(st.lists(st.one_of(policies, pods, namespaces, forgotten), max_size=6))
    return [*draw(st.permutations(begin)), *changes]


HERE = ("10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2")


def packets() -> list[Packet]:
    v4 = [f"10.0.0.{n}" for n in range(1, 5)] + [one for one in OUTSIDE if "." in one]
    v6 = [f"fd00::{n}" for n in range(1, 5)] + [one for one in OUTSIDE if ":" in one]
    return [
        Packet(source, destination, protocol, port)
        for family in (v4, v6)
        for source in family
        for destination in family
        if source in HERE or destination in HERE
        for protocol in PROTOCOLS
        for port in (53, 81, 80, 8080, 480)
    ]


ALL_PACKETS = packets()


class World:
    """Objects as they are, and a walker that has followed every change of them."""

    def __init__(self) -> None:
        self.walker = Walker()
        self.policies: dict[tuple[str, str], NetworkPolicy] = {}
        self.pods: dict[tuple[str, str], PeerPod] = {}
        self.namespaces: dict[str, dict[str, str]] = {}

    def happen(self, one: Any) -> None:
        if isinstance(one, NetworkPolicy):
            self.policies[one.metadata.namespace, one.metadata.name] = one
            self.walker.add(one)
        elif isinstance(one, PeerPod):
            for key in [each for each in self.pods if each[1] == one.name]:
                self._pod(key, None)
            self._pod((one.namespace, one.name), one)
        elif one[0] == "forget":
            self._forget(one[1])
        else:
            self._namespace(*one)

    def judge(self) -> Judge:
        policies, pods = list(self.policies.values()), list(self.pods.values())
        return Judge(policies, pods, self.namespaces, frozenset(HERE))

    def _namespace(self, name: str, has: dict[str, str] | None) -> None:
        self.walker.model.set_namespace(name, has)
        self.namespaces.pop(name, None)
        if has is not None:
            self.namespaces[name] = has

    def _pod(self, key: tuple[str, str], pod: PeerPod | None) -> None:
        before = self.pods.pop(key, None)
        if pod is not None:
            self.pods[key] = pod
        ips = (pod or before or peer("", "")).ips
        self.walker.model.set_pod(key, pod, here=ips[0] in HERE)

    def _forget(self, which: int) -> None:
        keys: list[Any] = [*self.policies, *self.pods]
        key = keys[which % len(keys)] if keys else None
        if key in self.policies:
            del self.policies[key]
            self.walker.model.set_policy(key, None)
        elif key is not None:
            self._pod(key, None)


@given(stories(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_what_the_rules_let_through_is_what_the_api_says(happenings: list[Any], chance: Any):
    world = World()
    for one in happenings:
        world.happen(one)
        if chance.random() < 0.5:
            world.walker.sync()
    world.walker.sync()
    judge, walker = world.judge(), world.walker.at_rest()
    for packet in chance.sample(ALL_PACKETS, 150):
        assert walker.lets(packet) == judge.lets(packet), packet
    if not judge.policies:
        assert not walker.chains and not walker.sets and not walker.elements

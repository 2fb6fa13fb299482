"""All policies, and the pods that they select or speak of: what of the table is theirs.

Pure: is told of policies, namespaces and pods, tells whose parts may have changed, and has these
parts when asked for them. A change costs as much as what it concerns: selectors are found by the
pod's labels and pods by their namespace.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from minikube8s.api.views import PeerPod
from mk8s_agent.assignments import Key
from mk8s_agent.policy import GROUPS, PODS, POLICIES, SETS
from mk8s_agent.policy.index import SelectorIndex
from mk8s_agent.policy.rules import (
    DIRECTIONS,
    Direction,
    PeerSet,
    StaticPart,
    identifier,
    pod_elements,
    pods_chain,
    policy_chain,
    rules_of,
    sets_of,
)
from mk8s_agent.policy.values import Labels, PeerSelector, Policy, PortName, pods_of
from mk8s_agent.proxy.fixed import POLICY_EGRESS, POLICY_INGRESS, Family, family
from mk8s_agent.proxy.parts import Element, Fragment, Part

_MAPS: Final[dict[Direction, str]] = {"in": POLICY_INGRESS, "out": POLICY_EGRESS}


class _Group(NamedTuple):
    """Pods that just these policies of their namespace select, in one direction."""

    namespace: str
    direction: Direction
    policies: tuple[str, ...]

    @property
    def key(self) -> Key:
        return self.namespace, f"{self.direction}:{','.join(self.policies)}"


class _Installed(NamedTuple):
    policy: Policy
    generation: int


@dataclass(slots=True)
class _Pod:
    peer: PeerPod
    here: bool
    groups: tuple[_Group, ...] = ()


class PolicyModel:
    """`changed(kind, key)` is called for each owner whose parts may have changed."""

    def __init__(self, families: tuple[Family, ...], changed: Callable[[str, Key], None]) -> None:
        self._families = families
        self._changed = changed
        self._generation = 0
        self._policies: dict[Key, _Installed] = {}
        self._selecting: SelectorIndex[Key] = SelectorIndex()
        self._sets: dict[Key, PeerSet] = {}
        self._users: dict[PeerSet, int] = {}
        self._speaking: SelectorIndex[PeerSet] = SelectorIndex()
        self._namespaces: dict[str, Labels] = {}
        self._pods: dict[Key, _Pod] = {}
        self._pods_in: dict[str, set[Key]] = {}
        self._groups: dict[Key, tuple[_Group, set[Key]]] = {}

    @property
    def any(self) -> bool:
        """Whether there is a policy."""
        return bool(self._policies)

    def policy(self, key: Key) -> Policy | None:
        """A policy as it is in force."""
        installed = self._policies.get(key)
        return installed.policy if installed else None

    def set_policy(self, key: Key, new: Policy | None) -> None:
        """Take over a policy as it is now; None: it is gone."""
        old = self.policy(key)
        if old == new:
            return
        self._generation += 1
        before, after = sets_of(old) if old else set(), sets_of(new) if new else set()
        for each in after - before:
            self._use(each)
        if old is not None:
            self._selecting.remove(pods_of(old.namespace, old.pods), key)
            del self._policies[key]
        if new is not None:
            self._selecting.add(pods_of(new.namespace, new.pods), key)
            self._policies[key] = _Installed(new, self._generation)
        for each in before - after:
            self._release(each)
        self._changed(POLICIES, key)
        for pod in self._pods_in.get(key[0], ()):
            known = self._pods[pod]
            if any(one and one.pods.matches(known.peer.labels) for one in (old, new)):
                self._regroup(pod, known)

    def set_namespace(self, name: str, labels: Labels | None) -> None:
        """Take over a namespace's labels; None: it is gone."""
        if self._namespaces.get(name) == labels:
            return
        if labels is None:
            del self._namespaces[name]
        else:
            self._namespaces[name] = labels
        for pod in self._pods_in.get(name, ()):
            self._changed(PODS, pod)

    def set_pod(self, key: Key, peer: PeerPod | None, *, here: bool) -> None:
        """Take over a pod; `here`: it runs on this node, so that policies are enforced on it.

        `key` is the pod's namespace and what tells it from all others there.
        """
        known = self._pods.get(key)
        if (known.peer if known else None) == peer:
            return
        if peer is None:
            self._forget(key)
        elif known is None:
            self._pods[key] = _Pod(peer, here)
            self._pods_in.setdefault(key[0], set()).add(key)
        else:
            known.peer = peer
        if (now := self._pods.get(key)) is not None:
            self._regroup(key, now)
        self._changed(PODS, key)

    def known(self, kind: str) -> list[Key]:
        """All owners of that kind."""
        if kind == POLICIES:
            return list(self._policies)
        if kind == GROUPS:
            return list(self._groups)
        return list(self._sets if kind == SETS else self._pods)

    def parts(self, kind: str, key: Key) -> dict[str, Part]:
        """What the owner has in the table now, by name."""
        if kind == POLICIES:
            return dict(self._policy_parts(key))
        if kind == GROUPS:
            return dict(self._group_parts(key))
        return dict(self._set_parts(key) if kind == SETS else self._pod_parts(key))

    def _policy_parts(self, key: Key) -> Iterator[tuple[str, Part]]:
        policy = self.policy(key)
        for direction in DIRECTIONS:
            if policy is not None and rules_of(policy, direction) is not None:
                chain = self._chain(key, direction)
                rules = policy_chain(policy, direction, self._families)
                yield chain, StaticPart(Fragment({chain: rules}), Fragment({chain: ()}))

    def _group_parts(self, key: Key) -> Iterator[tuple[str, Part]]:
        if key in self._groups:
            group = self._groups[key][0]
            chains = [
                self._chain((group.namespace, name), group.direction) for name in group.policies
            ]
            yield "", StaticPart(Fragment({self._group_chain(group): pods_chain(chains)}))

    def _set_parts(self, key: Key) -> Iterator[tuple[str, Part]]:
        if key in self._sets:
            each = self._sets[key]
            for of in self._families:
                made = {each.name(of): each.definition(of)}
                yield str(of.version), StaticPart(Fragment(sets=made))

    def _pod_parts(self, key: Key) -> Iterator[tuple[str, Part]]:
        pod = self._pods.get(key)
        if pod is None:
            return
        peer = pod.peer
        meant = [one for one in self._candidates(peer) if self._means(one.peers, peer)]
        elements = pod_elements(meant, peer.ips, _ports(peer), self._families)
        for group in pod.groups:
            for address in peer.ips:
                if (of := family(address)) in self._families:
                    place = Element(f"{_MAPS[group.direction]}{of.suffix}", address)
                    elements[place] = f"goto {self._group_chain(group)}"
        if elements:
            yield "", StaticPart(Fragment(elements=elements))

    def _chain(self, policy: Key, direction: Direction) -> str:
        namespace, name = policy
        return f"{identifier('pol', namespace, [name], direction)}.{self._generation_of(policy)}"

    def _group_chain(self, group: _Group) -> str:
        """Its policies' newest generation: where one of them has a new chain, so has the group."""
        newest = max(self._generation_of((group.namespace, name)) for name in group.policies)
        name = identifier("pods", group.namespace, group.policies, group.direction)
        return f"{name}.{newest}"

    def _generation_of(self, policy: Key) -> int:
        return self._policies[policy].generation

    def _candidates(self, peer: PeerPod) -> Iterator[PeerSet]:
        return self._speaking.candidates(peer.namespace, peer.labels)

    def _means(self, selector: PeerSelector, peer: PeerPod) -> bool:
        labels = self._namespaces.get(peer.namespace)
        return selector.matches(peer.namespace, labels, peer.labels)

    def _use(self, each: PeerSet) -> None:
        self._users[each] = self._users.get(each, 0) + 1
        if self._users[each] == 1:
            self._speaking.add(each.peers, each)
            self._sets["", each.key] = each
            self._set_changed(each)

    def _release(self, each: PeerSet) -> None:
        self._users[each] -= 1
        if not self._users[each]:
            del self._users[each]
            self._speaking.remove(each.peers, each)
            del self._sets["", each.key]
            self._set_changed(each)

    def _set_changed(self, each: PeerSet) -> None:
        self._changed(SETS, ("", each.key))
        scope = each.peers.namespace
        pods = self._pods if scope is None else self._pods_in.get(scope, ())
        for key in pods:
            if self._means(each.peers, self._pods[key].peer):
                self._changed(PODS, key)

    def _forget(self, key: Key) -> None:
        self._leave(key, self._pods.pop(key).groups)
        others = self._pods_in[key[0]]
        others.discard(key)
        if not others:
            del self._pods_in[key[0]]

    def _regroup(self, key: Key, pod: _Pod) -> None:
        """See which policies select the pod now; all that they have changed is asked for anew."""
        if not pod.here:
            return
        before, pod.groups = pod.groups, tuple(self._groups_of(pod.peer))
        for group in pod.groups:
            self._groups.setdefault(group.key, (group, set()))[1].add(key)
            self._changed(GROUPS, group.key)
        self._leave(key, tuple(group for group in before if group not in pod.groups))
        self._changed(PODS, key)

    def _leave(self, key: Key, groups: tuple[_Group, ...]) -> None:
        for group in groups:
            members = self._groups[group.key][1]
            members.discard(key)
            if not members:
                del self._groups[group.key]
            self._changed(GROUPS, group.key)

    def _groups_of(self, peer: PeerPod) -> Iterator[_Group]:
        found = [
            self._policies[key].policy
            for key in self._selecting.candidates(peer.namespace, peer.labels)
        ]
        selecting = [one for one in found if one.pods.matches(peer.labels)]
        for direction in DIRECTIONS:
            names = [one.name for one in selecting if rules_of(one, direction) is not None]
            if names:
                yield _Group(peer.namespace, direction, tuple(sorted(names)))


def _ports(peer: PeerPod) -> dict[PortName, int]:
    """By name; the first of several has it."""
    ports: dict[PortName, int] = {}
    for one in peer.ports:
        ports.setdefault(PortName(one.protocol.lower(), one.name), one.port)
    return ports

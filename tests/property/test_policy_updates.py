"""Updates of policies are all taken by the kernel, and lead to where a new table begins."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from mk8s_agent.assignments import Key
from mk8s_agent.policy.model import PolicyModel
from mk8s_agent.policy.reading import read
from mk8s_agent.proxy.fixed import FAMILIES, TableConfig
from mk8s_agent.proxy.parts import Owner, Part, PartKey
from mk8s_agent.proxy.table import ServiceTable

from minikube8s.api.views import NetworkPolicy, PeerPod
from tests.property.test_policy_semantics import HERE, stories
from tests.support.faketable import FakeTable

CONFIG = TableConfig("mk8s", "one", "10.0.0.0/16,fd00::/64", "10.96.0.0/12")


class Kept:
    """A table that follows a model as its keeper does, and a kernel that takes its updates."""

    def __init__(self) -> None:
        self.dirty: set[tuple[str, Key]] = set()
        self.model = PolicyModel(FAMILIES, lambda *owner: self.dirty.add(owner))
        self.table = ServiceTable(CONFIG)
        self.kernel = FakeTable(CONFIG.table)
        self.kernel.run(self.table.full())

    def sync(self) -> None:
        dirty, self.dirty = self.dirty, set()
        changes: dict[PartKey, Part | None] = {}
        for owner in sorted(dirty):
            changes |= self.table.differences(Owner(*owner), self.model.parts(*owner))
        for transaction in self.table.update(changes).transactions():
            self.kernel.run(transaction)

    def happen(self, one: Any) -> None:
        if isinstance(one, NetworkPolicy):
            self.model.set_policy((one.metadata.namespace, one.metadata.name), read(one))
        elif isinstance(one, PeerPod):
            self.model.set_pod((one.namespace, one.name), one, here=one.ips[0] in HERE)
        elif one[0] == "forget":
            known = sorted(self.model.known("policy"))
            if known:
                self.model.set_policy(known[one[1] % len(known)], None)
        else:
            self.model.set_namespace(*one)


@given(stories(), st.lists(st.booleans(), min_size=20, max_size=20))
@settings(max_examples=100, deadline=None)
def test_every_update_is_taken_and_leads_to_the_same_table(
    happenings: list[Any], syncs: list[bool]
) -> None:
    kept = Kept()
    for one, sync in zip(happenings, syncs, strict=False):
        kept.happen(one)
        if sync:
            kept.sync()
    kept.sync()
    anew = FakeTable(CONFIG.table)
    anew.run(kept.table.full())
    assert kept.kernel.content == anew.content

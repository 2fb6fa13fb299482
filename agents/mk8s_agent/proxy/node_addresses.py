"""Other nodes' own addresses as a source of the table's parts: pods reach them as themselves."""

from collections.abc import Callable
from dataclasses import dataclass

from mk8s_agent.assignments import NO_KEY, ROUTES, Assignments, Key
from mk8s_agent.proxy.fixed import NODE_IPS, family
from mk8s_agent.proxy.parts import Element, Fragment, Part

KIND = "nodes"


@dataclass(frozen=True, slots=True)
class NodePart:
    """The addresses of one node."""

    addresses: tuple[str, ...]

    def fragment(self, generation: int) -> Fragment:
        """Nothing but elements: a change touches those that differ."""
        return Fragment(
            elements={Element(NODE_IPS + family(one).suffix, one): "" for one in self.addresses}
        )


class NodeAddresses:
    """Follows the routes to other nodes, which tell their addresses."""

    def __init__(self, assignments: Assignments, changed: Callable[[str, Key], None]) -> None:
        self._assignments = assignments
        self._changed = changed

    def notice(self, resource: str, key: Key) -> None:
        """An assigned object changed."""
        if resource == ROUTES:
            self._changed(KIND, key)

    def known(self) -> list[Key]:
        """All nodes are one."""
        return [NO_KEY]

    def parts(self, key: Key) -> dict[str, Part]:
        """A part for each other node."""
        return {one.node: NodePart(one.addresses) for one in self._assignments.routes or ()}

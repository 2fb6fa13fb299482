"""What the table is put together from: parts, each with a key that says whose it is.

A part is a value that can be compared; what it has in the table is its `Fragment`. The chains and
sets of a fragment carry the generation in their names, so that a change makes new ones and never
touches those in use. Pure.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from mk8s_agent.assignments import Key


class Owner(NamedTuple):
    """Whose a part is: its source's `kind`, and the (namespace, name) of what it is made of."""

    kind: str
    key: Key


class PartKey(NamedTuple):
    """One part in the table; `name` tells an owner's parts from each other."""

    owner: Owner
    name: str


class Element(NamedTuple):
    """One element's place: the map or set and its key, both as nft writes them."""

    container: str
    key: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """All that one part has in the table.

    `chains` maps names to rules. `sets` maps names to what stands between the braces of a set's or
    a map's definition (`type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }`); a `map` is
    told by a colon in its type. A set whose name carries no generation lives on across changes
    with all that it holds; its definition then never changes. `elements` go into maps and sets that
    several parts share, and map places to values, "" in sets. Where two parts claim one place, the
    first by key has it. Chains may lead to chains of the same part and of the fixed one, and to
    those of parts that have a fallback.
    """

    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)
    elements: dict[Element, str] = field(default_factory=dict)


NOTHING = Fragment()


class Part(Protocol):
    """Something that has a part of the table; equal parts have equal rules."""

    def fragment(self, generation: int) -> Fragment:
        """Chains, sets and elements; `generation` makes the names of chains and sets new."""


class Lasting(Part, Protocol):
    """A part that others lead to, so that it cannot just be left out."""

    @property
    def fallback(self) -> Part:
        """What takes its place, with the same names, where the kernel refuses it."""


def fallback_of(part: Part | None) -> Part | None:
    """What has to stay of a part that the kernel refuses; None: nothing."""
    fallback: Part | None = getattr(part, "fallback", None)
    return fallback


class Source(Protocol):
    """What parts of one kind come from."""

    def known(self) -> list[Key]:
        """Everything that may have parts; asked when the whole table is made."""

    def parts(self, key: Key) -> dict[str, Part]:
        """The parts of `key` as they have to be now, by name; none: it has nothing in the table."""

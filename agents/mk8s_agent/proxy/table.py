"""The whole nftables table of a cluster, and how it changes.

Owns what the table holds. Pure: yields text, applies nothing. An update comes in three
transactions so that no connection meets a half-made path:

    make    new chains, which nothing refers to yet
    switch  the maps' elements change over to them, all in one moment
    sweep   the chains that nothing refers to any more go

A chain must exist a transaction earlier than the element that leads to it: within one, the kernel
shows new elements a moment before new rules.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mk8s_agent.proxy.fixed import TableConfig, fixed_part
from mk8s_agent.proxy.nftables import table_name
from mk8s_agent.proxy.parts import NOTHING, Element, Fragment, Owner, Part, PartKey, fallback_of


@dataclass(frozen=True, slots=True)
class Update:
    """Transactions to be applied in order; an empty one has nothing to do."""

    make: str
    switch: str
    sweep: str

    def transactions(self) -> list[str]:
        """Those that have something to do."""
        return [text for text in (self.make, self.switch, self.sweep) if text]


class ServiceTable:
    """The table as it is once all updates so far are applied.

    Two parts may claim the same place, as Services do with externalIPs: the first by key has it,
    and the next one takes over when that one goes.
    """

    def __init__(self, config: TableConfig) -> None:
        self._config = config
        self._table = config.table
        self._generation = 0
        self._parts: dict[PartKey, tuple[Part, int]] = {}
        self._owned: dict[Owner, set[PartKey]] = {}
        self._claims: dict[Element, dict[PartKey, str]] = {}

    def part(self, key: PartKey) -> Part | None:
        """The part as the table has it."""
        installed = self._parts.get(key)
        return installed[0] if installed else None

    def keys(self) -> list[PartKey]:
        """All parts in the table."""
        return list(self._parts)

    def fallbacks(self) -> dict[PartKey, Part]:
        """What has to be in the table whatever the kernel refuses: other parts lead to it."""
        found = ((key, fallback_of(part)) for key, (part, _) in self._parts.items())
        return {key: part for key, part in found if part is not None}

    def owners(self) -> list[Owner]:
        """All that have parts in the table."""
        return list(self._owned)

    def differences(self, owner: Owner, parts: Mapping[str, Part]) -> dict[PartKey, Part | None]:
        """What an update has to change for the owner to have these parts and no others."""
        wanted: dict[PartKey, Part | None] = dict.fromkeys(self._owned.get(owner, ()))
        wanted |= {PartKey(owner, name): part for name, part in parts.items()}
        return {key: part for key, part in wanted.items() if part != self.part(key)}

    def update(self, changes: Mapping[PartKey, Part | None]) -> Update:
        """Take over changed parts (None: gone); the text is proportional to what differs."""
        real = {key: new for key, new in changes.items() if new != self.part(key)}
        if not real:
            return Update("", "", "")
        self._generation += 1
        old = {key: self._fragment(key) for key in real}
        fresh = {key: _build(new, self._generation) for key, new in real.items()}
        places = {place for each in (*old.values(), *fresh.values()) for place in each.elements}
        before = {place: self._winner(place) for place in places}
        for key, new in real.items():
            self._replace(key, new, old[key], fresh[key])
        after = {place: self._winner(place) for place in places}
        return Update(
            make=self._make(old, fresh),
            switch=self._switch(before, after),
            sweep=self._sweep(old, fresh),
        )

    def full(self) -> str:
        """One transaction that replaces whatever the kernel has by this table."""
        lines = [f"add table {self._table}", f"delete table {self._table}"]
        lines += fixed_part(self._config)
        lines += self._additions(self._parts)
        return _text(lines)

    @classmethod
    def alone(cls, config: TableConfig, parts: Mapping[PartKey, Part | None]) -> str:
        """As `full`, with these parts and no others: to find out what the kernel says to them."""
        table = cls(config)
        table.update(parts)
        return table.full()

    def _additions(self, keys: Iterable[PartKey]) -> list[str]:
        made = [self._fragment(key) for key in keys]
        lines = self._block(made, {name: text for each in made for name, text in each.sets.items()})
        return lines + self._add({place: self._winner(place) for place in self._claims})

    def _replace(self, key: PartKey, new: Part | None, former: Fragment, fresh: Fragment) -> None:
        for place in former.elements:
            claims = self._claims[place]
            del claims[key]
            if not claims:
                del self._claims[place]
        if new is not None:
            self._parts[key] = (new, self._generation)
            self._owned.setdefault(key.owner, set()).add(key)
        elif self._parts.pop(key, None) is not None:
            owned = self._owned[key.owner]
            owned.discard(key)
            if not owned:
                del self._owned[key.owner]
        for place, value in fresh.elements.items():
            self._claims.setdefault(place, {})[key] = value

    def _fragment(self, key: PartKey) -> Fragment:
        return _build(*self._parts.get(key, (None, 0)))

    def _winner(self, place: Element) -> str | None:
        claims = self._claims.get(place)
        return claims[min(claims)] if claims else None

    def _make(self, old: Mapping[PartKey, Fragment], new: Mapping[PartKey, Fragment]) -> str:
        sets = {
            name: text
            for key, made in new.items()
            for name, text in made.sets.items()
            if name not in old[key].sets
        }
        return _text(self._block(new.values(), sets))

    def _switch(
        self, before: Mapping[Element, str | None], after: Mapping[Element, str | None]
    ) -> str:
        changed = [place for place in before if before[place] != after[place]]
        gone = [place for place in changed if before[place] is not None]
        come = {place: after[place] for place in changed if after[place] is not None}
        return _text(self._delete(gone) + self._add(come))

    def _sweep(self, old: Mapping[PartKey, Fragment], new: Mapping[PartKey, Fragment]) -> str:
        """All chains are emptied first: then nothing leads to a set or a chain any more."""
        names = [name for former in old.values() for name in former.chains]
        unused = {
            name: text
            for key, former in old.items()
            for name, text in former.sets.items()
            if name not in new[key].sets
        }
        return _text(
            [f"flush chain {self._table} {name}" for name in names]
            + [f"delete {_set_or_map(text)} {self._table} {name}" for name, text in unused.items()]
            + [f"delete chain {self._table} {name}" for name in names]
        )

    def _block(self, made: Iterable[Fragment], sets: Mapping[str, str]) -> list[str]:
        """Sets and chains to be added; written as a block, which nftables reads three times as
        fast as commands.
        """
        lines = [f"\t{_set_or_map(text)} {name} {{ {text}; }}" for name, text in sets.items()]
        for each in made:
            for name, texts in each.chains.items():
                lines += [f"\tchain {name} {{", *(f"\t\t{text}" for text in texts), "\t}"]
        return [f"table {self._table} {{", *lines, "}"] if lines else []

    def _add(self, elements: Mapping[Element, str | None]) -> list[str]:
        entries = (
            (place.container, f"{place.key} : {value}" if value else place.key)
            for place, value in sorted(elements.items())
        )
        return self._commands("add", entries)

    def _delete(self, places: Iterable[Element]) -> list[str]:
        return self._commands("delete", sorted(places))

    def _commands(self, verb: str, entries: Iterable[tuple[str, str]]) -> list[str]:
        grouped: dict[str, list[str]] = {}
        for container, entry in entries:
            grouped.setdefault(container, []).append(entry)
        return [
            f"{verb} element {self._table} {container} {{ {', '.join(found)} }}"
            for container, found in grouped.items()
        ]


def removal(cluster: str) -> str:
    """One transaction after which the cluster has no table; that there was none is fine."""
    table = f"inet {table_name(cluster)}"
    return f"add table {table}\ndelete table {table}\n"


def _build(part: Part | None, generation: int) -> Fragment:
    return NOTHING if part is None else part.fragment(generation)


def _set_or_map(definition: str) -> str:
    return "map" if ":" in definition.partition(";")[0] else "set"


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)

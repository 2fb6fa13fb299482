"""The keeper of the table: what the kernel or a source refuses holds up nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest
from mk8s_agent.assignments import Key
from mk8s_agent.proxy import keeper as keepers
from mk8s_agent.proxy.fixed import SERVICE_IPS
from mk8s_agent.proxy.keeper import Change, TableKeeper
from mk8s_agent.proxy.parts import Element, Fragment, Part, PartKey

from tests.support.fakenft import CONFIG, FakeNft, no_commits
from tests.support.netlab import eventually


@dataclass(frozen=True)
class Rule:
    """A part with one chain that an address leads to; a bad one leads to a chain that is not."""

    name: str
    address: int
    rule: str = "accept"

    def fragment(self, generation: int) -> Fragment:
        chain = f"{self.name}.{generation}"
        place = Element(SERVICE_IPS, f"10.96.0.{self.address} . tcp . 80")
        return Fragment({chain: (self.rule,)}, {}, {place: f"goto {chain}"})


BAD = "goto nowhere"


@dataclass
class Source:
    """Holds what it has, by key; `broken` is one that it cannot tell."""

    rules: dict[str, Rule]
    broken: str = ""

    def known(self) -> list[Key]:
        return [("default", name) for name in self.rules]

    def parts(self, key: Key) -> Mapping[str, Part]:
        if key[1] == self.broken:
            raise ValueError("this is no address")
        rule = self.rules.get(key[1])
        return {"": rule} if rule else {}


class CountedNft(FakeNft):
    """Tells which of the rules' addresses lead somewhere."""

    def served(self) -> set[int]:
        if self.table.content is None:
            return set()
        places = self.table.content.containers[SERVICE_IPS].elements
        return {int(place.split(" ", 1)[0].rpartition(".")[2]) for place in places}


@dataclass
class Kept:
    """A keeper at work, its source, its kernel, and what was heard."""

    source: Source
    nft: CountedNft
    keeper: TableKeeper
    refused: list[tuple[Key, str]] = field(default_factory=list)
    applied: list[Mapping[PartKey, Change]] = field(default_factory=list)

    def change(self, name: str, rule: Rule | None) -> None:
        if rule is None:
            del self.source.rules[name]
        else:
            self.source.rules[name] = rule
        self.keeper.changed("rule", ("default", name))


@pytest.fixture
async def kept(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    monkeypatch.setattr(keepers, "commits", no_commits)
    source, nft = Source({}), CountedNft()
    applied: list[Mapping[PartKey, Change]] = []
    made = Kept(source, nft, TableKeeper(CONFIG, applied.append, nft), applied=applied)
    made.keeper.add_source("rule", source, lambda key, why: made.refused.append((key, why)))
    yield made


async def _run(kept: Kept) -> asyncio.Task[None]:
    running = asyncio.create_task(kept.keeper.run())
    await eventually(lambda: kept.nft.table.content is not None)
    return running


@pytest.mark.parametrize("bad", [[1], [0, 7], [3, 4], list(range(8))])
async def test_what_the_kernel_refuses_is_left_out_of_the_first_table(
    kept: Kept, bad: list[int]
) -> None:
    for number in range(8):
        kept.source.rules[f"r{number}"] = Rule(
            f"r{number}", number, BAD if number in bad else "accept"
        )
    running = await _run(kept)
    assert kept.nft.served() == set(range(8)) - set(bad)
    assert sorted(key[1] for key, _ in kept.refused) == [f"r{number}" for number in bad]
    assert all("nowhere" in why for _, why in kept.refused)
    running.cancel()


async def test_a_change_that_the_kernel_refuses_leaves_others_alone_and_can_be_mended(
    kept: Kept,
) -> None:
    kept.source.rules["good"] = Rule("good", 1)
    running = await _run(kept)
    kept.change("bad", Rule("bad", 2, BAD))
    kept.change("other", Rule("other", 3))
    await eventually(lambda: kept.nft.served() == {1, 3})
    kept.change("other", Rule("other", 4))
    await eventually(lambda: kept.nft.served() == {1, 4})
    assert [key[1] for key, _ in kept.refused] == ["bad"]
    kept.change("bad", Rule("bad", 2))
    await eventually(lambda: kept.nft.served() == {1, 2, 4})
    running.cancel()


async def test_what_stays_bad_is_asked_about_alone_and_replaces_no_table(kept: Kept) -> None:
    running = await _run(kept)
    kept.change("bad", Rule("bad", 2, BAD))
    await eventually(lambda: len(kept.refused) == 1)
    await eventually(lambda: kept.nft.replaced == 2)
    kept.change("bad", Rule("bad", 3, BAD))
    await eventually(lambda: len(kept.refused) == 2)
    kept.change("bad", None)
    kept.change("good", Rule("good", 1))
    await eventually(lambda: kept.nft.served() == {1})
    assert kept.nft.replaced == 2
    running.cancel()


async def test_a_source_that_cannot_tell_one_thing_is_heard_about_all_others(kept: Kept) -> None:
    kept.source.rules = {"good": Rule("good", 1), "odd": Rule("odd", 2)}
    kept.source.broken = "odd"
    running = await _run(kept)
    assert kept.nft.served() == {1}
    assert kept.refused == [(("default", "odd"), "ValueError: this is no address")]
    kept.source.broken = ""
    kept.change("odd", Rule("odd", 2))
    await eventually(lambda: kept.nft.served() == {1, 2})
    running.cancel()


async def test_what_a_source_cannot_tell_any_more_stays_as_it_was(kept: Kept) -> None:
    kept.source.rules = {"good": Rule("good", 1), "odd": Rule("odd", 2)}
    running = await _run(kept)
    kept.source.broken = "odd"
    kept.change("odd", Rule("odd", 5))
    kept.change("good", Rule("good", 3))
    await eventually(lambda: 3 in kept.nft.served())
    assert kept.nft.served() == {2, 3}
    kept.source.broken = ""
    kept.change("odd", Rule("odd", 5))
    await eventually(lambda: kept.nft.served() == {3, 5})
    running.cancel()


async def test_a_table_that_others_broke_is_replaced_at_once(kept: Kept) -> None:
    kept.source.rules["good"] = Rule("good", 1)
    running = await _run(kept)
    kept.nft.table.content = None
    kept.change("other", Rule("other", 2))
    await eventually(lambda: kept.nft.served() == {1, 2})
    assert kept.refused == []
    running.cancel()


async def test_only_what_the_kernel_took_is_heard_of_with_what_was_before(kept: Kept) -> None:
    first, second = Rule("good", 1), Rule("good", 2)
    kept.source.rules["good"] = first
    running = await _run(kept)
    kept.change("good", second)
    kept.change("bad", Rule("bad", 3, BAD))
    await eventually(lambda: kept.nft.served() == {2})
    await eventually(lambda: len(kept.applied) == 2)
    found = {key.owner.key[1]: change for key, change in kept.applied[-1].items()}
    assert found["good"] == (first, second)
    assert found.get("bad", (None, None)) == (None, None)
    running.cancel()

"""One nftables table without a kernel: takes the agent's transactions as text, whole or not at all.

Keeps the kernel's rules about references: what is led to must exist, what is led to cannot go, what
is added must not be there with another value, what is deleted must be there.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

_TOKEN = re.compile(r'"[^"]*"|[{},;]|[^\s{},;]+')
_HOOK = re.compile(r"type (\w+) hook (\w+) priority (-?\d+); policy (\w+);")


class Refused(Exception):
    """The kernel would not take this transaction."""


@dataclass
class Chain:
    """Rules as tokens; a base chain has a kind and a hook."""

    rules: list[list[str]] = field(default_factory=list)
    kind: str = ""
    hook: str = ""
    priority: int = 0


@dataclass
class Container:
    """A set, or a map with values; keys are written as nft does, `a . b`."""

    definition: str
    elements: dict[str, str] = field(default_factory=dict)

    @property
    def is_map(self) -> bool:
        return ":" in self.definition.partition(";")[0]


@dataclass
class Content:
    """All that a table holds."""

    chains: dict[str, Chain] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)


class FakeTable:
    """The table `name`, for example `inet mk8s`; None as content: it does not exist."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.content: Content | None = None

    def run(self, transaction: str) -> None:
        """Apply everything or nothing. Raises Refused."""
        before = copy.deepcopy(self.content)
        try:
            self._apply(transaction)
            self._check_references()
        except Refused:
            self.content = before
            raise

    def _apply(self, transaction: str) -> None:
        lines = iter(transaction.splitlines())
        for line in lines:
            match line.split():
                case ["add", "table", *name] if self._own(name):
                    self.content = self.content or Content()
                case ["delete", "table", *name] if self._own(name):
                    self._existing()
                    self.content = None
                case ["table", *name, "{"] if self._own(name):
                    self.content = self.content or Content()
                    self._block(lines)
                case [verb, "element", family, table, place, *_] if self._own([family, table]):
                    self._elements(verb, place, line[line.index("{") :])
                case [verb, kind, family, table, name] if self._own([family, table]):
                    self._command(verb, kind, name)
                case _:
                    raise Refused(f"syntax error: {line}")

    def _own(self, name: list[str]) -> bool:
        return " ".join(name) == self.name

    def _existing(self) -> Content:
        if self.content is None:
            raise Refused(f"no such table: {self.name}")
        return self.content

    def _block(self, lines: Iterator[str]) -> None:
        content = self._existing()
        fresh: dict[str, Chain] = {}
        for line in lines:
            match line.split():
                case ["}"]:
                    content.chains |= fresh
                    return
                case ["comment", *_]:
                    pass
                case ["chain", name, "{"]:
                    if name in content.chains or name in fresh:
                        raise Refused(f"chain {name} exists: rules would be added to its own")
                    fresh[name] = _chain(lines)
                case ["set" | "map", name, "{", *_]:
                    definition = line.partition("{")[2].strip().removesuffix("}").strip()
                    self._define(name, definition)
                case _:
                    raise Refused(f"syntax error: {line}")
        raise Refused("a block does not end")

    def _define(self, name: str, definition: str) -> None:
        content = self._existing()
        body, _, listed = definition.partition("elements =")
        body = body.strip().rstrip(";")
        if name in content.containers and content.containers[name].definition != body:
            raise Refused(f"{name} exists with another definition")
        made = content.containers.setdefault(name, Container(body))
        if listed:
            made.elements |= parse_elements(listed.strip().rstrip(";"))

    def _elements(self, verb: str, place: str, text: str) -> None:
        container = self._existing().containers.get(place)
        if container is None:
            raise Refused(f"no such set or map: {place}")
        for key, value in parse_elements(text).items():
            if verb == "delete":
                if container.elements.pop(key, None) is None:
                    raise Refused(f"no such element: {place} {key}")
            elif container.is_map is not bool(value):
                raise Refused(f"{place} {key}: a map has values, and a set has none")
            elif container.elements.setdefault(key, value) != value:
                raise Refused(f"element exists: {place} {key}")

    def _command(self, verb: str, kind: str, name: str) -> None:
        content = self._existing()
        if kind == "chain":
            if name not in content.chains:
                raise Refused(f"no such chain: {name}")
            if verb == "flush":
                content.chains[name].rules.clear()
            elif content.chains[name].rules or name in _targets(content):
                raise Refused(f"chain is in use: {name}")
            else:
                del content.chains[name]
        else:
            container = content.containers.get(name)
            if container is None or container.is_map is not (kind == "map"):
                raise Refused(f"no such {kind}: {name}")
            if name in _used_containers(content):
                raise Refused(f"{kind} is in use: {name}")
            del content.containers[name]

    def _check_references(self) -> None:
        if self.content is None:
            return
        for target in _targets(self.content) - set(self.content.chains):
            raise Refused(f"no such chain: {target}")
        for name in _used_containers(self.content) - set(self.content.containers):
            raise Refused(f"no such set or map: {name}")


def tokens(rule: str) -> list[str]:
    """A rule's words, braces and commas."""
    return _TOKEN.findall(rule)


def parse_elements(text: str) -> dict[str, str]:
    """The content of `{ a . b : goto c, … }`, values being "" in sets."""
    found: dict[str, str] = {}
    for entry in text.strip().removeprefix("{").removesuffix("}").split(","):
        key, _, value = entry.partition(" : ")
        if key.strip():
            found[key.strip()] = value.strip()
    return found


def _chain(lines: Iterator[str]) -> Chain:
    made = Chain()
    for line in lines:
        if line.strip() == "}":
            return made
        if found := _HOOK.search(line):
            made.kind, made.hook, made.priority = found[1], found[2], int(found[3])
        else:
            made.rules.append(tokens(line))
    raise Refused("a chain does not end")


def _targets(content: Content) -> set[str]:
    """The chains that some rule or element leads to."""
    words = [rule for chain in content.chains.values() for rule in chain.rules]
    words += [each.split() for one in content.containers.values() for each in one.elements.values()]
    return {after for rule in words for word, after in pairwise(rule) if word in ("goto", "jump")}


def _used_containers(content: Content) -> set[str]:
    return {
        word[1:]
        for chain in content.chains.values()
        for rule in chain.rules
        for word in rule
        if word.startswith("@")
    }

"""One rule of a role: what it allows. Pure.

Source of the matching: https://kubernetes.io/docs/reference/access-authn-authz/rbac/. A rule is
positive only; `*` stands for all verbs, groups, resources or paths, `*/scale` for the subresource
of every resource, and a path that ends in `*` for all that begin so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

ALL = "*"


class Ask(NamedTuple):
    """What somebody wants to do: with a resource, or, where `path` is set, with that path.

    `namespace` is empty for cluster scope and for all namespaces; `name` is empty where the
    request names no object. `node` is the one whose pods alone are listed or watched.
    """

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    node: str = ""

    @property
    def word(self) -> str:
        """`pods`, `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True, slots=True)
class Rule:
    """A PolicyRule. Empty `names` means objects of any name."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> Rule:
        """Read a PolicyRule object."""
        return cls(
            verbs=tuple(rule.get("verbs") or ()),
            groups=tuple(rule.get("apiGroups") or ()),
            resources=tuple(rule.get("resources") or ()),
            names=tuple(rule.get("resourceNames") or ()),
            paths=tuple(rule.get("nonResourceURLs") or ()),
        )

    def object(self) -> dict[str, Any]:
        """Return the rule as a PolicyRule object."""
        fields = {
            "verbs": self.verbs,
            "apiGroups": self.groups,
            "resources": self.resources,
            "resourceNames": self.names,
            "nonResourceURLs": self.paths,
        }
        return {name: list(value) for name, value in fields.items() if value or name == "verbs"}

    def allows(self, ask: Ask) -> bool:
        """Whether the rule alone allows what is asked for."""
        if not (ask.verb in self.verbs or ALL in self.verbs):
            return False
        if ask.path:
            return path_matches(self.paths, ask.path)
        return (
            (ask.group in self.groups or ALL in self.groups)
            and self._names_resource(ask)
            and (not self.names or ask.name in self.names)
        )

    def _names_resource(self, ask: Ask) -> bool:
        if ALL in self.resources or ask.word in self.resources:
            return True
        return bool(ask.subresource) and f"*/{ask.subresource}" in self.resources


def rules_of(objects: Iterable[Mapping[str, Any]] | None) -> tuple[Rule, ...]:
    """Read a role's `rules`, which may be null."""
    return tuple(Rule.of(rule) for rule in objects or ())


def path_matches(patterns: Sequence[str], path: str) -> bool:
    """Whether one of the patterns means the path."""
    return any(
        pattern in (ALL, path) or (pattern.endswith(ALL) and path.startswith(pattern.rstrip(ALL)))
        for pattern in patterns
    )

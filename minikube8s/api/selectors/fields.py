"""Field selectors: `status.phase!=Running,spec.nodeName=node1`.

Owns their grammar: `=`, `==` and `!=`, joined by commas that mean "and", with `\\\\`, `\\,` and
`\\=` as escapes in values. Whether a field may be asked for is the resource's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from minikube8s.api import errors


class FieldRequirement(NamedTuple):
    """One comparison; `operator` is `=` or `!=`."""

    field: str
    operator: str
    value: str


class FieldSelector(NamedTuple):
    """Comparisons that must all hold; none of them matches everything."""

    requirements: tuple[FieldRequirement, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether every object matches."""
        return not self.requirements

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether all comparisons hold; a field that is absent counts as the empty string."""
        return all(
            (fields.get(name, "") == value) == (operator == "=")
            for name, operator, value in self.requirements
        )

    def value_of(self, field: str) -> str | None:
        """The value that `field` is required to equal, if it is: lets a lookup replace a scan."""
        for name, operator, value in self.requirements:
            if name == field and operator == "=":
                return value
        return None


def parse_fields(text: str) -> FieldSelector:
    """Read the `fieldSelector` parameter. Raises ApiError BadRequest on bad syntax."""
    return FieldSelector(tuple(_requirement(term, text) for term in _terms(text) if term))


def _terms(text: str) -> list[str]:
    """Cut at the commas that are not escaped."""
    terms, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == ",":
            terms.append(text[start:position])
            start = position + 1
        position += 1
    terms.append(text[start:])
    return terms


def _requirement(term: str, text: str) -> FieldRequirement:
    for sign, operator in (("!=", "!="), ("==", "="), ("=", "=")):
        # The earliest sign splits, so that an escaped `=` in the value stays in the value.
        position = term.find(sign)
        if position >= 0 and term.find("=") in (position, position + len(sign) - 1):
            name, value = term[:position], term[position + len(sign) :]
            return FieldRequirement(name, operator, _unescape(value, term))
    raise errors.bad_request(f"invalid selector: '{text}'; can't understand '{term}'")


def _unescape(value: str, term: str) -> str:
    parts, position = [], 0
    while position < len(value):
        char = value[position]
        if char == "\\":
            position += 1
            char = value[position : position + 1]
            if char not in ("\\", ",", "=") or not char:
                raise errors.bad_request(
                    f'invalid field selector: "{term}": invalid escape sequence "\\{char}"'
                )
        elif char == "=":
            raise errors.bad_request(
                f'invalid field selector: "{term}": unescaped "=" in the value; write it as "\\="'
            )
        parts.append(char)
        position += 1
    return "".join(parts)

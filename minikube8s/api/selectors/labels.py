"""Label selectors: `app=web,tier in (a, b),!canary`, and the LabelSelector object.

Owns the matching rules and both spellings. Knows nothing of objects beyond a mapping of labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from minikube8s.api import errors, names

_TOKEN = re.compile(r"\s*(?:(?P<word>[^\s()!=<>,]+)|(?P<sign>==|!=|[=!<>(),]))")
_SIGNS = {"=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt"}
_OPERATORS = ("in", "notin", "=", "==", "!=", "gt", "lt")
_NO_WORDS = ("", "!", "(", ")", ",", *_SIGNS)
_OBJECT_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


class Requirement(NamedTuple):
    """One condition on one label; `operator` in the spelling of LabelSelectorRequirement."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels fulfil the condition."""
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value is not None and value in self.values
            case "NotIn":
                return value is None or value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case "Gt" | "Lt":
                number = integer(value)
                if number is None:
                    return False
                bound = int(self.values[0])
                return number > bound if self.operator == "Gt" else number < bound
        raise ValueError(f"unknown label selector operator {self.operator!r}")

    def __str__(self) -> str:
        match self.operator:
            case "In" | "NotIn" if len(self.values) == 1:
                return f"{self.key}{'=' if self.operator == 'In' else '!='}{self.values[0]}"
            case "In" | "NotIn":
                return f"{self.key} {self.operator.lower()} ({','.join(self.values)})"
            case "Exists":
                return self.key
            case "DoesNotExist":
                return f"!{self.key}"
            case "Gt" | "Lt":
                return f"{self.key}{'>' if self.operator == 'Gt' else '<'}{self.values[0]}"
        raise ValueError(f"unknown label selector operator {self.operator!r}")


class Selector(NamedTuple):
    """Conditions that must all hold. `EVERYTHING` has none; `NOTHING` matches no object."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    @property
    def empty(self) -> bool:
        """Whether every object matches."""
        return not self.requirements and not self.nothing

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels are selected."""
        return not self.nothing and all(part.matches(labels) for part in self.requirements)

    def __str__(self) -> str:
        if self.nothing:
            return "<none>"
        return ",".join(str(part) for part in self.requirements)


EVERYTHING = Selector()
NOTHING = Selector(nothing=True)


def parse_labels(text: str) -> Selector:
    """Read the `labelSelector` parameter. Raises ApiError BadRequest on bad syntax."""
    try:
        requirements = tuple(_parse(_Tokens(text)))
    except ValueError as error:
        raise errors.bad_request(f'{error}, in label selector "{text}"') from None
    return Selector(requirements)


def from_map(labels: Mapping[str, str] | None) -> Selector:
    """The selector of a Service or ReplicationController: all of these labels, or nothing."""
    if not labels:
        return NOTHING
    return Selector(tuple(Requirement(key, "In", (labels[key],)) for key in sorted(labels)))


def from_label_selector(selector: Any) -> Selector:
    """A LabelSelector as a selector: a JSON dict, a typed view of one, or None.

    As in Kubernetes a missing LabelSelector selects nothing, an empty one everything.
    Raises ApiError BadRequest for an operator or values that cannot be.
    """
    if selector is None:
        return NOTHING
    labels: Mapping[str, str] = _get(selector, "matchLabels", "match_labels") or {}
    expressions = _get(selector, "matchExpressions", "match_expressions") or ()
    requirements = [Requirement(key, "In", (labels[key],)) for key in sorted(labels)]
    for expression in expressions:
        values: Sequence[str] = _get(expression, "values", "values") or ()
        requirement = Requirement(
            _get(expression, "key", "key") or "",
            _get(expression, "operator", "operator") or "",
            tuple(values),
        )
        try:
            if requirement.operator not in _OBJECT_OPERATORS:
                raise ValueError(
                    f'"{requirement.operator}" is not a valid label selector operator; '
                    f"use one of {', '.join(_OBJECT_OPERATORS)}"
                )
            _check(requirement)
        except ValueError as error:
            raise errors.bad_request(f"invalid label selector: {error}") from None
        requirements.append(requirement)
    return Selector(tuple(requirements))


def _get(source: Any, json_name: str, attribute: str) -> Any:
    if isinstance(source, Mapping):
        return source.get(json_name)
    return getattr(source, attribute, None)


def integer(text: str | None) -> int | None:
    """Return a label's value as the number that Gt and Lt compare, of 64 bits; None: it is none."""
    if text is None or not re.fullmatch(r"[+-]?[0-9]+", text) or len(text) > 64:
        return None
    number = int(text)
    return number if -(1 << 63) <= number < 1 << 63 else None


def _check(requirement: Requirement) -> None:
    """Raise ValueError when key or values could not be on any object."""
    key, operator, values = requirement
    faults = list(names.qualified_name(key))
    if faults:
        raise ValueError(f'Invalid value: "{key}": {"; ".join(faults)}')
    match operator:
        case "In" | "NotIn" if not values:
            raise ValueError(f"for '{operator.lower()}' operator, values set can't be empty")
        case "Exists" | "DoesNotExist" if values:
            raise ValueError("values set must be empty for exists and does not exist")
        case "Gt" | "Lt" if integer(values[0]) is None:
            raise ValueError(f"for 'Gt', 'Lt' operators, \"{values[0]}\" must be an integer")
    for value in values:
        faults = list(names.label_value(value))
        if faults:
            raise ValueError(f'Invalid value: "{value}": {"; ".join(faults)}')


class _Tokens:
    """The words and signs of a selector, with one token of look-ahead; "" is the end."""

    def __init__(self, text: str) -> None:
        self._tokens = list(self._split(text))
        self._next = 0

    @staticmethod
    def _split(text: str) -> Iterator[str]:
        position, end = 0, len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if found is None:
                raise ValueError(f"unexpected character {text[position]!r}")
            yield found.group("word") or found.group("sign")
            position = found.end()

    def peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self._next += 1
        return token

    def word(self, expected: str = "identifier") -> str:
        token = self.take()
        if token in _NO_WORDS:
            raise ValueError(f"found '{token}', expected: {expected}")
        return token


def _parse(tokens: _Tokens) -> Iterable[Requirement]:
    if not tokens.peek():
        return
    if (first := tokens.peek()) in _NO_WORDS and first != "!":
        raise ValueError(f"found '{first}', expected: !, identifier, or 'end of string'")
    while True:
        try:
            requirement = _requirement(tokens)
            _check(requirement)
        except ValueError as error:
            raise ValueError(f"unable to parse requirement: {error}") from None
        yield requirement
        separator = tokens.take()
        if not separator:
            return
        if separator != ",":
            raise ValueError(f"found '{separator}', expected: ',' or 'end of string'")
        if (following := tokens.peek()) in _NO_WORDS and following != "!":
            raise ValueError(f"found '{following}', expected: identifier after ','")


def _requirement(tokens: _Tokens) -> Requirement:
    if tokens.peek() == "!":
        tokens.take()
        return Requirement(tokens.word(), "DoesNotExist")
    key = tokens.word()
    sign = tokens.peek()
    if sign in ("", ","):
        return Requirement(key, "Exists")
    tokens.take()
    if sign in ("in", "notin"):
        return Requirement(key, "In" if sign == "in" else "NotIn", _values(tokens))
    if sign not in _SIGNS:
        raise ValueError(f"found '{sign}', expected: {', '.join(_OPERATORS)}")
    # `app=` selects the empty value.
    value = "" if tokens.peek() in ("", ",") else tokens.word()
    return Requirement(key, _SIGNS[sign], (value,))


def _values(tokens: _Tokens) -> tuple[str, ...]:
    if (opening := tokens.take()) != "(":
        raise ValueError(f"found '{opening}' expected: '('")
    values: list[str] = []
    while True:
        values.append("" if tokens.peek() in (",", ")") else tokens.word("',', or identifier"))
        separator = tokens.take()
        if separator == ")":
            return tuple(sorted(set(values)))
        if separator != ",":
            raise ValueError(f"found '{separator}', expected: ',' or ')'")

"""What a template comes to over a value. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from minikube8s.cli.output.gotemplate.errors import TemplateError
from minikube8s.cli.output.gotemplate.functions import LAZY, MISSING, called, known, true
from minikube8s.cli.output.gotemplate.nodes import (
    Branch,
    Call,
    Chain,
    Constant,
    Dot,
    Function,
    Jump,
    Nil,
    Node,
    Operand,
    Output,
    Pipe,
    Text,
    Variable,
)
from minikube8s.cli.output.jsonpath import wording

_NOTHING: Any = object()
"""Stands for what a pipe's first command gets from the one before it."""


class _Jumped(Exception):
    """A `break` or `continue` on its way to its range."""


def render(nodes: Sequence[Node], named: dict[str, list[Node]], value: Any) -> str:
    """The template's text. Raises TemplateError."""
    run = _Run(named, value)
    run.walk(nodes, value)
    return "".join(run.said)


class _Run:
    """One use of a template: its variables, and what it has said."""

    def __init__(self, named: dict[str, list[Node]], value: Any) -> None:
        self.said: list[str] = []
        self._named = named
        self._variables: list[tuple[str, Any]] = [("$", value)]

    def walk(self, nodes: Sequence[Node], dot: Any) -> None:
        for node in nodes:
            if isinstance(node, Text):
                self.said.append(node.text)
            elif isinstance(node, Output):
                value = self._piped(node.pipe, dot)
                if not node.pipe.variables:
                    self.said.append(_printed(value))
            elif isinstance(node, Branch):
                self._branch(node, dot)
            elif isinstance(node, Call):
                self._call(node, dot)
            else:
                self._jump(node)

    def _jump(self, node: Jump) -> None:
        raise _Jumped(node.word)

    def _branch(self, node: Branch, dot: Any) -> None:
        kept = len(self._variables)
        try:
            if node.word == "range":
                self._range(node, dot, kept)
                return
            value = self._piped(node.pipe, dot)
            if true(value):
                self.walk(node.body, value if node.word == "with" else dot)
            else:
                self.walk(node.other, dot)
        finally:
            del self._variables[kept:]

    def _range(self, node: Branch, dot: Any, kept: int) -> None:
        value = known(self._piped(node.pipe, dot, put=False))
        empty = True
        names = node.pipe.variables
        for key, item in _pairs(value):
            empty = False
            del self._variables[kept:]
            values = [key, item] if len(names) == 2 else [item]
            for name, one in zip(names, values, strict=False):
                self._put(name, one, new=node.pipe.declares)
            try:
                self.walk(node.body, item)
            except _Jumped as jump:
                if str(jump) == "break":
                    break
        if empty:
            self.walk(node.other, dot)

    def _call(self, node: Call, dot: Any) -> None:
        if node.name not in self._named:
            raise TemplateError(f'template "{node.name}" not defined')
        value = known(self._piped(node.pipe, dot)) if node.pipe else None
        kept, self._variables = self._variables, [("$", value)]
        self.walk(self._named[node.name], value)
        self._variables = kept

    def _piped(self, pipe: Pipe, dot: Any, *, put: bool = True) -> Any:
        value = _NOTHING
        for command in pipe.commands:
            try:
                value = self._command(command, dot, value)
            except TemplateError as error:
                if "at <" in str(error):
                    raise
                raise TemplateError(f"at <{pipe.text}>: {error}") from None
        for name in pipe.variables if put else ():
            self._put(name, known(value), new=pipe.declares)
        return value

    def _command(self, command: list[Operand], dot: Any, piped: Any) -> Any:
        first, *rest = command
        if isinstance(first, Function):
            if first.name in LAZY:
                return self._lazy(first.name, rest, dot, piped)
            arguments = [self._value(operand, dot) for operand in rest]
            return called(first.name, arguments if piped is _NOTHING else [*arguments, piped])
        if rest:
            raise TemplateError("can't give argument to what is no function")
        if isinstance(first, Nil):
            raise TemplateError("nil is not a command")
        return self._value(first, dot)

    def _lazy(self, name: str, operands: list[Operand], dot: Any, piped: Any) -> Any:
        if not operands and piped is _NOTHING:
            raise TemplateError(f"wrong number of args for {name}: want at least 1 got 0")
        value = _NOTHING
        for operand in operands:
            value = self._value(operand, dot)
            if true(value) == (name == "or"):
                return value
        return value if piped is _NOTHING else piped

    def _value(self, operand: Operand, dot: Any) -> Any:
        if isinstance(operand, Constant):
            return operand.value
        if isinstance(operand, Variable):
            found = reversed(self._variables)
            return next(value for name, value in found if name == operand.name)
        if isinstance(operand, Chain):
            return _followed(self._value(operand.base, dot), operand.fields)
        if isinstance(operand, Pipe):
            return self._piped(operand, dot)
        if isinstance(operand, Function):
            return self._command([operand], dot, _NOTHING)
        return dot if isinstance(operand, Dot) else None

    def _put(self, name: str, value: Any, *, new: bool) -> None:
        if not new:
            for at in range(len(self._variables) - 1, -1, -1):
                if self._variables[at][0] == name:
                    self._variables[at] = (name, value)
                    return
        self._variables.append((name, value))


def _followed(value: Any, fields: list[str]) -> Any:
    for field in fields:
        if value is MISSING:
            return MISSING
        if value is None:
            raise TemplateError(f"nil pointer evaluating interface {{}}.{field}")
        if not isinstance(value, dict):
            raise TemplateError(f"can't evaluate field {field} in type interface {{}}")
        value = value.get(field, MISSING)
    return value


def _pairs(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, list):
        return enumerate(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return zip(range(value), range(value), strict=True)
    if value is None:
        return ()
    raise TemplateError(f"range can't iterate over {wording.plain(value)}")


def _printed(value: Any) -> str:
    return "<no value>" if value is None or value is MISSING else wording.plain(value)

"""From words to nodes. Pure."""

from __future__ import annotations

from typing import NoReturn

from minikube8s.cli.output.goquotes import unquoted
from minikube8s.cli.output.gotemplate.errors import TemplateError
from minikube8s.cli.output.gotemplate.functions import NAMES
from minikube8s.cli.output.gotemplate.lexing import Word, pieces
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

_END = Word("end", "")
_CONSTANTS = {"true": True, "false": False}


def parse(text: str) -> tuple[list[Node], dict[str, list[Node]]]:
    """The nodes, and those of the templates that it defines. Raises TemplateError."""
    parser = _Parser(list(pieces(text)))
    nodes, ended = parser.block()
    if ended:
        raise TemplateError(f"unexpected {{{{{ended}}}}}")
    return nodes, parser.named


class _Parser:
    """Reads blocks; knows which variables there are where it is."""

    def __init__(self, found: list[str | list[Word]]) -> None:
        self.named: dict[str, list[Node]] = {}
        self._pieces = found
        self._at = 0
        self._variables = ["$"]
        self._ranges = 0
        self._words: _Words | None = None

    def block(self) -> tuple[list[Node], str]:
        """The nodes up to an `end` or `else`, and which of them it was; empty at the end.

        The words behind an `else` are left in ``_words``.
        """
        nodes: list[Node] = []
        while self._at < len(self._pieces):
            piece = self._pieces[self._at]
            self._at += 1
            if isinstance(piece, str):
                nodes.append(Text(piece))
                continue
            words = _Words(piece)
            first = words.peek()
            if first.kind == "word" and first.text in {"end", "else"}:
                words.next()
                self._words = words
                return nodes, first.text
            nodes += self._action(words)
        return nodes, ""

    def _action(self, words: _Words) -> list[Node]:
        first = words.peek()
        word = first.text if first.kind == "word" else ""
        if word in {"if", "with", "range"}:
            words.next()
            return [self._branch(word, words)]
        if word in {"break", "continue"}:
            if not self._ranges:
                raise TemplateError(f"{{{{{word}}}}} outside {{{{range}}}}")
            return [Jump(word)]
        if word in {"template", "define", "block"}:
            words.next()
            return self._of_name(word, words)
        return [Output(self._pipe(words, "command"))]

    def _branch(self, word: str, words: _Words) -> Branch:
        kept = len(self._variables)
        pipe = self._pipe(words, word)
        self._ranges += word == "range"
        body, ended = self.block()
        self._ranges -= word == "range"
        other: list[Node] = []
        if ended == "else":
            behind = self._words
            follows = behind.peek().text if behind else ""
            if behind and follows and follows == word and word != "range":
                behind.next()
                other, ended = [self._branch(word, behind)], "end"
            else:
                other, ended = self.block()
        if ended != "end":
            raise TemplateError(f"unexpected {f'{{{{{ended}}}}}' if ended else 'EOF'}")
        del self._variables[kept:]
        return Branch(word, pipe, body, other)

    def _of_name(self, word: str, words: _Words) -> list[Node]:
        name = words.next()
        if name.kind not in {"text", "raw"}:
            raise TemplateError(f"unexpected {name.text!r} in {word} clause")
        called = _said(name.text)
        pipe = None if word == "define" or words.done() else self._pipe(words, word)
        if word == "template":
            return [Call(called, pipe)]
        kept, self._variables = self._variables, ["$"]
        ranges, self._ranges = self._ranges, 0
        self.named[called], ended = self.block()
        self._variables, self._ranges = kept, ranges
        if ended != "end":
            raise TemplateError(f"unexpected {f'{{{{{ended}}}}}' if ended else 'EOF'}")
        return [Call(called, pipe)] if word == "block" else []

    def _pipe(self, words: _Words, where: str, end: str = "") -> Pipe:
        begun = words.at
        variables, declares = self._declared(words, where)
        commands: list[list[Operand]] = []
        while True:
            command = self._command(words, end)
            if not command:
                raise TemplateError(f"missing value for {where}")
            if commands and not isinstance(command[0], Function):
                stage = len(commands) + 1
                raise TemplateError(f"non executable command in pipeline stage {stage}")
            commands.append(command)
            if not words.take("|"):
                break
        if end:
            if not words.take(end):
                raise TemplateError("unclosed left paren")
        elif not words.done():
            raise TemplateError(f"unexpected {words.peek().text!r} in {where}")
        if declares:
            self._variables += variables
        text = words.between(begun)
        return Pipe(commands, variables, declares=declares, text=text)

    def _declared(self, words: _Words, where: str) -> tuple[list[str], bool]:
        """The variables that the pipe's value is put in, and whether they are new."""
        begun, names = words.at, []
        while words.peek().kind == "variable":
            names.append(words.next().text)
            if not words.take(","):
                break
        sign = words.peek().text
        if not names or sign not in {":=", "="}:
            words.at = begun
            return [], False
        words.next()
        if len(names) > (2 if where == "range" else 1):
            raise TemplateError(f"too many declarations in {where}")
        if sign == "=":
            for name in names:
                self._check(name)
        return names, sign == ":="

    def _command(self, words: _Words, end: str) -> list[Operand]:
        operands: list[Operand] = []
        while not words.done() and words.peek().text not in {"|", end}:
            operands.append(self._operand(words))
        return operands

    def _operand(self, words: _Words) -> Operand:
        word = words.next()
        base: Operand
        if word.kind in {"text", "raw", "char", "number"}:
            return Constant(_constant(word))
        if word.kind == "field":
            base, fields = Dot(), [word.text[1:]]
        elif word.kind == "dot":
            return Dot()
        else:
            base, fields = self._name(word, words), []
        while words.follows("field"):
            fields.append(words.next().text[1:])
        return Chain(base, fields) if fields else base

    def _name(self, word: Word, words: _Words) -> Operand:
        if word.kind == "variable":
            self._check(word.text)
            return Variable(word.text)
        if word.text == "(":
            return self._pipe(words, "parenthesized pipeline", ")")
        if word.kind != "word":
            raise TemplateError(f"unexpected {word.text!r} in operand")
        if word.text in _CONSTANTS:
            return Constant(_CONSTANTS[word.text])
        if word.text == "nil":
            return Nil()
        if word.text not in NAMES:
            raise TemplateError(f'function "{word.text}" not defined')
        return Function(word.text)

    def _check(self, name: str) -> None:
        if name not in self._variables:
            raise TemplateError(f'undefined variable "{name}"')


class _Words:
    """The words of one action, read one after the other; blanks only part them."""

    def __init__(self, words: list[Word]) -> None:
        self._words = words
        self.at = 0

    def peek(self) -> Word:
        """The next word; one without text at the end."""
        while self.at < len(self._words) and self._words[self.at].kind == "space":
            self.at += 1
        return self._words[self.at] if self.at < len(self._words) else _END

    def next(self) -> Word:
        """The next word, which is then read."""
        word = self.peek()
        self.at += 1
        return word

    def take(self, sign: str) -> bool:
        """Whether the next word is this sign, which is then read."""
        word = self.peek()
        found = word.kind == "sign" and word.text == sign
        self.at += found
        return found

    def follows(self, kind: str) -> bool:
        """Whether a word of this kind stands right here, without a blank."""
        return self.at < len(self._words) and self._words[self.at].kind == kind

    def done(self) -> bool:
        """Whether there are no more."""
        return self.peek() is _END

    def between(self, begun: int) -> str:
        """How what was read since ``begun`` is written."""
        return "".join(word.text for word in self._words[begun : self.at]).strip()


def _constant(word: Word) -> str | int | float:
    if word.kind in {"text", "raw"}:
        return _said(word.text)
    if word.kind == "char":
        return ord(_said(word.text)[:1] or "\0")
    text = word.text.replace("_", "")
    try:
        return int(text, 0)
    except ValueError:
        return _number(text)


def _said(quoted: str) -> str:
    try:
        return unquoted(quoted)
    except ValueError as error:
        raise TemplateError(f"{quoted}: {error}") from None


def _number(text: str) -> int | float:
    try:
        value = float(text)
    except ValueError:
        _refuse(text)
    return int(value) if value == int(value) and "." not in text else value


def _refuse(text: str) -> NoReturn:
    raise TemplateError(f"bad number syntax: {text!r}")

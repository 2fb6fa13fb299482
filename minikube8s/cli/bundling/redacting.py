"""Owns what of objects and texts must not leave the machine. Pure.

Three nets, one behind the other: fields that hold secrets by what they are (data of Secrets, values
whose name says so), texts that look like credentials, and every value that some Secret has,
wherever it turns up. What is taken out is told by a mark, so that nobody looks for it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

Object = dict[str, Any]

MARK = "<redacted>"
_SHORTEST = 6
"""A shorter value of a Secret is not looked for: it would be found in ordinary words."""
_MOST_KNOWN = 2000
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_PUBLIC_KEYS = {
    "ca.crt", "tls.crt", "namespace", "token-id", "expiration", "description",
    "auth-extra-groups", "service-ca.crt", "kubeconfig-name",
}  # fmt: skip

_SECRETIVE = (
    r"passw(?:or)?d|passphrase|passwort|pwd|secret|token|api[-_]?key|access[-_]?key|"
    r"private[-_]?key|client[-_]?key|encryption[-_]?key|signing[-_]?key|ssh[-_]?key|"
    r"(?:account|master|shared)[-_]?key|webhook[-_]?url|credential|authorization|"
    r"cookie|(?<![a-z])auth(?![a-z])|(?<![a-z])pass(?![a-z])|dsn|connection[-_]?string"
)
_NAME = re.compile(_SECRETIVE, re.I)
_REFERENCE = re.compile(
    r"(?:name|names|ref|refs|path|file|mode|seconds|ttl|type|types|kind|count|id|policy|enabled|"
    r"audience|audiences|namespace|status|mount\w*)$",
    re.I,
)
"""How a name ends that speaks of a secret and does not hold it: secretName, expirationSeconds."""
_FLAG = re.compile(r"--?[\w.-]+")
_USER_FLAGS = {"-u", "--user"}
"""They may be followed by `user:password`."""
_WORD = r"[\w.-]{0,64}"
_SECRET_WORD = rf"{_WORD}(?:{_SECRETIVE})(?![\w.-]{{0,64}}(?:name|ref|path|file|seconds)\b){_WORD}"
_QUOTED = (
    r"""\\"(?!<)(?:[^"\\\n]|\\\\\\"|\\[^"])+\\"|"(?!<)(?:[^"\\\n]|\\.)+"|'(?!<)(?:[^'\n]|'')+'"""
    r"""|["'](?!<)[^\s"'][^"'\n]*"""
)
"""The last one is a text that does not end on its line."""
_PLAIN = (
    r"""(?!(?:true|false|null|\d{1,5})(?:[\s"',;}&)\]]|\Z))"""
    r"""(?:\{[\w-]+\}[^\s"',;}&]+|(?![<"'{\[\s\\])[^\s"',;}&]+)"""
)
_BETWEEN = (
    r"""(?:\s{0,8}:\s{0,40}\{?\s{0,40}(?:\\?["'])?(?:value|plaintext)(?:\\?["'])?\s{0,8}:\s{0,8}"""
    r"""|[ \t]{0,8}(?::=|=>|[=:])[ \t]{0,8})"""
)
"""Between a name and its value, which may be a level below."""
_ITEM = r"\n[ \t]*- (?![^\n]*:(?:\s|\Z))[^<\n][^\n]*"
"""Of a list in YAML; what has a colon says more than a value."""
_LIST = rf"\[\s*(?![\]\s{{<])[^\]{{}}]*\]|(?:{_ITEM})+"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN ([A-Z ]*PRIVATE KEY(?: BLOCK)?)-----.*?(?:-----END \1-----|\Z)", re.S
        ),
        rf"-----BEGIN \1----- {MARK}",
    ),
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*"), MARK),
    (re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b"), MARK),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MARK),
    (re.compile(r"\b(?:gh[pousr]|glpat|xox[abprs])[-_][\w-]{16,}"), MARK),
    (re.compile(r"(\bhooks\.slack\.com/services/)(?!<)[\w/-]+"), rf"\1{MARK}"),
    (re.compile(r"(\w://[^\s/:@'\"]*):(?!<)[^\s/'\"]{1,256}@"), rf"\1:{MARK}@"),
    (
        re.compile(
            r"""(?<![\w-])((?:proxy-)?authorization|(?:set-)?cookie)(\s{0,8}:\s{0,8})(?![<\s"'])"""
            r"""(?:="[^"\n]*"|[^"'\n])+""",
            re.I,
        ),
        rf"\1\2{MARK}",
    ),
    (
        # a text of several lines, as YAML has it
        re.compile(
            rf"""^([ \t]*)((?:- )?["']?{_SECRET_WORD}["']?:)[ \t]*[|>][-+\d]*[ \t]*\n"""
            rf"""(?:(?:\1[ \t]+[^\n]*|[ \t]*)(?:\n|\Z))+""",
            re.I | re.M,
        ),
        rf"\1\2 {MARK}\n",
    ),
    (re.compile(rf"(<{_SECRET_WORD}>)[^<]+", re.I), rf"\1{MARK}"),
    (re.compile(r"""((?<!\S)(?:-u|--user)[ =]["']?[^\s:"']{1,64}:)(?!<)[^\s"']+"""), rf"\1{MARK}"),
    (re.compile(rf"""((?<!\S)--{_SECRET_WORD}\s+)(?![-<])[^\s;"']+""", re.I), rf"\1{MARK}"),
    (re.compile(r"\b(Bearer|Basic)\s+(?!<)[\w.~+/=-]{6,}", re.I), rf"\1 {MARK}"),
    (
        re.compile(
            rf"""((?<![\w.-]){_SECRET_WORD}(?:\\?["'])?{_BETWEEN})(?:{_QUOTED}|{_PLAIN}|{_LIST})""",
            re.I,
        ),
        rf"\1{MARK}",
    ),
)


class Redactor:
    """Takes secrets out; ``known`` are values that must not be seen anywhere."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        found = {value for one in known for value in _forms(one)}
        # passwords are short: what is long is a document, which nobody repeats as a whole
        self._known = sorted(found, key=len)[:_MOST_KNOWN][::-1]
        self.is_cut = len(found) > _MOST_KNOWN
        """Whether there were more values than are looked for."""

    def text(self, text: str) -> str:
        """The text without what looks like a credential, or is one."""
        for value in self._known:
            if value in text:
                text = text.replace(value, MARK)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        return text

    def shown(self, obj: Object) -> Object:
        """An API object that may be shown."""
        kind = obj.get("kind")
        kept = {key: value for key, value in obj.items() if key != "metadata"}
        if "metadata" in obj:
            kept = {**_head(obj), "metadata": self._metadata(obj["metadata"], kind), **kept}
        if kind == "Secret":
            for field in ("data", "stringData"):
                if field in kept:
                    kept[field] = {key: _size(value) for key, value in kept[field].items()}
            return kept
        if kind == "ConfigMap" and "binaryData" in kept:
            kept["binaryData"] = {key: _size(value) for key, value in kept["binaryData"].items()}
        return {
            key: value if key == "metadata" else self._value(key, value)
            for key, value in kept.items()
        }

    def _metadata(self, metadata: Object, kind: object) -> Object:
        kept = {key: value for key, value in metadata.items() if key != "managedFields"}
        annotations = dict(kept.get("annotations") or {})
        applied = annotations.pop(_LAST_APPLIED, None)
        if annotations:
            kept["annotations"] = self._value("", annotations)
        elif "annotations" in kept:
            del kept["annotations"]
        if applied is not None and kind != "Secret":
            kept.setdefault("annotations", {})[_LAST_APPLIED] = self._applied(applied)
        return kept

    def _applied(self, text: str) -> str:
        try:
            shape = json.loads(text)
        except ValueError:
            return MARK
        return json.dumps(self.shown(shape)) if isinstance(shape, dict) else MARK

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return self._dict(value)
        if isinstance(value, list):
            return list(self._list(value))
        if isinstance(value, str):
            is_count = name.endswith("s") and value.isdecimal()
            is_plain = is_count or value in {"", "true", "false"}
            secret = holds_secret(name) and not is_plain
            return MARK if secret else self.text(value)
        return value

    def _dict(self, shape: Object) -> Object:
        named = shape.get("name")
        # an environment variable, or a header
        pair = isinstance(named, str) and isinstance(shape.get("value"), str)
        return {
            key: self._value(str(named) if pair and key == "value" else str(key), value)
            for key, value in shape.items()
        }

    def _list(self, values: list[Any]) -> Iterator[Any]:
        """Also what follows a flag such as `--password` in a command."""
        flag = ""
        for value in values:
            if not isinstance(value, str):
                yield self._value("", value)
            elif holds_secret(flag):
                yield MARK
            elif flag in _USER_FLAGS and ":" in value:
                yield f"{value.partition(':')[0]}:{MARK}"
            else:
                yield self.text(value)
            flag = value if isinstance(value, str) and _FLAG.fullmatch(value) else ""


def holds_secret(name: str) -> bool:
    """Whether what has this name is a secret itself: `DB_PASSWORD`, and not `secretName`."""
    return bool(_NAME.search(name)) and not _REFERENCE.search(name)


def values_of(secret: Object) -> Iterator[str]:
    """The values of a Secret that are looked for everywhere, decoded, whole and in their parts."""
    for key, value in (secret.get("data") or {}).items():
        if key in _PUBLIC_KEYS or key.startswith("usage-"):
            continue
        try:
            text = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError, TypeError):
            continue
        yield text.strip()
        yield from _parts(text)
    yield from (str(value) for value in (secret.get("stringData") or {}).values())


def _parts(text: str) -> Iterator[str]:
    """Values within a value: of JSON (registries' logins), of lines `name=value`, and lines."""
    try:
        yield from _leaves(json.loads(text))
    except ValueError:
        if "-----BEGIN " in text:
            return
        for line in text.splitlines():
            _, found, value = line.partition("=") if "=" in line else line.partition(":")
            value = (value if found else line).strip().strip("\"'")
            if len(value) > _SHORTEST and (found or " " not in value):
                yield value


def _leaves(shape: Any) -> Iterator[str]:
    if isinstance(shape, dict):
        for key, value in shape.items():
            if isinstance(value, str):
                if holds_secret(key):
                    yield value
            else:
                yield from _leaves(value)
    elif isinstance(shape, list):
        for value in shape:
            yield from _leaves(value)


def _forms(value: str) -> Iterator[str]:
    """A value as it may be written: plain, in JSON, in base64, in a URL."""
    if len(value) < _SHORTEST:
        return
    yield value
    yield json.dumps(value)[1:-1]
    yield base64.b64encode(value.encode()).decode()
    yield quote(value, safe="")


def _head(obj: Object) -> Object:
    return {key: obj[key] for key in ("apiVersion", "kind") if key in obj}


def _size(value: object) -> str:
    try:
        count = len(base64.b64decode(str(value), validate=True))
    except (binascii.Error, ValueError):
        count = len(str(value))
    return f"{MARK[:-1]}: {count} bytes>"

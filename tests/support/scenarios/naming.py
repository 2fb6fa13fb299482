"""Names that read well and stay the same: what the cluster makes up becomes a letter or a number.

The first template hash is A, the next B; pods of one ReplicaSet are numbered as they were made:
`web-A-2` is the second pod of the first ReplicaSet of `web`.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from minikube8s.api import names

Json = dict[str, Any]

_HASHES = ("pod-template-hash", "controller-revision-hash")
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SUFFIX = f"[{names.SUFFIX_ALPHABET}]{{{names.SUFFIX_LENGTH}}}(?![a-z0-9])"
"""What ends a name that the API server made up; the name of an object that was never stored."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Names:
    """Knows what each made-up name is called, and the other way round."""

    def __init__(self) -> None:
        self._hashes: dict[str, str] = {}
        self._numbered: dict[str, str] = {}
        self._real: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def learn(self, obj: Json) -> None:
        """Take note of a new object."""
        metadata = obj["metadata"]
        for label in _HASHES:
            value = (metadata.get("labels") or {}).get(label, "").rpartition("-")[2]
            if value and value not in self._hashes:
                number = len(self._hashes)
                self._hashes[value] = _LETTERS[number % 26] * (number // 26 + 1)
        name, base = metadata["name"], metadata.get("generateName", "")
        if base and name.startswith(base) and obj["kind"] != "Event":
            self._counts[base] += 1
            self._numbered[name] = f"{base}{self._counts[base]}"
        alias = self.shown(name)
        if alias != name:
            self._real[alias] = name

    def real(self, alias: str) -> str:
        """Return the name that `alias` stands for."""
        return self._real.get(alias, alias)

    def shown(self, text: str) -> str:
        """Return `text` with every made-up name replaced."""
        for name, numbered in self._numbered.items():
            if name in text:
                text = text.replace(name, numbered)
        for base in self._counts:
            if base in text:
                text = re.sub(re.escape(base) + _SUFFIX, f"{base}?", text)
        for value, letter in self._hashes.items():
            text = text.replace(value, letter)
        return _UID.sub("<uid>", text)


def natural(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts 10 after 9."""
    return [
        (int(part), "") if part.isdigit() else (0, part)
        for part in re.split(r"(\d+)", text)
        if part
    ]

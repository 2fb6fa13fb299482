"""What the tutorial itself says, in each language; the steps' sentences are in `steps/`. Pure."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple


class Clause(NamedTuple):
    """Something to be said: a key of `_WORDS`, and what its places are filled with."""

    key: str
    values: Mapping[str, object] = {}


def say(language: str, key: str, **values: object) -> str:
    """The words for `key`, with every place filled."""
    return _WORDS[key][language].format(**values)


def spoken(language: str, clause: Clause) -> str:
    """The clause in words."""
    return say(language, clause.key, **clause.values)


def of_reader() -> str:
    """The language that the reader's environment asks for, English where it is another."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "ko" if os.environ[name].startswith("ko") else "en"
    return "en"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def wrapped(text: str, width: int) -> list[str]:
    """The words of `text` in lines of at most `width` columns, longer words on lines of their own."""
    lines: list[str] = []
    for word in text.split():
        if lines and columns(lines[-1]) + 1 + columns(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


_WORDS: dict[str, dict[str, str]] = {
    "welcome": {
        "en": "{total} steps, all of them in the namespace {namespace}, which is the tutorial's own:"
        " to look around in another terminal, add `-n {namespace}`. The files are in {folder}.",
        "ko": "총 {total}단계이며 모두 튜토리얼 전용 네임스페이스 {namespace}에서 진행됩니다. 다른 터미널에서"
        " 살펴보려면 `-n {namespace}`을 붙이세요. 파일은 {folder}에 있습니다.",
    },
    "resumed": {
        "en": "You were at step {number} of {total}: going on from there (`--from kinds` starts anew).",
        "ko": "{total}단계 중 {number}단계에서 이어서 진행합니다(`--from kinds`는 처음부터).",
    },
    "keys": {
        "en": "[Enter] run   s skip   b back   q quit",
        "ko": "[Enter] 실행   s 건너뛰기   b 뒤로   q 종료",
    },
    "keys again": {
        "en": "[Enter] try again   s skip   b back   q quit",
        "ko": "[Enter] 다시 시도   s 건너뛰기   b 뒤로   q 종료",
    },
    "keys unknown": {
        "en": "Press Enter alone, or one of s, b and q before it.",
        "ko": "Enter만 누르거나 s, b, q 중 하나를 입력하고 Enter를 누르세요.",
    },
    "type": {"en": "Type there:", "ko": "다음을 입력하세요:"},
    "changed": {"en": "In {file} this changes:", "ko": "{file}에서 다음을 변경합니다:"},
    "preparing": {"en": "Preparing: {command}", "ko": "준비 중: {command}"},
    "waiting": {"en": "Waiting: {clauses} ...", "ko": "대기 중: {clauses} ..."},
    "checked": {"en": "As it should be.", "ko": "예상한 대로입니다."},
    "refused": {
        "en": "Refused, as it should be.",
        "ko": "예상한 대로 거부되었습니다.",
    },
    "not refused": {
        "en": "This should have been refused, and was not.",
        "ko": "거부되어야 하는데 적용되었습니다.",
    },
    "missing": {
        "en": "Not as it should be: {clauses}.",
        "ko": "예상과 다릅니다: {clauses}.",
    },
    "code": {
        "en": "The command failed with exit code {code}.",
        "ko": "명령이 종료 코드 {code}로 실패했습니다.",
    },
    "not here": {
        "en": "The cluster's addresses cannot be reached from this machine: go on without this.",
        "ko": "이 컴퓨터에서는 클러스터의 주소에 접근할 수 없으므로 넘어갑니다.",
    },
    "none given": {
        "en": "Nobody gives external addresses here: the Service works without one.",
        "ko": "여기서는 외부 주소를 제공하는 곳이 없습니다. Service는 외부 주소 없이 동작합니다.",
    },
    "stand-in": {
        "en": "The image cannot be pulled from here. `mk8s image build {image}` builds a stand-in from"
        " this distribution's packages; then try again.",
        "ko": "여기서는 이미지를 가져올 수 없습니다. `mk8s image build {image}`로 배포판 패키지를 이용한"
        " 대체 이미지를 만든 뒤 다시 시도하세요.",
    },
    "paused": {
        "en": "`mk8s tutorial` goes on from here; `mk8s tutorial --clean` removes what it made.",
        "ko": "`mk8s tutorial`로 이어서 진행하고, `mk8s tutorial --clean`으로 만든 것을 지웁니다.",
    },
    "end": {
        "en": "That was all. The namespace {namespace} is removed now.",
        "ko": "모두 마쳤습니다. 이제 네임스페이스 {namespace}를 삭제합니다.",
    },
    "cleaned": {
        "en": "Nothing of the tutorial is left.",
        "ko": "튜토리얼이 만든 것을 모두 지웠습니다.",
    },
    "there": {"en": "{word} is not there", "ko": "{word}이(가) 없습니다"},
    "gone": {"en": "{word} is still there", "ko": "{word}이(가) 아직 있습니다"},
    "ready": {
        "en": "{good} of {wanted} pods{named} are ready",
        "ko": "Pod{named} {wanted}개 중 {good}개가 준비되었습니다",
    },
    "more": {
        "en": "{more} more of the pods{named} are still there",
        "ko": "Pod{named} {more}개가 더 남아 있습니다",
    },
    "uncounted": {
        "en": "the controllers have not counted the pods yet",
        "ko": "컨트롤러가 아직 Pod를 세고 있습니다",
    },
    "address": {
        "en": "{word} has no external address yet",
        "ko": "{word}에 아직 외부 주소가 없습니다",
    },
}

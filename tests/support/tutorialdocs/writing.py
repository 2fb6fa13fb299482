"""The docs' page of the tutorial: what was recorded, in one language. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minikube8s.cli.tutoring.course import Course
from tests.support.tutorialdocs.recording import Shown

_OPENING = {
    "en": """\
# The tutorial

Pods, ReplicaSets, Deployments and Services, step by step. `mk8s tutorial` leads through the same
steps at your terminal; here is what they show. The files are in [examples](../examples); the images
were stand-ins, built from the distribution's own packages. With kubectl a shell in a pod needs `--`
before its command (`kubectl exec -it my-nginx-pod -- bash`); all else is the same.
[한국어](tutorial.ko.md)
""",
    "ko": """\
# 튜토리얼

Pod, ReplicaSet, Deployment, Service를 단계별로 배웁니다. `mk8s tutorial --lang ko`를
실행하면 같은 단계를 터미널에서 직접 진행할 수 있으며, 여기에는 그 결과를 실었습니다.
파일은 [examples](../examples)에 있고, 이미지는 배포판 패키지로 만든 대체 이미지입니다.
`mk8s` 대신 kubectl을 쓴다면 Pod의 셸을 열 때 명령 앞에 `--`가 필요하며
(`kubectl exec -it my-nginx-pod -- bash`), 나머지는 같습니다.
[English](tutorial.md)
""",
}
_CLOSING = {
    "en": "*Made by `script/tutorial`; names, addresses and times of chance are stand-ins.*",
    "ko": "*`script/tutorial`로 만들었으며, 매번 달라지는 이름, 주소, 시간은 고정했습니다.*",
}


def page(course: Course, shown: Sequence[Shown], language: str) -> str:
    """The page as Markdown."""
    parts = [_OPENING[language].rstrip("\n")]
    for chapter in course.chapters:
        parts.append(f"## {chapter.told[language]}")
        for one in shown:
            if one.step.chapter == chapter.id:
                parts += _step(one, language)
    parts.append(_CLOSING[language])
    return "\n\n".join(parts) + "\n"


def _step(one: Shown, language: str) -> Iterator[str]:
    yield one.step.told[language]
    change = one.step.change
    if one.file:
        yield _block("yaml", f"# {one.step.file}", *_bare(one.file))
    elif change:
        signed = [f"{sign}{line}" for sign, text in (("-", change.old), ("+", change.new))
                  for line in text.strip("\n").splitlines()]  # fmt: skip
        yield _block("diff", *signed)
    yield _block("console", f"$ {one.command}", *one.output)
    if one.picture:
        yield _block("text", *one.picture)


def _bare(text: str) -> list[str]:
    """The manifest without the comment that names its file."""
    lines = text.strip("\n").splitlines()
    while lines and (not lines[0] or lines[0].startswith("#")):
        lines.pop(0)
    return lines


def _block(kind: str, *lines: str) -> str:
    return "\n".join([f"```{kind}", *(line.rstrip() for line in lines), "```"])

"""`mk8s tutorial`: learn Kubernetes step by step, on this cluster."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

if TYPE_CHECKING:
    from minikube8s.cli.tutoring.bookmark import Bookmark, Desk
    from minikube8s.cli.tutoring.course import Course
    from minikube8s.cli.tutoring.lesson import Lesson
    from minikube8s.cli.tutoring.screen import Screen
    from minikube8s.cli.tutoring.seeing import Seeing

_NAMESPACE = "mk8s-tutorial"


@verb("tutorial")
@click.option("--lang", type=click.Choice(["en", "ko"]), help="en or ko, as LANG says.")
@click.option("--list", "listing", is_flag=True, help="Show all steps.")
@click.option("--from", "start", metavar="STEP", help="Begin at a step or part, by id or number.")
@click.option("--only", metavar="PART", help="One part alone, such as pods.")
@click.option("-y", "--yes", is_flag=True, help="Run all without asking, and clean up; for CI.")
@click.option("--clean", is_flag=True, help="Remove what the tutorial made, and its place in it.")
@click.pass_obj
def command(
    session: Session,
    /,
    lang: str | None,
    listing: bool,
    start: str | None,
    only: str | None,
    yes: bool,
    clean: bool,
) -> int:
    """Learn Kubernetes step by step.

    Pods, ReplicaSets, Deployments and Services. Each step is told in a sentence, its command is run
    when you press Enter, its result is checked, and a picture shows what exists then. Everything
    happens in a namespace of its own. Ctrl-C or q ends it; the next call goes on from there.
    """
    from minikube8s.cli.tutoring import words
    from minikube8s.cli.tutoring.bookmark import Desk
    from minikube8s.cli.tutoring.course import load

    course, desk = load(), Desk.of_user()
    marked = desk.read()
    language = lang or (marked.language if marked else words.of_reader())
    if listing:
        _list(course, language, marked)
        return 0
    namespace = _namespace(session, None if yes else marked)
    if clean:
        return _clean(session, desk, namespace, language)
    if only:
        course, start = course.part(only), start or only
    if yes:
        with tempfile.TemporaryDirectory(prefix="mk8s-tutorial-") as folder:
            return _alone(session, course, Desk(Path(folder)), namespace, language, start)
    if not sys.stdin.isatty():
        raise CommandError(
            "the tutorial waits for Enter: run it on a terminal, or with --yes without questions"
        )
    return _with_reader(session, course, desk, namespace, language, start)


def _namespace(session: Session, marked: Bookmark | None) -> str:
    """Where it all happens: where -n says, else where the reader is already on this server."""
    if session.namespace_given:
        return session.namespace
    return marked.namespace if marked and marked.server == session.client.server else _NAMESPACE


def _with_reader(
    session: Session,
    course: Course,
    desk: Desk,
    namespace: str,
    language: str,
    start: str | None,
) -> int:
    from minikube8s.cli.tutoring.bookmark import Bookmark

    seeing, marked = _seeing(session, namespace), desk.read()
    lesson, screen = _lesson(session, course, desk, seeing, namespace, language, alone=False)
    place = (session.client.server, namespace)
    known = {step.id for step in course.steps}
    resumed = marked if marked and start is None and marked.step in known else None
    if resumed and (resumed.server, resumed.namespace) != place:
        resumed = None
    index = course.position(resumed.step if resumed else start or course.steps[0].id)
    there, total = seeing.own_namespace(), len(course.steps)
    if resumed:
        screen.say("resumed", number=index + 1, total=total)
    else:
        screen.say("welcome", namespace=namespace, total=total, folder=desk.files)
    try:
        if not (resumed and resumed.prepared and there):
            desk.mark(Bookmark(course.steps[index].id, language, *place, prepared=False))
            lesson.prepare(index)
        finished = lesson.walk(index)
    except KeyboardInterrupt:
        screen.lines("")
        screen.say("paused")
        raise
    if not finished:
        screen.say("paused")
        return 0
    screen.say("end", namespace=namespace)
    return _clean(session, desk, namespace, language)


def _alone(
    session: Session,
    course: Course,
    desk: Desk,
    namespace: str,
    language: str,
    start: str | None,
) -> int:
    """The course without anybody; what it made is gone afterwards, however it ends."""
    from minikube8s.cli import endings

    seeing = _seeing(session, namespace)
    if seeing.own_namespace():
        raise CommandError(
            f"somebody is in the middle of the tutorial in {namespace}: `mk8s tutorial --clean` "
            "removes it, or name another namespace with -n"
        )
    lesson, _ = _lesson(session, course, desk, seeing, namespace, language, alone=True)
    index = course.position(start or course.steps[0].id)
    with endings.raised():
        try:
            lesson.prepare(index)
            lesson.walk(index)
        finally:
            _remove(session, namespace)
    return 0


def _clean(session: Session, desk: Desk, namespace: str, language: str) -> int:
    from minikube8s.cli.tutoring.screen import Screen

    if _seeing(session, namespace).own_namespace():
        _remove(session, namespace)
    marked = desk.read()
    if marked is None or (marked.server, marked.namespace) == (session.client.server, namespace):
        desk.clear()
    Screen(language).say("cleaned", "green")
    return 0


def _remove(session: Session, namespace: str) -> None:
    from minikube8s.cli.tutoring.player import Player

    flags = session.flags
    Player(flags, "", Path.cwd()).quietly(f"mk8s delete namespace {namespace} --ignore-not-found")


def _seeing(session: Session, namespace: str) -> Seeing:
    from minikube8s.cli.tutoring.seeing import Seeing

    return Seeing(session.client, lambda: Session(session.flags).client, namespace)


def _lesson(
    session: Session,
    course: Course,
    desk: Desk,
    seeing: Seeing,
    namespace: str,
    language: str,
    *,
    alone: bool,
) -> tuple[Lesson, Screen]:
    from minikube8s.cli.tutoring.bookmark import Bookmark
    from minikube8s.cli.tutoring.lesson import Lesson
    from minikube8s.cli.tutoring.player import Player
    from minikube8s.cli.tutoring.screen import Screen

    screen = Screen(language)
    player = Player(session.flags, namespace, desk.files)
    mark = Bookmark("", language, session.client.server, namespace)
    return Lesson(course, seeing, player, screen, desk, mark, alone=alone), screen


def _list(course: Course, language: str, marked: Bookmark | None) -> None:
    from minikube8s.cli.output import styles

    width, steps = styles.width(), course.steps
    known = {step.id: index for index, step in enumerate(steps)}
    reached = known.get(marked.step, 0) if marked else 0
    longest = max(len(step.id) for step in steps)
    for chapter in course.chapters:
        click.echo(f"{styles.paint('bold', chapter.told[language])} ({chapter.id})")
        for step in chapter.steps:
            index = known[step.id]
            done = "x" if index < reached else ">" if marked and index == reached else " "
            line = f"{done} {index + 1:>2}  {step.id:<{longest}}  {step.told[language]}"
            while width and styles.columns(line) > width:
                line = line[:-2] + "…" if line.endswith("…") else line[:-1] + "…"
            click.echo(line)

"""Runs the whole course on a cluster and notes what each step shows."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from minikube8s.cli.session import Session
from minikube8s.cli.tutoring import facts
from minikube8s.cli.tutoring.bookmark import Desk
from minikube8s.cli.tutoring.boxes import UNICODE
from minikube8s.cli.tutoring.course import Course, Step
from minikube8s.cli.tutoring.dialogue import converse
from minikube8s.cli.tutoring.picture import picture
from minikube8s.cli.tutoring.player import Player
from minikube8s.cli.tutoring.seeing import Seeing
from minikube8s.cli.tutoring.words import spoken
from minikube8s.cli.tutoring.world import World
from tests.support.cluster import Cluster
from tests.support.tutorialdocs.steadying import Steady

_SECONDS = 120
_WIDTH = 96


class Shown(NamedTuple):
    """One step as its reader sees it, made steady."""

    step: Step
    file: str
    command: str
    output: list[str]
    picture: list[str]


def record(course: Course, cluster: Cluster, folder: Path) -> Iterator[Shown]:
    """Every step, run in the namespace `default` of the cluster, which has to be empty."""
    session = Session({"home": str(cluster.home)})
    seeing = Seeing(session.client, lambda: Session({"home": str(cluster.home)}).client, "default")
    recorder = _Recorder(cluster, seeing, Desk(folder))
    for chapter in course.chapters:
        recorder.desk.lay_out()
        for step in chapter.steps:
            yield recorder.shown(step)


class _Recorder:
    def __init__(self, cluster: Cluster, seeing: Seeing, desk: Desk) -> None:
        self.desk = desk
        self._cluster = cluster
        self._seeing = seeing
        self._player = Player({}, "", desk.files)
        self._steady = Steady()
        self._last: list[str] = []

    def shown(self, step: Step) -> Shown:
        if step.change:
            path = self.desk.files / step.change.file
            path.write_text(step.change.applied(path.read_text()))
        file = (self.desk.files / step.file).read_text() if step.file else ""
        world = self._steady.learn(self._seeing.world())
        command = facts.fill(step.run, world)
        typed = [facts.fill(line, world) for line in step.type]
        output = self._output(step, command, typed)
        drawn: list[str] = []
        if step.expect:
            drawn = self._drawn(self._settled(step))
        return Shown(step, file, self._steady.line(command), output, drawn)

    def _output(self, step: Step, command: str, typed: list[str]) -> list[str]:
        environment = {**self._cluster.environment, "EDITOR": step.editor}
        words = self._player.words(command)
        if typed:
            code, text = converse(
                words, typed, folder=self.desk.files, environment=environment, seconds=_SECONDS
            )
            assert code == 0, text
            return self._steady.conversation(text, typed)
        done = subprocess.run(
            words, cwd=self.desk.files, env=environment, text=True, check=False,
            timeout=_SECONDS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert (done.returncode != 0) == step.fails, done.stdout
        return self._steady.output(done.stdout, step.excerpt)

    def _settled(self, step: Step) -> World:
        world, lacking = self._seeing.settled(step.expect, _SECONDS, lambda *_: None)
        assert not lacking, [spoken("en", clause) for clause in lacking]
        return world

    def _drawn(self, world: World) -> list[str]:
        """The picture, if it is another than the last one."""
        lines = picture(self._steady.drawn(world), _WIDTH, UNICODE)
        new, self._last = lines != self._last, lines
        return lines if new else []

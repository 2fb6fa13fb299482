"""Leads through the course: tells a step, runs it when asked to, checks it, draws what exists."""

from __future__ import annotations

from collections.abc import Sequence

from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import progress
from minikube8s.cli.tutoring import facts
from minikube8s.cli.tutoring.bookmark import Bookmark, Desk
from minikube8s.cli.tutoring.checks import hopeless, unwell
from minikube8s.cli.tutoring.course import Course, Step
from minikube8s.cli.tutoring.player import Player, has_editor
from minikube8s.cli.tutoring.screen import Screen
from minikube8s.cli.tutoring.seeing import Seeing
from minikube8s.cli.tutoring.words import Clause
from minikube8s.cli.tutoring.world import World

_STEP_SECONDS = 180.0
_NOT_STARTED = 127
"""The exit code that shells have for it."""
_CLEAR = "mk8s delete deploy,rs,po,svc --all"


class Lesson:
    """One reader at one desk. With `alone` nobody is asked, and the first failure ends it."""

    def __init__(
        self,
        course: Course,
        seeing: Seeing,
        player: Player,
        screen: Screen,
        desk: Desk,
        bookmark: Bookmark,
        *,
        alone: bool,
    ) -> None:
        self._course = course
        self._seeing = seeing
        self._player = player
        self._screen = screen
        self._desk = desk
        self._bookmark = bookmark
        self._alone = alone

    def prepare(self, index: int) -> None:
        """Have what the step at `index` stands on, and nothing else. Raises CommandError."""
        self._seeing.make_namespace()
        self._fresh()
        for step in self._course.before(index):
            command = facts.fill(step.run, self._seeing.world())
            self._screen.say("preparing", "dim", command=command)
            self._change(step)
            self._player.quietly(command, step.editor)
            _, lacking = self._settled(step)
            if lacking and not _optional(lacking):
                raise CommandError(f"`{command}`: {self._screen.clauses(lacking)}")

    def walk(self, index: int) -> bool:
        """Go through the steps from `index`; whether the end was reached."""
        steps = self._course.steps
        while index < len(steps):
            step = steps[index]
            self._mark(step)
            answer = self._take(step, index)
            if answer == "q":
                return False
            following = max(index - 1, 0) if answer == "b" else index + 1
            if answer == "b":
                self._rewind(steps[following])
            if following > index and following < len(steps):
                self._next_chapter(step, steps[following])
            index = following
        return True

    def _take(self, step: Step, index: int) -> str:
        """Tell the step and do as the reader says: "" when it is done, else s, b or q."""
        screen, steps = self._screen, self._course.steps
        chapter = self._course.chapter_of(step)
        screen.title(chapter.told[screen.language], f"{index + 1}/{len(steps)} {step.id}")
        screen.tell(step.told[screen.language])
        key = "keys"
        while True:
            command = self._shown(step) if key == "keys" else self._filled(step)
            answer = "" if self._alone else screen.ask(key)
            if answer in {"s", "b", "q"}:
                return answer
            if answer:
                screen.say("keys unknown", "yellow")
                continue
            if command and self._done(step, command):
                return ""
            if self._alone:
                raise CommandError(f"the tutorial ended at its step {step.id}")
            key = "keys again"

    def _shown(self, step: Step) -> str:
        """Show the step's file and command; returns the command, "" where something lacks."""
        if step.change:
            self._screen.change(step.change)
        if step.file:
            text = (self._desk.files / step.file).read_text("utf-8")
            if step.change and step.change.file == step.file:
                text = step.change.applied(text)
            self._screen.file(step.file, text)
        command = self._filled(step)
        if command:
            world = self._seeing.world()
            self._screen.command(command, [facts.fill(line, world) for line in step.type])
        return command

    def _filled(self, step: Step) -> str:
        try:
            world = self._seeing.world()
            for line in step.type:
                facts.fill(line, world)
            return facts.fill(step.run, world)
        except CommandError as error:
            if self._alone:
                raise
            self._screen.tell(str(error), "red")
            return ""

    def _done(self, step: Step, command: str) -> bool:
        """Run the step and check it; whether all is as it should be."""
        self._change(step)
        screen, code = self._screen, self._run(step, command)
        if step.fails:
            screen.say("refused" if code else "not refused", "green" if code else "red")
            return code != 0
        if step.local and code not in (0, _NOT_STARTED):
            screen.say("not here", "yellow")
            return True
        if code and not step.expect and not (step.type and not self._alone):
            screen.say("code", "red", code=code)
            return False
        if not step.expect:
            return True
        refused = code != 0 and not step.type
        seconds = 0.0 if refused else _STEP_SECONDS
        with progress.watched() as watched:
            world, lacking = self._settled(step, watched, seconds)
        screen.draw(world)
        if lacking and not _optional(lacking):
            if refused:
                screen.say("code", "red", code=code)
            self._explain(world, lacking)
            return False
        screen.say(*("none given", "yellow") if lacking else ("checked", "green"))
        return True

    def _run(self, step: Step, command: str) -> int:
        if not self._alone:
            try:
                return self._player.run(command, "" if has_editor() else step.editor)
            except CommandError as error:
                self._screen.tell(str(error), "red")
                return _NOT_STARTED
        if step.type:
            world = self._seeing.world()
            return self._player.typed(command, [facts.fill(line, world) for line in step.type])
        return self._player.run(command, step.editor)

    def _settled(
        self, step: Step, watched: progress.Progress | None = None, seconds: float = _STEP_SECONDS
    ) -> tuple[World, list[Clause]]:
        def tell(world: World, clauses: Sequence[Clause]) -> None:
            if watched is not None and watched.live:
                watched.show(self._screen.waiting(world, clauses))

        return self._seeing.settled(step.expect, seconds, tell)

    def _explain(self, world: World, lacking: Sequence[Clause]) -> None:
        """Say what is wrong, why, and what would change it."""
        self._screen.say("missing", "red", clauses=self._screen.clauses(lacking))
        troubled = unwell(world)
        if troubled:
            why = f"mk8s why pod/{troubled[0]['metadata']['name']}"
            self._screen.command(why, ())
            self._player.run(why)
        image = hopeless(world)
        if image:
            self._screen.say("stand-in", "yellow", image=image)

    def _change(self, step: Step) -> None:
        if step.change:
            path = self._desk.files / step.change.file
            path.write_text(step.change.applied(path.read_text("utf-8")), "utf-8")

    def _rewind(self, step: Step) -> None:
        """The files as the step finds them, whatever was changed after it."""
        self._desk.lay_out()
        steps = self._course.chapter_of(step).steps
        for earlier in steps[: steps.index(step)]:
            self._change(earlier)

    def _next_chapter(self, step: Step, following: Step) -> None:
        if following.chapter != step.chapter:
            self._fresh()

    def _fresh(self) -> None:
        """The files as they were, and nothing left of an earlier chapter."""
        self._desk.lay_out()
        if any(self._seeing.world()):
            self._player.quietly(_CLEAR)

    def _mark(self, step: Step) -> None:
        if not self._alone:
            old = self._bookmark
            self._desk.mark(Bookmark(step.id, old.language, old.server, old.namespace))


def _optional(lacking: Sequence[Clause]) -> bool:
    """Whether all that is missing is what the surroundings need not have."""
    return all(clause.key == "address" for clause in lacking)

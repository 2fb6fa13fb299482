"""The documents are true: what they have readers type is there, and so is what they name."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from minikube8s.cli.errors import CommandError
from minikube8s.cli.main import mk8s
from minikube8s.cli.session import Session
from minikube8s.cluster.config import Settings
from minikube8s.cluster.resolving import ENVIRONMENT
from tests.support import documents

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
)
TRANSLATIONS = [page for page in PAGES if page.endswith(".ko.md")]
SETTINGS = {variable: name for name, variable in ENVIRONMENT.items()}
VARIABLE = re.compile(r"\bMK8S_[A-Z_]*[A-Z]\b")
FILE = re.compile(r"[a-z][\w/]*(/|\.(md|py|rb|sh|yaml))")
every_page = pytest.mark.parametrize("page", PAGES)


def read(page: str) -> str:
    return (ROOT / page).read_text()


def parse(words: list[str]) -> None:
    """Read a call as the command line does, without running it. Raises what that raises."""
    context = mk8s.make_context("mk8s", words, obj=Session())
    while isinstance(context.command, click.Group):
        left = [*context._protected_args, *context.args]
        if not left:
            return
        name, command, rest = context.command.resolve_command(context, left)
        assert command is not None
        context = command.make_context(name, rest, parent=context)


@every_page
def test_the_command_line_knows_every_call_that_a_page_shows(page):
    wrong = []
    for call in documents.typed(read(page)):
        try:
            parse(call.words)
        except (click.MissingParameter, click.BadOptionUsage) as error:
            if not call.cut:
                wrong.append(f"{call.line}: {error}")
        except (click.UsageError, CommandError) as error:
            wrong.append(f"{call.line}: {error}")
    assert wrong == []


@every_page
def test_every_link_of_a_page_leads_somewhere(page):
    for link in documents.links(read(page)):
        name, _, anchor = link.partition("#")
        place = (ROOT / page).parent / name if name else ROOT / page
        assert place.exists(), link
        assert not anchor or anchor in documents.anchors(place.read_text()), link


def test_every_file_that_a_page_names_is_there():
    rooms = [room for room in ROOT.iterdir() if not room.name.startswith(".")]
    there = [f"{path}/" for room in rooms for path in (room, *room.rglob("*"))]
    named = {
        word
        for page in PAGES
        for span in documents.spans(read(page))
        for word in span.split()
        if FILE.fullmatch(word)
    }
    assert {word for word in named if not any(f"/{word}" in path for path in there)} == set()


def test_the_readme_has_every_setting_with_its_default():
    rows = [row for row in documents.rows(read("README.md")) if len(row) == 3]
    named = {variable for _, variables, _ in rows for variable in variables}
    assert named == {*SETTINGS, "MK8S_HOME", "MK8S_NODES"}
    for flags, variables, defaults in rows:
        for flag, variable in zip(flags, variables, strict=True):
            setting = SETTINGS.get(variable)
            assert not setting or flag.endswith(f"--{setting.replace('_', '-')}")
            default = getattr(Settings(), setting) if setting else None
            assert not default or str(default) in defaults, variable


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/vagrant.")])
def test_the_labs_page_has_every_setting_with_its_default(page):
    ruby = read("vagrant/settings.rb")
    rows = [row for row in documents.rows(read(page)) if row[0] and VARIABLE.match(row[0][0])]
    shown = {names[0]: default[0] if default else "" for names, default, _ in rows}
    assert set(shown) == set(VARIABLE.findall(ruby))
    for variable, default in shown.items():
        assert re.search(rf'"{variable}"(,| =>) "?{re.escape(default)}', ruby) or not default


@pytest.mark.parametrize("page", TRANSLATIONS)
def test_a_translation_has_the_same_commands_in_the_same_order(page):
    assert documents.shown(read(page)) == documents.shown(read(page.replace(".ko.md", ".md")))

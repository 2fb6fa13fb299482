"""Homes of which a file is damaged: every command of a machine answers with a sentence.

Nothing is started or removed for real; a command that would start a daemon has passed.
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from minikube8s.cli.errors import CommandError
from minikube8s.cli.main import mk8s
from minikube8s.cli.session import Session
from minikube8s.cluster import (
    cleaning,
    doctor,
    labnet,
    layout,
    lifecycle,
    preparing,
    resetting,
    unitsteps,
)
from minikube8s.cluster.authority import keys, requests
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.cluster.checkup import examining, machine, preflight
from minikube8s.cluster.checkup.findings import Examination
from minikube8s.cluster.config import Home, LabNode, Settings, write_private
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joined
from minikube8s.cluster.supervising import strays, systemd
from tests.support.joinedhome import remembered

VERBS = (
    "doctor", "status", "join 127.0.0.1:1", "leave", "leave --force", "up", "down", "down --purge",
    "install", "uninstall", "reset --yes",
)  # fmt: skip
CHANGING = ("leave --force", "down", "down --purge", "uninstall", "reset --yes")
VALUE_VERBS = ("doctor", "status", "join 127.0.0.1:1", "leave", "up", "down", "install")
SETTINGS = Settings(node_name="n1", lab=True, lab_nodes=(LabNode("n2", "192.168.123.2"),))
KNOWN = remembered("127.0.0.1:1")
MACHINE = machine.read({})
NONSENSE = ("", "x", "\0", "300.1.1.1/8,", 0, 1 << 40)


def remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


Damage = Callable[[Path], object]
TEXTS = {"empty": b"", "no text": b"\xff\xfe\0", "half": None}
JSON = {"of another shape": b"[]", "without fields": b"{}"}
THINGS: dict[str, Damage] = {
    "gone": lambda _: None,
    "a folder": Path.mkdir,
    "a loop": lambda place: place.symlink_to(place.name),
}
NO_FOLDER: dict[str, Damage] = {
    "gone": THINGS["gone"],
    "a file": lambda place: place.write_text("x"),
    "a loop": THINGS["a loop"],
}


def damages(place: Path) -> dict[str, Damage]:
    """What can be wrong with a file or a folder, each to be made where it is gone."""
    if place.is_dir():
        return NO_FOLDER
    texts = TEXTS | (JSON if place.suffix == ".json" else {})
    half = place.read_bytes()[: place.stat().st_size // 2]

    def of(content: bytes | None) -> Damage:
        return lambda file: file.write_bytes(half if content is None else content)

    return {name: of(content) for name, content in texts.items()} | THINGS


def make_cluster(home: Home) -> None:
    home.save(SETTINGS)
    preparing.prepare(home, SETTINGS, SETTINGS)
    for daemon in ("master", "agent", "nodes/n2"):
        write_private(home.path / daemon / f"{Path(daemon).name[:6]}.pid", b"1\n")
    write_private(home.logs / "agent.log", b"x\n")


def make_joined(home: Home) -> None:
    authority = Authority(home.path.with_name("authority"))
    key, files = keys.encoded(keys.new_key()), joined.files(home)
    asked = requests.made(key, "system:node:w1", ["system:nodes"])
    write_private(files.key, key)
    write_private(
        files.certificate, authority.sign(asked, 300 * 86400, datetime.datetime.now(datetime.UTC))
    )
    write_private(files.ca, authority.path.read_bytes())
    joined.save(home, KNOWN)
    write_private(layout.agent_config(home), joined.configuration(home, KNOWN))
    write_private(home.agent / "agent.pid", b"1\n")
    write_private(home.agent / "notice", b"gone")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """One home of each sort, to be copied."""
    place = tmp_path_factory.mktemp("whole")
    found = {"cluster": Home(place / "cluster"), "joined": Home(place / "joined")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labnet, "LabCall", Done)
        make_cluster(found["cluster"])
        make_joined(found["joined"])
    yield {name: home.path for name, home in found.items()}


class Done:
    """In place of a program that does its work."""

    def __init__(self, *_: object) -> None: ...

    def wait(self) -> None: ...


def begins(*_: object) -> None:
    raise ClusterError("A daemon would start.")


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of units, on a machine where nothing of the world outside a home counts."""
    for name in dir(preflight):
        if name.startswith("require_"):
            monkeypatch.setattr(preflight, name, lambda *_: None)
    monkeypatch.setattr(preflight, "clashes_apart", lambda _: [])
    monkeypatch.setattr(examining, "examine", Examination)
    monkeypatch.setattr(machine, "read", lambda _: MACHINE)
    monkeypatch.setattr(doctor, "_engine", lambda _: ({}, []))
    monkeypatch.setattr(lifecycle, "begin", begins)
    monkeypatch.setattr(joined, "require_agent_port", lambda _: None)
    monkeypatch.setattr(cleaning, "remove", lambda _: [])
    monkeypatch.setattr(labnet, "LabCall", Done)
    monkeypatch.setattr(resetting, "LabCall", Done)
    monkeypatch.setattr(resetting, "_with_containers", lambda _: [])
    monkeypatch.setattr(strays, "daemons", lambda: [])
    monkeypatch.setattr(systemd, "UNITS", tmp_path / "units")
    monkeypatch.setattr(systemd, "_call", lambda *_, **__: "")
    monkeypatch.setattr(systemd, "runs", lambda: True)
    monkeypatch.setattr("os.fsync", lambda _: None)
    return tmp_path / "units"


def link(whole: Path, place: Path) -> None:
    """Put the same there; who changes a file puts another in its place."""
    if whole.is_dir():
        shutil.copytree(whole, place, copy_function=os.link)
    else:
        os.link(whole, place)


def copy(whole: Path, home: Path, units: Path) -> None:
    """Make a home like that one, and units that are its own."""
    for place in (home, units):
        remove(place)
    link(whole, home)
    units.mkdir()
    for unit in ("mk8s-agent.service", "mk8s-c-agent.service"):
        marks = f"[X-mk8s]\nHome={home}\nPidFile={home}/agent/agent.pid\n"
        (units / unit).write_text(f"[Service]\n{marks}")


def wrong(home: Path, verb: str) -> str:
    """What a command answers where it is no sentence, or where it leaves what it shall not."""
    done = CliRunner().invoke(mk8s, ["--home", str(home), *verb.split()], obj=Session())
    error = done.exception
    if error is not None and not isinstance(error, CommandError | SystemExit):
        return f"{type(error).__name__}: {error}"
    said = str(error or "").removeprefix("error: ")
    if isinstance(error, CommandError) and (not said.endswith((".", "`")) or "\n" in said):
        return f"no sentence: {said}"
    left = [] if verb != "reset --yes" or not home.is_dir() else list(home.iterdir())
    return f"left: {left}" if left and "remove it" not in said else ""


@pytest.mark.parametrize("sort", ["cluster", "joined"])
@pytest.mark.parametrize("verb", VERBS)
def test_whatever_file_of_a_home_is_damaged_each_command_answers_with_a_sentence(
    whole: dict[str, Path], units: Path, tmp_path: Path, sort: str, verb: str
) -> None:
    home, found = tmp_path / "home", []
    copy(whole[sort], home, units)
    for one in whole[sort].rglob("*"):
        place = home / one.relative_to(whole[sort])
        for name, damage in damages(one).items():
            remove(place)
            damage(place)
            if told := wrong(home, verb):
                found.append(f"{place} is {name}: {told}")
            if verb in CHANGING:
                copy(whole[sort], home, units)
        remove(place)
        link(one, place)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("sort", "file"), [("cluster", "settings"), ("joined", "joined")])
def test_whatever_value_of_a_home_is_nonsense_each_command_answers_with_a_sentence(
    whole: dict[str, Path], units: Path, tmp_path: Path, sort: str, file: str
) -> None:
    home, found = tmp_path / "home", []
    copy(whole[sort], home, units)
    place = home / f"{file}.json"
    right = json.loads(place.read_text())
    place.unlink()
    for field, value in right.items():
        for other in (one for one in NONSENSE if type(one) is type(value)):
            for verb in VALUE_VERBS:
                place.write_text(json.dumps(right | {field: other}))
                if told := wrong(home, verb):
                    found.append(f"{verb}: {field} {other!r}: {told}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_in_the_place_of_a_home_and_units_that_are_none_are_told(
    whole: dict[str, Path], units: Path, tmp_path: Path, verb: str
) -> None:
    home = tmp_path / "home"
    home.write_text("x")
    units.mkdir()
    found = [wrong(home, verb)]
    for damage in damages(whole["joined"] / "joined.json").values():
        copy(whole["joined"], home, units)
        remove(units / "mk8s-c-agent.service")
        damage(units / "mk8s-c-agent.service")
        found.append(wrong(home, verb))
    assert not any(found), found


def test_what_keeps_a_unit_from_its_daemon_is_logged_with_its_grade_and_place(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "joined.json").write_text("{")
    monkeypatch.setattr("sys.argv", ["unitsteps", "prepare", str(tmp_path)])
    assert unitsteps.main() == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert " ERROR start cluster.unitsteps: " in line
    assert "joined.json is damaged" in line

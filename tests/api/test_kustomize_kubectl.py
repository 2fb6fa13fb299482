"""Kustomizations are built as the newest kubectl builds them.

`kustomizing/cases.txt` holds the cases: files after `-- path --`, `+ FILE` for those of another
list, and the folders that both `build`, or `refuse`.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing.build import build
from minikube8s.cli.output import yamltext
from tests.api.kubectl import every_binary
from tests.support.randompatches import Drawing

HERE = Path(__file__).parent / "kustomizing"
_FILE = re.compile(r"-- (\S+) --")


class Case(NamedTuple):
    title: str
    files: dict[str, str]
    steps: list[tuple[str, str]]


def cases() -> Iterator[Case]:
    for text in (HERE / "cases.txt").read_text().split("\n== "):
        title, *lines = text.splitlines()
        case = Case(title.removeprefix("== "), {}, [])
        read(lines, case)
        yield case


def read(lines: list[str], case: Case) -> None:
    path = ""
    for line in lines:
        begun = _FILE.fullmatch(line)
        verb, _, folder = line.partition(" ")
        if begun:
            path = begun[1]
            case.files[path] = ""
        elif verb == "+":
            read((HERE / folder).read_text().splitlines(), case)
        elif verb in {"build", "refuse"}:
            case.steps.append((verb, folder))
        elif path and (line or path.endswith(".env")):
            case.files[path] += line + "\n"


def lay_out(case: Case, place: Path) -> None:
    for path, text in case.files.items():
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        content = text.encode()
        file.write_bytes(content.replace(b"\\xff\\xfe", b"\xff\xfe"))


def kubectl(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(every_binary()[-1]), "kustomize", str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"KUBECONFIG": "/dev/null"},
    )


@pytest.mark.skipif(not every_binary(), reason="kubectl is not installed")
@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.title)
def test_a_folder_is_built_as_kubectl_builds_it(case: Case, tmp_path: Path) -> None:
    lay_out(case, tmp_path)
    for verb, folder in case.steps:
        theirs = kubectl(tmp_path / folder)
        said: list[str] = []
        try:
            ours: list[dict[str, Any]] | None = build(str(tmp_path / folder), said.append)
        except CommandError as error:
            ours = None
            assert verb == "refuse", error
            assert "\n" not in str(error)
        assert (ours is None) == (theirs.returncode != 0) == (verb == "refuse"), theirs.stderr
        if ours is not None:
            told = "---\n".join(map(yamltext.dump, ours))
            lines = [text.splitlines() for text in (theirs.stdout, told)]
            differs = difflib.unified_diff(*lines, "kubectl", "mk8s", lineterm="", n=4)
            warned = [line.partition(" Run ")[0] for line in theirs.stderr.splitlines()]
            assert sorted(said) == sorted(warned)
            assert told == theirs.stdout, "\n" + "\n".join(differs)


@pytest.mark.skipif(not every_binary(), reason="kubectl is not installed")
@pytest.mark.parametrize("seed", [1, 2])
def test_any_patch_changes_an_object_as_it_does_for_kubectl(seed: int, tmp_path: Path) -> None:
    drawing = Drawing(seed)
    names = [f"case-{number}" for number in range(300)]
    for file, patch in (("objects", False), ("patches", True)):
        drawn = [drawing.deployment(name, patch=patch) for name in names]
        (tmp_path / f"{file}.yaml").write_text(yaml.safe_dump_all(drawn))
    text = "resources: [objects.yaml]\npatches: [{path: patches.yaml}]\n"
    (tmp_path / "kustomization.yaml").write_text(text)
    theirs = {obj["metadata"]["name"]: obj for obj in yaml.safe_load_all(kubectl(tmp_path).stdout)}
    for obj in build(str(tmp_path), lambda _: None):
        name = obj["metadata"]["name"]
        told = [yaml.safe_dump(one).splitlines() for one in (theirs[name], obj)]
        differs = difflib.unified_diff(*told, "kubectl", "mk8s", lineterm="", n=4)
        assert obj == theirs[name], "\n".join((name, *differs))

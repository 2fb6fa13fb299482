"""The course as it is written: nothing in it is missing, and it can be entered anywhere."""

from __future__ import annotations

import re

import pytest
import yaml

from minikube8s.cli.errors import CommandError
from minikube8s.cli.main import VERBS
from minikube8s.cli.tutoring.course import FILES, LANGUAGES, Step, load

COURSE = load()
HANGUL = re.compile("[가-힣]")
TYPED = (
    "api-resources", "apply -f nginx-pod.yaml", "get pods", "describe pods my-nginx-pod",
    "exec -it my-nginx-pod bash", "logs my-nginx-pod", "delete -f nginx-pod.yaml",
    "apply -f nginx-ubuntu-pod.yaml", "exec -it my-nginx-ubuntu-pod -c ubuntu-container bash",
    "apply -f replicaset-nginx.yaml", "get po", "get rs", "apply -f nginx-label-pod.yaml",
    "edit pods {pod:app=my-nginx-pods-label}", "delete rs replicaset-nginx",
    "apply -f deployment-nginx.yaml", "get deploy", "delete deploy my-nginx-deployment",
    "apply -f deployment-nginx.yaml --record",
    "set image deployment my-nginx-deployment nginx=nginx:1.11 --record",
    "rollout history deploy my-nginx-deployment",
    "rollout undo deploy my-nginx-deployment --to-revision 1", "delete deploy,po,rs --all",
    "apply -f svc-clusterip.yaml",
    "run -i --tty --rm debug --image=ubuntu:16.04 --restart=Never -- bash",
    "delete svc svc-clusterip", "apply -f svc-nodeport.yaml", "get svc svc-clusterip -o yaml",
    "apply -f svc-local-nodeport.yaml", "apply -f svc-external.yaml",
)  # fmt: skip
"""What the tutorial types, word for word and in its order."""
every_step = pytest.mark.parametrize("step", COURSE.steps, ids=lambda step: step.id)


def test_the_parts_are_the_tutorials_in_its_order():
    assert [one.id for one in COURSE.chapters] == [
        "pods", "replicasets", "deployments", "services",
    ]  # fmt: skip


@pytest.mark.parametrize("words", TYPED)
def test_what_the_tutorial_types_is_a_step_word_for_word(words):
    assert f"mk8s {words}" in [step.run for step in COURSE.steps]


def test_the_steps_come_in_the_tutorials_order():
    left = iter([step.run for step in COURSE.steps])
    assert [words for words in TYPED if f"mk8s {words}" not in left] == []


def test_every_id_is_there_once():
    names = [step.id for step in COURSE.steps] + [one.id for one in COURSE.chapters]
    assert len(set(names)) == len(names)


@every_step
def test_a_step_is_told_in_every_language_in_a_sentence(step: Step):
    assert set(step.told) == set(LANGUAGES)
    assert HANGUL.search(step.told["ko"]) and not HANGUL.search(step.told["en"])
    assert all(told.endswith(".") for told in step.told.values())


@every_step
def test_a_step_runs_what_there_is_on_files_that_there_are(step: Step):
    assert step.run.startswith(("mk8s ", "curl "))
    for file in re.findall(r"\S+\.yaml", f"{step.run} {step.file}"):
        assert (FILES / file).is_file()


@every_step
def test_a_step_that_shows_what_changes_expects_something(step: Step):
    assert bool(step.expect) == step.changes or step.fails or step.id == "clusterip-ask"


def test_every_change_finds_what_it_changes_and_leaves_a_manifest():
    for chapter in COURSE.chapters:
        files = {file.name: file.read_text() for file in FILES.glob("*.yaml")}
        for change in (step.change for step in chapter.steps if step.change):
            before = files[change.file]
            files[change.file] = change.applied(before)
            assert files[change.file] != before
            assert yaml.safe_load(files[change.file])["kind"]
            assert change.applied(files[change.file]) == files[change.file]


@pytest.mark.parametrize(
    ("word", "step"),
    [("1", "kinds"), ("3", "pod-list"), ("undo", "undo"), ("services", "serve"), ("62", "end")],
)
def test_a_step_is_found_by_number_id_or_part(word, step):
    assert COURSE.steps[COURSE.position(word)].id == step


@pytest.mark.parametrize("word", ["0", "63", "histroy", ""])
def test_a_step_that_is_not_there_is_told_with_the_way_out(word):
    with pytest.raises(CommandError, match="mk8s tutorial --list"):
        COURSE.position(word)


def test_the_nearest_name_is_suggested():
    with pytest.raises(CommandError, match="did you mean 'history'"):
        COURSE.position("histroy")


def test_who_enters_in_the_middle_of_a_part_gets_what_was_changed_before():
    before = COURSE.before(COURSE.position("nodeport-ask"))
    assert [step.id for step in before] == ["serve", "clusterip", "clusterip-delete", "nodeport"]
    assert COURSE.before(COURSE.position("services")) == []


def test_one_part_alone_is_a_course():
    assert COURSE.part("pods").steps == list(COURSE.chapters[0].steps)
    with pytest.raises(CommandError, match="there are pods, replicasets"):
        COURSE.part("pod")


def test_the_verbs_of_the_course_are_verbs_of_mk8s():
    known = {name for section in VERBS.values() for name in section}
    used = {step.run.split()[1] for step in COURSE.steps if step.run.startswith("mk8s ")}
    assert used <= known

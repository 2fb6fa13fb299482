"""How a reader is led through the course: a cluster that is played, a reader that is scripted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from minikube8s.cli.errors import CommandError
from minikube8s.cli.tutoring.bookmark import Bookmark, Desk
from minikube8s.cli.tutoring.checks import missing
from minikube8s.cli.tutoring.course import load
from minikube8s.cli.tutoring.lesson import Lesson
from minikube8s.cli.tutoring.screen import Screen
from minikube8s.cli.tutoring.world import World
from tests.support.tutorialworlds import a_pod, a_service, a_workload

COURSE = load()
POD = World(pods=(a_pod("my-nginx-pod"),))
LOST = World(pods=(a_pod("my-nginx-pod", waiting="ImagePullBackOff"),))
DEPLOYED = World(
    (a_workload("Deployment", "my-nginx-deployment"),),
    pods=tuple(a_pod(f"web-{n}", image="nginx:1.10") for n in range(3)),
)


class PlayedCluster:
    """Stands for both what is seen and what is run: it shows `world` and notes the commands."""

    def __init__(self, world: World) -> None:
        self.now = world
        self.commands: list[str] = []
        self.codes: dict[str, int] = {}
        self.waits: list[float] = []

    def world(self) -> World:
        return self.now

    def settled(self, expected, seconds, tell):
        self.waits.append(seconds)
        return self.now, missing(expected, self.now)

    def make_namespace(self) -> None:
        self.commands.append("namespace")

    def run(self, command: str, editor: str = "") -> int:
        self.commands.append(command)
        return self.codes.get(command.split()[1], 0)

    def quietly(self, command: str, editor: str = "") -> None:
        self.commands.append(f"quietly {command}")

    def typed(self, command: str, lines: Sequence[str]) -> int:
        return self.run(command)


@pytest.fixture
def desk(tmp_path) -> Desk:
    desk = Desk(tmp_path)
    desk.lay_out()
    return desk


def lead(cluster: PlayedCluster, desk: Desk, start: str, monkeypatch, *answers: str) -> bool:
    """Lead a reader who gives these answers, nobody without any; whether the end was reached."""
    given = iter(answers)
    monkeypatch.setattr("builtins.input", lambda _: next(given))
    mark = Bookmark("", "en", "https://server", "school")
    lesson = Lesson(
        COURSE, cluster, cluster, Screen("en"), desk, mark, alone=not answers
    )  # fmt: skip
    return lesson.walk(COURSE.position(start))


def test_enter_runs_a_step_and_the_next_one_is_marked(desk, monkeypatch, capsys):
    cluster = PlayedCluster(POD)
    assert not lead(cluster, desk, "pod-create", monkeypatch, "", "q")
    assert cluster.commands == ["mk8s apply -f nginx-pod.yaml"]
    assert desk.read().step == "pod-list"
    shown = capsys.readouterr().out
    assert "│ apiVersion: v1" in shown and "As it should be." in shown
    assert "Pod my-nginx-pod" in shown


def test_skipping_runs_nothing_and_going_back_shows_the_step_before(desk, monkeypatch, capsys):
    cluster = PlayedCluster(POD)
    lead(cluster, desk, "pod-create", monkeypatch, "s", "b", "b", "b", "q")
    assert cluster.commands == []
    assert desk.read().step == "kinds"


def test_an_image_that_cannot_be_had_is_explained_with_the_stand_in(desk, monkeypatch, capsys):
    cluster = PlayedCluster(LOST)
    lead(cluster, desk, "pod-create", monkeypatch, "", "q")
    assert cluster.commands[1:] == ["mk8s why pod/my-nginx-pod"]
    shown = capsys.readouterr().out
    assert "Not as it should be: 0 of 1 pods are ready." in shown
    assert "`mk8s image build nginx:latest`" in shown
    assert desk.read().step == "pod-create"


def test_after_a_failure_enter_tries_again(desk, monkeypatch, capsys):
    cluster = PlayedCluster(World())
    lead(cluster, desk, "pod-create", monkeypatch, "", "", "q")
    assert cluster.commands == ["mk8s apply -f nginx-pod.yaml"] * 2


def test_what_a_refused_command_did_not_do_is_not_waited_for(desk, monkeypatch, capsys):
    cluster = PlayedCluster(World())
    lead(cluster, desk, "pod-create", monkeypatch, "", "q")
    cluster.codes["apply"] = 1
    lead(cluster, desk, "pod-create", monkeypatch, "", "q")
    assert cluster.waits == [180, 0]
    assert "failed with exit code 1" in capsys.readouterr().out


def test_a_program_that_is_not_here_does_not_end_the_lesson(desk, monkeypatch, capsys):
    class Bare(PlayedCluster):
        def run(self, command: str, editor: str = "") -> int:
            raise CommandError("curl does not start")

    assert not lead(Bare(POD), desk, "pod-ask", monkeypatch, "", "s", "q")
    assert "curl does not start" in capsys.readouterr().out
    assert desk.read().step == "pod-shell"


def test_going_back_takes_back_what_was_changed_in_the_files(desk, monkeypatch, capsys):
    cluster = PlayedCluster(DEPLOYED._replace(services=(a_service("svc-local-nodeport"),)))
    lead(cluster, desk, "local", monkeypatch, "", "b", "b", "q")
    assert "externalTrafficPilicy" in (desk.files / "svc-local-nodeport.yaml").read_text()
    lead(cluster, desk, "adopt", monkeypatch, "b", "q")
    assert "replicas: 4" in (desk.files / "replicaset-nginx.yaml").read_text()


def test_alone_the_first_failure_ends_it(desk, monkeypatch):
    cluster = PlayedCluster(World())
    with pytest.raises(CommandError, match="ended at its step pod-create"):
        lead(cluster, desk, "pod-create", monkeypatch)
    assert desk.read() is None


def test_a_command_that_only_shows_has_to_succeed(desk, monkeypatch, capsys):
    cluster = PlayedCluster(POD)
    cluster.codes["get"] = 1
    lead(cluster, desk, "pod-list", monkeypatch, "", "q")
    assert "failed with exit code 1" in capsys.readouterr().out


def test_what_this_machine_does_not_reach_is_no_failure(desk, monkeypatch, capsys):
    cluster = PlayedCluster(POD)
    cluster.codes["-s"] = 28
    lead(cluster, desk, "pod-ask", monkeypatch, "", "q")
    assert "cannot be reached from this machine" in capsys.readouterr().out
    assert desk.read().step == "pod-shell"


def test_the_misspelt_file_has_to_be_refused(desk, monkeypatch, capsys):
    cluster = PlayedCluster(DEPLOYED)
    lead(cluster, desk, "misspelt", monkeypatch, "", "q")
    assert "should have been refused" in capsys.readouterr().out
    cluster.codes["apply"] = 1
    lead(cluster, desk, "misspelt", monkeypatch, "", "q")
    assert "Refused, as it should be." in capsys.readouterr().out


def test_where_nobody_gives_addresses_it_goes_on(desk, monkeypatch, capsys):
    balancer = a_service("svc-loadbalancer", type="LoadBalancer")
    cluster = PlayedCluster(DEPLOYED._replace(services=(balancer,)))
    lead(cluster, desk, "loadbalancer", monkeypatch, "", "q")
    assert "Nothing gives external addresses here" in capsys.readouterr().out


def test_what_lacks_for_a_command_is_told_and_nothing_is_run(desk, monkeypatch, capsys):
    cluster = PlayedCluster(World())
    lead(cluster, desk, "pod-ask", monkeypatch, "", "q")
    assert "needs the address of the pod my-nginx-pod" in " ".join(capsys.readouterr().out.split())
    assert cluster.commands == []


def test_a_change_is_shown_and_made_in_the_readers_file(desk, monkeypatch, capsys):
    cluster = PlayedCluster(World())
    lead(cluster, desk, "set-four", monkeypatch, "q")
    shown = capsys.readouterr().out
    assert "-   replicas: 3" in shown and "+   replicas: 4" in shown
    assert "replicas: 3" in (desk.files / "replicaset-nginx.yaml").read_text()
    lead(cluster, desk, "set-four", monkeypatch, "", "q")
    assert "replicas: 4" in (desk.files / "replicaset-nginx.yaml").read_text()


def test_a_new_part_begins_with_the_files_as_they_were_and_nothing_left(desk, monkeypatch):
    cluster = PlayedCluster(POD)
    (desk.files / "nginx-pod.yaml").write_text("changed")
    lead(cluster, desk, "expressions-delete", monkeypatch, "s", "q")
    assert cluster.commands == ["quietly mk8s delete deploy,rs,po,svc --all"]
    assert (desk.files / "nginx-pod.yaml").read_text() != "changed"


def test_whoever_begins_in_the_middle_has_the_changes_before_it_made(desk):
    cluster = PlayedCluster(DEPLOYED)
    lesson = Lesson(
        COURSE, cluster, cluster, Screen("en"), desk, Bookmark("", "en", "", ""), alone=False
    )
    lesson.prepare(COURSE.position("deploy-pods"))
    assert cluster.commands == [
        "namespace",
        "quietly mk8s delete deploy,rs,po,svc --all",
        "quietly mk8s apply -f deployment-nginx.yaml",
    ]

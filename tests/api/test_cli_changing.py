"""`mk8s apply`, `delete`, `edit` and `wait` against a server that does what it is made to do."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.apiserver import ApiServer
from tests.api.controllers import played_cluster
from tests.api.kubectl import kubeconfig
from tests.api.playedcluster import PlayedCluster

MK8S = Path(sys.executable).with_name("mk8s")
DEADLINE = 60.0


class Mk8s:
    """The program, told where the server is and which namespace to use."""

    def __init__(self, api: ApiServer, namespace: str, folder: Path) -> None:
        config = folder / "kubeconfig"
        config.write_text(json.dumps(kubeconfig(api, namespace)))
        self.environment = os.environ | {
            "KUBECONFIG": str(config),
            "MK8S_HOME": str(folder / "no-cluster"),
        }
        self._folder = folder

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(MK8S), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env=self.environment | environment,
        )

    def run(
        self, *arguments: str, stdin: str = "", code: int = 0, **environment: str
    ) -> tuple[str, str]:
        """What it says on its two outputs. Fails for another exit code."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(stdin, timeout=DEADLINE)
        assert process.returncode == code, f"{arguments}: {out}{err}"
        return out, err


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedCluster]:
    with played_cluster(tmp_path_factory.mktemp("pki")) as played:
        yield played


@pytest.fixture
def mk8s(api: PlayedCluster, namespace: str, tmp_path: Path) -> Mk8s:
    return Mk8s(api, namespace, tmp_path)


def _config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def _deployment(name: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "c", "image": "nginx"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], **spec}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


def _listed(*objects: dict[str, Any]) -> str:
    return "\n---\n".join(map(json.dumps, objects))


def test_an_apply_keeps_what_others_set_and_drops_what_left_the_file(mk8s: Mk8s) -> None:
    mk8s.run("apply", "-f", "-", stdin=_listed(_config_map("a", mine="1", gone="1")))
    mk8s.run("patch", "cm", "a", "-p", '{"data":{"theirs":"1"}}')
    mk8s.run("apply", "-f", "-", stdin=_listed(_config_map("a", mine="2")))
    out, _ = mk8s.run("get", "cm", "a", "-o", "jsonpath={.data}")
    assert json.loads(out) == {"mine": "2", "theirs": "1"}


def test_a_strategy_is_changed_without_what_belonged_to_the_old_one(mk8s: Mk8s) -> None:
    web = _deployment("web")
    mk8s.run("apply", "-f", "-", stdin=_listed(web))
    web["spec"]["strategy"] = {"type": "Recreate"}
    mk8s.run("apply", "-f", "-", stdin=_listed(web))
    out, _ = mk8s.run("get", "deploy", "web", "-o", "jsonpath={.spec.strategy}")
    assert json.loads(out) == {"type": "Recreate"}


def test_what_cannot_be_changed_is_made_anew_with_force_only(mk8s: Mk8s) -> None:
    web = _deployment("web")
    mk8s.run("apply", "-f", "-", stdin=_listed(web))
    uid, _ = mk8s.run("get", "deploy", "web", "-o", "jsonpath={.metadata.uid}")
    labels = {"app": "other"}
    web["spec"]["selector"]["matchLabels"] = web["spec"]["template"]["metadata"]["labels"] = labels
    _, err = mk8s.run("apply", "-f", "-", stdin=_listed(web), code=1)
    assert 'The Deployment "web" is invalid: spec.selector' in err
    out, _ = mk8s.run("apply", "-f", "-", "--force", stdin=_listed(web))
    assert out == "deployment.apps/web configured\n"
    now, _ = mk8s.run("get", "deploy", "web", "-o", "jsonpath={.metadata.uid}")
    assert now != uid


def test_of_several_objects_each_failure_is_told_and_the_others_are_applied(mk8s: Mk8s) -> None:
    names = ["a", "B_", "c", "d", "e", "f", "g", "h"]
    bad = [*map(_config_map, names), {"kind": "Pod"}]
    out, err = mk8s.run("apply", "-f", "-", stdin=_listed(*bad), code=1)
    assert out == "".join(f"configmap/{name} created\n" for name in names if name != "B_")
    assert len(err.splitlines()) == 2
    assert 'error validating "STDIN", line 17: apiVersion not set' in err
    assert 'error when creating "STDIN": ConfigMap "B_" is invalid' in err


def test_a_hundred_objects_are_told_in_the_order_of_their_files(mk8s: Mk8s) -> None:
    names = [f"many-{number}" for number in range(100)]
    text = _listed(*map(_config_map, names))
    out, _ = mk8s.run("apply", "-f", "-", stdin=text)
    assert out == "".join(f"configmap/{name} created\n" for name in names)
    out, _ = mk8s.run("delete", "-f", "-", stdin=text)
    assert out == "".join(f'configmap "{name}" deleted\n' for name in names)


def test_a_namespace_is_there_before_what_lies_in_it(mk8s: Mk8s, namespace: str) -> None:
    inside = _config_map("a") | {"metadata": {"name": "a", "namespace": f"{namespace}-new"}}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{namespace}-new"}}
    out, _ = mk8s.run("apply", "-f", "-", stdin=_listed(space, inside, inside))
    assert out.splitlines()[1:] == ["configmap/a created", "configmap/a unchanged"]


def test_with_wait_an_apply_returns_when_the_pods_are_up(mk8s: Mk8s) -> None:
    out, err = mk8s.run("apply", "-f", "-", "--wait", stdin=_listed(_deployment("web")))
    assert (out, err) == ("deployment.apps/web created\n", "")
    ready, _ = mk8s.run("get", "deploy", "web", "-o", "jsonpath={.status.readyReplicas}")
    assert ready == "1"


def test_an_apply_that_waits_too_long_says_for_what(mk8s: Mk8s) -> None:
    huge = _deployment("huge", nodeSelector={"no": "such"})
    line = ("apply", "-f", "-", "--wait", "--timeout=300ms")
    _, err = mk8s.run(*line, stdin=_listed(huge), code=1)
    assert "timed out waiting for the condition on deployments/huge" in err
    assert "mk8s why deployment/huge" in err


def test_a_server_that_is_not_there_is_told_once(mk8s: Mk8s, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    text = _listed(*(_config_map(f"a{number}") for number in range(20)))
    server_flag = f"--server=https://127.0.0.1:{port}"
    unknown = _listed(*[{"apiVersion": "a/v1", "kind": "B", "metadata": {"name": "c"}}] * 9)
    for stdin in (text, unknown):
        out, err = mk8s.run("apply", "-f", "-", server_flag, stdin=stdin, code=1)
        assert out == ""
        assert len(err.splitlines()) == 1
        assert "was refused" in err


def test_a_delete_waits_for_finalizers_and_ctrl_c_ends_it(mk8s: Mk8s) -> None:
    held = _config_map("held")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    mk8s.run("apply", "-f", "-", stdin=_listed(held))
    _, err = mk8s.run("delete", "cm", "held", "--timeout=200ms", code=1)
    assert "timed out waiting for the condition on configmaps/held: it is not gone" in err
    waiting = mk8s.start("delete", "cm", "held")
    assert waiting.stdout and waiting.stdout.readline() == 'configmap "held" deleted\n'
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=DEADLINE)
    assert (waiting.returncode, err.strip()) == (130, "")
    waiting = mk8s.start("delete", "cm", "held")
    assert waiting.stdout and waiting.stdout.readline()
    mk8s.run("patch", "cm", "held", "-p", '{"metadata":{"finalizers":null}}')
    waiting.communicate(timeout=DEADLINE)
    assert waiting.returncode == 0


def test_a_wait_ends_with_the_change_that_it_waits_for(mk8s: Mk8s) -> None:
    goal = ("wait", "--for=jsonpath={.data.k}=v", "cm/a", "--timeout=30s")
    mk8s.run("apply", "-f", "-", stdin=_listed(_config_map("a")))
    waiting = mk8s.start(*goal)
    creating = mk8s.start("wait", "--for=create", "cm/later", "--timeout=30s")
    mk8s.run("patch", "cm", "a", "-p", '{"data":{"k":"v"}}')
    mk8s.run("create", "-f", "-", stdin=_listed(_config_map("later")))
    assert waiting.communicate(timeout=DEADLINE)[0] == "configmap/a condition met\n"
    assert creating.communicate(timeout=DEADLINE)[0] == "configmap/later condition met\n"
    ending = mk8s.start("wait", "--for=delete", "cm/a", "--timeout=30s")
    mk8s.run("delete", "cm", "a")
    assert ending.communicate(timeout=DEADLINE)[0] in {"configmap/a condition met\n", ""}
    assert ending.returncode == 0


EDITOR = """#!/bin/sh
echo "$1" >> opened
cp "$1" seen
sed -i "$(head -1 edits)" "$1"
sed -i 1d edits
"""


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that does the next line of the file `edits`, and keeps what it has `seen`."""
    script = tmp_path / "ed"
    script.write_text(EDITOR)
    script.chmod(0o755)
    return script


def test_an_edit_is_opened_again_with_what_is_wrong_until_it_is_right(
    mk8s: Mk8s, editor: Path, tmp_path: Path
) -> None:
    mk8s.run("apply", "-f", "-", stdin=_listed(_deployment("web")))
    (tmp_path / "edits").write_text(
        "s/replicas: .*/replicas: [/\ns/replicas: .*/replicas: -5/\ns/replicas: .*/replicas: 0/\n"
    )
    out, _ = mk8s.run("edit", "deploy", "web", EDITOR=str(editor))
    assert out == "deployment.apps/web edited\n"
    assert len((tmp_path / "opened").read_text().splitlines()) == 3
    seen = (tmp_path / "seen").read_text()
    assert '# deployments.apps "web" was not valid:\n# * spec.replicas: Invalid value: -5' in seen
    assert not any(map(os.path.exists, (tmp_path / "opened").read_text().splitlines()))


def test_an_edit_that_cannot_be_saved_stays_in_a_file(
    mk8s: Mk8s, editor: Path, tmp_path: Path
) -> None:
    mk8s.run("apply", "-f", "-", stdin=_listed(_config_map("a", k="v")))
    (tmp_path / "edits").write_text("s/^data:/bogus: 1\\ndata:/\n")
    _, err = mk8s.run("edit", "cm", "a", EDITOR=str(editor), code=1)
    (file,) = (tmp_path / "opened").read_text().split()
    assert f'A copy of your changes has been stored to "{file}"' in err
    assert f"You can run `mk8s replace -f {file}` to try this update again." in err
    text = Path(file).read_text()
    Path(file).unlink()
    assert "bogus: 1" in text


def test_an_edit_loses_nothing_that_others_change_meanwhile(
    mk8s: Mk8s, editor: Path, tmp_path: Path
) -> None:
    mk8s.run("apply", "-f", "-", stdin=_listed(_config_map("a", k="v")))
    config = mk8s.environment["KUBECONFIG"]
    theirs = f'{MK8S} --kubeconfig {config} patch cm a -p \'{{"data":{{"theirs":"1"}}}}\''
    editor.write_text(f"#!/bin/sh\n{theirs} >&2\nsed -i 's/k: v/k: w/' \"$1\"\n")
    out, _ = mk8s.run("edit", "cm", "a", EDITOR=str(editor))
    assert out == "configmap/a edited\n"
    data, _ = mk8s.run("get", "cm", "a", "-o", "jsonpath={.data}")
    assert json.loads(data) == {"k": "w", "theirs": "1"}


def test_a_watch_that_ends_is_begun_anew_until_the_deadline(mk8s: Mk8s) -> None:
    began = time.monotonic()
    mk8s.run("apply", "-f", "-", stdin=_listed(_config_map("a")))
    _, err = mk8s.run("wait", "--for=delete", "cm/a", "--timeout=1500ms", code=1)
    assert "timed out waiting for the condition on configmaps/a" in err
    assert time.monotonic() - began >= 1.5


@pytest.mark.parametrize("verb", ["delete", "edit", "wait --for=condition=Ready"])
def test_a_name_that_does_not_exist_is_told_with_the_nearest_one(mk8s: Mk8s, verb: str) -> None:
    mk8s.run("apply", "-f", "-", stdin=_listed(_config_map("settings")))
    _, err = mk8s.run(*verb.split(), "cm", "setings", code=1)
    assert err == (
        'Error from server (NotFound): configmaps "setings" not found (did you mean "settings"?)\n'
    )

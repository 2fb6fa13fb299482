"""`mk8s apply --wait` and `delete` with real pods, on a pipe and on a terminal."""

from __future__ import annotations

from pathlib import Path

from tests.support import tmux
from tests.support.cluster import MK8S, Cluster

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  replicas: 2
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: c, image: IMAGE}
---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec: {selector: {app: NAME}, ports: [{port: 80}]}
"""


def _file(folder: Path, name: str, image: str) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(WEB.replace("NAME", name).replace("IMAGE", image))
    return str(path)


def test_an_apply_that_waits_returns_when_the_pods_run_and_a_pipe_sees_no_progress(
    cluster: Cluster, tmp_path: Path
) -> None:
    file = _file(tmp_path, "applied-piped", "nginx:1.10")
    done = cluster.mk8s("apply", "-f", file, "--wait", "--timeout=60s")
    name = "applied-piped"
    assert done.ok() == f"deployment.apps/{name} created\nservice/{name} created\n"
    assert done.err == ""
    assert cluster.get("deploy", name)["status"]["availableReplicas"] == 2
    deleted = cluster.mk8s("delete", "-f", file, "--cascade=foreground").ok()
    assert deleted == f'deployment.apps "{name}" deleted\nservice "{name}" deleted\n'
    assert cluster.get("pods", "-l", f"app={name}")["items"] == []


def test_a_terminal_shows_how_pods_come_and_nothing_of_it_when_they_are_there(
    cluster: Cluster, tmp_path: Path
) -> None:
    name = "applied-shown"
    file = _file(tmp_path, name, "nginx:1.11")
    line = [str(MK8S), "apply", "-f", file, "--wait", "--timeout=60s"]
    with tmux.opened(line, cluster.environment) as screen:
        assert screen.exit_code(60) == 0
        assert screen.text().splitlines() == [
            f"deployment.apps/{name} created",
            f"service/{name} created",
        ]
    cluster.mk8s("delete", "-f", file, "--wait=false").ok()


def test_a_terminal_says_what_holds_pods_up_and_ctrl_c_takes_it_away(
    cluster: Cluster, tmp_path: Path
) -> None:
    name = "applied-held"
    file = _file(tmp_path, name, "nginx:of-no-such-tag")
    with tmux.opened([str(MK8S), "apply", "-f", file, "--wait"], cluster.environment) as screen:
        screen.wait_for(rf"^deployment.apps/{name} \[-+\] 0 of 2$")
        screen.wait_for(rf"^  pod/{name}-\S+: c is waiting: (ErrImagePull|ImagePullBackOff)")
        assert screen.cursor_is_shown()
        screen.press("C-c")
        assert screen.exit_code() == 130
        assert "0 of 2" not in screen.text()
    cluster.mk8s("delete", "-f", file, "--wait=false").ok()

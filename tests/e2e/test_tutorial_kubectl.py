"""The tutorial, typed with real kubectl."""

from __future__ import annotations

from tests.support.tutorial import Tutorial
from tests.support.wait import until


class TestTutorialWithKubectl(Tutorial):
    client = "kubectl"

    def test_a_recorded_rollout_can_be_undone(self) -> None:
        file = str(self.folder / "deployment-nginx.yaml")
        self.run("apply", "-f", file, "--record").ok()
        self.cluster.ready_pods(3)
        image = ("deployment", "my-nginx-deployment", "nginx=nginx:1.11")
        self.run("set", "image", *image, "--record").ok()
        self.run("rollout", "status", "deploy", "my-nginx-deployment", "--timeout=60s").ok()
        history = self.run("rollout", "history", "deploy", "my-nginx-deployment").ok()
        assert "set image deployment my-nginx-deployment nginx=nginx:1.11" in history
        undo = ("rollout", "undo", "deploy", "my-nginx-deployment", "--to-revision", "1")
        assert "rolled back" in self.run(*undo).ok()

        def back() -> bool:
            images = {pod["spec"]["containers"][0]["image"] for pod in self.cluster.pods()}
            return images == {"nginx:1.10"}

        until("only the old image runs", back, 60)
        history = self.run("rollout", "history", "deploy", "my-nginx-deployment").ok()
        assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["2", "3"]

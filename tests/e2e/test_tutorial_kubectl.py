"""The tutorial, typed with real kubectl."""

from __future__ import annotations

from tests.support.tutorial import DEPLOYMENT, LABEL, Tutorial
from tests.support.wait import until


class TestTutorialWithKubectl(Tutorial):
    client = "kubectl"

    def test_a_paused_deployment_takes_changes_and_rolls_them_out_when_resumed(self) -> None:
        self.apply("deployment-nginx.yaml")
        self.cluster.ready_pods(3)
        assert "paused" in self.run("rollout", "pause", "deploy", DEPLOYMENT).ok()
        self.run("set", "image", "deploy", DEPLOYMENT, "nginx=nginx:1.11").ok()
        self.run("scale", "deploy", DEPLOYMENT, "--replicas=2").ok()
        self.cluster.ready_pods(2)
        assert list(self.replicasets()) == ["nginx:1.10"]
        assert "resumed" in self.run("rollout", "resume", "deploy", DEPLOYMENT).ok()
        self.run("rollout", "status", "deploy", DEPLOYMENT, "--timeout=60s").ok()
        assert self.replicasets()["nginx:1.11"]["READY"] == "2"
        self.run("rollout", "restart", "deploy", DEPLOYMENT).ok()
        self.run("rollout", "status", "deploy", DEPLOYMENT, "--timeout=60s").ok()
        assert list(self.history()) == ["1", "2", "3"]

    def test_an_orphaned_replicaset_goes_on_and_is_adopted_again(self) -> None:
        self.apply("deployment-nginx.yaml")
        before = {pod["metadata"]["uid"] for pod in self.cluster.ready_pods(3)}
        self.run("delete", "deploy", DEPLOYMENT, "--cascade=orphan").ok()
        [orphan] = self.cluster.get("rs")["items"]
        assert "ownerReferences" not in orphan["metadata"]
        self.run("delete", "rs", orphan["metadata"]["name"], "--cascade=orphan").ok()
        until("it is gone", lambda: not self.cluster.get("rs")["items"])
        assert {pod["metadata"]["uid"] for pod in self.cluster.ready_pods(3)} == before
        assert not any("ownerReferences" in pod["metadata"] for pod in self.cluster.pods())
        self.apply("deployment-nginx.yaml")
        self.run("rollout", "status", "deploy", DEPLOYMENT, "--timeout=60s").ok()
        assert {pod["metadata"]["uid"] for pod in self.cluster.ready_pods(3)} == before

    def test_a_replicaset_by_expressions_takes_pods_of_either_label(self) -> None:
        self.edit(
            "replicaset-nginx.yaml",
            "    matchLabels:\n      app: my-nginx-pods-label\n",
            "    matchExpressions:\n"
            "      - key: app\n"
            "        values:\n"
            "          - my-nginx-pods-label\n"
            "          - your-nginx-pods-label\n"
            "        operator: In\n",
        )
        self.edit("nginx-label-pod.yaml", "my-nginx-pods-label", "your-nginx-pods-label")
        self.apply("nginx-label-pod.yaml")
        self.apply("replicaset-nginx.yaml")
        pods = {pod["metadata"]["name"]: pod for pod in self.cluster.ready_pods(3)}
        [owner] = pods["my-nginx-pod"]["metadata"]["ownerReferences"]
        assert owner["name"] == "replicaset-nginx"
        label = ("label", "pod", "my-nginx-pod", "--overwrite")
        self.run(*label, "app=their-nginx-pods-label").ok()
        self.cluster.ready_pods(4)
        assert "ownerReferences" not in self.cluster.get("pod", "my-nginx-pod")["metadata"]
        self.run(*label, LABEL).ok()
        self.cluster.ready_pods(3, "app in (my-nginx-pods-label,your-nginx-pods-label)")

    def test_a_selector_that_does_not_find_the_template_is_refused(self) -> None:
        self.edit(
            "replicaset-nginx.yaml",
            "    matchLabels:\n      app: my-nginx-pods-label\n",
            "    matchLabels:\n      app: others\n",
        )
        said = self.run("apply", "-f", str(self.folder / "replicaset-nginx.yaml")).fails()
        assert "`selector` does not match template `labels`" in said

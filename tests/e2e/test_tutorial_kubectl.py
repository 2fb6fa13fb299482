"""The tutorial, typed with real kubectl."""

from __future__ import annotations

import re

from tests.support.tutorial import LABEL, Tutorial
from tests.support.wait import until

DEPLOYMENT = "my-nginx-deployment"


class TestTutorialWithKubectl(Tutorial):
    client = "kubectl"

    def history(self) -> dict[str, str]:
        """CHANGE-CAUSE by revision, as `rollout history` shows them."""
        shown = self.run("rollout", "history", "deploy", DEPLOYMENT).ok()
        headers, *rows = [line for line in shown.splitlines()[1:] if line]
        assert re.split(r" {2,}", headers) == ["REVISION", "CHANGE-CAUSE"]
        return dict(re.split(r" {2,}", row) for row in rows)

    def only_image(self, image: str) -> None:
        """Wait until all pods are of this image, and no more than the three are left."""

        def rolled() -> bool:
            pods = self.cluster.pods()
            images = {pod["spec"]["containers"][0]["image"] for pod in pods}
            return images == {image} and len(pods) == 3

        until(f"only {image} runs", rolled, 60)

    def replicasets(self) -> dict[str, dict[str, str]]:
        """Each ReplicaSet's row by its image, as `get rs -o wide` shows it."""
        headers, *rows = [
            re.split(r" {2,}", line.strip())
            for line in self.run("get", "rs", "-o", "wide").ok().splitlines()
        ]
        named = (dict(zip(headers, row, strict=True)) for row in rows)
        return {row["IMAGES"]: row for row in named}

    def test_a_recorded_rollout_can_be_undone_and_everything_deleted(self) -> None:
        file = str(self.folder / "deployment-nginx.yaml")
        applied = self.run("apply", "-f", file, "--record")
        assert applied.ok() == f"deployment.apps/{DEPLOYMENT} created\n"
        self.cluster.ready_pods(3)
        set_image = ("set", "image", "deployment", DEPLOYMENT, "nginx=nginx:1.11", "--record")
        assert "image updated" in self.run(*set_image).ok()
        status = self.run("rollout", "status", "deploy", DEPLOYMENT, "--timeout=60s").ok()
        assert f'deployment "{DEPLOYMENT}" successfully rolled out' in status
        self.only_image("nginx:1.11")
        rows = self.replicasets()
        assert [rows["nginx:1.10"][name] for name in ("DESIRED", "CURRENT", "READY")] == ["0"] * 3
        assert [rows["nginx:1.11"][name] for name in ("DESIRED", "CURRENT", "READY")] == ["3"] * 3
        causes = self.history()
        assert list(causes) == ["1", "2"]
        assert causes["1"].endswith(f" apply --filename={file} --record=true")
        assert causes["2"].endswith(
            f" set image deployment {DEPLOYMENT} nginx=nginx:1.11 --record=true"
        )
        shown = self.run("rollout", "history", "deploy", DEPLOYMENT, "--revision=1").ok()
        assert "nginx:1.10" in shown and "pod-template-hash=" in shown
        undo = ("rollout", "undo", "deploy", DEPLOYMENT, "--to-revision", "1")
        assert self.run(*undo).ok() == f"deployment.apps/{DEPLOYMENT} rolled back\n"
        self.only_image("nginx:1.10")
        assert self.history() == {"2": causes["2"], "3": causes["1"]}
        hashes = {pod["metadata"]["labels"]["pod-template-hash"] for pod in self.cluster.pods()}
        assert rows["nginx:1.10"]["NAME"] == f"{DEPLOYMENT}-{hashes.pop()}"
        again = self.run(*undo).fails()
        assert again == "error: unable to find specified revision 1 in history"
        deleted = self.run("delete", "deploy,po,rs", "--all").ok()
        assert f'deployment.apps "{DEPLOYMENT}" deleted' in deleted
        until("nothing is left", lambda: not self.run("get", "deploy,rs,po").ok(), 60)

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

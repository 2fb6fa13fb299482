"""The tutorial's sequence as its reader types it, written once for both clients.

A test file a client inherits these steps; `client` names the method of Cluster that types.
"""

from __future__ import annotations

import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Cluster, Result
from tests.support.wait import until

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LABEL = "app=my-nginx-pods-label"


def fetch(url: str, seconds: float = 5) -> str:
    """The page at ``url``."""
    with urllib.request.urlopen(url, timeout=seconds) as answer:
        return str(answer.read().decode())


def shell(cluster: Cluster, pod: dict[str, Any], container: str, *command: str) -> str:
    """What ``command`` prints inside a container of ``pod``."""
    [found] = cluster.engine.containers(
        **{
            "io.kubernetes.pod.uid": pod["metadata"]["uid"],
            "io.kubernetes.container.name": container,
        }
    )
    return cluster.engine.run("exec", str(found["Id"]), *command)


class Tutorial:
    """The steps; every one starts and ends with an empty default namespace."""

    client: str

    @pytest.fixture(autouse=True)
    def prepare(self, cluster: Cluster, tmp_path: Path) -> Iterator[None]:
        """The tutorial's files in a folder of the test's own."""
        self.cluster = cluster
        self.folder = tmp_path
        for file in EXAMPLES.glob("*.yaml"):
            shutil.copy(file, tmp_path)
        yield
        kinds = "deploy,rs,po"
        cluster.kubectl("delete", kinds, "--all", "--now").ok()
        cluster.kubectl("delete", "svc", "-l", "component!=apiserver", "--ignore-not-found").ok()
        until("no pods left", lambda: not cluster.pods(), 60)

    def run(self, *arguments: str) -> Result:
        """One command as the reader types it."""
        result: Result = self.cluster.client(self.client)(*arguments)
        return result

    def apply(self, name: str) -> str:
        """`apply -f` of one of the tutorial's files."""
        return self.run("apply", "-f", str(self.folder / name)).ok()

    def edit(self, name: str, old: str, new: str) -> None:
        """Change one of the files, as an editor would."""
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def column(self, kind: str, name: str, column: str) -> str:
        """One cell of `get KIND NAME`."""
        headers, row = (re.split(r" {2,}", line.strip()) for line in self._lines(kind, name))
        return row[headers.index(column)]

    def _lines(self, kind: str, name: str) -> list[str]:
        return self.run("get", kind, name).ok().splitlines()

    def test_a_pod_of_one_container_answers_on_its_address_and_logs_the_request(self) -> None:
        assert "pod/my-nginx-pod created" in self.apply("nginx-pod.yaml")
        [pod] = self.cluster.ready_pods(1)
        assert self.column("pods", "my-nginx-pod", "READY") == "1/1"
        assert self.column("pods", "my-nginx-pod", "STATUS") == "Running"
        described = self.run("describe", "pods", "my-nginx-pod").ok()
        address = pod["status"]["podIP"]
        assert re.search(rf"^IP:\s+{re.escape(address)}$", described, re.M)
        assert "Successfully assigned default/my-nginx-pod to node1" in described
        assert "Welcome to nginx!" in fetch(f"http://{address}")
        until(
            "the request is in the log",
            lambda: '"GET / HTTP/1.1" 200' in self.run("logs", "my-nginx-pod").ok(),
        )
        deleted = self.run("delete", "-f", str(self.folder / "nginx-pod.yaml")).ok()
        assert 'pod "my-nginx-pod" deleted' in deleted
        assert self.run("get", "pod", "my-nginx-pod").fails() == (
            'Error from server (NotFound): pods "my-nginx-pod" not found'
        )

    def test_two_containers_of_a_pod_share_their_localhost(self) -> None:
        self.apply("nginx-ubuntu-pod.yaml")
        [pod] = self.cluster.ready_pods(1)
        assert self.column("pods", "my-nginx-ubuntu-pod", "READY") == "2/2"
        page = shell(self.cluster, pod, "ubuntu-container", "curl", "-s", "localhost")
        assert "Welcome to nginx!" in page

    def test_a_replicaset_keeps_three_pods_and_four_after_its_file_says_so(self) -> None:
        assert "replicaset.apps/replicaset-nginx created" in self.apply("replicaset-nginx.yaml")
        before = {pod["metadata"]["name"] for pod in self.cluster.ready_pods(3)}
        assert all(re.fullmatch(r"replicaset-nginx-[a-z0-9]{5}", name) for name in before)
        self.edit("replicaset-nginx.yaml", "replicas: 3", "replicas: 4")
        assert "replicaset.apps/replicaset-nginx configured" in self.apply("replicaset-nginx.yaml")
        after = {pod["metadata"]["name"] for pod in self.cluster.ready_pods(4)}
        assert before < after
        assert "replicaset.apps/replicaset-nginx unchanged" in self.apply("replicaset-nginx.yaml")
        assert self.run("get", "rs", "replicaset-nginx").ok().split()[6:9] == ["4", "4", "4"]
        assert 'replicaset.apps "replicaset-nginx" deleted' in (
            self.run("delete", "rs", "replicaset-nginx").ok()
        )
        until("the pods go with their owner", lambda: not self.cluster.pods())

    def test_a_replicaset_adopts_a_pod_that_was_there_and_replaces_it_when_deleted(self) -> None:
        self.apply("nginx-label-pod.yaml")
        self.cluster.ready_pods(1, LABEL)
        self.apply("replicaset-nginx.yaml")
        names = {pod["metadata"]["name"] for pod in self.cluster.ready_pods(3, LABEL)}
        assert "my-nginx-pod" in names
        adopted = self.cluster.get("pod", "my-nginx-pod")
        [owner] = adopted["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"]) == ("ReplicaSet", "replicaset-nginx")
        self.run("delete", "pods", "my-nginx-pod").ok()
        after = {pod["metadata"]["name"] for pod in self.cluster.ready_pods(3, LABEL)}
        assert "my-nginx-pod" not in after and len(after - names) == 1

    def test_a_pod_whose_label_is_taken_away_is_released_and_survives_the_replicaset(self) -> None:
        self.apply("replicaset-nginx.yaml")
        released = self.cluster.ready_pods(3, LABEL)[0]["metadata"]["name"]
        self.remove_label(released)
        others = {pod["metadata"]["name"] for pod in self.cluster.ready_pods(3, LABEL)}
        assert released not in others
        assert "ownerReferences" not in self.cluster.get("pod", released)["metadata"]
        self.run("delete", "rs", "replicaset-nginx").ok()
        until("its pods are gone", lambda: not self.cluster.pods(LABEL))
        assert self.column("pods", released, "STATUS") == "Running"
        self.run("delete", "pod", released).ok()

    def remove_label(self, pod: str) -> None:
        """Take the label `app` from a pod with `edit`, as the tutorial does."""
        script = self.folder / "editor"
        script.write_text("#!/bin/sh\nsed -i '/^  labels:$/d;/^    app: /d' \"$1\"\n")
        script.chmod(0o755)
        self.cluster.settings["EDITOR"] = str(script)
        try:
            assert "edited" in self.run("edit", "pods", pod).ok()
        finally:
            del self.cluster.settings["EDITOR"]

    def test_a_deployment_names_its_pods_by_the_hash_of_its_template(self) -> None:
        self.apply("deployment-nginx.yaml")
        pods = self.cluster.ready_pods(3)
        until(
            "the Deployment says so",
            lambda: self.column("deploy", "my-nginx-deployment", "READY") == "3/3",
        )
        [replica_set] = self.cluster.get("rs")["items"]
        template_hash = replica_set["metadata"]["labels"]["pod-template-hash"]
        assert replica_set["metadata"]["name"] == f"my-nginx-deployment-{template_hash}"
        for pod in pods:
            assert pod["metadata"]["name"].startswith(f"my-nginx-deployment-{template_hash}-")
            assert pod["metadata"]["labels"]["pod-template-hash"] == template_hash

    def test_a_new_image_rolls_out_and_the_old_replicaset_stays_at_zero(self) -> None:
        self.apply("deployment-nginx.yaml")
        self.cluster.ready_pods(3)
        [old] = self.cluster.get("rs")["items"]
        self.edit("deployment-nginx.yaml", "nginx:1.10", "nginx:1.11")
        self.apply("deployment-nginx.yaml")

        def rolled() -> bool:
            images = {pod["spec"]["containers"][0]["image"] for pod in self.cluster.pods()}
            return images == {"nginx:1.11"}

        until("only the new image runs", rolled, 60)
        pods = self.cluster.ready_pods(3)
        assert "nginx:1.11" in fetch(f"http://{pods[0]['status']['podIP']}")
        sets = {rs["metadata"]["name"]: rs for rs in self.cluster.get("rs")["items"]}
        assert len(sets) == 2
        assert sets[old["metadata"]["name"]]["spec"]["replicas"] == 0
        revisions = {
            rs["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
            for rs in sets.values()
        }
        assert revisions == {"1", "2"}

    def test_a_clusterip_service_balances_over_the_pods_from_a_pod_and_from_the_node(self) -> None:
        self.apply("deployment-nginx.yaml")
        self.apply("nginx-ubuntu-pod.yaml")
        self.cluster.ready_pods(4)
        assert "service/svc-clusterip created" in self.apply("svc-clusterip.yaml")
        assert self.column("svc", "svc-clusterip", "PORT(S)") == "8080/TCP"
        address = self.column("svc", "svc-clusterip", "CLUSTER-IP")
        url = f"http://{address}:8080"
        until("the node gets the page", lambda: "Welcome" in fetch(url))
        pod = self.cluster.get("pod", "my-nginx-ubuntu-pod")
        for _ in range(24):
            assert "Welcome" in shell(self.cluster, pod, "ubuntu-container", "curl", "-s", url)
        page = shell(self.cluster, pod, "ubuntu-container", "curl", "-s", "svc-clusterip:8080")
        assert "Welcome" in page
        pods = self.cluster.pods("app=my-nginx")
        until("every pod answered some", lambda: all(map(self._was_asked, pods)))
        assert 'service "svc-clusterip" deleted' in (
            self.run("delete", "svc", "svc-clusterip").ok()
        )
        until("nothing answers any more", lambda: self._refused(url))

    def test_a_nodeport_service_answers_on_localhost_and_on_the_node_address(self) -> None:
        self.apply("deployment-nginx.yaml")
        self.cluster.ready_pods(3)
        self.apply("svc-nodeport.yaml")
        ports = self.column("svc", "svc-clusterip", "PORT(S)")
        match = re.fullmatch(r"8080:(\d+)/TCP", ports)
        assert match and 30000 <= int(match[1]) <= 32767
        node = self.cluster.get("node", "node1")
        [address] = [
            entry["address"]
            for entry in node["status"]["addresses"]
            if entry["type"] == "InternalIP"
        ]
        for host in ("127.0.0.1", address):
            url = f"http://{host}:{match[1]}"
            until(f"{url} answers", lambda url=url: "nginx:1.10" in fetch(url))
        self.run("delete", "svc", "svc-clusterip").ok()
        until("nothing answers any more", lambda: self._refused(f"http://127.0.0.1:{match[1]}"))

    def test_the_misspelt_service_is_refused_with_the_right_spelling(self) -> None:
        said = self.run("apply", "-f", str(self.folder / "svc-local-nodeport.yaml")).fails()
        assert 'unknown field "spec.externalTrafficPilicy"' in said
        assert "externalTrafficPolicy" in said
        assert "svc-local-nodeport" not in self.run("get", "svc").ok()

    def test_an_external_name_service_shows_its_target(self) -> None:
        self.apply("svc-external.yaml")
        assert self.column("svc", "svc-externalname", "EXTERNAL-IP") == "my.database.com"

    def _was_asked(self, pod: dict[str, Any]) -> bool:
        return "GET / HTTP" in self.run("logs", pod["metadata"]["name"]).ok()

    def _refused(self, url: str) -> bool:
        try:
            fetch(url, 2)
        except urllib.error.URLError:
            return True
        return False

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

from minikube8s.cli.tutoring.dialogue import converse
from tests.support.cluster import MK8S, Cluster, Result, kubectls
from tests.support.wait import until

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LABEL = "app=my-nginx-pods-label"
DEPLOYMENT = "my-nginx-deployment"
CURL = ("apt-get update", "apt-get install curl -y")


def fetch(url: str, seconds: float = 5) -> str:
    """The page at ``url``."""
    with urllib.request.urlopen(url, timeout=seconds) as answer:
        return str(answer.read().decode())


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

    def program(self, *, old: bool = False) -> str:
        """The client's program; the oldest there is with `old`, where the newest takes less."""
        if self.client == "mk8s":
            return str(MK8S)
        programs = list(kubectls().values())
        return programs[0 if old else -1]

    def shell(self, *arguments: str, typed: tuple[str, ...]) -> str:
        """What is seen of a command at a terminal, with lines typed into the shell that it opens.

        `exec POD COMMAND`, as the tutorial has it, needs a `--` since kubectl 1.31.
        """
        words = [self.program(old=arguments[0] == "exec"), *arguments]
        code, seen = converse(
            words, (*typed, "exit"), folder=self.folder,
            environment=self.cluster.environment, seconds=60,
        )  # fmt: skip
        assert code == 0, seen
        return seen

    def apply(self, name: str) -> str:
        """`apply -f` of one of the tutorial's files."""
        return self.run("apply", "-f", str(self.folder / name)).ok()

    def edit(self, name: str, old: str, new: str) -> None:
        """Change one of the files, as an editor would."""
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def column(self, kind: str, name: str, column: str, *flags: str) -> str:
        """One cell of `get KIND NAME`."""
        lines = self.run("get", kind, name, *flags).ok().splitlines()
        headers, row = (re.split(r" {2,}", line.strip()) for line in lines)
        return row[headers.index(column)]

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
        page = "/usr/share/nginx/html/index.html"
        seen = self.shell("exec", "-it", "my-nginx-pod", "bash", typed=(f"cat {page}", "tty"))
        assert "root@my-nginx-pod:/# cat" in seen
        assert "Welcome to nginx!" in seen and "/dev/pts/0" in seen
        deleted = self.run("delete", "-f", str(self.folder / "nginx-pod.yaml")).ok()
        assert 'pod "my-nginx-pod" deleted' in deleted
        assert self.run("get", "pod", "my-nginx-pod").fails() == (
            'Error from server (NotFound): pods "my-nginx-pod" not found'
        )

    def test_two_containers_of_a_pod_share_their_localhost(self) -> None:
        self.apply("nginx-ubuntu-pod.yaml")
        self.cluster.ready_pods(1)
        assert self.column("pods", "my-nginx-ubuntu-pod", "READY") == "2/2"
        inside = ("exec", "-it", "my-nginx-ubuntu-pod", "-c", "ubuntu-container", "bash")
        seen = self.shell(*inside, typed=(*CURL, "curl localhost"))
        assert "root@my-nginx-ubuntu-pod:/# curl localhost" in seen
        assert "Welcome to nginx!" in seen
        self.run("delete", "-f", str(self.folder / "nginx-ubuntu-pod.yaml"), "--now").ok()

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
        deleted = self.run("delete", "deploy", DEPLOYMENT).ok()
        assert deleted.startswith(f'deployment.apps "{DEPLOYMENT}" deleted')
        until("all that it made goes with it", lambda: not self.run("get", "rs,po").ok())

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
        assert again.startswith("error: unable to find specified revision 1 in history")
        deleted = self.run("delete", "deploy,po,rs", "--all").ok()
        assert f'deployment.apps "{DEPLOYMENT}" deleted' in deleted
        until("nothing is left", lambda: not self.run("get", "deploy,rs,po").ok(), 60)

    def test_a_clusterip_service_balances_over_the_pods_from_a_pod_and_from_the_node(self) -> None:
        self.apply("deployment-nginx.yaml")
        self.cluster.ready_pods(3)
        assert "service/svc-clusterip created" in self.apply("svc-clusterip.yaml")
        assert self.column("svc", "svc-clusterip", "PORT(S)") == "8080/TCP"
        address = self.column("svc", "svc-clusterip", "CLUSTER-IP")
        url = f"http://{address}:8080"
        until("the node gets the page", lambda: "Welcome" in fetch(url))
        many = f"for i in $(seq 24); do curl -s {address}:8080; done | grep -c h1"
        seen = self.shell(
            "run", "-i", "--tty", "--rm", "debug", "--image=ubuntu:16.04", "--restart=Never",
            "--", "bash",
            typed=(*CURL, f"curl {address}:8080", "curl svc-clusterip:8080", many),
        )  # fmt: skip
        assert seen.count("<h1>Welcome to nginx!</h1>") == 2
        assert "root@debug:/# curl svc-clusterip:8080" in seen
        assert re.search(r"^24$", seen, re.M)
        assert 'pod "debug" deleted' in seen
        assert self.cluster.pods("run=debug") == []
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
        whole = self.run("get", "svc", "svc-clusterip", "-o", "yaml").ok()
        assert "\n  externalTrafficPolicy: Cluster\n" in whole
        self.run("delete", "svc", "svc-clusterip").ok()
        until("nothing answers any more", lambda: self._refused(f"http://127.0.0.1:{match[1]}"))

    def test_a_load_balancer_answers_at_an_address_of_its_own(self) -> None:
        self.apply("deployment-nginx.yaml")
        self.cluster.ready_pods(3)
        assert "service/svc-loadbalancer created" in self.apply("svc-loadbalancer.yaml")
        address = until("it has an address", lambda: self._outside("svc-loadbalancer"))
        assert re.fullmatch(r"8080:\d+/TCP", self.column("svc", "svc-loadbalancer", "PORT(S)"))
        url = f"http://{address}:8080"
        until("it answers", lambda: "nginx:1.10" in fetch(url))
        self.run("delete", "svc", "svc-loadbalancer").ok()
        until("nothing answers any more", lambda: self._refused(url))

    def test_a_local_service_spelt_right_keeps_the_clients_address(self) -> None:
        self.apply("deployment-nginx.yaml")
        [pod, *_] = self.cluster.ready_pods(3)
        self.edit("svc-local-nodeport.yaml", "externalTrafficPilicy", "externalTrafficPolicy")
        assert "service/svc-local-nodeport created" in self.apply("svc-local-nodeport.yaml")
        whole = self.run("get", "svc", "svc-local-nodeport", "-o", "yaml").ok()
        assert "\n  externalTrafficPolicy: Local\n" in whole
        port = self.column("svc", "svc-local-nodeport", "PORT(S)").split(":")[1].split("/")[0]
        address = pod["status"]["hostIP"]
        until("it answers", lambda: "Welcome" in fetch(f"http://{address}:{port}"))

    def test_the_misspelt_service_is_refused_with_the_right_spelling(self) -> None:
        said = self.run("apply", "-f", str(self.folder / "svc-local-nodeport.yaml")).fails()
        assert 'unknown field "spec.externalTrafficPilicy"' in said
        assert "externalTrafficPolicy" in said
        assert "svc-local-nodeport" not in self.run("get", "svc").ok()

    def test_an_external_name_service_is_an_alias_of_its_target(self) -> None:
        self.apply("svc-external.yaml")
        assert self.column("svc", "svc-externalname", "EXTERNAL-IP") == "my.database.com"
        server = self.column("svc", "kube-dns", "CLUSTER-IP", "-n", "kube-system")
        name = "svc-externalname.default.svc.cluster.local"
        asked = ["dig", f"@{server}", name, "CNAME", "+short", "+tries=2", "+time=5"]
        assert self.cluster.run(asked).ok() == "my.database.com.\n"

    def test_the_kinds_that_there_are_can_be_listed(self) -> None:
        shown = self.run("api-resources").ok()
        for short, kind in (("po", "Pod"), ("rs", "ReplicaSet"), ("svc", "Service")):
            assert re.search(rf"^\w+ +{short} .* {kind}$", shown, re.M)

    def _outside(self, name: str) -> str:
        """The external address of a Service; "" as long as it has none."""
        shown = self.column("svc", name, "EXTERNAL-IP")
        return "" if shown == "<pending>" else shown

    def _was_asked(self, pod: dict[str, Any]) -> bool:
        return "GET / HTTP" in self.run("logs", pod["metadata"]["name"]).ok()

    def _refused(self, url: str) -> bool:
        try:
            fetch(url, 2)
        except urllib.error.URLError:
            return True
        return False

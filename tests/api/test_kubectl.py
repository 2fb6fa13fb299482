"""Unmodified kubectl, old and new, against the server: what its users type and see."""

import json
import re
from datetime import UTC, datetime

import pytest

from tests.api.apiserver import ApiServer
from tests.api.kubectl import Kubectl
from tests.support.wait import until

POD = """
apiVersion: v1
kind: Pod
metadata:
  name: my-nginx-pod
  labels: {app: my-nginx}
spec:
  containers:
  - name: nginx-container
    image: nginx:latest
    ports:
    - containerPort: 80
      protocol: TCP
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: my-nginx-deployment
spec:
  replicas: 3
  selector:
    matchLabels: {app: my-nginx}
  template:
    metadata:
      labels: {app: my-nginx}
    spec:
      containers:
      - name: nginx
        image: nginx:1.10
        ports:
        - containerPort: 80
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: hostname-svc-nodeport
spec:
  externalTrafficPilicy: Local
  ports:
  - name: web-port
    port: 8080
    targetPort: 80
  selector: {app: webserver}
  type: NodePort
"""


def columns(text: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines()]


@pytest.fixture
def pod(kubectl: Kubectl) -> str:
    """The file of a Pod that has been applied."""
    file = kubectl.file("pod.yaml", POD)
    assert kubectl("apply", "-f", file) == "pod/my-nginx-pod created\n"
    return file


@pytest.fixture
def deployment(kubectl: Kubectl) -> str:
    """The file of a Deployment that has been applied."""
    file = kubectl.file("deployment.yaml", DEPLOYMENT)
    assert kubectl("apply", "-f", file) == "deployment.apps/my-nginx-deployment created\n"
    return file


def test_apply_again_changes_nothing_and_a_new_value_is_configured(
    kubectl: Kubectl, deployment: str
) -> None:
    name = "deployment.apps/my-nginx-deployment"
    assert kubectl("apply", "-f", deployment) == f"{name} unchanged\n"
    changed = kubectl.file("deployment.yaml", DEPLOYMENT.replace("replicas: 3", "replicas: 4"))
    assert kubectl("apply", "-f", changed) == f"{name} configured\n"
    assert kubectl.json("get", "deployment", "my-nginx-deployment")["spec"]["replicas"] == 4
    gone = kubectl.file("deployment.yaml", DEPLOYMENT.replace("- containerPort: 80", ""))
    kubectl("apply", "-f", gone)
    container = kubectl.json("get", "deploy")["items"][0]["spec"]["template"]["spec"]["containers"]
    assert "ports" not in container[0]


def test_get_prints_the_table_that_users_know(kubectl: Kubectl, pod: str) -> None:
    header, row = columns(kubectl("get", "pods"))
    assert header == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert row[:4] == ["my-nginx-pod", "0/1", "Pending", "0"]
    wide = columns(kubectl("get", "po", "-o", "wide"))[0]
    assert wide[5:] == ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"]
    labelled = columns(kubectl("get", "pods", "--show-labels"))
    assert labelled[1][-1] == "app=my-nginx"
    everywhere = columns(kubectl("get", "pods", "-A"))
    assert everywhere[0][0] == "NAMESPACE"


def test_get_selects_by_label_and_field(kubectl: Kubectl, pod: str) -> None:
    by_label = kubectl("get", "pods", "-l", "app=my-nginx", "-o", "name")
    assert by_label == "pod/my-nginx-pod\n"
    assert kubectl("get", "pods", "-l", "app!=my-nginx", "-o", "name") == ""
    by_field = kubectl("get", "pods", "--field-selector", "status.phase=Pending", "-o", "name")
    assert by_field == "pod/my-nginx-pod\n"
    assert "No resources found" in kubectl.run("get", "pods", "-l", "app=none").stderr


def test_get_prints_yaml_json_and_paths(kubectl: Kubectl, pod: str) -> None:
    text = kubectl("get", "pod", "my-nginx-pod", "-o", "yaml")
    assert "restartPolicy: Always" in text
    assert kubectl.json("get", "pod", "my-nginx-pod")["kind"] == "Pod"
    assert kubectl.json("get", "pods")["kind"] == "List"
    image = kubectl("get", "pod", "my-nginx-pod", "-o", "jsonpath={.spec.containers[0].image}")
    assert image == "nginx:latest"


def test_get_of_what_is_not_there_says_so(kubectl: Kubectl) -> None:
    complaint = kubectl.fails("get", "pod", "nope")
    assert complaint == 'Error from server (NotFound): pods "nope" not found\n'
    assert "the server doesn't have a resource type" in kubectl.fails("get", "nonsense")


def test_get_watch_prints_changes_as_they_come(kubectl: Kubectl, pod: str) -> None:
    process = kubectl.start("get", "pods", "-w", "-L", "tier")
    try:
        assert process.stdout is not None
        assert process.stdout.readline().split()[0] == "NAME"
        assert process.stdout.readline().split()[0] == "my-nginx-pod"
        kubectl("label", "pod", "my-nginx-pod", "tier=front")
        assert process.stdout.readline().split()[-1] == "front"
    finally:
        process.kill()
        process.communicate()


def test_describe_shows_the_object_and_its_events(
    kubectl: Kubectl, api: ApiServer, pod: str
) -> None:
    uid = kubectl.json("get", "pod", "my-nginx-pod")["metadata"]["uid"]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {
        "metadata": {"generateName": "my-nginx-pod-"},
        "involvedObject": {
            "kind": "Pod",
            "apiVersion": "v1",
            "name": "my-nginx-pod",
            "namespace": kubectl.namespace,
            "uid": uid,
        },
        "reason": "FailedScheduling",
        "message": "0/1 nodes are available",
        "type": "Warning",
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": "default-scheduler"},
    }
    api.create(f"/api/v1/namespaces/{kubectl.namespace}/events", event)
    text = kubectl("describe", "pod", "my-nginx-pod")
    assert re.search(r"Image:\s+nginx:latest", text)
    assert re.search(r"Warning\s+FailedScheduling\s.*0/1 nodes are available", text)
    kubectl("describe", "namespace", kubectl.namespace)


def test_describe_of_a_deployment(kubectl: Kubectl, deployment: str) -> None:
    text = kubectl("describe", "deployment", "my-nginx-deployment")
    assert re.search(r"Replicas:\s+3 desired", text)
    assert "StrategyType:           RollingUpdate" in text


def test_delete_by_file_by_name_and_by_label(kubectl: Kubectl, pod: str) -> None:
    assert kubectl("delete", "-f", pod).startswith('pod "my-nginx-pod" deleted')
    assert kubectl("get", "pods", "-o", "name") == ""
    kubectl("apply", "-f", pod)
    kubectl("delete", "pod", "my-nginx-pod", "--grace-period=0", "--force")
    kubectl("apply", "-f", pod)
    kubectl("delete", "pods", "-l", "app=my-nginx")
    kubectl("apply", "-f", pod)
    kubectl("delete", "pods", "--all", "--wait=false")
    assert 'pods "my-nginx-pod" not found' in kubectl.fails("delete", "-f", pod)


def test_edit_saves_what_the_editor_made(kubectl: Kubectl, deployment: str) -> None:
    edited = kubectl(
        "edit", "deployment", "my-nginx-deployment", EDITOR="sed -i s/nginx:1.10/nginx:1.11/"
    )
    assert edited == "deployment.apps/my-nginx-deployment edited\n"
    template = kubectl.json("get", "deploy", "my-nginx-deployment")["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "nginx:1.11"


def test_scale_and_its_precondition(kubectl: Kubectl, deployment: str) -> None:
    out = kubectl("scale", "deployment", "my-nginx-deployment", "--replicas=5")
    assert out == "deployment.apps/my-nginx-deployment scaled\n"
    kubectl("scale", "deployment/my-nginx-deployment", "--current-replicas=5", "--replicas=6")
    assert kubectl.json("get", "deploy", "my-nginx-deployment")["spec"]["replicas"] == 6
    kubectl.fails("scale", "deployment/my-nginx-deployment", "--current-replicas=1", "--replicas=2")


def test_api_resources_and_versions_come_from_discovery(kubectl: Kubectl) -> None:
    # Some names are those of measurements too, which come later.
    lines = kubectl("api-resources").splitlines()
    rows = {line.split()[0]: line.split() for line in reversed(lines)}
    assert rows["pods"] == ["pods", "po", "v1", "true", "Pod"]
    assert rows["deployments"] == ["deployments", "deploy", "apps/v1", "true", "Deployment"]
    assert "apps/v1" in kubectl("api-versions").split()
    listed = kubectl("api-resources", "--verbs=list", "--namespaced=false", "-o", "name")
    assert {"namespaces", "nodes"} <= set(listed.split())
    assert "v1.36.0+mk8s" in kubectl("version", "-o", "json")


def test_explain_tells_fields_from_the_published_schema(kubectl: Kubectl) -> None:
    text = kubectl("explain", "pod.spec")
    assert re.search(r"KIND:\s+Pod", text)
    assert "containers" in text
    assert "containerPort" in kubectl("explain", "pod.spec.containers.ports")
    kubectl("explain", "deployment.spec.strategy", "--recursive")


def test_create_makes_objects_from_arguments(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "settings", "--from-literal=a=b")
    assert kubectl.json("get", "configmap", "settings")["data"] == {"a": "b"}
    kubectl("create", "secret", "generic", "keys", "--from-literal=a=b")
    assert kubectl.json("get", "secret", "keys")["data"] == {"a": "Yg=="}
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=2")
    kubectl("create", "service", "clusterip", "web", "--tcp=80")
    kubectl("create", "serviceaccount", "robot")
    kubectl("expose", "deployment", "web", "--name=web2", "--port=80")
    kubectl("run", "one", "--image=nginx")
    again = kubectl.fails("create", "configmap", "settings")
    assert '"settings" already exists' in again
    kubectl("create", "namespace", f"{kubectl.namespace}-more")


def test_label_annotate_patch_and_set(kubectl: Kubectl, deployment: str, pod: str) -> None:
    assert "labeled" in kubectl("label", "pod", "my-nginx-pod", "tier=front")
    assert "unlabeled" in kubectl("label", "pod", "my-nginx-pod", "app-") or kubectl.minor < 24
    kubectl("annotate", "pod", "my-nginx-pod", "note=hello")
    metadata = kubectl.json("get", "pod", "my-nginx-pod")["metadata"]
    assert metadata["labels"] == {"tier": "front"}
    assert metadata["annotations"]["note"] == "hello"
    kubectl("set", "image", "deployment/my-nginx-deployment", "nginx=nginx:1.11")
    patch = json.dumps({"spec": {"template": {"spec": {"containers": [{"name": "nginx"}]}}}})
    assert "no change" in kubectl("patch", "deployment", "my-nginx-deployment", "-p", patch)
    operations = json.dumps([{"op": "replace", "path": "/spec/replicas", "value": 7}])
    kubectl("patch", "deployment", "my-nginx-deployment", "--type=json", "-p", operations)
    spec = kubectl.json("get", "deploy", "my-nginx-deployment")["spec"]
    assert spec["replicas"] == 7
    assert spec["template"]["spec"]["containers"][0]["image"] == "nginx:1.11"
    kubectl("rollout", "restart", "deployment/my-nginx-deployment")
    kubectl("rollout", "pause", "deployment/my-nginx-deployment")


def test_replace_and_diff(kubectl: Kubectl, deployment: str) -> None:
    changed = kubectl.file("changed.yaml", DEPLOYMENT.replace("replicas: 3", "replicas: 1"))
    diff = kubectl.run("diff", "-f", changed)
    assert diff.returncode == 1, diff.stderr
    assert "-  replicas: 3" in diff.stdout
    assert "+  replicas: 1" in diff.stdout
    kubectl("replace", "-f", changed)
    assert kubectl.json("get", "deploy", "my-nginx-deployment")["spec"]["replicas"] == 1


def test_a_server_dry_run_stores_nothing(kubectl: Kubectl) -> None:
    file = kubectl.file("pod.yaml", POD)
    out = kubectl("apply", "-f", file, "--dry-run=server")
    assert out == "pod/my-nginx-pod created (server dry run)\n"
    assert kubectl("get", "pods", "-o", "name") == ""


def test_the_misspelt_field_of_the_tutorial_is_refused_with_its_correction(
    kubectl: Kubectl,
) -> None:
    complaint = kubectl.fails("apply", "-f", kubectl.file("service.yaml", SERVICE))
    assert 'unknown field "spec.externalTrafficPilicy"' in complaint
    assert "externalTrafficPolicy" in complaint
    assert kubectl("get", "services", "-o", "name") == ""


def test_without_validation_the_misspelt_field_is_dropped(kubectl: Kubectl) -> None:
    file = kubectl.file("service.yaml", SERVICE)
    kubectl("apply", "-f", file, "--validate=ignore")
    service = kubectl.json("get", "service", "hostname-svc-nodeport")
    assert "externalTrafficPilicy" not in service["spec"]
    assert 30000 <= service["spec"]["ports"][0]["nodePort"] <= 32767


def test_what_kubernetes_refuses_is_refused_with_every_cause(kubectl: Kubectl) -> None:
    broken = DEPLOYMENT.replace("matchLabels: {app: my-nginx}", "matchLabels: {app: other}")
    complaint = kubectl.fails("apply", "-f", kubectl.file("broken.yaml", broken))
    assert 'The Deployment "my-nginx-deployment" is invalid' in complaint
    assert "`selector` does not match template `labels`" in complaint
    typed = DEPLOYMENT.replace("replicas: 3", "replicas: three")
    assert "replicas" in kubectl.fails("apply", "-f", kubectl.file("typed.yaml", typed))


def test_logs_are_printed_and_followed(kubectl: Kubectl, api: ApiServer, pod: str) -> None:
    url = f"/api/v1/namespaces/{kubectl.namespace}/pods/my-nginx-pod"
    binding = {"metadata": {"name": "my-nginx-pod"}, "target": {"name": "node1"}}
    assert api.post(f"{url}/binding", binding).code == 201
    status = {
        "name": "nginx-container",
        "image": "nginx:latest",
        "imageID": "",
        "ready": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": "2024-01-01T00:00:00Z"}},
    }
    bound = api.get(url).json
    bound["status"]["containerStatuses"] = [status]
    assert api.request("PUT", f"{url}/status", bound).code == 200
    assert kubectl("logs", "my-nginx-pod") == "hello\nworld\n"
    kubectl("logs", "my-nginx-pod", "--tail=3", "--since=1h", "--timestamps")
    options = api.pod_streams.asked[-1][-1]
    assert options == {"tailLines": 3, "sinceSeconds": 3600, "timestamps": True}
    assert "container nope is not valid" in kubectl.fails("logs", "my-nginx-pod", "-c", "nope")
    process = kubectl.start("logs", "-f", "my-nginx-pod")
    assert process.stdout is not None
    assert process.stdout.readline() == "hello\n"
    process.kill()
    process.communicate()
    assert api.pod_streams.closed.wait(10)


def test_wait_sees_a_condition_come(kubectl: Kubectl, api: ApiServer, pod: str) -> None:
    process = kubectl.start("wait", "--for=condition=Ready", "pod/my-nginx-pod", "--timeout=30s")
    streams = api.server._streams
    until("kubectl watches", lambda: len(streams) > 0)
    url = f"/api/v1/namespaces/{kubectl.namespace}/pods/my-nginx-pod"
    current = api.get(url).json
    current["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    assert api.request("PUT", f"{url}/status", current).code == 200
    out, error = process.communicate(timeout=30)
    assert process.returncode == 0, error
    assert out == "pod/my-nginx-pod condition met\n"


def test_raw_paths_and_health(kubectl: Kubectl) -> None:
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert "check passed" in kubectl("get", "--raw", "/livez?verbose")
    assert "is running at" in kubectl("cluster-info")


def test_cordon_drain_and_uncordon(kubectl: Kubectl, api: ApiServer, pod: str) -> None:
    node = f"node-of-{kubectl.namespace}"
    api.create("/api/v1/nodes", {"metadata": {"name": node}})
    url = f"/api/v1/namespaces/{kubectl.namespace}/pods/my-nginx-pod"
    binding = {"metadata": {"name": "my-nginx-pod"}, "target": {"name": node}}
    assert api.post(f"{url}/binding", binding).code == 201
    assert "cordoned" in kubectl("cordon", node)
    # Nobody plays the node's part here, so the pod is asked to go and nobody waits for it.
    out = kubectl.run("drain", node, "--force", "--timeout=1s")
    assert "evicting pod" in out.stdout + out.stderr
    assert api.get(url).json["metadata"]["deletionTimestamp"]
    assert "uncordoned" in kubectl("uncordon", node)
    assert api.get(f"/api/v1/nodes/{node}").json["spec"].get("unschedulable") is not True

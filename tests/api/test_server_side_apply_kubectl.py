"""Unmodified kubectl and field ownership: server-side apply, migration to it, who wrote what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.kubectl import Kubectl

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, extra: "1"}
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx:1.10
        ports:
        - containerPort: 80
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
  - port: 80
    targetPort: 80
"""
SCALED = DEPLOYMENT.replace("replicas: 2", "replicas: 5")
UNLABELLED = DEPLOYMENT.replace(', extra: "1"', "")
SERVER_SIDE = ("apply", "--server-side", "-f")


def entries(kubectl: Kubectl, kind: str = "deployment") -> dict[str, Any]:
    obj = kubectl.json("get", kind, "web", "--show-managed-fields")
    return {entry["manager"]: entry for entry in obj["metadata"].get("managedFields", [])}


@pytest.fixture
def file(kubectl: Kubectl) -> str:
    return kubectl.file("web.yaml", DEPLOYMENT)


def test_server_side_apply_creates_changes_and_repeats(kubectl: Kubectl, file: str) -> None:
    applied = "deployment.apps/web serverside-applied\nservice/web serverside-applied\n"
    assert kubectl(*SERVER_SIDE, file) == applied
    before = kubectl.json("get", "deployment", "web")["metadata"]
    assert kubectl(*SERVER_SIDE, file) == applied
    assert kubectl.json("get", "deployment", "web")["metadata"] == before
    kubectl(
        *SERVER_SIDE, kubectl.file("less.yaml", UNLABELLED.replace("replicas: 2", "replicas: 3"))
    )
    after = kubectl.json("get", "deployment", "web")
    assert after["metadata"]["labels"] == {"app": "web"}
    assert after["spec"]["replicas"] == 3


def test_a_conflict_is_explained_and_force_conflicts_wins(kubectl: Kubectl, file: str) -> None:
    kubectl(*SERVER_SIDE, file)
    kubectl("scale", "deployment", "web", "--replicas=4")
    complaint = kubectl.fails(*SERVER_SIDE, file)
    assert "Apply failed with 1 conflict: conflict with" in complaint
    assert 'with subresource "scale" using apps/v1: .spec.replicas' in complaint
    assert "--force-conflicts" in complaint
    kubectl(*SERVER_SIDE, file, "--force-conflicts")
    assert kubectl.json("get", "deployment", "web")["spec"]["replicas"] == 2


def test_two_appliers_share_what_they_agree_on(kubectl: Kubectl, file: str) -> None:
    kubectl(*SERVER_SIDE, file)
    kubectl(*SERVER_SIDE, file, "--field-manager=other")
    assert {"kubectl", "other"} <= set(entries(kubectl))
    kubectl(*SERVER_SIDE, kubectl.file("less.yaml", UNLABELLED))
    labels = kubectl.json("get", "deployment", "web")["metadata"]["labels"]
    assert labels == {"app": "web", "extra": "1"}


def test_every_command_is_entered_under_its_name(kubectl: Kubectl, file: str) -> None:
    kubectl("apply", "-f", file)
    kubectl("label", "deployment", "web", "tier=front")
    kubectl("annotate", "deployment", "web", "note=x")
    kubectl("set", "image", "deployment/web", "web=nginx:1.11")
    known = entries(kubectl)
    assert known["kubectl-label"]["fieldsV1"] == {"f:metadata": {"f:labels": {"f:tier": {}}}}
    assert known["kubectl-annotate"]["fieldsV1"] == {
        "f:metadata": {"f:annotations": {"f:note": {}}}
    }
    template = known["kubectl-set"]["fieldsV1"]["f:spec"]["f:template"]
    assert template == {"f:spec": {"f:containers": {'k:{"name":"web"}': {"f:image": {}}}}}
    shown = kubectl("get", "deployment", "web", "-o", "yaml", "--show-managed-fields")
    assert 'k:{"name":"web"}' in shown
    assert "managedFields" not in kubectl("get", "deployment", "web", "-o", "yaml")


def test_client_side_apply_becomes_server_side_apply(kubectl: Kubectl, file: str) -> None:
    kubectl("apply", "-f", file)
    changed = UNLABELLED.replace("replicas: 2", "replicas: 3")
    kubectl(*SERVER_SIDE, kubectl.file("changed.yaml", changed))
    after = kubectl.json("get", "deployment", "web")
    assert after["spec"]["replicas"] == 3
    known = entries(kubectl)
    assert known["kubectl"]["operation"] == "Apply"
    kubectl(*SERVER_SIDE, kubectl.file("again.yaml", changed))
    # Since kubectl 1.26 the client hands its fields over, so what the file no longer says goes.
    if kubectl.minor >= 26:
        assert "kubectl-client-side-apply" not in entries(kubectl)
        assert after["metadata"]["labels"] == {"app": "web"}
    assert kubectl("apply", "-f", kubectl.file("back.yaml", changed)).startswith("deployment")


def test_client_side_apply_goes_on_beside_ownership(kubectl: Kubectl, file: str) -> None:
    kubectl("apply", "-f", file)
    assert kubectl("apply", "-f", file) == "deployment.apps/web unchanged\nservice/web unchanged\n"
    kubectl("apply", "-f", kubectl.file("scaled.yaml", SCALED))
    assert kubectl.json("get", "deployment", "web")["spec"]["replicas"] == 5
    assert set(entries(kubectl)) == {"kubectl-client-side-apply"}


def test_diff_shows_the_change_and_none_after_it(kubectl: Kubectl, file: str) -> None:
    for way in ((), ("--server-side",)):
        changed = SCALED if way else DEPLOYMENT
        path = kubectl.file("changed.yaml", changed)
        diff = kubectl.run("diff", *way, "-f", path)
        assert diff.returncode == 1, diff.stderr
        assert f"+  replicas: {5 if way else 2}" in diff.stdout
        kubectl("apply", *way, "-f", path, *(("--force-conflicts",) if way else ()))
        same = kubectl.run("diff", *way, "-f", path)
        assert same.returncode == 0, same.stdout + same.stderr


def test_edit_changes_one_field(kubectl: Kubectl, file: str) -> None:
    kubectl(*SERVER_SIDE, file)
    editor = "sed -i 's/replicas: 2/replicas: 7/'"
    out = kubectl.run("edit", "deployment", "web", KUBE_EDITOR=editor)
    assert "edited" in out.stdout, out.stderr
    assert entries(kubectl)["kubectl-edit"]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    assert 'conflict with "kubectl-edit" using apps/v1' in kubectl.fails(*SERVER_SIDE, file)


def test_a_server_dry_run_stores_nothing(kubectl: Kubectl, file: str) -> None:
    out = kubectl(*SERVER_SIDE, file, "--dry-run=server")
    assert "serverside-applied (server dry run)" in out
    assert kubectl("get", "deployments,services", "-o", "name") == ""


def test_an_unknown_field_is_refused(kubectl: Kubectl) -> None:
    wrong = kubectl.file("wrong.yaml", DEPLOYMENT.replace("replicas:", "replica:"))
    complaint = kubectl.fails(*SERVER_SIDE, wrong, "--validate=false")
    assert ".spec.replica: field not declared in schema" in complaint

"""Unmodified kubectl: accounts, tokens, roles, can-i, whoami, reconcile, impersonation."""

from __future__ import annotations

import json

import pytest

from tests.api.apiserver import ApiServer
from tests.api.kubectl import Kubectl


@pytest.fixture
def bare(kubectl: Kubectl, api: ApiServer) -> Kubectl:
    """kubectl with the server's address and no identity of its own."""
    path = kubectl.directory / "bare"
    config = json.loads((kubectl.directory / "kubeconfig").read_text())
    config["users"] = [{"name": "admin", "user": {}}]
    path.write_text(json.dumps(config))
    environment = kubectl.environment | {"KUBECONFIG": str(path)}
    return Kubectl(kubectl.binary, kubectl.namespace, kubectl.directory, environment)


def may(kubectl: Kubectl, *arguments: str) -> bool:
    done = kubectl.run("auth", "can-i", *arguments)
    assert done.stdout.strip() in {"yes", "no"}, done.stderr
    assert (done.stdout.strip() == "yes") == (done.returncode == 0)
    return done.returncode == 0


def test_an_account_gets_a_token_a_role_and_in(kubectl: Kubectl, bare: Kubectl) -> None:
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot", "--duration=20m").strip()
    user = f"system:serviceaccount:{kubectl.namespace}:robot"
    assert bare.fails("get", "pods", "--token", token) == (
        f'Error from server (Forbidden): pods is forbidden: User "{user}" cannot list resource '
        f'"pods" in API group "" in the namespace "{kubectl.namespace}"\n'
    )
    kubectl("create", "role", "reader", "--verb=get,list,watch", "--resource=pods,pods/log")
    kubectl(
        "create", "rolebinding", "robot", "--role=reader",
        f"--serviceaccount={kubectl.namespace}:robot",
    )  # fmt: skip
    assert "No resources found" in bare.run("get", "pods", "--token", token).stderr
    assert may(bare, "list", "pods", "--token", token)
    assert may(bare, "get", "pods", "--subresource=log", "--token", token)
    assert not may(bare, "delete", "pods", "--token", token)
    assert not may(bare, "list", "pods", "-A", "--token", token)


def test_a_wrong_token_is_refused(bare: Kubectl) -> None:
    assert "Unauthorized" in bare.fails("get", "pods", "--token", "e30.e30.e30")


def test_a_token_is_bound_to_an_object(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "robot")
    kubectl("create", "secret", "generic", "s")
    bound = ("--bound-object-kind=Secret", "--bound-object-name=s")
    assert kubectl("create", "token", "robot", *bound).count(".") == 2
    wrong = ("--bound-object-kind=Secret", "--bound-object-name=absent")
    assert 'secrets "absent" not found' in kubectl.fails("create", "token", "robot", *wrong)
    short = kubectl.fails("create", "token", "robot", "--duration=1m")
    assert "may not specify a duration less than 10 minutes" in short
    named = kubectl.json("create", "token", "robot", "--audience=vault")
    assert named["spec"]["audiences"] == ["vault"]


def test_the_roles_for_people_are_there_to_bind(kubectl: Kubectl) -> None:
    kubectl("create", "rolebinding", "jane", "--clusterrole=view", "--user=jane")
    assert may(kubectl, "list", "deployments.apps", "--as=jane")
    assert not may(kubectl, "list", "secrets", "--as=jane")
    kubectl("create", "rolebinding", "devs", "--clusterrole=edit", "--group=devs")
    assert may(kubectl, "get", "secrets", "--as=tom", "--as-group=devs")
    assert may(kubectl, "create", "deployments", "--as=tom", "--as-group=devs")
    assert not may(kubectl, "create", "roles", "--as=tom", "--as-group=devs")
    forbidden = kubectl.fails("get", "secrets", "--as=jane")
    assert 'secrets is forbidden: User "jane" cannot list resource "secrets"' in forbidden


def test_a_cluster_role_binding_counts_everywhere(kubectl: Kubectl) -> None:
    name = f"nodes-{kubectl.namespace}"
    kubectl("create", "clusterrole", name, "--verb=get,list", "--resource=nodes")
    kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", f"--user={name}")
    assert may(kubectl, "list", "nodes", f"--as={name}")
    assert not may(kubectl, "delete", "nodes", f"--as={name}")
    kubectl("get", "nodes", f"--as={name}")
    urls = f"urls-{kubectl.namespace}"
    kubectl("create", "clusterrole", urls, "--verb=get", "--non-resource-url=/metrics")
    kubectl("create", "clusterrolebinding", urls, f"--clusterrole={urls}", f"--user={urls}")
    assert may(kubectl, "get", "/metrics", f"--as={urls}")
    assert not may(kubectl, "get", "/logs", f"--as={urls}")


def test_the_administrator_may_do_everything(kubectl: Kubectl) -> None:
    assert may(kubectl, "*", "*")
    assert may(kubectl, "create", "clusterroles")


def test_all_that_somebody_may_do_is_listed(kubectl: Kubectl) -> None:
    limited = ("--verb=get", "--resource=configmaps", "--resource-name=mine")
    kubectl("create", "role", "mine", *limited)
    kubectl("create", "rolebinding", "mine", "--role=mine", "--user=lister")
    rows = kubectl("auth", "can-i", "--list", "--as=lister").splitlines()
    assert rows[0].split() == ["Resources", "Non-Resource", "URLs", "Resource", "Names", "Verbs"]
    assert ["configmaps", "[]", "[mine]", "[get]"] in [row.split() for row in rows]
    assert any(row.split()[:1] == ["selfsubjectaccessreviews.authorization.k8s.io"] for row in rows)
    everything = kubectl("auth", "can-i", "--list")
    assert "*.*" in everything


def test_whoami_tells_who_one_is(kubectl: Kubectl, bare: Kubectl) -> None:
    if kubectl.minor < 28:
        # it asks for v1beta1, which Kubernetes dropped in 1.32
        assert "not enabled" in kubectl.fails("auth", "whoami")
        return
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot").strip()
    info = bare.json("auth", "whoami", "--token", token)["status"]["userInfo"]
    assert info["username"] == f"system:serviceaccount:{kubectl.namespace}:robot"
    assert "system:masters" in kubectl("auth", "whoami")
    acting = kubectl("auth", "whoami", "--as=jane", "--as-group=devs")
    assert "jane" in acting
    assert "[devs system:authenticated]" in acting


def test_reconcile_adds_what_is_missing(kubectl: Kubectl) -> None:
    kubectl("create", "role", "r", "--verb=get", "--resource=pods")
    # this verb of kubectl does not fill in the namespace
    path = kubectl.file("rbac.yaml", RECONCILED.replace("NAMESPACE", kubectl.namespace))
    first = kubectl("auth", "reconcile", "-f", path)
    assert "r reconciled" in first
    verbs = [verb for rule in kubectl.json("get", "role", "r")["rules"] for verb in rule["verbs"]]
    assert sorted(set(verbs)) == ["get", "list"]
    assert may(kubectl, "list", "pods", "--as=jane")


RECONCILED = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: NAMESPACE}
rules:
- {apiGroups: [""], resources: [pods], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}
"""


def test_an_editor_cannot_make_themselves_administrator(kubectl: Kubectl) -> None:
    kubectl("create", "rolebinding", "amy", "--clusterrole=admin", "--user=amy")
    kubectl("create", "rolebinding", "v", "--clusterrole=view", "--user=tom", "--as=amy")
    refused = kubectl.fails(
        "create", "rolebinding", "x", "--clusterrole=cluster-admin", "--user=amy", "--as=amy"
    )
    assert "is attempting to grant RBAC permissions not currently held" in refused
    assert '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}' in refused


def test_the_role_of_a_binding_cannot_be_changed(kubectl: Kubectl) -> None:
    kubectl("create", "rolebinding", "b", "--clusterrole=view", "--user=jane")
    patch = (
        '{"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"}}'
    )
    assert "cannot change roleRef" in kubectl.fails("patch", "rolebinding", "b", "-p", patch)


def test_roles_and_bindings_are_described(kubectl: Kubectl) -> None:
    kubectl("create", "role", "r", "--verb=get", "--resource=pods")
    kubectl("create", "rolebinding", "b", "--role=r", "--group=devs")
    described = kubectl("describe", "role", "r").split()
    assert described[-4:] == ["pods", "[]", "[]", "[get]"]
    assert "devs" in kubectl("describe", "rolebinding", "b")
    assert "Role/r" in kubectl("get", "rolebinding", "b")
    assert "system:masters" in kubectl("describe", "clusterrolebinding", "cluster-admin")

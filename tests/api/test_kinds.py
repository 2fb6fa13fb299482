"""Every kind of the stable groups, through unmodified kubectl and through both of its forms."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from minikube8s.api.resources import RESOURCES
from tests.api.apiserver import ApiServer
from tests.api.kubectl import Kubectl, binaries

FILE = Path(__file__).parents[1] / "support" / "kinds.yaml"
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all(FILE.read_text()))
ROWS = [RESOURCES.by_api_version(obj["apiVersion"], obj["kind"]) for obj in OBJECTS]
WORDS = [row.group_resource for row in ROWS if row is not None]

# kubectl asks for these in versions of their groups that older servers had.
UNDESCRIBED = {"volumeattributesclasses.storage.k8s.io"}
NEWER = {"ipaddresses.networking.k8s.io", "servicecidrs.networking.k8s.io"}

WIDE = {
    "cronjob.batch": "NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST SCHEDULE AGE CONTAINERS IMAGES"
    " SELECTOR",
    "csidriver.storage.k8s.io": "NAME ATTACHREQUIRED PODINFOONMOUNT STORAGECAPACITY TOKENREQUESTS"
    " REQUIRESREPUBLISH MODES AGE",
    "daemonset.apps": "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE SELECTOR AGE"
    " CONTAINERS IMAGES SELECTOR",
    "horizontalpodautoscaler.autoscaling": "NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE",
    "ingress.networking.k8s.io": "NAME CLASS HOSTS ADDRESS PORTS AGE",
    "job.batch": "NAME STATUS COMPLETIONS DURATION AGE CONTAINERS IMAGES SELECTOR",
    "persistentvolumeclaim": "NAME STATUS VOLUME CAPACITY ACCESS MODES STORAGECLASS"
    " VOLUMEATTRIBUTESCLASS AGE VOLUMEMODE",
    "rolebinding.rbac.authorization.k8s.io": "NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS",
    "role.rbac.authorization.k8s.io": "NAME CREATED AT",
    "statefulset.apps": "NAME READY AGE CONTAINERS IMAGES",
}


def tables(text: str) -> list[list[list[str]]]:
    """Split the tables of several kinds into rows and cells."""
    return [
        [re.split(r"\s{2,}", line.strip()) for line in block.splitlines()]
        for block in text.strip().split("\n\n")
    ]


def test_every_stored_kind_is_tried_here_or_in_the_tests_of_its_own() -> None:
    elsewhere = {
        "configmaps",
        "deployments.apps",
        "endpoints",
        "endpointslices.discovery.k8s.io",
        "events",
        "events.events.k8s.io",
        "leases.coordination.k8s.io",
        "namespaces",
        "nodes",
        "pods",
        "replicasets.apps",
        "secrets",
        "serviceaccounts",
        "services",
    }
    stored = {row.group_resource for row in RESOURCES.all() if {"list", "create"} <= {*row.verbs}}
    assert stored - elsewhere == set(WORDS)


def test_kubectl_applies_shows_describes_explains_and_deletes_every_kind(kubectl: Kubectl) -> None:
    created = kubectl("apply", "-f", str(FILE)).splitlines()
    assert len(created) == len(OBJECTS)
    shown = tables(kubectl("get", "-f", str(FILE), "-o", "wide"))
    headers = {rows[1][0].partition("/")[0]: " ".join(rows[0]) for rows in shown}
    assert headers.items() >= WIDE.items()
    described = [
        f"{word}/{obj['metadata']['name']}"
        for word, obj in zip(WORDS, OBJECTS, strict=True)
        if word not in UNDESCRIBED and not (word in NEWER and kubectl.minor < 33)
    ]
    text = kubectl("describe", *described)
    assert re.findall(r"^Name:\s+(\S+)", text, re.MULTILINE) == [
        word.partition("/")[2] for word in described
    ]
    # All versions read the same documents; reading them takes kubectl a while.
    newest = kubectl.binary == binaries()[-1]
    for word, obj in [*zip(WORDS, OBJECTS, strict=True)][:: 1 if newest else 8]:
        assert obj["kind"] in kubectl("explain", word)
    everything = kubectl("get", "all")
    for word in ("statefulset.apps/db", "job.batch/pi", "cronjob.batch/nightly"):
        assert word in everything
    assert len(kubectl("delete", "-f", str(FILE)).splitlines()) == len(OBJECTS)


def test_kubectl_lists_the_kinds_with_their_short_names(kubectl: Kubectl) -> None:
    lines = kubectl("api-resources", "--no-headers").splitlines()
    rows = {line.split()[0]: line.split()[1] for line in lines}
    for plural, short in {
        "persistentvolumeclaims": "pvc",
        "statefulsets": "sts",
        "cronjobs": "cj",
        "horizontalpodautoscalers": "hpa",
        "networkpolicies": "netpol",
        "poddisruptionbudgets": "pdb",
        "storageclasses": "sc",
        "priorityclasses": "pc",
        "certificatesigningrequests": "csr",
    }.items():
        assert rows[plural] == short
    assert rows["jobs"] == "batch/v1"


def test_kubectls_generators_are_accepted(kubectl: Kubectl) -> None:
    own = kubectl.namespace
    kubectl("create", "cronjob", "tick", "--image=busybox", "--schedule=*/5 * * * *")
    kubectl("create", "job", "once", "--image=busybox", "--", "date")
    kubectl("create", "job", "now", "--from=cronjob/tick")
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods,deployments.apps")
    kubectl("create", "clusterrole", own, "--verb=get", "--non-resource-url=/metrics")
    kubectl("create", "rolebinding", "readers", "--role=reader", "--serviceaccount=default:robot")
    kubectl("create", "clusterrolebinding", own, f"--clusterrole={own}", "--group=watchers")
    kubectl("create", "quota", "small", "--hard=pods=3,cpu=1")
    kubectl("create", "priorityclass", own, "--value=100")
    kubectl("create", "ingress", "site", "--rule=foo.com/bar*=shop:8080,tls=secret")
    kubectl("create", "pdb", "budget", "--selector=app=web", "--min-available=1")
    kubectl("create", "deployment", "web", "--image=nginx")
    kubectl("autoscale", "deployment", "web", "--max=5", "--cpu-percent=70")
    rules = kubectl.json("get", "role", "reader")["rules"]
    assert rules == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
    ]
    assert "cpu: <unknown>/70%" in kubectl("get", "hpa", "web")
    job = kubectl.json("get", "job", "once")
    marks = job["spec"]["template"]["metadata"]["labels"]
    assert marks["batch.kubernetes.io/controller-uid"] == job["metadata"]["uid"]


def test_workloads_scale_and_restart(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", str(FILE), "-l", "suite=kinds")
    try:
        kubectl("scale", "rc/web-rc", "sts/db", "--replicas=4")
        scaled = kubectl.json("get", "rc/web-rc", "sts/db")["items"]
        assert [one["spec"]["replicas"] for one in scaled] == [4, 4]
        before = kubectl.json("get", "ds", "logger")["metadata"]["generation"]
        kubectl("rollout", "restart", "ds/logger")
        assert kubectl.json("get", "ds", "logger")["metadata"]["generation"] == before + 1
        kubectl("certificate", "approve", "ann")
        assert "Approved" in kubectl("get", "csr", "ann")
    finally:
        kubectl("delete", "-f", str(FILE))


def test_what_is_only_stored_is_said_to_be(api: ApiServer, namespace: str) -> None:
    driver = next(obj for obj in OBJECTS if obj["kind"] == "CSIDriver")
    reply = api.post("/apis/storage.k8s.io/v1/csidrivers?dryRun=All", driver)
    assert "mk8s stores CSIDrivers but does not use them yet" in reply.headers["Warning"]


def test_an_autoscaler_of_v1_is_the_same_object_in_v2(api: ApiServer, namespace: str) -> None:
    root = "/apis/autoscaling/{}/namespaces/" + f"{namespace}/horizontalpodautoscalers"
    body = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "maxReplicas": 3,
            "targetCPUUtilizationPercentage": 50,
        },
    }
    with api.watch(root.format("v1") + "?watch=true") as watch:
        created = api.create(root.format("v1"), body)
        assert watch.next()["object"] == created
    assert created["spec"]["targetCPUUtilizationPercentage"] == 50
    newer = api.get(root.format("v2") + "/web").json
    assert newer["metadata"]["uid"] == created["metadata"]["uid"]
    (metric,) = newer["spec"]["metrics"]
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 50}
    (listed,) = api.get(root.format("v1")).json["items"]
    assert listed == created
    stale = {**body, "metadata": {"name": "web", "resourceVersion": "1"}}
    assert api.request("PUT", root.format("v1") + "/web", stale).json["reason"] == "Conflict"
    patch = {"spec": {"targetCPUUtilizationPercentage": 60}}
    merge = "application/merge-patch+json"
    api.request("PATCH", root.format("v1") + "/web", patch, content_type=merge)
    assert '"averageUtilization":60' in json.dumps(
        api.get(root.format("v2") + "/web").json, separators=(",", ":")
    )
    assert api.request("DELETE", root.format("v1") + "/web").code == 200
    assert api.get(root.format("v2") + "/web").code == 404


def test_an_event_is_seen_through_both_groups(api: ApiServer, namespace: str) -> None:
    core = f"/api/v1/namespaces/{namespace}/events"
    group = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
    about = {"kind": "Pod", "namespace": namespace, "name": "web", "apiVersion": "v1"}
    event = {
        "metadata": {"name": "web.1"},
        "regarding": about,
        "reason": "Started",
        "note": "Started container web",
        "type": "Normal",
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "example.com/agent",
        "reportingInstance": "agent-1",
        "action": "Starting",
    }
    created = api.create(group, event)
    assert (created["apiVersion"], created["note"]) == ("events.k8s.io/v1", event["note"])
    stored = api.get(f"{core}/web.1").json
    assert (stored["involvedObject"], stored["message"]) == (about, event["note"])
    for path, field in ((core, "involvedObject.name"), (group, "regarding.name")):
        assert len(api.get(f"{path}?fieldSelector={field}=web").json["items"]) == 1
        assert api.get(f"{path}?fieldSelector={field}=other").json["items"] == []


@pytest.mark.parametrize(("path", "type_"), [("approval", "Approved"), ("status", "Failed")])
def test_a_verdict_on_a_certificate_is_given_through_approval(
    api: ApiServer, path: str, type_: str
) -> None:
    root = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    request = next(obj for obj in OBJECTS if obj["kind"] == "CertificateSigningRequest")
    metadata = {"name": f"verdict-{path}"}
    created = api.create(root, {**request, "metadata": metadata})
    created["status"] = {"conditions": [{"type": type_, "status": "True", "reason": "Fine"}]}
    created["spec"]["signerName"] = "example.com/other"
    changed = api.request("PUT", f"{root}/verdict-{path}/{path}", created).json
    assert changed["spec"]["signerName"] == request["spec"]["signerName"]
    assert changed["status"]["conditions"][0]["type"] == type_

"""What cannot be done is refused with one clear sentence, and nothing has changed then.

Every refusal is tried with kubectl and with mk8s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster, Result
from tests.support.wait import until


@pytest.fixture(params=["kubectl", "mk8s"])
def client(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Any]:
    """One of the clients; the test must leave every object as it was."""
    before = objects(cluster)
    yield cluster.client(request.param)
    # what a test takes away again, controllers clean up after
    until("every object is as it was", lambda: objects(cluster) == before)


def objects(cluster: Cluster) -> set[tuple[str, str]]:
    """What there is, in which revision, apart from what the cluster itself keeps alive."""
    kinds = "pods,replicasets,deployments,services,endpoints,configmaps,secrets,namespaces"
    items = cluster.get(kinds, "-A")["items"]
    return {(one["metadata"]["uid"], one["metadata"]["resourceVersion"]) for one in items}


def sentence(result: Result) -> str:
    """The error that a command ended with: no traceback, and short (kubectl's longest has four)."""
    said = result.fails()
    assert result.out == "", result.out
    assert len(said.splitlines()) <= 4, said
    return said


def apply(client: Any, *objects: Any) -> str:
    """What is said against a manifest of ``objects``."""
    text = manifests.text(*objects) if not isinstance(objects[0], str) else objects[0]
    return sentence(client("apply", "-f", "-", input=text))


def test_an_unknown_field_is_refused_with_its_path_and_the_nearest_name(client: Any) -> None:
    service = manifests.service("wrong")
    service["spec"]["externalTrafficPilicy"] = "Local"
    said = apply(client, service)
    assert 'unknown field "spec.externalTrafficPilicy"' in said
    assert 'did you mean "externalTrafficPolicy"?' in said


def test_an_unknown_field_deep_in_a_template_is_refused_with_its_whole_path(client: Any) -> None:
    wrong = manifests.deployment("wrong", 1, manifests.container(imagePullPolice="Always"))
    said = apply(client, wrong)
    assert 'unknown field "spec.template.spec.containers[0].imagePullPolice"' in said
    assert "imagePullPolicy" in said


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"replicas": "three"}, ["replicas", "three"]),
        ({"replicas": -1}, ["spec.replicas", "greater than or equal to 0"]),
        ({"selector": "app=wrong"}, ["selector"]),
        ({"paused": "yes"}, ["paused"]),
        ({"template": []}, ["template"]),
    ],
    ids=["text for a number", "negative", "text for a mapping", "text for a flag", "list"],
)
def test_a_value_of_the_wrong_type_is_refused_with_its_field(
    client: Any, spec: dict[str, Any], words: list[str]
) -> None:
    wrong = manifests.deployment("wrong", 1)
    wrong["spec"] |= spec
    said = apply(client, wrong)
    assert all(word in said for word in words), said


def test_a_selector_that_does_not_match_its_template_is_refused(client: Any) -> None:
    wrong = manifests.deployment("wrong", 1)
    wrong["spec"]["selector"]["matchLabels"] = {"app": "other"}
    said = apply(client, wrong)
    assert "`selector` does not match template `labels`" in said
    assert "spec.template.metadata.labels" in said


def test_a_node_port_outside_of_the_range_is_refused_with_the_range(client: Any) -> None:
    said = apply(client, manifests.service("wrong", node_port=80))
    assert "spec.ports[0].nodePort" in said
    assert "The range of valid ports is 30000-32767" in said


def test_a_node_port_that_is_taken_is_refused(cluster: Cluster, client: Any) -> None:
    first = manifests.text(manifests.service("first", node_port=32100))
    cluster.kubectl("apply", "-f", "-", input=first).ok()
    try:
        said = apply(client, manifests.service("wrong", node_port=32100))
        assert "32100" in said and "provided port is already allocated" in said
        assert cluster.get("svc", "first")["spec"]["ports"][0]["nodePort"] == 32100
    finally:
        cluster.kubectl("delete", "svc", "first").ok()


def test_a_cluster_ip_outside_of_the_range_is_refused(client: Any) -> None:
    wrong = manifests.service("wrong", kind="ClusterIP")
    wrong["spec"]["clusterIP"] = "192.0.2.1"
    assert "spec.clusterIPs" in (said := apply(client, wrong)) and "192.0.2.1" in said


def test_yaml_that_does_not_parse_is_refused_with_its_line(client: Any) -> None:
    said = apply(client, "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n bad: [\n")
    assert re.search(r"line [456]\b", said)


def test_a_key_that_stands_twice_is_refused(cluster: Cluster) -> None:
    """kubectl drops the first one before it asks anybody."""
    said = apply(
        cluster.mk8s,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: wrong}\ndata:\n  a: '1'\n  a: '2'\n",
    )
    assert 'key "a" already set in map' in said and "line 6" in said
    assert cluster.kubectl("get", "configmap", "wrong").fails()


def test_an_unknown_kind_is_refused(client: Any) -> None:
    said = apply(client, {"apiVersion": "v1", "kind": "Pood", "metadata": {"name": "wrong"}})
    assert 'no matches for kind "Pood" in version "v1"' in said


def test_an_unknown_api_version_is_refused(client: Any) -> None:
    wrong = manifests.deployment("wrong", 1) | {"apiVersion": "extensions/v1beta1"}
    said = apply(client, wrong)
    assert 'no matches for kind "Deployment" in version "extensions/v1beta1"' in said


def test_an_object_without_a_name_is_refused(client: Any) -> None:
    wrong = manifests.pod("wrong")
    del wrong["metadata"]["name"]
    assert "name" in apply(client, wrong)


def test_a_name_that_is_none_is_refused_with_the_rule(client: Any) -> None:
    said = apply(client, manifests.pod("Wrong_Name"))
    assert "metadata.name" in said and "RFC 1123" in said


def test_a_namespace_that_does_not_exist_is_named(client: Any) -> None:
    text = manifests.text(manifests.pod("wrong"))
    said = sentence(client("apply", "-n", "nowhere", "-f", "-", input=text))
    assert 'namespaces "nowhere" not found' in said


def test_a_pod_without_containers_is_refused(client: Any) -> None:
    wrong = manifests.pod("wrong")
    wrong["spec"]["containers"] = []
    assert "spec.containers: Required value" in apply(client, wrong)


def test_a_field_that_cannot_change_is_refused_and_stays(cluster: Cluster, client: Any) -> None:
    """The pod itself is made and removed by the test."""
    made = manifests.pod("fixed", nodeSelector={"nowhere": "true"})
    cluster.kubectl("apply", "-f", "-", input=manifests.text(made)).ok()
    try:
        changed = manifests.pod("fixed", nodeSelector={"nowhere": "true"}, restartPolicy="Never")
        said = client("apply", "-f", "-", input=manifests.text(changed)).fails()
        assert "pod updates may not change fields other than" in said
        assert cluster.get("pod", "fixed")["spec"]["restartPolicy"] == "Always"
    finally:
        cluster.kubectl("delete", "pod", "fixed", "--now").ok()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["get", "pod", "nobody"], ['pods "nobody" not found']),
        (["get", "pots"], ['the server doesn\'t have a resource type "pots"']),
        (["delete", "deploy", "nobody"], ['deployments.apps "nobody" not found']),
        (["describe", "svc", "nobody"], ['services "nobody" not found']),
        (["logs", "nobody"], ['pods "nobody" not found']),
        (["scale", "deploy", "nobody", "--replicas=2"], ['deployments.apps "nobody" not found']),
        (["get", "pods", "-l", "a in (b"], ["a in (b"]),
        (["get", "pods", "-o", "yamml"], ["yamml"]),
        (["apply", "-f", "/nowhere.yaml"], ['the path "/nowhere.yaml" does not exist']),
        (["get"], ["Required resource not specified"]),
        (["frobnicate"], ["frobnicate"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_command_about_what_is_not_there_fails_and_says_so(
    client: Any, command: list[str], words: list[str]
) -> None:
    said = client(*command).fails()
    assert all(word in said for word in words), said


def test_one_bad_object_of_several_does_not_keep_the_others_from_being_applied(
    cluster: Cluster, client: Any
) -> None:
    good = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "good"}}
    result = client("apply", "-f", "-", input=manifests.text(manifests.pod("Wrong"), good))
    try:
        assert "RFC 1123" in result.fails()
        assert "configmap/good created" in result.out
    finally:
        cluster.kubectl("delete", "configmap", "good").ok()

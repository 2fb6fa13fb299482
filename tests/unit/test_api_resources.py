"""The resource table finds a kind by everything that names it."""

import subprocess
import sys

import pytest

from minikube8s.api import schema
from minikube8s.api.resources import (
    DEPLOYMENTS,
    ENDPOINTSLICES,
    LEASES,
    NODE_METRICS,
    NODES,
    POD_METRICS,
    PODS,
    RESOURCES,
)


@pytest.mark.parametrize(
    "word",
    [
        "deploy",
        "deployment",
        "deployments",
        "Deployment",
        "deployments.apps",
        "deployment.apps",
        "deployments.v1.apps",
        "DEPLOY",
    ],
)
def test_users_words_find_a_kind(word):
    assert RESOURCES.by_word(word) is DEPLOYMENTS


def test_an_unknown_word_finds_nothing():
    assert RESOURCES.by_word("deployments.batch") is None


METRICS = (NODE_METRICS, POD_METRICS)


def test_metrics_leave_the_words_to_what_is_measured():
    for word, row in (("pods", PODS), ("node", NODES), ("pods.metrics.k8s.io", POD_METRICS)):
        assert RESOURCES.by_word(word) is row


def test_words_are_unambiguous():
    claims: dict[str, str] = {}
    # Other forms of a kind go by its words, metrics by those of what is measured.
    named = [row for row in RESOURCES.all() if row.storage is None and row not in METRICS]
    for resource in named:
        for word in (resource.plural, resource.singular, *resource.short_names):
            assert claims.setdefault(word, resource.group_resource) == resource.group_resource


def test_a_path_and_a_kind_find_the_same_row():
    for resource in RESOURCES.all():
        assert RESOURCES.lookup(resource.group, resource.version, resource.plural) is resource
        assert RESOURCES.by_kind(resource.group, resource.version, resource.kind) is resource
        assert RESOURCES.by_api_version(resource.api_version, resource.kind) is resource


def test_every_kind_has_its_definition():
    for resource in RESOURCES.all():
        assert "metadata" in schema.definition(resource.schema).fields, resource.schema


def test_keys_are_under_the_resources_prefix():
    assert PODS.key("default", "x") == "pods/default/x"
    assert PODS.namespace_prefix("default") == "pods/default/"
    assert PODS.namespace_prefix(None) == "pods/"
    assert DEPLOYMENTS.key("a", "b") == "deployments.apps/a/b"
    assert NODES.key(None, "x") == "nodes/x"
    assert NODES.namespace_prefix("ignored") == "nodes/"
    assert LEASES.prefix == "leases.coordination.k8s.io/"


def test_api_versions_are_spelled_as_in_objects():
    assert PODS.api_version == "v1"
    assert ENDPOINTSLICES.api_version == "discovery.k8s.io/v1"
    assert ("", "v1") in RESOURCES.group_versions()
    assert len(set(RESOURCES.group_versions())) == len(RESOURCES.group_versions())


def test_scale_is_a_body_of_another_group():
    scale = DEPLOYMENTS.subresources["scale"]
    assert (scale.group, scale.version, scale.kind) == ("autoscaling", "v1", "Scale")


def test_the_table_imports_nothing_heavy():
    heavy = "msgspec json asyncio ssl yaml"
    code = (
        "import sys; import minikube8s.api.resources; "
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

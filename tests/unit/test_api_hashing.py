"""The template hash is stable, short and able to dodge collisions."""

from minikube8s.api.hashing import pod_template_hash
from minikube8s.api.names import SUFFIX_ALPHABET, dns1123_label

TEMPLATE = {"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"containers": []}}


def test_the_order_of_keys_does_not_matter():
    other = {"spec": {"containers": []}, "metadata": {"labels": {"b": "2", "a": "1"}}}
    assert pod_template_hash(TEMPLATE) == pod_template_hash(other)


def test_the_hash_never_changes_between_releases():
    # Pods carry it as a label: another value would roll every Deployment at an upgrade.
    assert pod_template_hash(TEMPLATE) == "s5xnnc2c9v"


def test_another_template_has_another_hash():
    assert pod_template_hash(TEMPLATE) != pod_template_hash({**TEMPLATE, "spec": {}})


def test_a_collision_is_dodged_by_its_count():
    hashes = {pod_template_hash(TEMPLATE, count) for count in (None, 1, 2, 3)}
    assert len(hashes) == 4
    assert pod_template_hash(TEMPLATE, 0) == pod_template_hash(TEMPLATE)


def test_the_hash_fits_into_a_name():
    text = pod_template_hash(TEMPLATE)
    assert len(text) == 10
    assert set(text) <= set(SUFFIX_ALPHABET)
    assert dns1123_label(text) == []

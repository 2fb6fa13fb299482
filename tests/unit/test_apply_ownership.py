"""Who owns which fields after what: updates, applied configurations, conflicts."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.api import apply
from minikube8s.api.apply import Conflicts, Managers, fields, manager, managers, shapes

DEPLOYMENT = shapes.of("io.k8s.api.apps.v1.Deployment")
SERVICE = shapes.of("io.k8s.api.core.v1.Service")
CONFIGMAP = shapes.of("io.k8s.api.core.v1.ConfigMap")
NODE = shapes.of("io.k8s.api.core.v1.Node")
Object = dict[str, Any]


def applied(
    shape: apply.Shape,
    live: Object,
    config: Object,
    owners: Managers,
    name: str = "a",
    *,
    force: bool = False,
) -> apply.Applied:
    me = manager(name, "Apply", "v1")
    return apply.apply(shape, live, config, owners, me, "v1", force=force)


def updated(
    shape: apply.Shape, old: Object, new: Object, owners: Managers, name: str = "u"
) -> Managers:
    changes = apply.compare(shape, old, new)
    return apply.updated(changes, owners, manager(name, "Update", "v1"), "v1")


def owned(owners: Managers, name: str) -> list[str]:
    return [p for key, own in owners.items() if key.name == name for p in fields.paths(own.fields)]


def data(**values: str) -> Object:
    return {"data": values}


def test_an_applier_owns_what_it_states_and_nothing_more() -> None:
    live = {"metadata": {"labels": {"x": "1"}}, "data": {"old": "1"}}
    result = applied(CONFIGMAP, live, data(new="2"), {})
    assert result.obj == {"metadata": {"labels": {"x": "1"}}, "data": {"old": "1", "new": "2"}}
    assert owned(result.managers, "a") == [".data.new"]


def test_what_an_applier_states_no_longer_is_removed() -> None:
    first = applied(CONFIGMAP, data(), data(a="1", b="2"), {})
    second = applied(CONFIGMAP, first.obj, data(a="1"), first.managers)
    assert second.obj == data(a="1")
    assert owned(second.managers, "a") == [".data.a"]


def test_what_another_owner_also_states_stays() -> None:
    first = applied(CONFIGMAP, data(), data(a="1", b="2"), {})
    other = applied(CONFIGMAP, first.obj, data(b="2"), first.managers, "b")
    assert owned(other.managers, "a") == [".data.a", ".data.b"]
    second = applied(CONFIGMAP, other.obj, data(a="1"), other.managers)
    assert second.obj == data(a="1", b="2")
    assert owned(second.managers, "b") == [".data.b"]


def test_what_nobody_applied_is_never_removed() -> None:
    live = data(foreign="1")
    first = applied(CONFIGMAP, live, data(a="1"), {})
    second = applied(CONFIGMAP, first.obj, {}, first.managers)
    assert second.obj == live
    assert owned(second.managers, "a") == []


def test_changing_a_field_of_another_is_a_conflict_that_names_it() -> None:
    spec = {"spec": {"replicas": 1}}
    first = applied(DEPLOYMENT, {}, spec, {})
    scaled = {"spec": {"replicas": 5}}
    owners = updated(DEPLOYMENT, first.obj, scaled, first.managers, "kubectl-edit")
    assert owned(owners, "a") == []
    with pytest.raises(Conflicts) as refusal:
        applied(DEPLOYMENT, scaled, spec, owners)
    error = apply.conflict(refusal.value.fields)
    assert error.code == 409
    assert error.message == (
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .spec.replicas'
    )
    assert error.details == {
        "causes": [
            {
                "reason": "FieldManagerConflict",
                "message": 'conflict with "kubectl-edit" using v1',
                "field": ".spec.replicas",
            }
        ]
    }


def test_several_conflicts_are_listed_by_manager() -> None:
    first = applied(CONFIGMAP, data(), data(x="1", y="1"), {}, "b")
    second = applied(CONFIGMAP, first.obj, data(z="1"), first.managers, "c")
    with pytest.raises(Conflicts) as refusal:
        applied(CONFIGMAP, second.obj, data(x="2", y="2", z="2"), second.managers)
    assert apply.conflict(refusal.value.fields).message == (
        'Apply failed with 3 conflicts: conflicts with "b":\n- .data.x\n- .data.y\n'
        'conflicts with "c":\n- .data.z'
    )


def test_force_takes_the_field_away_from_its_owner() -> None:
    first = applied(CONFIGMAP, data(), data(x="1", y="1"), {}, "b")
    second = applied(CONFIGMAP, first.obj, data(x="2"), first.managers, force=True)
    assert second.obj == data(x="2", y="1")
    assert owned(second.managers, "a") == [".data.x"]
    assert owned(second.managers, "b") == [".data.y"]


def test_the_same_value_is_owned_together() -> None:
    first = applied(CONFIGMAP, data(), data(x="1"), {}, "b")
    second = applied(CONFIGMAP, first.obj, data(x="1"), first.managers)
    assert owned(second.managers, "a") == owned(second.managers, "b") == [".data.x"]


def test_an_update_takes_what_it_changes_and_frees_what_it_removes() -> None:
    first = applied(CONFIGMAP, data(), data(x="1", y="1", z="1"), {})
    owners = updated(CONFIGMAP, first.obj, data(x="1", y="2", w="1"), first.managers)
    assert owned(owners, "a") == [".data.x"]
    assert owned(owners, "u") == [".data.w", ".data.y"]


def container(name: str, **rest: Any) -> Object:
    return {"name": name, **rest}


def with_containers(*containers: Object) -> Object:
    return {"spec": {"template": {"spec": {"containers": list(containers)}}}}


def containers_of(obj: Object) -> list[Object]:
    found: list[Object] = obj["spec"]["template"]["spec"]["containers"]
    return found


def test_items_of_a_list_are_owned_by_their_keys() -> None:
    config = with_containers(container("web", image="i"))
    result = applied(DEPLOYMENT, {}, config, {})
    prefix = '.spec.template.spec.containers[name="web"]'
    assert owned(result.managers, "a") == [prefix, f"{prefix}.image", f"{prefix}.name"]


def test_an_item_no_longer_applied_goes_with_its_defaults_but_not_with_anothers_part() -> None:
    config = with_containers(container("web", image="i"), container("side", image="j"))
    first = applied(DEPLOYMENT, {}, config, {})
    for one in containers_of(first.obj):
        one["imagePullPolicy"] = "Always"
    less = with_containers(container("web", image="i"))
    second = applied(DEPLOYMENT, first.obj, less, first.managers)
    assert containers_of(second.obj) == [container("web", image="i", imagePullPolicy="Always")]
    sidecar = with_containers(container("side", tty=True))
    shared = applied(DEPLOYMENT, first.obj, sidecar, first.managers, "b")
    third = applied(DEPLOYMENT, shared.obj, less, shared.managers)
    assert [one["name"] for one in containers_of(third.obj)] == ["web", "side"]
    assert "image" not in containers_of(third.obj)[1]
    assert containers_of(third.obj)[1]["tty"] is True


def test_a_key_left_to_its_default_names_the_same_port() -> None:
    live = {"spec": {"ports": [{"port": 53, "protocol": "TCP", "nodePort": 30000}]}}
    config = {"spec": {"ports": [{"port": 53}, {"port": 53, "protocol": "UDP"}]}}
    result = applied(SERVICE, live, config, {})
    assert result.obj["spec"]["ports"] == [
        {"port": 53, "protocol": "TCP", "nodePort": 30000},
        {"port": 53, "protocol": "UDP"},
    ]
    assert '.spec.ports[port=53,protocol="UDP"]' in owned(result.managers, "a")


def test_a_set_keeps_the_items_of_others() -> None:
    def taints(*items: str) -> Object:
        return {"metadata": {"finalizers": list(items)}}

    first = applied(NODE, taints("x/one"), taints("x/two"), {})
    assert first.obj == taints("x/one", "x/two")
    assert owned(first.managers, "a") == ['.metadata.finalizers[="x/two"]']
    assert applied(NODE, first.obj, {}, first.managers).obj == taints("x/one")


def test_what_is_atomic_has_one_owner() -> None:
    selector = {"spec": {"selector": {"app": "x", "tier": "y"}}}
    first = applied(SERVICE, {}, selector, {})
    assert owned(first.managers, "a") == [".spec.selector"]
    other = {"spec": {"selector": {"app": "z"}}}
    with pytest.raises(Conflicts):
        applied(SERVICE, first.obj, other, first.managers, "b")
    assert applied(SERVICE, first.obj, other, first.managers, "b", force=True).obj == other


@pytest.mark.parametrize(
    ("live", "config", "merged"),
    [
        ("ab", "ba", "ba"),
        ("axb", "ab", "axb"),
        ("xab", "ba", "xba"),
        ("ax", "na", "nax"),
        ("bax", "ab", "axb"),
        ("ab", "anb", "anb"),
        ("", "ba", "ba"),
    ],
)
def test_a_list_takes_the_order_of_the_configuration(live: str, config: str, merged: str) -> None:
    def named(names: str) -> Object:
        return with_containers(*(container(name) for name in names))

    result = applied(DEPLOYMENT, named(live) if live else {}, named(config), {})
    assert "".join(one["name"] for one in containers_of(result.obj)) == merged


def test_the_author_of_an_object_owns_its_maps_but_not_the_sections_that_all_have() -> None:
    new = {
        "metadata": {"labels": {"app": "x"}},
        "spec": {
            "replicas": 1,
            "strategy": {"rollingUpdate": {"maxSurge": 1}},
            "template": {"spec": {"containers": [container("c", ports=[{"containerPort": 80}])]}},
        },
    }
    port = 'k:{"containerPort":80,"protocol":"TCP"}'
    assert apply.created(DEPLOYMENT, new) == {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}},
            "f:template": {
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {
                            ".": {},
                            "f:name": {},
                            "f:ports": {".": {}, port: {".": {}, "f:containerPort": {}}},
                        }
                    }
                }
            },
        },
    }


def test_items_with_one_name_are_told_to_the_applier() -> None:
    config = with_containers(container("a"), container("a"), {"image": "i"})
    assert list(apply.faults(DEPLOYMENT, config)) == [
        '.spec.template.spec.containers: duplicate entries for key [name="a"]',
        ".spec.template.spec.containers: element 2: associative list with keys has an element "
        'that omits key field "name" (and doesn\'t have default value)',
    ]


def test_the_oldest_of_many_updaters_become_one() -> None:
    owners: Managers = {}
    for second in range(12):
        key = manager(f"u{second:02}", "Update", "v1")
        owners[key] = apply.Owned({f"f:{second}": {}}, "v1", f"2026-01-01T00:00:{second:02}Z")
    owners[manager("a", "Apply", "v1")] = apply.Owned({"f:x": {}}, "v1", "2025-01-01T00:00:00Z")
    newest = manager("u11", "Update", "v1")
    entries = managers.encode(managers.capped(owners, newest))
    assert [entry["manager"] for entry in entries] == [
        "a",
        "ancient-changes",
        *(f"u{number:02}" for number in range(3, 12)),
    ]
    assert entries[1]["fieldsV1"] == {"f:0": {}, "f:1": {}, "f:2": {}}
    assert entries[1]["time"] == "2026-01-01T00:00:02Z"


@pytest.mark.parametrize(
    "entry",
    [
        {"manager": "m", "operation": "Delete", "apiVersion": "v1", "fieldsV1": {"f:x": {}}},
        {"manager": "m", "operation": "Apply", "fieldsV1": {"f:x": {}}},
        {"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV2"},
        {"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"x": {}}},
        {"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:x": 1}},
        {"manager": "m" * 129, "operation": "Apply", "apiVersion": "v1"},
    ],
)
def test_entries_that_make_no_sense_are_refused(entry: Object) -> None:
    with pytest.raises(ValueError):
        managers.decode_foreign([entry])


def test_a_clients_spelling_of_keys_is_made_ours() -> None:
    written = {"f:spec": {"f:ports": {'k:{"protocol": "TCP", "port": 80}': {".": {}}}}}
    assert fields.checked(written) == {
        "f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {}}}
    }


def test_a_very_deep_set_of_fields_is_refused() -> None:
    document: Object = {}
    for _ in range(5000):
        document = {"f:x": document}
    with pytest.raises(ValueError, match="deep"):
        fields.checked(document)

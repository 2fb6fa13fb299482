from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.patch import strategic_merge

POD = "io.k8s.api.core.v1.Pod"
SERVICE = "io.k8s.api.core.v1.Service"
DEPLOYMENT = "io.k8s.api.apps.v1.Deployment"
NODE = "io.k8s.api.core.v1.Node"


def deployment(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


def container(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, **fields}


TWO = deployment(containers=[container("a", image="a:1", tty=True), container("b", image="b:1")])


def merged(obj: dict[str, Any], patch: dict[str, Any]) -> list[dict[str, Any]]:
    containers: list[dict[str, Any]] = strategic_merge(DEPLOYMENT, obj, patch)["spec"]["template"][
        "spec"
    ]["containers"]
    return containers


def test_set_image_changes_one_container_and_keeps_the_rest() -> None:
    order = {"$setElementOrder/containers": [{"name": "a"}, {"name": "b"}]}
    patch = deployment(containers=[container("b", image="b:2")], **order)
    assert merged(TWO, patch) == [
        container("a", image="a:1", tty=True),
        container("b", image="b:2"),
    ]


def test_apply_that_drops_a_container_deletes_it_by_directive() -> None:
    patch = deployment(containers=[{"name": "a", "$patch": "delete"}])
    assert merged(TWO, patch) == [container("b", image="b:1")]


def test_a_null_removes_a_field_and_is_never_stored() -> None:
    patch = deployment(containers=[container("a", tty=None), container("c", image="c", tty=None)])
    assert merged(TWO, patch) == [
        container("a", image="a:1"),
        container("c", image="c"),
        container("b", image="b:1"),
    ]


def test_a_new_container_is_placed_where_the_order_directive_says() -> None:
    order = {"$setElementOrder/containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}]}
    patch = deployment(containers=[container("c", image="c")], **order)
    assert [item["name"] for item in merged(TWO, patch)] == ["c", "b", "a"]


def test_the_order_directive_alone_only_reorders() -> None:
    patch = deployment(**{"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]})
    assert [item["name"] for item in merged(TWO, patch)] == ["b", "a"]


def test_items_that_only_the_server_has_keep_their_place_among_the_others() -> None:
    live = deployment(containers=[container("a"), container("injected"), container("b")])
    order = {"$setElementOrder/containers": [{"name": "a"}, {"name": "b"}]}
    patch = deployment(containers=[container("b", image="x")], **order)
    assert [item["name"] for item in merged(live, patch)] == ["a", "injected", "b"]


def test_a_list_is_replaced_by_the_replace_directive() -> None:
    patch = deployment(containers=[{"$patch": "replace"}, container("z")])
    assert merged(TWO, patch) == [container("z")]


def test_a_map_is_replaced_or_emptied_by_directive() -> None:
    obj = {"spec": {"nodeSelector": {"a": "1"}, "securityContext": {"runAsUser": 1}}}
    patch = {
        "spec": {
            "nodeSelector": {"$patch": "replace", "b": "2"},
            "securityContext": {"$patch": "delete"},
        }
    }
    assert strategic_merge(POD, obj, patch) == {
        "spec": {"nodeSelector": {"b": "2"}, "securityContext": {}}
    }


def test_changing_the_strategy_type_drops_what_belongs_to_the_old_one() -> None:
    obj = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge(DEPLOYMENT, obj, patch) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_changing_a_volumes_source_drops_the_old_source() -> None:
    live = {"spec": {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}]}}
    volume = {"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}
    assert strategic_merge(POD, live, {"spec": {"volumes": [volume]}}) == {
        "spec": {
            "volumes": [{"name": "v", "hostPath": {"path": "/x"}}, {"name": "w", "emptyDir": {}}]
        }
    }


def test_primitive_lists_with_merge_strategy_are_joined_and_deleted_from() -> None:
    live = {"metadata": {"finalizers": ["a", "b"]}}
    added = strategic_merge(POD, live, {"metadata": {"finalizers": ["c", "a"]}})
    assert sorted(added["metadata"]["finalizers"]) == ["a", "b", "c"]
    patch = {
        "metadata": {
            "$deleteFromPrimitiveList/finalizers": ["a"],
            "$setElementOrder/finalizers": ["c", "b"],
            "finalizers": ["c"],
        }
    }
    assert strategic_merge(POD, live, patch) == {"metadata": {"finalizers": ["c", "b"]}}


def test_lists_without_a_merge_strategy_are_replaced_whole() -> None:
    live = deployment(containers=[container("a", command=["sh", "-c"], args=["x"])])
    patch = deployment(containers=[container("a", command=["true"])])
    assert merged(live, patch) == [container("a", command=["true"], args=["x"])]
    taints = {"spec": {"taints": [{"key": "old", "effect": "NoSchedule"}]}}
    patch = {"spec": {"taints": [{"key": "new", "effect": "NoExecute"}]}}
    assert strategic_merge(NODE, taints, patch) == patch


def test_service_ports_merge_by_port_number() -> None:
    live = {"spec": {"ports": [{"port": 80, "protocol": "TCP", "nodePort": 30080}]}}
    patch = {"spec": {"ports": [{"port": 80, "targetPort": 8080}]}}
    assert strategic_merge(SERVICE, live, patch) == {
        "spec": {"ports": [{"port": 80, "protocol": "TCP", "nodePort": 30080, "targetPort": 8080}]}
    }


def test_one_port_number_with_two_protocols_stays_two_ports() -> None:
    tcp, udp = {"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}
    created = strategic_merge(SERVICE, {"spec": {"ports": []}}, {"spec": {"ports": [udp, tcp]}})
    assert created == {"spec": {"ports": [udp, tcp]}}
    patch = {"spec": {"ports": [{**tcp, "name": "dns"}]}}
    assert strategic_merge(SERVICE, created, patch) == {
        "spec": {"ports": [udp, {**tcp, "name": "dns"}]}
    }


def test_a_protocol_is_changed_and_not_added_where_the_port_is_known_once() -> None:
    live = {"spec": {"ports": [{"port": 53, "protocol": "TCP"}]}}
    patch = {"spec": {"ports": [{"port": 53, "protocol": "UDP"}]}}
    assert strategic_merge(SERVICE, live, patch) == patch


def test_labels_and_annotations_are_added_and_removed_by_key() -> None:
    live = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    patch = {"metadata": {"labels": {"a": None, "c": "3"}, "annotations": {"x": "y", "z": None}}}
    assert strategic_merge(POD, live, patch) == {
        "metadata": {"labels": {"b": "2", "c": "3"}, "annotations": {"x": "y"}}
    }


def test_cordon_and_uncordon() -> None:
    cordoned = strategic_merge(NODE, {"spec": {}}, {"spec": {"unschedulable": True}})
    assert cordoned == {"spec": {"unschedulable": True}}
    assert strategic_merge(NODE, cordoned, {"spec": {"unschedulable": None}}) == {"spec": {}}


def test_rollout_restart_sets_an_annotation_on_the_template() -> None:
    mark = {"kubectl.kubernetes.io/restartedAt": "2024-01-01T00:00:00Z"}
    patch = {"spec": {"template": {"metadata": {"annotations": mark}}}}
    result = strategic_merge(DEPLOYMENT, TWO, patch)
    assert result["spec"]["template"]["metadata"] == {"annotations": mark}
    assert result["spec"]["template"]["spec"] == TWO["spec"]["template"]["spec"]


def test_conditions_merge_by_type() -> None:
    live = {"status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "X"}]}}
    patch = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    assert strategic_merge(NODE, live, patch) == {
        "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "X"}]}
    }


def test_a_selector_of_a_disruption_budget_is_replaced_not_merged() -> None:
    live = {"spec": {"selector": {"matchLabels": {"a": "1"}}}}
    patch = {"spec": {"selector": {"matchLabels": {"b": "2"}}}}
    name = "io.k8s.api.policy.v1.PodDisruptionBudget"
    assert strategic_merge(name, live, patch) == patch


def test_directives_are_never_stored() -> None:
    patch = deployment(
        containers=[container("a", **{"$setElementOrder/ports": [], "$retainKeys": ["name"]})],
        initContainers=[{"$patch": "replace"}, container("i", **{"$patch": "merge"})],
    )
    result = strategic_merge(DEPLOYMENT, {}, patch)
    assert result == deployment(containers=[container("a")], initContainers=[container("i")])


def test_neither_object_nor_patch_is_changed_or_shared() -> None:
    obj = {"metadata": {"labels": {"a": "1"}}, "spec": {"containers": [{"name": "a"}]}}
    patch = {"spec": {"containers": [{"name": "b", "args": ["x"], "$patch": "merge"}]}}
    result = strategic_merge(POD, obj, patch)
    result["metadata"]["labels"]["a"] = "changed"
    result["spec"]["containers"][0].setdefault("args", []).append("y")
    assert obj == {"metadata": {"labels": {"a": "1"}}, "spec": {"containers": [{"name": "a"}]}}
    assert patch == {"spec": {"containers": [{"name": "b", "args": ["x"], "$patch": "merge"}]}}


@pytest.mark.parametrize(
    ("patch", "word"),
    [
        ([], "map of fields"),
        ({"spec": {"$patch": "melt"}}, "melt"),
        ({"spec": {"containers": [{"image": "x"}]}}, "merge key: name"),
        ({"spec": {"containers": [{"$patch": "delete"}]}}, "merge key: name"),
        ({"spec": {"containers": ["x"]}}, "must be maps"),
        ({"spec": {"containers": [{"name": "a", "$patch": "melt"}]}}, "melt"),
        ({"spec": {"$retainKeys": "a"}}, "retainKeys"),
        ({"spec": {"$setElementOrder/containers": "a"}}, "setElementOrder/containers"),
        ({"metadata": {"$deleteFromPrimitiveList/finalizers": "a"}}, "finalizers"),
    ],
)
def test_a_malformed_patch_is_a_bad_request_that_says_where(patch: Any, word: str) -> None:
    live = {"metadata": {"finalizers": ["a"]}, "spec": {"containers": [{"name": "a"}]}}
    with pytest.raises(ApiError) as caught:
        strategic_merge(POD, live, patch)
    assert caught.value.code == 400
    assert word in caught.value.message


def test_a_patch_that_sets_what_it_does_not_retain_cannot_be_done() -> None:
    with pytest.raises(ApiError) as caught:
        strategic_merge(POD, {"spec": {}}, {"spec": {"$retainKeys": ["a"], "b": 1}})
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")
    assert "patch content doesn't match retainKeys list" in caught.value.message

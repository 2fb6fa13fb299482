"""The pure parts of the node side: blocks, registration, merging, taints, loss, identity."""

import pytest

from minikube8s.nodes import lost, register, taints
from minikube8s.nodes.blocks import Blocks, NoBlockLeft
from minikube8s.nodes.identity import NotANode, node_of
from minikube8s.nodes.merging import merged_conditions, merged_pod_status
from minikube8s.nodes.register import Introduction

EARLY, NOW, LATE = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"


def taken(cidr, *used):
    blocks = Blocks(cidr, 24)
    blocks.take(used)
    return blocks


def test_blocks_are_given_in_order_and_gaps_are_filled():
    assert taken("10.244.0.0/16").free() == "10.244.0.0/24"
    assert taken("10.244.0.0/16", "10.244.0.0/24").free() == "10.244.1.0/24"
    blocks = taken("10.244.0.0/16", "10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24")
    assert blocks.free() == "10.244.3.0/24"
    blocks.give_back(["10.244.1.0/24"])
    assert blocks.free() == "10.244.1.0/24"


def test_blocks_of_another_size_or_family_are_not_given_again():
    assert taken("10.244.0.0/16", "10.244.0.0/23").free() == "10.244.2.0/24"
    assert taken("10.244.0.0/16", "10.9.0.0/24", "fd00::/64").free() == "10.244.0.0/24"


def test_a_block_that_two_nodes_have_stays_until_both_are_gone():
    blocks = taken("10.244.0.0/16", "10.244.0.0/24", "10.244.0.0/24")
    blocks.give_back(["10.244.0.0/24"])
    assert blocks.free() == "10.244.1.0/24"


def test_a_small_cluster_cidr_is_one_block():
    assert taken("10.9.8.0/26").free() == "10.9.8.0/26"
    with pytest.raises(NoBlockLeft, match="delete Node objects"):
        taken("10.9.8.0/26", "10.9.8.0/26").free()


def hello(**fields) -> Introduction:
    return Introduction(**{"node": "one", "status": {}, "labels": {}, "roles": (), **fields})


def test_a_node_cannot_claim_a_role_by_a_label():
    claimed = hello(labels={"node-role.kubernetes.io/control-plane": ""}, roles=("admin",))
    assert register.node_labels(claimed) == {"kubernetes.io/hostname": "one"}


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        ("team", True),
        ("example.com/rack", True),
        ("topology.kubernetes.io/zone", True),
        ("node.kubernetes.io/instance-type", True),
        ("kubelet.kubernetes.io/x", True),
        ("node-restriction.kubernetes.io/tenant", False),
        ("x.node-restriction.kubernetes.io/tenant", False),
        ("node-role.kubernetes.io/admin", False),
        ("kubernetes.io/anything", False),
        ("x.k8s.io/y", False),
        ("notkubernetes.io/y", True),
    ],
)
def test_a_node_gives_itself_the_labels_that_describe_it_alone(label: str, kept: bool):
    hello = Introduction("one", {}, {label: "x"}, ())
    assert (label in register.node_labels(hello)) == kept


def test_a_known_node_keeps_its_addresses_and_gets_some_if_it_has_none():
    known = {"metadata": {"name": "one"}, "spec": {"podCIDR": "10.1.0.0/24"}}
    assert register.refreshed_node(known, hello(), ("x",))["spec"]["podCIDR"] == "10.1.0.0/24"
    created_by_hand = {"metadata": {"name": "one"}}
    fresh = register.refreshed_node(created_by_hand, hello(), ("10.2.0.0/24",))
    assert fresh["spec"] == {"podCIDR": "10.2.0.0/24", "podCIDRs": ["10.2.0.0/24"]}
    assert created_by_hand == {"metadata": {"name": "one"}}


def test_heartbeat_times_alone_do_not_make_a_status_different():
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    one = register.refreshed_status({}, status, EARLY)
    other = register.refreshed_status(one, status, NOW)
    assert one != other
    assert register.same_status(one, other)
    down = {"conditions": [{"type": "Ready", "status": "False"}]}
    assert not register.same_status(one, register.refreshed_status(one, down, NOW))


@pytest.mark.parametrize(
    ("status", "claimed", "expected"),
    [
        ("True", LATE, NOW),  # no transition: the time stays
        ("False", LATE, LATE),  # a transition at the time that the node says
        ("False", EARLY, LATE),  # but never before the last one
        ("False", None, LATE),
    ],
)
def test_the_transition_time_moves_with_the_status_and_never_back(status, claimed, expected):
    old = [{"type": "Ready", "status": "True", "lastTransitionTime": NOW}]
    reported = {"type": "Ready", "status": status}
    if claimed:
        reported["lastTransitionTime"] = claimed
    (merged,) = merged_conditions(old, [reported], LATE)
    assert merged["lastTransitionTime"] == expected


def test_a_pod_status_replaces_what_its_node_owns_and_keeps_the_rest():
    old = {
        "phase": "Pending",
        "qosClass": "Burstable",
        "reason": "stale",
        "conditions": [{"type": "example.com/gate", "status": "True"}],
    }
    merged = merged_pod_status(
        old, {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}, NOW
    )
    assert merged["phase"] == "Running"
    assert merged["qosClass"] == "Burstable"
    assert "reason" not in merged
    assert [one["type"] for one in merged["conditions"]] == ["Ready", "example.com/gate"]


def test_a_node_that_says_a_pod_is_scheduled_leaves_what_the_scheduler_said_of_it():
    old = [{"type": "PodScheduled", "status": "True", "message": "only n1"}]
    told = {"type": "PodScheduled", "status": "True", "observedGeneration": 2}
    (merged,) = merged_pod_status({"conditions": old}, {"conditions": [told]}, NOW)["conditions"]
    assert (merged["message"], merged["observedGeneration"]) == ("only n1", 2)
    refused = [{"type": "PodScheduled", "status": "False", "message": "Too many pods"}]
    (merged,) = merged_pod_status({"conditions": refused}, {"conditions": [told]}, NOW)[
        "conditions"
    ]
    assert "message" not in merged


def node(ready: str | None, *existing: dict) -> dict:
    conditions = [] if ready is None else [{"type": "Ready", "status": ready}]
    return {"spec": {"taints": list(existing)}, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("ready", "keys"),
    [
        ("True", set()),
        ("False", {"node.kubernetes.io/not-ready"}),
        ("Unknown", {"node.kubernetes.io/unreachable"}),
        (None, {"node.kubernetes.io/unreachable"}),
    ],
)
def test_taints_follow_the_ready_condition(ready, keys):
    admin = {"key": "gpu", "effect": "NoSchedule"}
    stale = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule", "timeAdded": EARLY}
    settled = taints.settled(node(ready, admin, stale), NOW)
    found = settled["spec"]["taints"]
    assert admin in found
    assert {one["key"] for one in found} - {"gpu"} == keys
    assert taints.settled(settled, LATE) == settled  # settled is settled; no time moves
    if ready == "False":
        assert stale in found


def test_taints_follow_the_pressure_conditions():
    short = node("True")
    short["status"]["conditions"].append({"type": "DiskPressure", "status": "True"})
    short["status"]["conditions"].append({"type": "PIDPressure", "status": "Unknown"})
    settled = taints.settled(short, NOW)
    assert settled["spec"]["taints"] == [
        {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule", "timeAdded": NOW}
    ]
    settled["status"]["conditions"][1]["status"] = "False"
    assert "taints" not in taints.settled(settled, LATE)["spec"]


def test_a_node_is_overdue_when_the_whole_grace_has_passed():
    heard = {"old": 0.0, "new": 30.0}
    assert lost.overdue(heard, 39.9, 40.0) == lost.Overdue((), 40.0)
    assert lost.overdue(heard, 40.0, 40.0) == lost.Overdue(("old",), 70.0)
    assert lost.overdue({}, 40.0, 40.0) == lost.Overdue((), None)


def test_a_node_that_never_posted_says_so():
    fresh = lost.unknown_node({"metadata": {"creationTimestamp": EARLY}}, NOW)
    ready = next(one for one in fresh["status"]["conditions"] if one["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusNeverUpdated")
    assert (ready["lastHeartbeatTime"], ready["lastTransitionTime"]) == (EARLY, NOW)


def test_a_lost_node_says_when_it_was_last_heard():
    heard = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "lastHeartbeatTime": EARLY,
    }
    fresh = lost.unknown_node({"metadata": {}, "status": {"conditions": [heard]}}, NOW)
    ready = fresh["status"]["conditions"][0]
    assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusUnknown")
    assert (ready["lastHeartbeatTime"], ready["lastTransitionTime"]) == (EARLY, NOW)


def test_only_ready_pods_of_a_lost_node_change():
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    (one,) = lost.unready_pod(ready, NOW)["status"]["conditions"]
    assert one == {"type": "Ready", "status": "False", "lastTransitionTime": NOW}
    assert lost.unready_pod({"status": {}}, NOW) == {"status": {}}


def context(name: str, subject: str) -> dict[str, list[bytes]]:
    return {"x509_common_name": [name.encode()], "x509_subject": [subject.encode()]}


def test_the_certificate_names_the_node():
    assert node_of(context("system:node:a", "CN=system:node:a,O=system:nodes")) == "a"
    assert node_of(context("system:node:a", "O=x,O=system:nodes+CN=system:node:a")) == "a"


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("", ""),
        ("system:node:", "CN=system:node:,O=system:nodes"),
        ("admin", "CN=admin,O=system:nodes"),
        ("system:node:a", "CN=system:node:a,O=system:masters"),
        ("system:node:a", r"CN=system:node:a,O=x\,O=system:nodes"),
    ],
)
def test_any_other_certificate_is_not_a_nodes(name, subject):
    with pytest.raises(NotANode):
        node_of(context(name, subject))

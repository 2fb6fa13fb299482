"""The link end to end: master and agents over real gRPC with certificates."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from minikube8s.api import localpath
from minikube8s.api.resources import (
    CONFIGMAPS,
    EVENTS,
    LEASES,
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    SECRETS,
    SERVICES,
)
from minikube8s.nodes.config import NodesConfig
from minikube8s.registry import DeleteOptions
from tests.support.links import Certificates, Cluster, condition, node_status, until
from tests.support.volumes import claim_json, on_node, volume_json


@pytest.fixture
async def cluster(tmp_path) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path) as made:
        yield made


async def test_an_agent_that_says_hello_becomes_a_node(cluster: Cluster):
    agent = await cluster.connected()
    node = cluster.node()
    assert node is not None
    labels = node["metadata"]["labels"]
    assert labels["kubernetes.io/hostname"] == "host-of-node"
    assert labels["kubernetes.io/os"] == "linux"
    assert labels["kubernetes.io/arch"] == "amd64"
    assert labels["node-role.kubernetes.io/control-plane"] == ""
    assert labels["disk"] == "ssd"
    assert node["spec"]["podCIDR"] == "10.244.0.0/24"
    assert node["status"]["capacity"]["pods"] == "110"
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.36.0"
    assert condition(node, "Ready") == "True"
    assert agent.assignments.cluster is not None
    assert agent.assignments.cluster.pod_cidr == "10.244.0.0/24"
    assert agent.assignments.cluster.service_cidr == "10.96.0.0/12"
    lease = cluster.registry.get(LEASES, "kube-node-lease", "one").object
    assert lease["spec"]["holderIdentity"] == "one"
    assert lease["metadata"]["ownerReferences"][0]["uid"] == node["metadata"]["uid"]


async def test_what_an_administrator_set_on_a_node_survives_a_reconnect(cluster: Cluster):
    agent = await cluster.connected()

    def administer(node):
        node["metadata"]["labels"]["team"] = "blue"
        node["spec"]["unschedulable"] = True
        node["spec"]["taints"] = [{"key": "gpu", "effect": "NoSchedule"}]
        return node

    await cluster.registry.update(NODES, None, "one", administer)
    await agent.disconnect()
    again = await cluster.connected()
    node = cluster.node()
    assert node["metadata"]["labels"]["team"] == "blue"
    assert node["spec"]["unschedulable"] is True
    assert {"key": "gpu", "effect": "NoSchedule"} in node["spec"]["taints"]
    assert again.assignments.cluster.pod_cidr == node["spec"]["podCIDR"]


async def test_a_copy_that_dials_first_after_a_restart_makes_room(cluster: Cluster):
    machine = await cluster.connected()
    await machine.disconnect()
    await cluster.stop()
    await cluster.start()
    copy = cluster.agent()
    copy.status = node_status(address="192.0.2.9")
    copy.connect()
    await until("the copy is served", copy.assignments.synced.is_set)
    copy.assignments.synced.clear()
    # the very agent that the node had, whatever its address: it did not end with the master
    machine.status = node_status(address="192.0.2.8")
    machine.assignments.synced.clear()
    machine.task = asyncio.create_task(machine.link.run(machine))
    await until("the machine is served", machine.assignments.synced.is_set)
    copy.again()
    await until("the copy is told", lambda: copy.refusals)
    assert "two machines show the certificate of node one" in copy.refusals[0]
    assert not copy.assignments.synced.is_set()


async def test_who_dials_is_shown_the_certificate_of_now_and_who_is_there_stays(
    cluster: Cluster,
):
    agent = await cluster.connected()
    assert "192.0.2.77" not in await asyncio.to_thread(cluster.certificates.shown, cluster.port)
    cluster.links.identify(cluster.certificates.rename("192.0.2.77"))
    for _ in range(2):
        shown = await asyncio.to_thread(cluster.certificates.shown, cluster.port)
        assert "192.0.2.77" in shown
    await cluster.pod()
    await until("the pod", lambda: ("default", "web") in agent.assignments.pods())
    other = await cluster.connected("two")
    assert other.assignments.cluster is not None


async def test_each_node_has_its_own_block_and_routes_to_the_others(cluster: Cluster):
    one, two = cluster.agent("one"), cluster.agent("two")
    two.status = node_status(address="192.0.2.2")
    one.connect()
    two.connect()
    await until("routes", lambda: one.assignments.routes and two.assignments.routes)
    assert one.assignments.routes[0].node == "two"
    assert one.assignments.routes[0].addresses == ("192.0.2.2",)
    assert two.assignments.routes[0].pod_cidrs == (cluster.node("one")["spec"]["podCIDR"],)
    assert cluster.node("one")["spec"]["podCIDR"] != cluster.node("two")["spec"]["podCIDR"]


async def test_a_bound_pod_reaches_its_node_and_no_other(cluster: Cluster):
    one, two = await cluster.connected("one"), await cluster.connected("two")
    pod = await cluster.pod(node="")
    await cluster.pod("other", node="two")
    await until("the other pod", lambda: ("default", "other") in two.assignments.pods())
    assert not one.assignments.pods()

    def bind(obj):
        obj["spec"]["nodeName"] = "one"
        return obj

    await cluster.registry.update(PODS, "default", "web", bind, "binding")
    assigned = await until("the pod", lambda: one.assignments.pods().get(("default", "web")))
    assert assigned.view.metadata.uid == pod["metadata"]["uid"]
    assert assigned.object == cluster.stored()
    assert ("default", "web") not in two.assignments.pods()


async def test_services_reach_every_node_and_their_changes_too(cluster: Cluster):
    agent = await cluster.connected()
    assert ("default", "kubernetes") in agent.assignments.services()
    service = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    await cluster.registry.create(SERVICES, "default", service)
    await until("the service", lambda: ("default", "web") in agent.assignments.services())
    await cluster.registry.delete(SERVICES, "default", "web")
    await until("its end", lambda: ("default", "web") not in agent.assignments.services())


async def test_a_node_gets_the_claims_of_its_pods_and_their_volumes(cluster: Cluster):
    agent = await cluster.connected()
    assert cluster.node()["metadata"]["annotations"] == {"mk8s.io/volumes-dir": "/srv/volumes"}
    stored = cluster.registry
    for name in ("v", "other"):
        body = volume_json(name)
        body["metadata"] = {"name": name}
        await stored.create(PERSISTENTVOLUMES, None, body)
    body = claim_json()
    body["metadata"] = {"name": "c"}
    await stored.create(PERSISTENTVOLUMECLAIMS, "default", body)
    await cluster.pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}])
    await until("the claim", lambda: agent.assignments.claim("default", "c"))
    assert not agent.assignments.volumes()

    def bind(claim):
        claim["spec"]["volumeName"] = "v"
        return claim

    await stored.update(PERSISTENTVOLUMECLAIMS, "default", "c", bind)
    await until("its volume", lambda: list(agent.assignments.volumes()) == [("", "v")])
    await agent.disconnect()
    again = await cluster.connected()
    await until("both again", lambda: again.assignments.claim("default", "c"))
    assert list(again.assignments.volumes()) == [("", "v")]
    await stored.delete(PODS, "default", "web", DeleteOptions(grace_period_seconds=0))
    await until("their end", lambda: not again.assignments.volumes())
    assert again.assignments.claim("default", "c") is None


async def test_a_node_gets_the_volumes_whose_directory_it_has_to_remove(cluster: Cluster):
    agent = await cluster.connected()
    body = volume_json(
        "v",
        persistentVolumeReclaimPolicy="Delete",
        hostPath=None,
        local={"path": "/srv/volumes/v"},
        nodeAffinity=on_node("host-of-node"),
    )
    annotations = {"pv.kubernetes.io/provisioned-by": "mk8s.io/local-path"}
    body["metadata"] = {
        "name": "v", "annotations": annotations, "finalizers": [localpath.FINALIZER],
    }  # fmt: skip
    made = await cluster.registry.create(PERSISTENTVOLUMES, None, body)

    def release(volume):
        volume["status"] = {"phase": "Released"}
        return volume

    await cluster.registry.update(PERSISTENTVOLUMES, None, "v", release, "status")
    await until("the volume", agent.assignments.volumes)
    agent.reporter.volume_removed("v", made.uid)
    await until("its end", lambda: not agent.assignments.volumes())


async def test_a_node_gets_the_configuration_that_its_pods_name_and_only_that(cluster: Cluster):
    agent = await cluster.connected()
    for name in ("used", "unused"):
        await cluster.registry.create(
            CONFIGMAPS, "default", {"metadata": {"name": name}, "data": {"k": name}}
        )
    seen: list[tuple[str, bool]] = []
    agent.assignments.subscribe(
        lambda resource, _: seen.append(
            (resource, agent.assignments.configmap("default", "used") is not None)
        )
    )
    await cluster.pod(
        volumes=[
            {"name": "v", "configMap": {"name": "used"}},
            {"name": "s", "secret": {"secretName": "late"}},
        ]
    )
    await until("the pod", agent.assignments.pods)
    assert ("pods", True) in seen  # what the pod names is there when the pod is announced
    assert agent.assignments.configmap("default", "unused") is None
    assert agent.assignments.secret("default", "late") is None
    await cluster.registry.create(SECRETS, "default", {"metadata": {"name": "late"}})
    await until("the late secret", lambda: agent.assignments.secret("default", "late"))
    await cluster.registry.delete(PODS, "default", "web", DeleteOptions(grace_period_seconds=0))
    await until("the secret's end", lambda: not agent.assignments.secret("default", "late"))
    assert agent.assignments.configmap("default", "used") is None


async def test_a_pod_status_goes_up_and_keeps_what_others_wrote(cluster: Cluster):
    agent = await cluster.connected()
    pod = await cluster.pod()

    def scheduled(obj):
        obj["status"]["conditions"] = [{"type": "PodScheduled", "status": "True"}]
        return obj

    await cluster.registry.update(PODS, "default", "web", scheduled, "status")
    agent.reporter.pod_status("default", "web", pod["metadata"]["uid"], {
        "phase": "Running",
        "podIP": "10.244.0.5",
        "conditions": [{"type": "Ready", "status": "True"}],
    })  # fmt: skip
    await until("Running", lambda: cluster.stored()["status"].get("phase") == "Running")
    assert condition(cluster.stored(), "Ready") == "True"
    assert condition(cluster.stored(), "PodScheduled") == "True"
    assert cluster.stored()["status"]["qosClass"] == "BestEffort"
    assert cluster.stored()["spec"] == pod["spec"]


async def test_the_same_status_again_is_not_written_again(cluster: Cluster):
    agent = await cluster.connected()
    pod = await cluster.pod()
    report = ("default", "web", pod["metadata"]["uid"], {"phase": "Running"})
    agent.reporter.pod_status(*report)
    await until("Running", lambda: cluster.stored()["status"].get("phase") == "Running")
    revision = cluster.registry.get(PODS, "default", "web").revision
    await agent.disconnect()
    again = await cluster.connected()
    again.reporter.pod_status(*report)
    await until("the acknowledgement", lambda: again.reporter.settled)
    assert cluster.registry.get(PODS, "default", "web").revision == revision


async def test_deletion_goes_down_and_the_object_goes_when_the_node_is_done(cluster: Cluster):
    agent = await cluster.connected()
    pod = await cluster.pod(terminationGracePeriodSeconds=7)
    await until("the pod", agent.assignments.pods)
    _, gone = await cluster.registry.delete(PODS, "default", "web")
    assert not gone

    def deleting():
        assigned = agent.assignments.pods().get(("default", "web"))
        return assigned and assigned.view.metadata.deletion_timestamp

    await until("deletionTimestamp", deleting)
    agent.reporter.pod_gone("default", "web", pod["metadata"]["uid"])
    await until("the end of the object", lambda: not cluster.has_pod())
    await until("the removal", lambda: not agent.assignments.pods())


async def test_a_pod_that_is_not_being_deleted_cannot_be_removed_by_its_node(
    cluster: Cluster, caplog
):
    agent = await cluster.connected()
    pod = await cluster.pod()
    agent.reporter.pod_gone("default", "web", pod["metadata"]["uid"])
    await until("the refusal", lambda: "is not being deleted" in caplog.text)
    assert cluster.has_pod()


async def test_a_report_on_an_earlier_pod_of_the_same_name_changes_nothing(cluster: Cluster):
    agent = await cluster.connected()
    await cluster.pod()
    before = cluster.stored()
    agent.reporter.pod_status("default", "web", "another-uid", {"phase": "Failed"})
    await until("the acknowledgement", lambda: agent.reporter.settled)
    assert cluster.stored() == before
    await cluster.registry.delete(PODS, "default", "web")
    agent.reporter.pod_gone("default", "web", "another-uid")
    await until("the acknowledgement", lambda: agent.reporter.settled)
    assert cluster.has_pod()


async def test_a_node_cannot_report_on_pods_of_another_node(cluster: Cluster, caplog):
    caplog.set_level(logging.WARNING)
    agent = await cluster.connected("one")
    pod = await cluster.pod(node="two")
    uid = pod["metadata"]["uid"]
    agent.reporter.pod_status("default", "web", uid, {"phase": "Failed"})
    await until("the refusal", lambda: 'is bound to node "two"' in caplog.text)
    await cluster.registry.delete(PODS, "default", "web")
    agent.reporter.pod_gone("default", "web", uid)
    involved = {"kind": "Pod", "namespace": "default", "name": "web", "uid": uid}
    agent.reporter.event(involved, "Warning", "Forged", "not mine")
    await until("the acknowledgement", lambda: agent.reporter.settled)
    assert cluster.has_pod()
    assert cluster.stored()["status"].get("phase") == "Pending"
    assert not [e for e in cluster.registry.list(EVENTS) if e.object["reason"] == "Forged"]


async def test_an_event_of_a_pod_is_recorded_in_the_name_of_its_node(cluster: Cluster):
    agent = await cluster.connected()
    pod = await cluster.pod()
    involved = {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": "default",
        "name": "web",
        "uid": pod["metadata"]["uid"],
        "fieldPath": "spec.containers{c}",
    }
    agent.reporter.event(involved, "Normal", "Pulled", "it is there")

    def pulled():
        return [e.object for e in cluster.registry.list(EVENTS) if e.object["reason"] == "Pulled"]

    (event,) = await until("the event", pulled)
    assert event["source"] == {"component": "kubelet", "host": "one"}
    assert event["involvedObject"] == involved


async def test_a_restarted_master_loses_nothing(cluster: Cluster):
    agent = await cluster.connected()
    first, second = await cluster.pod("first"), await cluster.pod("second")
    await until("both pods", lambda: len(agent.assignments.pods()) == 2)
    await cluster.stop()
    agent.reporter.pod_status("default", "first", first["metadata"]["uid"], {"phase": "Running"})
    assert len(agent.assignments.pods()) == 2  # the node goes on without its master
    await cluster.start()
    await cluster.pod("third")
    await until(
        "the status made meanwhile", lambda: cluster.stored("first")["status"]["phase"] == "Running"
    )
    await until("the third pod", lambda: len(agent.assignments.pods()) == 3)
    await cluster.registry.delete(PODS, "default", "second", DeleteOptions(grace_period_seconds=0))
    await until("the removal", lambda: len(agent.assignments.pods()) == 2)
    assert second["metadata"]["uid"]


async def test_what_was_deleted_while_an_agent_was_away_is_gone_when_it_is_back(cluster: Cluster):
    agent = await cluster.connected()
    await cluster.pod()
    await until("the pod", agent.assignments.pods)
    await agent.disconnect()
    await cluster.registry.delete(PODS, "default", "web", DeleteOptions(grace_period_seconds=0))
    agent.connect()
    await until("the removal", lambda: not agent.assignments.pods())


async def test_a_newer_session_of_an_agent_ends_the_older_one(cluster: Cluster):
    """So comes back a machine whose connection was cut: its former session is still there."""
    agent = await cluster.connected()
    old = cluster.links._sessions["one"]
    agent.again()
    await until("another session", lambda: cluster.links._sessions.get("one") not in (None, old))
    await cluster.pod()
    await until("the pod", agent.assignments.pods)


async def test_a_copy_of_a_machine_is_refused_while_the_other_serves(cluster: Cluster):
    first = await cluster.connected()
    revision = cluster.registry.get(NODES, None, "one").revision
    copy = cluster.agent("one")
    copy.connect()
    await until("the refusal", lambda: copy.refusals)
    assert "two machines show the certificate of node one" in copy.refusals[0]
    assert "`mk8s down --purge` on the copy" in copy.refusals[0]
    await cluster.pod()
    await until("the pod", first.assignments.pods)
    assert copy.assignments.cluster is None
    assert cluster.registry.get(NODES, None, "one").revision == revision
    ((kind, type, message),) = await until("the Event", lambda: told(cluster, "DuplicateNode"))
    assert (kind, type) == ("Node", "Warning")
    assert message == copy.refusals[0]


async def for_ever(_: object) -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    raise AssertionError


async def test_another_agent_takes_over_from_one_that_does_not_answer(tmp_path):
    """A machine that lost its power: nobody has closed its connection."""
    async with Cluster(tmp_path, NodesConfig(rival_deadline=0.2)) as cluster:
        first = await cluster.connected()
        first.handlers["pulls"] = for_ever
        rebooted = await cluster.connected()
        await cluster.pod()
        await until("the pod", rebooted.assignments.pods)
        assert not rebooted.refusals


async def test_a_node_that_tells_the_address_of_another_is_refused_until_it_has_its_own(
    cluster: Cluster,
):
    await cluster.connected("one")
    two = cluster.agent("two")
    two.status = node_status(address="192.0.2.1")
    two.connect()
    await until("the refusal", lambda: two.refusals)
    assert "nodes one and two tell the same address, 192.0.2.1" in two.refusals[0]
    assert "--node-ip" in two.refusals[0]
    assert cluster.node("two") is None
    events = await until("Events on both", lambda: len(told(cluster, "AddressInUse")) == 2)
    assert events
    two.status = node_status(address="192.0.2.2")
    two.again()
    await until("it is a node", lambda: cluster.node("two"))


async def test_an_address_is_free_when_its_node_has_gone(cluster: Cluster):
    one = await cluster.connected("one")
    await one.disconnect()
    two = cluster.agent("two")
    two.status = node_status(address="192.0.2.1")
    two.connect()
    await until("it is a node", lambda: cluster.node("two"))


@pytest.mark.parametrize(
    ("user", "groups", "why"),
    [
        ("system:node:two", ["system:nodes"], "cannot speak for node"),
        ("system:node:one", ["system:masters"], "organization"),
        ("kubernetes-admin", ["system:nodes"], "common name"),
    ],
)
async def test_a_certificate_of_somebody_else_is_refused(
    cluster: Cluster, caplog, user, groups, why
):
    agent = cluster.agent("one", user=user, groups=groups)
    agent.connect()
    await until("the refusal", lambda: why in caplog.text)
    assert cluster.node() is None


async def test_a_certificate_of_another_authority_is_refused(cluster: Cluster, tmp_path, caplog):
    stranger = Certificates(tmp_path / "other")
    agent = cluster.agent("one", certificates=stranger)
    agent.connect()
    await until("the failure", lambda: "no session with the master" in caplog.text)
    assert cluster.node() is None


async def test_a_node_without_ready_condition_true_is_tainted_until_it_is_ready(cluster: Cluster):
    agent = cluster.agent()
    agent.status = node_status(ready="False")
    agent.connect()
    await until("the taint", lambda: (cluster.node() or {}).get("spec", {}).get("taints"))
    taints = cluster.node()["spec"]["taints"]
    assert {taint["key"] for taint in taints} == {"node.kubernetes.io/not-ready"}
    # nobody is driven away where no node is ready
    assert {taint["effect"] for taint in taints} == {"NoSchedule"}
    agent.reporter.node_status(node_status(ready="True"))
    await until("ready", lambda: condition(cluster.node(), "Ready") == "True")
    await until("no taint", lambda: not cluster.node()["spec"].get("taints"))


def told(cluster: Cluster, reason: str) -> list[tuple[str, str, str]]:
    """(kind, type, message) of the Events of that reason."""
    objects = [entry.object for entry in cluster.registry.list(EVENTS, None)]
    return [
        (one["involvedObject"]["kind"], one["type"], one["message"])
        for one in objects
        if one["reason"] == reason
    ]


async def test_a_lost_stream_changes_nothing_and_a_lost_node_is_marked(tmp_path):
    config = NodesConfig(grace=1.0)
    async with Cluster(tmp_path, config) as cluster:
        agent = await cluster.connected()
        pod = await cluster.pod()
        report = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        agent.reporter.pod_status("default", "web", pod["metadata"]["uid"], report)
        await until("ready pod", lambda: condition(cluster.stored(), "Ready") == "True")
        revision = cluster.registry.get(NODES, None, "one").revision
        await agent.disconnect()
        assert cluster.registry.get(NODES, None, "one").revision == revision
        await until("Unknown", lambda: condition(cluster.node(), "Ready") == "Unknown")
        (ready,) = [c for c in cluster.node()["status"]["conditions"] if c["type"] == "Ready"]
        assert ready["reason"] == "NodeStatusUnknown"
        assert ready["message"] == "Kubelet stopped posting node status."
        await until("unready pod", lambda: condition(cluster.stored(), "Ready") == "False")
        await until("both are told", lambda: len(told(cluster, "NodeNotReady")) == 2)
        assert set(told(cluster, "NodeNotReady")) == {
            ("Node", "Normal", "Node one status is now: NodeNotReady"),
            ("Pod", "Warning", "Node is not ready"),
        }
        taints = {taint["key"] for taint in cluster.node()["spec"]["taints"]}
        assert taints == {"node.kubernetes.io/unreachable"}
        agent.connect()
        await until("ready again", lambda: condition(cluster.node(), "Ready") == "True")
        await until("ready pod again", lambda: condition(cluster.stored(), "Ready") == "True")
        await until("no taints", lambda: not cluster.node()["spec"].get("taints"))


async def test_a_node_judged_lost_that_speaks_again_says_everything_again(tmp_path):
    # An agent that slept: its stream lives on, but its node was judged meanwhile.
    async with Cluster(tmp_path, NodesConfig(grace=0.5, heartbeat=60)) as cluster:
        agent = await cluster.connected()
        pod = await cluster.pod()
        report = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        agent.reporter.pod_status("default", "web", pod["metadata"]["uid"], report)
        await until("ready pod", lambda: condition(cluster.stored(), "Ready") == "True")
        await until("unready pod", lambda: condition(cluster.stored(), "Ready") == "False")
        await until("ready again", lambda: condition(cluster.node(), "Ready") == "True")
        await until("ready pod again", lambda: condition(cluster.stored(), "Ready") == "True")


async def test_a_deleted_node_of_a_living_agent_is_registered_again(cluster: Cluster, monkeypatch):
    monkeypatch.setattr("mk8s_agent.link.client.TAKEN_OVER", 0.1)
    await cluster.connected()
    before = cluster.node()["metadata"]["uid"]
    await cluster.registry.delete(NODES, None, "one")
    await until("a new Node", lambda: (cluster.node() or {}).get("metadata"))
    assert cluster.node()["metadata"]["uid"] != before


async def test_nothing_is_kept_of_a_deleted_nodes_events(cluster: Cluster, monkeypatch):
    def writing() -> bool:
        return any(task.get_name() == "events of kubelet/write" for task in asyncio.all_tasks())

    monkeypatch.setattr("mk8s_agent.link.client.TAKEN_OVER", 0.1)
    agent = await cluster.connected()
    about = {"kind": "Node", "name": "one", "uid": "one"}
    agent.reporter.event(about, "Normal", "Starting", "for the first time")
    await until("its event is written", writing)
    await cluster.registry.delete(NODES, None, "one")
    await until("its writer has ended", lambda: not writing())
    await until("a new Node", lambda: (cluster.node() or {}).get("metadata"))
    agent.reporter.event(about, "Normal", "Starting", "again")
    await until("it is heard again", lambda: len(told(cluster, "Starting")) == 2)


async def test_a_port_that_is_taken_is_an_error_with_its_address(cluster: Cluster, tmp_path):
    second = Cluster(tmp_path / "second")
    second.port = cluster.port
    try:
        with pytest.raises(OSError, match=f"127.0.0.1:{cluster.port}"):
            await second.start()
    finally:
        await second.stop()


async def test_an_agent_heard_again_within_the_grace_stays_ready(tmp_path):
    async with Cluster(tmp_path, NodesConfig(grace=2.0, heartbeat=1)) as cluster:
        await cluster.connected()
        revision = cluster.registry.get(NODES, None, "one").revision
        renewed = cluster.registry.get(LEASES, "kube-node-lease", "one").revision
        beats = 0
        async with asyncio.timeout(10), cluster.registry.watch(LEASES, None, renewed) as watch:
            async for _ in watch:
                beats += 1
                if beats == 3:
                    break
        assert condition(cluster.node(), "Ready") == "True"
        assert cluster.registry.get(NODES, None, "one").revision == revision


async def test_agents_are_served_on_each_address_that_the_master_listens_on(tmp_path):
    async with Cluster(tmp_path, hosts=["127.0.0.1", "127.0.0.2"]) as cluster:
        for node, host in (("one", "127.0.0.1"), ("two", "127.0.0.2")):
            await cluster.connected(node, host)
            assert cluster.node(node)


async def test_a_node_for_which_no_addresses_are_left_is_told_of_and_not_half_registered(tmp_path):
    def refusals(cluster: Cluster) -> list:
        events = (one.object for one in cluster.registry.list(EVENTS, None))
        return [one for one in events if one["reason"] == "CIDRNotAvailable"]

    async with Cluster(tmp_path, NodesConfig(cluster_cidr="10.244.0.0/24")) as cluster:
        first = await cluster.connected("one")
        cluster.agent("two").connect()
        (event,) = await until("event", lambda: refusals(cluster))
        assert event["involvedObject"]["name"] == "two"
        assert "delete Node objects that are not used any more" in event["message"]
        assert cluster.node("two") is None
        await first.disconnect()
        await cluster.registry.delete(NODES, None, "one")
        await until("two", lambda: cluster.node("two"))

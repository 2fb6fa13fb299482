"""Every kind's row reads as in kubectl."""

from datetime import UTC, datetime

import pytest

from minikube8s.api import tables
from minikube8s.api.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    ENDPOINTS,
    ENDPOINTSLICES,
    EVENTS,
    LEASES,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    RESOURCES,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    Resource,
)

NOW = datetime(2024, 1, 31, 9, 5, 3, tzinfo=UTC)
METADATA = {"name": "x", "creationTimestamp": "2024-01-31T09:00:00Z"}
AGE = "5m3s"


def cells(resource, **obj):
    return tables.row(resource, {"metadata": METADATA, **obj}, NOW)


def service(**fields):
    spec = {"type": "ClusterIP", "clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5"]}
    status = fields.pop("status", {})
    ports = [{"port": 80, "protocol": "TCP"}]
    return cells(SERVICES, spec={**spec, "ports": ports, **fields}, status=status)


def test_every_row_has_a_cell_for_every_column():
    for resource in RESOURCES.all():
        row = tables.row(resource, {"metadata": METADATA}, NOW)
        assert len(row) == len(tables.columns(resource)), resource.kind


def test_every_column_is_a_complete_definition():
    for resource in RESOURCES.all():
        for column in tables.columns(resource):
            assert column.keys() == {"name", "type", "format", "description", "priority"}
            assert column["description"]
            assert column["priority"] in (0, 1)


def test_a_kind_without_a_table_has_name_and_age():
    unknown = Resource("x.io", "v1", "Thing", "things", "thing", namespaced=True)
    assert [column["name"] for column in tables.columns(unknown)] == ["Name", "Age"]
    assert cells(unknown) == ["x", AGE]


def test_an_object_without_a_time_has_an_unknown_age():
    assert tables.row(CONFIGMAPS, {"metadata": {"name": "x"}}, NOW)[-1] == "<unknown>"


def test_deployments():
    template = {
        "spec": {"containers": [{"name": "a", "image": "nginx"}, {"name": "b", "image": "busybox"}]}
    }
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    status = {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1}
    assert cells(DEPLOYMENTS, spec=spec, status=status) == [
        "x",
        "2/3",
        3,
        1,
        AGE,
        "a,b",
        "nginx,busybox",
        "app=web",
    ]


def test_replica_sets():
    expression = {"key": "tier", "operator": "In", "values": ["a", "b"]}
    spec = {"replicas": 3, "selector": {"matchExpressions": [expression]}}
    status = {"replicas": 2, "readyReplicas": 1}
    assert cells(REPLICASETS, spec=spec, status=status) == [
        "x",
        3,
        2,
        1,
        AGE,
        "",
        "",
        "tier in (a,b)",
    ]


def test_services_of_a_cluster_address():
    assert service() == ["x", "ClusterIP", "10.96.0.5", "<none>", "80/TCP", AGE, "<none>"]
    assert service(clusterIP="None", clusterIPs=["None"], ports=[])[2:5] == [
        "None",
        "<none>",
        "<none>",
    ]


def test_services_of_a_node_port():
    ports = [{"port": 8080, "nodePort": 32453}, {"port": 53, "protocol": "UDP", "nodePort": 30053}]
    row = service(type="NodePort", ports=ports, selector={"b": "2", "a": "1"})
    assert row[1:5] == ["NodePort", "10.96.0.5", "<none>", "8080:32453/TCP,53:30053/UDP"]
    assert row[-1] == "a=1,b=2"


def test_services_of_a_load_balancer():
    assert service(type="LoadBalancer")[3] == "<pending>"
    ingress = {"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}, {"hostname": "a.example"}]}}
    balanced = service(type="LoadBalancer", status=ingress, externalIPs=["10.0.0.7"])
    assert balanced[3] == "10.0.0.9,a.example,10.0.0.7"


def test_services_of_an_external_name_and_external_addresses():
    row = service(type="ExternalName", externalName="a.example", clusterIP="", clusterIPs=[])
    assert row[1:4] == ["ExternalName", "<none>", "a.example"]
    assert service(externalIPs=["10.0.0.7", "10.0.0.8"])[3] == "10.0.0.7,10.0.0.8"


@pytest.mark.parametrize(
    ("subsets", "shown"),
    [
        ([], "<none>"),
        ([{"notReadyAddresses": [{"ip": "10.1.1.1"}], "ports": [{"port": 80}]}], ""),
        ([{"addresses": [{"ip": "10.1.1.1"}], "ports": [{"port": 80}]}], "10.1.1.1:80"),
        ([{"addresses": [{"ip": "fd00::1"}], "ports": [{"port": 80}]}], "[fd00::1]:80"),
        ([{"addresses": [{"ip": "10.1.1.1"}]}], "10.1.1.1"),
        (
            [
                {
                    "addresses": [{"ip": f"10.1.1.{i}"} for i in range(1, 6)],
                    "ports": [{"port": 80}],
                }
            ],
            "10.1.1.1:80,10.1.1.2:80,10.1.1.3:80 + 2 more...",
        ),
    ],
)
def test_endpoints_show_three_addresses_and_count_the_rest(subsets, shown):
    assert cells(ENDPOINTS, subsets=subsets) == ["x", shown, AGE]


def test_endpoint_slices():
    endpoints = [{"addresses": [f"10.1.1.{i}"]} for i in range(1, 5)]
    row = cells(ENDPOINTSLICES, addressType="IPv4", endpoints=endpoints, ports=[{"port": 80}])
    assert row == ["x", "IPv4", "80", "10.1.1.1,10.1.1.2,10.1.1.3 + 1 more...", AGE]
    assert cells(ENDPOINTSLICES, addressType="IPv4")[2:4] == ["<unset>", "<unset>"]


def test_nodes():
    node = {
        "metadata": {
            **METADATA,
            "labels": {
                "node-role.kubernetes.io/worker": "",
                "node-role.kubernetes.io/control-plane": "",
                "kubernetes.io/role": "extra",
            },
        },
        "spec": {"unschedulable": True},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
            "nodeInfo": {
                "kubeletVersion": "v1.36.0",
                "osImage": "Debian",
                "kernelVersion": "6.1",
                "containerRuntimeVersion": "docker://20.10",
            },
        },
    }
    assert tables.row(NODES, node, NOW) == [
        "x",
        "Ready,SchedulingDisabled",
        "control-plane,extra,worker",
        AGE,
        "v1.36.0",
        "10.0.0.1",
        "<none>",
        "Debian",
        "6.1",
        "docker://20.10",
    ]


@pytest.mark.parametrize(("status", "shown"), [("False", "NotReady"), ("Unknown", "NotReady")])
def test_a_node_that_is_not_ready(status, shown):
    assert cells(NODES, status={"conditions": [{"type": "Ready", "status": status}]})[1] == shown


def test_a_node_nobody_heard_of():
    assert cells(NODES)[1:3] == ["Unknown", "<none>"]


def test_small_kinds():
    assert cells(NAMESPACES, status={"phase": "Active"}) == ["x", "Active", AGE]
    assert cells(CONFIGMAPS, data={"a": ""}, binaryData={"b": ""}) == ["x", 2, AGE]
    assert cells(SECRETS, type="Opaque", data={"a": ""}) == ["x", "Opaque", 1, AGE]
    assert cells(SERVICEACCOUNTS, secrets=[{"name": "a"}]) == ["x", 1, AGE]
    assert cells(LEASES, spec={"holderIdentity": "n1"}) == ["x", "n1", AGE]


def event(**fields):
    names = [column["name"] for column in tables.columns(EVENTS)]
    return dict(zip(names, cells(EVENTS, **fields), strict=True))


def test_an_event_seen_once():
    row = event(
        involvedObject={"kind": "Pod", "name": "web", "fieldPath": "spec.containers{a}"},
        type="Normal",
        reason="Pulled",
        message=" done\n",
        source={"component": "kubelet", "host": "n1"},
        firstTimestamp="2024-01-31T09:04:53Z",
        lastTimestamp="2024-01-31T09:04:53Z",
    )
    assert row == {
        "Last Seen": "10s",
        "Type": "Normal",
        "Reason": "Pulled",
        "Object": "pod/web",
        "Subobject": "spec.containers{a}",
        "Source": "kubelet, n1",
        "Message": "done",
        "First Seen": "10s",
        "Count": 1,
        "Name": "x",
    }


def test_an_event_seen_often():
    row = event(
        count=7, firstTimestamp="2024-01-31T09:04:03Z", lastTimestamp="2024-01-31T09:05:00Z"
    )
    assert (row["First Seen"], row["Last Seen"], row["Count"]) == ("60s", "3s", 7)


def test_an_event_in_a_series():
    row = event(
        eventTime="2024-01-31T09:04:03.000000Z",
        series={"count": 4, "lastObservedTime": "2024-01-31T09:05:00.000000Z"},
        reportingComponent="scheduler",
    )
    assert (row["First Seen"], row["Last Seen"], row["Count"]) == ("60s", "3s", 4)
    assert row["Source"] == "scheduler"


def test_pods_and_events_show_what_narrow_terminals_need():
    narrow = [one["name"] for one in tables.columns(EVENTS) if one["priority"] == 0]
    assert narrow == ["Last Seen", "Type", "Reason", "Object", "Message"]
    assert [one["name"] for one in tables.columns(PODS)][:5] == [
        "Name",
        "Ready",
        "Status",
        "Restarts",
        "Age",
    ]

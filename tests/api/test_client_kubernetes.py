"""The official Python client, unmodified: typed, dynamic, watching, electing, streaming."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client import ApiException
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError
from kubernetes.informer import SharedInformer
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock
from kubernetes.stream import portforward, stream

from minikube8s.api.resources import RESOURCES
from tests.api.apiserver import ApiServer, configmap, pod
from tests.api.kubectl import kubeconfig
from tests.support.dialogues import EchoStreams
from tests.support.wait import until

FILE = Path(__file__).parents[1] / "support" / "kinds.yaml"
OBJECTS: list[dict[str, Any]] = [
    *yaml.safe_load_all(FILE.read_text()),
    configmap("settings", {"k": "v"}),
    pod("web"),
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "stringData": {"k": "v"},
    },
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}},
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"app": "web"}},
    },
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "made-by-python"}},
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "made-by-python"}},
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.25"}]},
            },
        },
    },
    {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "lock"},
        "spec": {"holderIdentity": "me", "renewTime": "2024-01-01T00:00:00.000001Z"},
    },
]


@pytest.fixture
def connected(api: ApiServer, namespace: str) -> Iterator[client.ApiClient]:
    """The client's defaults, set from a kubeconfig as users do."""
    config.load_kube_config_from_dict(kubeconfig(api, namespace))
    with client.ApiClient() as made:
        yield made


@pytest.fixture
def core(connected: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(connected)


class Typed:
    """The typed methods of one kind: `create_namespaced_pod` and the like as `create`."""

    def __init__(self, obj: dict[str, Any], namespace: str) -> None:
        row = RESOURCES.by_api_version(obj["apiVersion"], obj["kind"])
        assert row is not None
        group = "".join(part.title() for part in row.group.removesuffix(".k8s.io").split("."))
        self._api = getattr(client, f"{group or 'Core'}{row.version.title()}Api")()
        words = re.sub(r"(?<=[a-z0-9])([A-Z])|(?<=.)([A-Z])(?=[a-z])", r"_\1\2", row.kind).lower()
        self._suffix = f"namespaced_{words}" if row.namespaced else words
        self.where = {"namespace": namespace} if row.namespaced else {}
        self._name = {"name": obj["metadata"]["name"]}

    def method(self, verb: str) -> Any:
        return getattr(self._api, f"{verb}_{self._suffix}")

    def __call__(self, verb: str, **arguments: Any) -> Any:
        if verb not in {"create", "list"}:
            arguments |= self._name
        return self.method(verb)(**self.where, **arguments)


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: f"{obj['apiVersion']}/{obj['kind']}")
def test_every_kind_has_its_verbs_in_the_typed_api(obj: dict[str, Any], namespace: str) -> None:
    typed = Typed(obj, namespace)
    name = obj["metadata"]["name"]
    try:
        created = typed("create", body=obj, field_validation="Strict")
        assert (created.kind, created.metadata.name) == (obj["kind"], name)
        assert name in [item.metadata.name for item in typed("list").items]
        read = typed("read")
        assert read.to_dict() == created.to_dict()
        read.metadata.labels = {"replaced": "yes"}
        assert typed("replace", body=read).metadata.labels["replaced"] == "yes"
        patched = typed("patch", body={"metadata": {"annotations": {"patched": "yes"}}})
        assert patched.metadata.annotations["patched"] == "yes"
        by_list = [{"op": "remove", "path": "/metadata/annotations/patched"}]
        assert "patched" not in (typed("patch", body=by_list).metadata.annotations or {})
        watched = next(watch.Watch().stream(typed.method("list"), **typed.where, **_only(name)))
        assert watched["object"].metadata.name == name
    finally:
        typed("delete", grace_period_seconds=0)


def _only(name: str) -> dict[str, Any]:
    return {"field_selector": f"metadata.name={name}", "timeout_seconds": 20}


def test_a_collection_is_listed_in_pages_and_deleted_by_selector(
    core: client.CoreV1Api, namespace: str
) -> None:
    for number in range(5):
        core.create_namespaced_config_map(namespace, configmap(f"c{number}", number=str(number)))
    seen, token = [], None
    while True:
        page = core.list_namespaced_config_map(namespace, limit=2, _continue=token)
        seen += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert seen == ["c0", "c1", "c2", "c3", "c4"]
    selector = "number in (1,3)"
    core.delete_collection_namespaced_config_map(namespace, label_selector=selector)
    left = core.list_namespaced_config_map(namespace).items
    assert [item.metadata.name for item in left] == ["c0", "c2", "c4"]


def test_refusals_reach_the_caller_as_statuses(core: client.CoreV1Api, namespace: str) -> None:
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_pod("nobody", namespace)
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")
    assert '"reason":"NotFound"' in missing.value.body
    with pytest.raises(ApiException) as invalid:
        core.create_namespaced_config_map(namespace, configmap("Upper"))
    assert invalid.value.status == 422
    core.create_namespaced_config_map(namespace, configmap("a"))
    with pytest.raises(ApiException) as taken:
        core.create_namespaced_config_map(namespace, configmap("a"))
    assert '"reason":"AlreadyExists"' in taken.value.body


def test_scale_status_and_eviction_are_typed_subresources(
    connected: client.ApiClient, core: client.CoreV1Api, namespace: str
) -> None:
    apps = client.AppsV1Api(connected)
    deployment = next(obj for obj in OBJECTS if obj["kind"] == "Deployment")
    apps.create_namespaced_deployment(namespace, deployment)
    scale = apps.read_namespaced_deployment_scale("web", namespace)
    scale.spec.replicas = 3
    apps.replace_namespaced_deployment_scale("web", namespace, scale)
    assert (
        apps.patch_namespaced_deployment_scale(
            "web", namespace, {"spec": {"replicas": 4}}
        ).spec.replicas
        == 4
    )
    status = apps.read_namespaced_deployment_status("web", namespace)
    assert (status.spec.replicas, status.metadata.generation) == (4, 3)
    core.create_namespaced_pod(namespace, pod("p"))
    core.patch_namespaced_pod_status("p", namespace, {"status": {"phase": "Succeeded"}})
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name="p", namespace=namespace))
    core.create_namespaced_pod_eviction("p", namespace, eviction)
    with pytest.raises(ApiException):
        core.read_namespaced_pod("p", namespace)
    token = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=600)
    )
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "robot"}})
    made = core.create_namespaced_service_account_token("robot", namespace, token)
    assert made.status.token.count(".") == 2


def test_a_watch_resumes_where_it_ended(core: client.CoreV1Api, namespace: str) -> None:
    listed = core.list_namespaced_config_map(namespace)
    core.create_namespaced_config_map(namespace, configmap("a"))
    watching = watch.Watch()
    start = listed.metadata.resource_version
    following = watching.stream(
        core.list_namespaced_config_map, namespace, resource_version=start, timeout_seconds=1
    )
    assert [(event["type"], event["object"].metadata.name) for event in following] == [
        ("ADDED", "a")
    ]
    core.delete_namespaced_config_map("a", namespace)
    resumed = watching.stream(
        core.list_namespaced_config_map,
        namespace,
        resource_version=watching.resource_version,
        allow_watch_bookmarks=True,
        timeout_seconds=20,
    )
    assert next(resumed)["type"] == "DELETED"


def test_a_watch_that_comes_too_late_raises_410(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, configmap("a"))
    for number in range(1100):
        core.patch_namespaced_config_map("a", namespace, {"data": {"n": str(number)}})
    late = watch.Watch().stream(
        core.list_namespaced_config_map, namespace, resource_version="1", timeout_seconds=20
    )
    with pytest.raises(ApiException) as gone:
        next(late)
    assert gone.value.status == 410


def test_an_informer_keeps_up(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, configmap("a", {"n": "0"}))
    informer = SharedInformer(core.list_namespaced_config_map, namespace)
    informer.start()
    try:
        key = f"{namespace}/a"
        until("it has listed", lambda: informer.cache.get_by_key(key) is not None)
        core.patch_namespaced_config_map("a", namespace, {"data": {"n": "1"}})
        until("it sees a change", lambda: informer.cache.get_by_key(key).data == {"n": "1"})
        core.delete_namespaced_config_map("a", namespace)
        until("it sees the end", lambda: informer.cache.get_by_key(key) is None)
    finally:
        informer.stop()


@pytest.fixture
def dynamic_client(connected: client.ApiClient, tmp_path: Path) -> dynamic.DynamicClient:
    return dynamic.DynamicClient(connected, cache_file=str(tmp_path / "discovery"))


def test_discovery_finds_every_kind(dynamic_client: dynamic.DynamicClient) -> None:
    for obj in OBJECTS:
        found = dynamic_client.resources.get(api_version=obj["apiVersion"], kind=obj["kind"])
        assert found.kind == obj["kind"]
    assert dynamic_client.resources.get(api_version="apps/v1", name="deployments").subresources
    assert dynamic_client.version["kubernetes"]["major"] == "1"


@pytest.mark.parametrize(
    ("media", "body", "left"),
    [
        ("application/merge-patch+json", {"spec": {"ports": [{"port": 81}]}}, [81]),
        (
            "application/strategic-merge-patch+json",
            {"spec": {"ports": [{"port": 81, "name": "b"}, {"port": 80, "name": "a"}]}},
            [81, 80],
        ),
        (
            "application/json-patch+json",
            [{"op": "replace", "path": "/spec/ports/0/port", "value": 82}],
            [82],
        ),
    ],
)
def test_each_patch_type_is_chosen_by_its_media_type(
    dynamic_client: dynamic.DynamicClient, namespace: str, media: str, body: Any, left: list[int]
) -> None:
    services = dynamic_client.resources.get(api_version="v1", kind="Service")
    web = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    services.create(body=web, namespace=namespace)
    patched = services.patch(name="web", namespace=namespace, body=body, content_type=media)
    assert [port.port for port in patched.spec.ports] == left


def test_server_side_apply_conflicts_and_is_forced(
    dynamic_client: dynamic.DynamicClient, namespace: str
) -> None:
    maps = dynamic_client.resources.get(api_version="v1", kind="ConfigMap")

    def wanted(value: str) -> dict[str, Any]:
        named = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
        return named | {"data": {"k": value}}

    made = maps.server_side_apply(body=wanted("mine"), namespace=namespace, field_manager="me")
    assert [entry.manager for entry in made.metadata.managedFields] == ["me"]
    with pytest.raises(ConflictError) as conflict:
        maps.server_side_apply(body=wanted("yours"), namespace=namespace, field_manager="you")
    assert 'conflict with \\"me\\": .data.k' in conflict.value.body
    forced = maps.server_side_apply(
        body=wanted("yours"), namespace=namespace, field_manager="you", force_conflicts=True
    )
    assert forced.data.k == "yours"
    maps.delete(name="a", namespace=namespace)
    with pytest.raises(NotFoundError):
        maps.get(name="a", namespace=namespace)


def test_the_dynamic_client_watches_with_initial_events(
    dynamic_client: dynamic.DynamicClient, namespace: str
) -> None:
    maps = dynamic_client.resources.get(api_version="v1", kind="ConfigMap")
    maps.create(body=configmap("a"), namespace=namespace)
    events = dynamic_client.watch(
        maps,
        namespace=namespace,
        timeout=1,
        allow_watch_bookmarks=True,
        send_initial_events=True,
        resource_version_match="NotOlderThan",
    )
    seen = [(event["type"], event["raw_object"]["metadata"].get("annotations")) for event in events]
    assert seen[:2] == [("ADDED", None), ("BOOKMARK", {"k8s.io/initial-events-end": "true"})]


@pytest.mark.parametrize("apply", [False, True])
def test_manifests_are_created_from_yaml(
    connected: client.ApiClient, core: client.CoreV1Api, namespace: str, apply: bool
) -> None:
    examples = Path(__file__).parents[2] / "examples"
    for name in ("deployment-nginx.yaml", "svc-clusterip.yaml", "nginx-pod.yaml"):
        utils.create_from_yaml(connected, str(examples / name), namespace=namespace, apply=apply)
    assert len(core.list_namespaced_service(namespace).items) == 1
    if not apply:
        with pytest.raises(utils.FailToCreateError, match="AlreadyExists"):
            utils.create_from_yaml(connected, str(examples / "nginx-pod.yaml"), namespace=namespace)


class Candidate(LeaseLock):
    """Stands for election in a thread of its own until it is told to end."""

    def __init__(self, namespace: str, identity: str) -> None:
        super().__init__("election", namespace, identity)
        self.leads = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._stand)
        self._thread.start()

    def _stand(self) -> None:
        wanted = electionconfig.Config(self, 4, 3, 1, self.leads.set, None)
        with suppress(SystemExit):
            leaderelection.LeaderElection(wanted).run()

    def get(self, name: str, namespace: str) -> Any:
        if self._over.is_set():
            raise SystemExit
        return super().get(name, namespace)

    def end(self) -> None:
        self._over.set()
        self._thread.join(20)


@pytest.fixture
def candidates() -> Iterator[list[Candidate]]:
    standing: list[Candidate] = []
    yield standing
    for candidate in standing:
        candidate.end()


@pytest.mark.usefixtures("connected")
def test_a_leader_is_elected_by_a_lease(namespace: str, candidates: list[Candidate]) -> None:
    candidates.append(Candidate(namespace, "first"))
    assert candidates[0].leads.wait(20)
    candidates.append(Candidate(namespace, "second"))
    leases = client.CoordinationV1Api()
    renewed = leases.read_namespaced_lease("election", namespace).spec.renew_time

    def renews() -> bool:
        return bool(leases.read_namespaced_lease("election", namespace).spec.renew_time > renewed)

    until("the leader renews its lease", renews)
    holder = leases.read_namespaced_lease("election", namespace).spec.holder_identity
    assert (holder, candidates[1].leads.is_set()) == ("first", False)


@pytest.fixture
def bound(api: ApiServer, core: client.CoreV1Api, namespace: str) -> EchoStreams:
    """A pod `p` on a node, whose commands echo."""
    body = pod("p")
    body["spec"]["nodeName"] = "node1"
    core.create_namespaced_pod(namespace, body)
    running = {"running": {"startedAt": "2024-01-01T00:00:00Z"}}
    container = {"name": "main", "image": "", "imageID": "", "ready": True, "restartCount": 0}
    status = {"phase": "Running", "containerStatuses": [container | {"state": running}]}
    core.patch_namespaced_pod_status("p", namespace, {"status": status})
    return EchoStreams(api.pod_streams)


@pytest.mark.usefixtures("bound")
def test_exec_carries_both_ways_and_tells_the_exit_code(
    core: client.CoreV1Api, namespace: str
) -> None:
    talk = stream(
        core.connect_get_namespaced_pod_exec,
        "p",
        namespace,
        command=["cat"],
        stdin=True,
        stdout=True,
        stderr=True,
        _preload_content=False,
    )
    talk.write_stdin("hello\n")
    assert talk.readline_stdout(timeout=20) == "hello"
    talk.write_channel(4, '{"Width":80,"Height":24}')
    until("the size arrived", lambda: talk.read_stderr(timeout=1) == "80x24")
    talk.close_channel(0)
    talk.run_forever(timeout=20)
    assert talk.returncode == 3


@pytest.mark.usefixtures("bound")
def test_a_port_is_forwarded(core: client.CoreV1Api, namespace: str) -> None:
    forwarded = portforward(core.connect_get_namespaced_pod_portforward, "p", namespace, ports="80")
    socket = forwarded.socket(80)
    socket.settimeout(20)
    socket.sendall(b"hello")
    assert socket.recv(100) == b"hello"
    assert forwarded.error(80) is None
    forwarded.close()


@pytest.mark.usefixtures("bound")
def test_logs_are_read_and_followed(core: client.CoreV1Api, namespace: str) -> None:
    assert core.read_namespaced_pod_log("p", namespace) == "hello\nworld\n"
    following = watch.Watch()
    lines = following.stream(core.read_namespaced_pod_log, "p", namespace)
    assert [next(lines), next(lines)] == ["hello", "world"]
    following.stop()


def test_whoever_asks_learns_what_they_may(connected: client.ApiClient, namespace: str) -> None:
    auth = client.AuthorizationV1Api(connected)
    asked = {"resourceAttributes": {"namespace": namespace, "verb": "list", "resource": "pods"}}
    review = auth.create_self_subject_access_review({"spec": asked})
    assert review.status.allowed
    who = client.AuthenticationV1Api(connected).create_self_subject_review({})
    assert who.status.user_info.username == "admin"
    assert client.VersionApi(connected).get_code().major == "1"

"""`mk8s why`: each sentence stands on a stored field, condition or Event."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from minikube8s.api.resources import RESOURCES
from minikube8s.cli.explaining.explain import explain
from minikube8s.cli.explaining.facts import Facts
from minikube8s.cli.explaining.story import Finding, Story, grouped

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
BEFORE = "2026-01-01T11:57:00Z"


def an_object(kind: str, name: str, uid: str = "", **body: Any) -> Json:
    metadata = {
        "name": name,
        "namespace": "default",
        "uid": uid or f"uid-of-{name}",
        "creationTimestamp": BEFORE,
        **body.pop("metadata", {}),
    }
    return {"kind": kind, "metadata": metadata, **body}


def a_pod(name: str = "web-1", *, node: str = "node1", **status: Any) -> Json:
    spec: Json = {"containers": [{"name": "web", "image": "nginx:1.10"}]}
    if node:
        spec["nodeName"] = node
    return an_object("Pod", name, spec=spec, status={"phase": "Pending", **status})


def conditions(**values: tuple[str, str, str]) -> list[Json]:
    return [
        {"type": kind, "status": value, "reason": reason, "message": message,
         "lastTransitionTime": BEFORE}
        for kind, (value, reason, message) in values.items()
    ]  # fmt: skip


def an_event(obj: Json, reason: str, message: str, **fields: Any) -> Json:
    metadata = {"name": f"{reason}-{len(message)}"}
    said = {"type": "Normal", "reason": reason, "message": message, "lastTimestamp": BEFORE}
    return {"metadata": metadata, "involvedObject": {"uid": obj["metadata"]["uid"]}} | said | fields


def a_node(ready: str = "True", **spec: Any) -> Json:
    told = conditions(Ready=(ready, "NodeStatusUnknown", "Agent stopped posting node status."))
    return an_object("Node", "node1", spec=spec, status={"conditions": told})


def story_of(obj: Json, *, events: Sequence[Json] = (), **facts: Any) -> str:
    resource = next(row for row in RESOURCES.all() if row.kind == obj["kind"])
    by_uid: dict[str, list[Json]] = {}
    for event in events:
        by_uid.setdefault(event["involvedObject"]["uid"], []).append(event)
    return explain(Facts(resource, obj, NOW, events=by_uid, **facts)).text()


def waiting(reason: str, message: str = "", **fields: Any) -> list[Json]:
    state = {"waiting": {"reason": reason, "message": message}}
    return [{"name": "web", "ready": False, "state": state, **fields}]


def test_a_pods_existence_is_told_from_the_first_cause_down() -> None:
    template = {"spec": {"containers": [{"image": "nginx:1.10"}]}}
    deployment = an_object(
        "Deployment", "web", spec={"replicas": 3, "template": template},
        metadata={"annotations": {
            "deployment.kubernetes.io/revision": "2",
            "kubernetes.io/change-cause": "kubectl set image deploy/web web=nginx:1.10",
        }},
    )  # fmt: skip
    replicaset = an_object("ReplicaSet", "web-abc", spec={"replicas": 3, "template": template})
    created = an_event(replicaset, "SuccessfulCreate", "Created pod: web-1")
    other = an_event(replicaset, "SuccessfulCreate", "Created pod: web-2")
    text = story_of(a_pod(), owners=(replicaset, deployment), events=[created, other])
    assert text.split("Why it exists\n")[1].split("\n\n")[0].splitlines() == [
        "  Deployment web wants 3 pods of nginx:1.10 (revision 2, kubectl set image deploy/web"
        " web=nginx:1.10).",
        "  ReplicaSet web-abc keeps 3 pods of nginx:1.10.",
        "  ReplicaSet web-abc made it 3m ago (SuccessfulCreate: Created pod: web-1).",
    ]


def test_a_set_made_a_pod_and_not_only_its_claim() -> None:
    shop = an_object("StatefulSet", "shop", spec={"replicas": 2})
    claim = "create Claim data-shop-1 Pod shop-1 in StatefulSet shop success"
    made = "create Pod shop-1 in StatefulSet shop successful"
    events = [an_event(shop, "SuccessfulCreate", message) for message in (claim, made)]
    text = story_of(a_pod("shop-1"), owners=(shop,), events=events)
    assert f"(SuccessfulCreate: {made})" in text


def test_an_expired_event_is_said_to_be_gone() -> None:
    text = story_of(a_pod(), owners=(an_object("Job", "once", spec={"completions": 1}),))
    assert "Job once made it 3m ago (the Event that told of it has expired)." in text


@pytest.mark.parametrize(
    ("pod", "sentence"),
    [
        (
            a_pod() | {"metadata": a_pod()["metadata"] | {"managedFields": [
                {"manager": "agent", "time": "2026-01-01T11:59:00Z"},
                {"manager": "kubectl-client-side-apply", "time": BEFORE},
            ]}},
            "It was created directly 3m ago by kubectl-client-side-apply: nothing controls it.",
        ),
        (
            an_object("Pod", "x", spec={}, metadata={"annotations": {
                "kubernetes.io/config.mirror": "1", "kubernetes.io/config.source": "file"}}),
            "It is a static pod: a manifest of its node (file) wants it, the API shows it.",
        ),
    ],
)  # fmt: skip
def test_what_nobody_controls_names_who_made_it(pod: Json, sentence: str) -> None:
    assert sentence in story_of(pod)


def test_a_lost_owner_is_told() -> None:
    text = story_of(a_pod(), lost_owner="ReplicaSet web")
    assert "ReplicaSet web, which it names as its controller, is gone" in text


@pytest.mark.parametrize(
    ("record", "sentences"),
    [
        (
            "2 of 3 nodes fit; node1 scored 287 (ImageLocality 93, NodeAffinity 194), node2 203;"
            " node3: Insufficient cpu",
            [
                "The scheduler chose node1 3m ago: of 3 nodes 2 fitted, and it scored 287"
                " (ImageLocality 93, NodeAffinity 194), node2 203.",
                "node3 could not take it: Insufficient cpu.",
            ],
        ),
        (
            "1 of 6 nodes fit, 3 not looked at; only node1; a, b, c and 2 more: Too many pods;"
            " and 4 more reasons",
            [
                "The scheduler chose node1 3m ago: it was the only one that fits, of 6 nodes (3"
                " more were not looked at).",
                "a, b, c and 2 more could not take it: Too many pods.",
                "Nodes were refused for 4 further reasons.",
            ],
        ),
        (
            "nominated node1",
            [
                "The scheduler chose node1 3m ago: other pods had been preempted there to make room"
                " for it."
            ],
        ),
        ("mine, because", ["The scheduler chose node1 3m ago: mine, because"]),
    ],
)
def test_the_schedulers_record_is_why_a_pod_is_where_it_is(
    record: str, sentences: list[str]
) -> None:
    pod = a_pod(conditions=conditions(PodScheduled=("True", "", record)))
    text = story_of(pod, nodes={"node1": a_node()})
    told = text.split("Why it is where it is\n")[1].split("\n\n")[0]
    assert [line.strip() for line in told.splitlines()] == sentences


def test_a_pod_that_named_its_node_itself_was_not_chosen_for() -> None:
    text = story_of(a_pod(), nodes={"node1": a_node()})
    assert "No scheduler's decision is on record: who created it named node1." in text


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        (
            "1 Insufficient cpu",
            "Request less cpu (web: 8), delete pods that take it, or add a node.",
        ),
        (
            "2 node(s) had untolerated taint {dedicated: gpu}",
            "Tolerate the taint dedicated, or take it off: `kubectl taint nodes NODE dedicated-`.",
        ),
        (
            "1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }",
            "Get the node ready again: `mk8s why node/NAME`.",
        ),
        ("3 node(s) were unschedulable", "kubectl uncordon NODE"),
        ("1 node(s) didn't match pod anti-affinity rules", "podAntiAffinity keeps it away"),
        (
            "3 node(s) didn't match pod topology spread constraints (missing required label)",
            "Give the nodes the label that is its topologySpreadConstraint's topologyKey.",
        ),
    ],
)
def test_each_reason_of_the_scheduler_has_a_remedy(reason: str, change: str) -> None:
    message = (
        f"0/3 nodes are available: {reason}, 1 Too many pods. preemption: 0/3 nodes are available:"
        " 3 Preemption is not helpful for scheduling."
    )
    pod = a_pod(node="", conditions=conditions(PodScheduled=("False", "Unschedulable", message)))
    pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "8"}}
    text = story_of(pod)
    assert f"No node takes it: {message}" in text
    changes = text.split("What would have to change\n")[1]
    assert change in changes
    assert "Delete pods that are not needed, or add a node" in changes


def test_gates_and_unknown_schedulers_are_named() -> None:
    gated = a_pod(node="")
    gated["spec"]["schedulingGates"] = [{"name": "example.com/quota"}]
    assert "held back by its scheduling gates: example.com/quota" in story_of(gated)
    stranger = a_pod(node="")
    stranger["spec"]["schedulerName"] = "mine"
    assert "Run a scheduler called 'mine'" in story_of(stranger)


def ended(code: int, reason: str = "Error") -> Json:
    return {"terminated": {"exitCode": code, "reason": reason}}


@pytest.mark.parametrize(
    ("statuses", "what", "change"),
    [
        (waiting("ImagePullBackOff", "Back-off pulling"),
         "Container web waits: ImagePullBackOff: Back-off pulling", "docker build -t nginx:1.10 ."),
        (waiting("ErrImageNeverPull"), "waits: ErrImageNeverPull", "imagePullPolicy is Never"),
        (waiting("CreateContainerConfigError", 'secret "x" not found'), 'secret "x" not found',
         "Create what its env or envFrom names"),
        (waiting("CrashLoopBackOff", "back-off 10s", lastState=ended(1), restartCount=3),
         "Container web ended the last time with code 1 (Error). It has been restarted 3 times.",
         "mk8s logs web-1 -n default -c web --previous"),
        (waiting("CrashLoopBackOff", lastState=ended(137, "OOMKilled"), restartCount=1),
         "with code 137 (OOMKilled). It has been restarted 1 time.", "Raise the memory limit"),
        (waiting("CrashLoopBackOff", lastState=ended(127)), "code 127",
         "The command is not in the image"),
        (waiting("CrashLoopBackOff", lastState=ended(143)), "code 143", "the signal TERM ended it"),
    ],
)  # fmt: skip
def test_each_state_of_a_container_has_a_remedy(
    statuses: list[Json], what: str, change: str
) -> None:
    pod = a_pod(containerStatuses=statuses)
    text = story_of(pod, nodes={"node1": a_node()})
    told, _, changes = text.partition("What would have to change\n")
    assert what in told
    assert change in changes


def test_a_failing_probe_is_told_with_its_last_answer() -> None:
    pod = a_pod(
        phase="Running",
        containerStatuses=[{"name": "web", "ready": False, "started": True,
                            "state": {"running": {}}}],
    )  # fmt: skip
    pod["spec"]["containers"][0]["readinessProbe"] = {"httpGet": {"path": "/ok", "port": 80}}
    said = an_event(pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with 503")
    live = an_event(
        pod, "Unhealthy", "Liveness probe failed: no", lastTimestamp="2026-01-01T11:59:00Z"
    )
    text = story_of(pod, events=[said, live], nodes={"node1": a_node()})
    assert "its readiness probe has not passed: Readiness probe failed: HTTP probe failed" in text
    assert "(GET /ok on port 80)" in text


def test_an_init_container_that_failed_stands_before_the_others() -> None:
    pod = a_pod(
        initContainerStatuses=[{"name": "setup", "state": ended(2), "restartCount": 1}],
        containerStatuses=waiting("PodInitializing"),
    )
    pod["spec"]["initContainers"] = [{"name": "setup", "image": "busybox"}]
    text = story_of(pod, nodes={"node1": a_node()})
    assert "Init container setup has ended with code 2 (Error)." in text
    assert "Container web" not in text


def test_a_pod_of_a_lost_node_names_the_node() -> None:
    text = story_of(a_pod(phase="Running"), nodes={"node1": a_node("Unknown")})
    assert "Its node node1 is not ready (Agent stopped posting node status.)" in text
    assert "mk8s why node/node1" in text


def test_a_missing_claim_is_named() -> None:
    pod = a_pod(node="")
    pod["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "lost"}}]
    assert "wants the claim lost, which there is not" in story_of(pod, claims={"lost": None})


def test_a_ready_pod_has_no_troubles() -> None:
    pod = a_pod(phase="Running", conditions=conditions(Ready=("True", "", "")))
    text = story_of(pod, nodes={"node1": a_node()})
    assert text.startswith("Pod web-1 in namespace default is Running and ready.")
    assert "not ready" not in text
    assert "What would have to change" not in text


def test_a_workloads_pods_are_counted_by_what_keeps_them() -> None:
    deployment = an_object("Deployment", "web", spec={"replicas": 3}, status={"readyReplicas": 1})
    pods = (
        a_pod("a", containerStatuses=waiting("ErrImagePull", "no such image")),
        a_pod("b", containerStatuses=waiting("ErrImagePull", "no such image")),
        a_pod("c", phase="Running", conditions=conditions(Ready=("True", "", ""))),
    )
    text = story_of(deployment, pods=pods, nodes={"node1": a_node()})
    assert text.startswith("Deployment web in namespace default has 1 of 3 pods ready.")
    assert "2 of its 3 pods (a): Container web waits: ErrImagePull: no such image" in text


@pytest.mark.parametrize(
    ("obj", "sentence"),
    [
        (an_object("Deployment", "web", spec={"paused": True}), "kubectl rollout resume"),
        (
            an_object("Deployment", "web", spec={}, status={"conditions": conditions(
                Progressing=("False", "ProgressDeadlineExceeded", "timed out progressing."))}),
            "Its rollout does not get on: ProgressDeadlineExceeded: timed out progressing.",
        ),
        (
            an_object("ReplicaSet", "web", spec={}, status={"conditions": conditions(
                ReplicaFailure=("True", "FailedCreate", "exceeded quota"))}),
            "FailedCreate: exceeded quota",
        ),
        (
            an_object("Deployment", "web", spec={}, status={"observedGeneration": 1},
                      metadata={"generation": 2}),
            "has not acted on the newest change",
        ),
        (an_object("DaemonSet", "d", spec={}, status={}), "No node suits it."),
        (
            an_object("Job", "j", spec={}, status={"conditions": conditions(
                Failed=("True", "BackoffLimitExceeded", "too often"))}),
            "It has failed: BackoffLimitExceeded: too often",
        ),
        (an_object("CronJob", "c", spec={"suspend": True}), "It is suspended."),
        (
            an_object("CronJob", "c", spec={"concurrencyPolicy": "Forbid"},
                      status={"active": [{"name": "c-1"}]}),
            "c-1 still runs, and concurrencyPolicy Forbid",
        ),
        (
            an_object("HorizontalPodAutoscaler", "h", spec={}, status={"conditions": conditions(
                ScalingActive=("False", "FailedGetResourceMetric", "no metrics"))}),
            "ScalingActive is False: FailedGetResourceMetric: no metrics",
        ),
        (
            an_object("HorizontalPodAutoscaler", "h", spec={}, status={"conditions": conditions(
                ScalingLimited=("True", "TooManyReplicas", "more than the maximum"))}),
            "ScalingLimited is True: TooManyReplicas: more than the maximum",
        ),
        (a_node("Unknown"), "NodeStatusUnknown: Agent stopped posting node status. (3m ago)"),
        (a_node(unschedulable=True), "`kubectl uncordon node1`"),
        (
            an_object("Namespace", "n", metadata={"deletionTimestamp": BEFORE},
                      status={"conditions": conditions(NamespaceContentRemaining=(
                          "True", "SomeResourcesRemain", "pods. has 1 resource instances"))}),
            "NamespaceContentRemaining: pods. has 1 resource instances",
        ),
        (
            an_object("ConfigMap", "c", metadata={"deletionTimestamp": BEFORE,
                                                  "finalizers": ["example.com/x"]}),
            "It was deleted 3m ago. It waits for its finalizers: example.com/x.",
        ),
        (
            an_object("Service", "s", spec={"selector": {"app": "web"}}),
            "No pod of its namespace has the labels app=web.",
        ),
        (an_object("Service", "s", spec={}), "It has no selector"),
        (
            an_object("Service", "s", spec={"type": "LoadBalancer"}),
            "It has no address of the load balancer yet.",
        ),
        (
            an_object("PersistentVolumeClaim", "p", spec={}, status={"phase": "Pending"}),
            "No volume is bound to it. Nobody has said why.",
        ),
    ],
)  # fmt: skip
def test_every_kind_tells_its_own_trouble(obj: Json, sentence: str) -> None:
    assert sentence in story_of(obj)


def test_a_claim_waits_for_its_first_pod() -> None:
    claim = an_object("PersistentVolumeClaim", "data", spec={}, status={"phase": "Pending"})
    event = an_event(claim, "WaitForFirstConsumer", "waiting for first consumer to be created")
    assert "Create a pod that uses it." in story_of(claim, events=[event])
    user = a_pod("user", node="")
    text = story_of(claim, events=[event], pods=(user,))
    assert "It waits for the node of user." in text


def test_a_service_with_endpoints_that_are_ready_has_no_trouble() -> None:
    service = an_object("Service", "s", spec={"selector": {"app": "web"}})
    piece = {"kind": "EndpointSlice", "endpoints": [{"conditions": {"ready": True}}, {}]}
    text = story_of(service, related=(piece,))
    assert "leads to 2 ready endpoints" in text
    assert "What keeps it" not in text


def test_the_newest_events_come_last() -> None:
    pod = a_pod()
    old = an_event(pod, "Pulling", "Pulling image", lastTimestamp="2026-01-01T11:00:00Z")
    new = an_event(pod, "BackOff", "Back-off", count=7)
    text = story_of(pod, events=[new, old])
    assert text.endswith("  60m ago: Pulling: Pulling image\n  3m ago, 7 times: BackOff: Back-off")


def test_lines_are_wrapped_and_told_once() -> None:
    story = Story("head")
    story.tell("Empty", [])
    story.tell("Part", ["word " * 20, "same", "same"])
    lines = story.text(40).splitlines()
    assert max(map(len, lines)) <= 40
    assert lines.count("  same") == 1
    assert "Empty" not in lines


@pytest.mark.parametrize("width", [None, 80])
def test_what_a_program_has_said_gives_the_terminal_no_orders(width: int | None) -> None:
    story = Story("head")
    story.tell("Part", ["ended: \x1b]0;title\x07\x1b[2Jall is fine\rnothing"])
    text = story.text(width)
    assert "\x1b" not in text and "\r" not in text
    assert "^[[2Jall is fine\\rnothing" in text


def test_the_most_frequent_trouble_comes_first() -> None:
    rare, common = Finding("rare"), Finding("common", ("x",))
    found = grouped([("a", rare), ("b", common), ("c", common)], 5)
    assert [one.what for one in found] == [
        "2 of its 5 pods (b): common",
        "1 of its 5 pods (a): rare",
    ]

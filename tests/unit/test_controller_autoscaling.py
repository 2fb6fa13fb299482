"""HorizontalPodAutoscalers: how pods are counted, how far and how fast their number may move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minikube8s.api.resources import DEPLOYMENTS
from minikube8s.api.selectors import NOTHING, from_map, parse_labels
from minikube8s.controllers.autoscaling import bounds, counting, use
from minikube8s.controllers.autoscaling.history import NO_HISTORY, History
from minikube8s.controllers.autoscaling.planning import Decision, Snapshot, decide
from minikube8s.controllers.autoscaling.proposals import Situation, Verdict, weigh
from minikube8s.controllers.autoscaling.targets import Target, may_overlap
from minikube8s.controllers.autoscaling.use import NotMeasured
from tests.support import objects
from tests.support.autoscalers import autoscaler_spec, measured, pod, resource_metric

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, 1, 0, tzinfo=UTC)
AT = "2026-01-01T01:00:00Z"
YOUNG = "2026-01-01T00:58:00Z"


def situation(*amounts: int | None, pods: Any = None, current: int | None = None) -> Situation:
    """Pods p0, p1, … that request 100m and use so much (None: not measured)."""
    made = pods or [pod(f"p{number}") for number in range(len(amounts))]
    metrics = [
        measured(f"p{number}", amount, AT)
        for number, amount in enumerate(amounts)
        if amount is not None
    ]
    return Situation(tuple(made), metrics, current or len(made), NOW, "default")


def verdict(given: Situation, *metrics: Json) -> Verdict:
    return weigh(metrics or (resource_metric(averageUtilization=50),), given)


# --- Counting ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amounts", "replicas", "shown"),
    [
        ((50, 50), 2, 50),
        ((55, 55), 2, 55),
        ((56, 56), 3, 56),
        ((45, 45), 2, 45),
        ((44, 44), 2, 44),
        ((20, 20, 20), 2, 20),
        ((100,), 2, 100),
        ((1000,), 20, 1000),
        ((0, 0, 0), 0, 0),
    ],
)
def test_the_use_of_requests_is_brought_to_the_target_beyond_a_tenth_of_it(
    amounts: tuple[int, ...], replicas: int, shown: int
) -> None:
    found = verdict(situation(*amounts))
    assert found.replicas == replicas
    (status,) = found.metrics
    assert status["resource"]["current"]["averageUtilization"] == shown
    assert found.name == "cpu resource utilization (percentage of request)"


@pytest.mark.parametrize(
    ("amounts", "replicas"),
    [
        ((100, 100, None), 4),  # 200 of 300 asked for, with nothing of the third: 66 %, not 100 %
        ((60, 60, None), 3),  # more pods by what is known, fewer by the cautious guess: none
        ((10, 10, None), 3),  # the third might use all that it asks for
        ((0, 0, None, None), 4),
        ((5, 5, 5, None), 3),
    ],
)
def test_of_pods_that_were_not_measured_the_cautious_is_assumed(
    amounts: tuple[int | None, ...], replicas: int
) -> None:
    assert verdict(situation(*amounts)).replicas == replicas


def test_pods_that_are_not_ready_hold_back_more_pods_and_not_fewer() -> None:
    waiting = pod("p2", phase="Pending", ready_since="")
    pods = [pod("p0"), pod("p1"), waiting]
    assert verdict(situation(100, 100, pods=pods)).replicas == 4
    assert verdict(situation(10, 10, pods=pods)).replicas == 1
    going = pod("p2", deleting=True)
    assert verdict(situation(100, 100, 900, pods=[pod("p0"), pod("p1"), going])).replicas == 4


@pytest.mark.parametrize(
    ("fields", "unready"),
    [
        ({}, False),
        ({"ready": "False"}, True),
        ({"ready": "False", "ready_since": "2026-01-01T00:01:00Z"}, False),
        ({"ready_since": ""}, True),
        ({"started": YOUNG, "ready_since": "2026-01-01T00:59:50Z"}, True),
        ({"started": YOUNG, "ready_since": "2026-01-01T00:59:45Z"}, False),
        ({"started": YOUNG, "ready_since": YOUNG, "ready": "False"}, True),
    ],
)
def test_the_cpu_of_a_young_pod_counts_when_it_was_ready_for_the_whole_window(
    fields: Json, unready: bool
) -> None:
    found = use.use_of([measured("p0", 50, AT)], "cpu")
    groups = counting.group([pod("p0", **fields)], found, "cpu", NOW)
    assert ("p0" in groups.unready) is unready
    memory = counting.group([pod("p0", **fields)], found, "memory", NOW)
    assert memory.ready == 1


def test_an_average_is_compared_without_requests() -> None:
    metric = resource_metric(averageValue="50m")
    pods = [pod("p0", request=""), pod("p1", request="")]
    found = verdict(situation(100, 100, pods=pods), metric)
    assert (found.replicas, found.name) == (4, "cpu resource")
    assert found.metrics[0]["resource"]["current"] == {"averageValue": "100m"}
    assert verdict(situation(10, None), metric).replicas == 2
    memory = resource_metric("memory", averageValue="32Mi")
    assert verdict(situation(1, 1), memory).replicas == 4


def test_one_containers_use_is_compared_with_its_own_requests() -> None:
    metrics = [measured("p0", 0, AT, c=100, other=900)]
    target = {"type": "Utilization", "averageUtilization": 50}
    source = {"name": "cpu", "container": "c", "target": target}
    metric = {"type": "ContainerResource", "containerResource": source}
    found = weigh([metric], Situation((pod("p0"),), metrics, 1, NOW, "default"))
    assert found.replicas == 2
    assert found.name == "cpu container resource utilization (percentage of request)"
    assert found.metrics[0]["containerResource"]["container"] == "c"
    source["container"] = "none"
    found = weigh([metric], Situation((pod("p0"),), metrics, 1, NOW, "default"))
    (problem,) = found.problems
    assert problem.reason == "FailedGetContainerResourceMetric"
    assert problem.message == (
        "failed to get cpu utilization: unable to get metrics for resource cpu: failed to get"
        " container metrics: container none not present in metrics for pod default/p0"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (situation(None), "unable to get metrics for resource cpu: no metrics returned from"
         " resource metrics API"),
        (situation(9, pods=[pod("p0", request="")]),
         "missing request for cpu in container c of Pod p0"),
        (situation(9, pods=[pod("p0", ready_since="")]),
         "did not receive metrics for targeted pods (pods might be unready)"),
        (Situation((), [measured("p0", 1, AT)], 1, NOW, "default"),
         "no pods returned by selector while calculating replica count"),
        (situation(9, pods=[pod("p0", request="0")]), "no metrics returned matched known pods"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_said_in_kubernetes_words(given: Situation, message: str) -> None:
    found = verdict(given)
    assert found.replicas is None
    (problem,) = found.problems
    assert problem.reason == "FailedGetResourceMetric"
    assert problem.message == f"failed to get cpu utilization: {message}"
    assert found.error == (
        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric"
        f" value: failed to get cpu utilization: {message}"
    )


def test_metrics_of_other_apis_are_not_there() -> None:
    average = {"type": "AverageValue", "averageValue": "1"}
    metric = {"name": "rate", "selector": {"matchLabels": {"a": "b"}}}
    about = {"kind": "Ingress", "name": "main"}
    found = verdict(
        situation(9),
        {"type": "Pods", "pods": {"metric": metric, "target": average}},
        {
            "type": "Object",
            "object": {"metric": metric, "describedObject": about, "target": {"value": "1"}},
        },
        {"type": "External", "external": {"metric": metric, "target": average}},
    )
    no_custom = (
        "unable to fetch metrics from custom metrics API: no custom metrics API"
        " (custom.metrics.k8s.io) registered"
    )
    assert [(one.reason, one.message) for one in found.problems] == [
        ("FailedGetPodsMetric", f"unable to get metric rate: {no_custom}"),
        (
            "FailedGetObjectMetric",
            f"unable to get metric rate: Ingress on default main/{no_custom}",
        ),
        (
            "FailedGetExternalMetric",
            "unable to get external metric default/rate/&LabelSelector{MatchLabels:"
            "map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to"
            " fetch metrics from external metrics API: the server could not find the requested"
            " resource (get rate.external.metrics.k8s.io)",
        ),
    ]
    assert found.metrics == ({"type": ""},) * 3
    assert found.error.startswith("invalid metrics (3 invalid out of 3), first error is: failed to")


def test_of_several_metrics_the_one_that_asks_for_most_counts() -> None:
    cpu, memory = (
        resource_metric(averageUtilization=50),
        resource_metric("memory", averageValue="16Mi"),
    )
    found = verdict(situation(100), cpu, memory)
    assert (found.replicas, found.name) == (4, "memory resource")


def test_a_metric_that_fails_keeps_pods_from_going_and_not_from_coming() -> None:
    broken = {"type": "Pods", "pods": {"metric": {"name": "x"}, "target": {"averageValue": "1"}}}
    cpu = resource_metric(averageUtilization=50)
    more = verdict(situation(100), broken, cpu)
    assert (more.replicas, more.metrics[0]) == (2, {"type": ""})
    assert verdict(situation(10, 10), broken, cpu).replicas is None


# --- Bounds --------------------------------------------------------------------------------------


def bounded(spec: Json, current: int, desired: int, history: History = NO_HISTORY) -> Any:
    return bounds.bound(spec, history, current, desired, NOW)


def rules(choice: str = "Max", window: int | None = 0, **policies: Any) -> Json:
    made = [{"type": kind, "value": value, "periodSeconds": 60} for kind, value in policies.items()]
    found: Json = {"selectPolicy": choice, "policies": made}
    return found if window is None else {**found, "stabilizationWindowSeconds": window}


FREE = rules(Percent=100)


@pytest.mark.parametrize(
    ("current", "desired", "replicas", "reason"),
    [
        (3, 3, 3, "DesiredWithinRange"),
        (3, 5, 5, "DesiredWithinRange"),
        (1, 9, 4, "ScaleUpLimit"),
        (3, 9, 6, "ScaleUpLimit"),
        (6, 12, 10, "TooManyReplicas"),
        (3, 1, 2, "TooFewReplicas"),
        (3, 0, 2, "TooFewReplicas"),
    ],
)
def test_without_a_behavior_pods_double_at_most(
    current: int, desired: int, replicas: int, reason: str
) -> None:
    found = bounded(autoscaler_spec(least=2, most=10), current, desired)
    assert (found.replicas, found.why[0]) == (replicas, reason)
    assert found.limited is (replicas != desired)


@pytest.mark.parametrize(
    ("up", "desired", "replicas"),
    [
        (rules(Pods=2), 50, 12),
        (rules(Percent=50), 50, 15),
        (rules(Percent=1), 50, 11),
        (rules(Pods=2, Percent=50), 50, 15),
        (rules("Min", Pods=2, Percent=50), 50, 12),
        (rules("Disabled", Pods=2), 50, 10),
        (rules(Pods=2), 11, 11),
    ],
)
def test_policies_say_how_many_pods_may_come(up: Json, desired: int, replicas: int) -> None:
    spec = autoscaler_spec(most=90, behavior={"scaleUp": up, "scaleDown": FREE})
    found = bounded(spec, 10, desired)
    assert found.replicas == replicas
    assert (found.why[0] == "ScaleUpLimit") is (replicas != desired)


@pytest.mark.parametrize(
    ("down", "desired", "replicas"),
    [
        (rules(Pods=2), 1, 8),
        (rules(Percent=50), 1, 5),
        (rules(Percent=1), 1, 9),
        (rules(Pods=2, Percent=50), 1, 5),
        (rules("Min", Pods=2, Percent=50), 1, 8),
        (rules("Disabled", Pods=2), 1, 10),
        (rules(Pods=2), 9, 9),
    ],
)
def test_policies_say_how_many_pods_may_go(down: Json, desired: int, replicas: int) -> None:
    spec = autoscaler_spec(behavior={"scaleUp": FREE, "scaleDown": down})
    found = bounded(spec, 10, desired)
    assert found.replicas == replicas
    assert (found.why[0] == "ScaleDownLimit") is (replicas != desired)


def test_what_was_done_within_the_period_counts() -> None:
    spec = autoscaler_spec(most=90, behavior={"scaleUp": rules(Pods=4), "scaleDown": rules(Pods=4)})
    recent = NO_HISTORY.changed(10, 13, NOW - timedelta(seconds=30), 60)
    assert bounded(spec, 13, 50, recent).replicas == 14
    assert bounded(spec, 13, 1, recent).replicas == 6
    old = NO_HISTORY.changed(10, 13, NOW - timedelta(seconds=60), 60)
    assert bounded(spec, 13, 50, old).replicas == 17
    too_much = NO_HISTORY.changed(10, 20, NOW - timedelta(seconds=30), 60)
    assert bounded(spec, 20, 50, too_much).replicas == 20


def recommended(*moments: tuple[int, int]) -> History:
    history = NO_HISTORY
    for ago, replicas in moments:
        history = history.recommended(replicas, NOW - timedelta(seconds=ago), 3600)
    return history


def test_the_highest_recommendation_of_five_minutes_holds() -> None:
    found = bounded(autoscaler_spec(), 5, 2, recommended((299, 5), (10, 3)))
    assert (found.replicas, found.able[0]) == (5, "ScaleDownStabilized")
    found = bounded(autoscaler_spec(), 5, 2, recommended((300, 5), (10, 3)))
    assert (found.replicas, found.able[0]) == (3, "ScaleDownStabilized")
    found = bounded(autoscaler_spec(), 5, 2, recommended((301, 5)))
    assert (found.replicas, found.able[0]) == (2, "ReadyForNewScale")


def test_each_direction_has_its_own_window() -> None:
    behavior = {"scaleUp": rules(window=60, Percent=900), "scaleDown": rules(window=None, Pods=90)}
    spec = autoscaler_spec(behavior=behavior)
    found = bounded(spec, 3, 9, recommended((30, 5)))
    assert (found.replicas, found.able[0]) == (5, "ScaleUpStabilized")
    assert bounded(spec, 3, 9, recommended((61, 5))).replicas == 9
    found = bounded(spec, 9, 3, recommended((200, 6)))
    assert (found.replicas, found.able[0]) == (6, "ScaleDownStabilized")
    assert bounded(spec, 9, 3, recommended((301, 6))).replicas == 3
    behavior["scaleDown"]["stabilizationWindowSeconds"] = 0
    assert bounded(spec, 9, 3, recommended((1, 6))).replicas == 3


def test_a_tolerance_of_its_own_counts() -> None:
    spec = autoscaler_spec(behavior={"scaleUp": {**FREE, "tolerance": "500m"}, "scaleDown": FREE})
    found = bounds.tolerance(spec)
    assert found.bears(1.5) and not found.bears(1.6) and not found.bears(0.89)


def test_memory_holds_no_more_than_the_windows() -> None:
    history = NO_HISTORY
    for second in range(0, 3600, 15):
        at = NOW + timedelta(seconds=second)
        history = history.recommended(1, at, 300).changed(1, 2, at, 60)
    assert (len(history.recommendations), len(history.ups)) == (20, 4)


# --- Looks ---------------------------------------------------------------------------------------


def snapshot(
    *amounts: int | None,
    wanted: int = 2,
    status: Json | None = None,
    history: History = NO_HISTORY,
    selector: Any = None,
    rivals: tuple[str, ...] = (),
    **spec: Any,
) -> Snapshot:
    head = objects.metadata("web")
    autoscaler = {"metadata": head, "spec": autoscaler_spec(**spec), "status": status or {}}
    chosen = from_map({"app": "web"}) if selector is None else selector
    target = Target(DEPLOYMENTS, objects.deployment(replicas=wanted), wanted, wanted, chosen)
    given = situation(*amounts)
    return Snapshot(autoscaler, target, tuple(given.pods), given.metrics, rivals, history)


def status_of(decision: Decision) -> Json:
    assert decision.plan.status is not None
    return decision.plan.status.status


def conditions(decision: Decision) -> dict[str, tuple[str, str]]:
    found = status_of(decision)["conditions"]
    return {one["type"]: (one["status"], one["reason"]) for one in found}


def test_more_use_leads_to_more_pods_and_says_why() -> None:
    decision = decide(snapshot(100, 100), NOW)
    (patch,) = decision.plan.patches
    assert (patch.patch, patch.subresource) == ({"spec": {"replicas": 4}}, "scale")
    told = "New size: 4; reason: cpu resource utilization (percentage of request) above target"
    assert (patch.report.reason, patch.report.message) == ("SuccessfulRescale", told)
    status = status_of(decision)
    assert (status["currentReplicas"], status["desiredReplicas"]) == (2, 4)
    assert status["lastScaleTime"] == AT
    assert conditions(decision) == {
        "AbleToScale": ("True", "SucceededRescale"),
        "ScalingActive": ("True", "ValidMetricFound"),
        "ScalingLimited": ("False", "DesiredWithinRange"),
    }
    assert decision.recommended == 4


def test_a_settled_autoscaler_has_nothing_to_write() -> None:
    first = status_of(decide(snapshot(50, 50), NOW))
    again = decide(snapshot(50, 50, status=first), NOW + timedelta(minutes=1))
    assert again.plan.status is None and not again.plan.acts and not again.plan.warnings


@pytest.mark.parametrize(
    ("wanted", "replicas", "reason"),
    [
        (12, 10, "Current number of replicas above Spec.MaxReplicas"),
        (1, 2, "Current number of replicas below Spec.MinReplicas"),
    ],
)
def test_a_number_out_of_bounds_is_brought_back_whatever_the_metrics(
    wanted: int, replicas: int, reason: str
) -> None:
    decision = decide(snapshot(wanted=wanted, least=2), NOW)
    (patch,) = decision.plan.patches
    assert patch.patch == {"spec": {"replicas": replicas}}
    assert patch.report.message == f"New size: {replicas}; reason: {reason}"


def test_a_target_without_pods_is_left_alone() -> None:
    decision = decide(snapshot(wanted=0), NOW)
    assert not decision.plan.acts
    assert conditions(decision)["ScalingActive"] == ("False", "ScalingDisabled")


def test_without_a_target_it_says_so() -> None:
    given = snapshot(50)
    missing = Snapshot(given.autoscaler, 'deployments.apps "web" not found')
    decision = decide(missing, NOW)
    assert conditions(decision) == {"AbleToScale": ("False", "FailedGetScale")}
    assert status_of(decision)["conditions"][0]["message"] == (
        "the HPA controller was unable to get the target's current scale: deployments.apps"
        ' "web" not found'
    )
    (warning,) = decision.plan.warnings
    assert tuple(warning)[:2] == ("FailedGetScale", 'deployments.apps "web" not found')


def test_a_target_that_cannot_be_scaled_is_told() -> None:
    decision = decide(snapshot(100, 100), NOW, "no more")
    assert not decision.plan.acts and decision.rescale is None
    assert conditions(decision)["AbleToScale"] == ("False", "FailedUpdateScale")
    assert "lastScaleTime" not in status_of(decision)


@pytest.mark.parametrize(
    ("given", "reason", "message", "event"),
    [
        (
            snapshot(50, selector=NOTHING),
            "InvalidSelector",
            "the HPA target's scale is missing a selector",
            ("SelectorRequired", "selector is required"),
        ),
        (
            snapshot(50, rivals=("default/a", "default/web")),
            "AmbiguousSelector",
            "pods by selector app=web are controlled by multiple HPAs: [default/a default/web]",
            (
                "AmbiguousSelector",
                "pods by selector app=web are controlled by multiple HPAs: [default/a default/web]",
            ),
        ),
    ],
)
def test_without_pods_of_its_own_nothing_is_scaled(
    given: Snapshot, reason: str, message: str, event: tuple[str, str]
) -> None:
    decision = decide(given, NOW)
    assert not decision.plan.acts
    assert conditions(decision)["ScalingActive"] == ("False", reason)
    told = next(one for one in status_of(decision)["conditions"] if one["reason"] == reason)
    assert told["message"] == message
    first, second = decision.plan.warnings
    assert tuple(first)[:2] == event
    assert tuple(second)[:2] == ("FailedComputeMetricsReplicas", event[1])


def test_without_metrics_it_says_so_and_keeps_the_number() -> None:
    decision = decide(snapshot(None, None), NOW)
    assert not decision.plan.acts and decision.recommended is None
    assert conditions(decision)["ScalingActive"] == ("False", "FailedGetResourceMetric")
    assert [one.reason for one in decision.plan.warnings] == [
        "FailedGetResourceMetric",
        "FailedComputeMetricsReplicas",
    ]


def test_a_change_whose_status_was_lost_is_told_later() -> None:
    history = NO_HISTORY.changed(1, 2, NOW - timedelta(seconds=20), 60)
    assert status_of(decide(snapshot(50, 50, history=history), NOW))["lastScaleTime"] == (
        "2026-01-01T00:59:40Z"
    )


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        ("app=web", "app=db", False),
        ("app=web", "app in (web,db)", True),
        ("app=web", "tier=x", True),
        ("app=web,tier=x", "app=web,tier=y", False),
        ("app=web", "app!=web", True),
    ],
)
def test_selectors_with_two_values_of_a_label_cannot_overlap(
    one: str, other: str, may: bool
) -> None:
    assert may_overlap(parse_labels(one), parse_labels(other)) is may


def test_what_was_measured_in_part_counts_for_nothing() -> None:
    metrics = measured("p0", 0, AT, c=1, other=1)
    del metrics["containers"][1]["usage"]["cpu"]
    assert use.use_of([metrics], "cpu") == {}
    with pytest.raises(NotMeasured):
        use.use_of([], "cpu")

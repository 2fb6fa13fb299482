"""Pods' affinity and spreading: what is refused, in Kubernetes' words; what label keys become."""

from typing import Any

import pytest

from tests.support.podchecks import STRATEGY, pod, problems

WEB = {"matchLabels": {"app": "web"}}
NEEDED = "requiredDuringSchedulingIgnoredDuringExecution"
WISHED = "preferredDuringSchedulingIgnoredDuringExecution"
AT = f"spec.affinity.podAntiAffinity.{NEEDED}[0]"


def affinity(**fields: Any) -> dict[str, Any]:
    term = {"labelSelector": WEB, "topologyKey": "zone", **fields}
    return {"affinity": {"podAntiAffinity": {NEEDED: [term]}}}


def spread(**fields: Any) -> dict[str, Any]:
    constraint = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    return {"topologySpreadConstraints": [{**constraint, "labelSelector": WEB, **fields}]}


def expression(operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": "a", "operator": operator, "values": list(values)}]}


SPREAD = "spec.topologySpreadConstraints[0]"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (affinity(topologyKey=""), f"{AT}.topologyKey: Required value: can not be empty"),
        (
            affinity(labelSelector=expression("Like", "b")),
            f"{AT}.labelSelector.matchExpressions[0].operator: Invalid value:"
            ' "Like": not a valid selector operator',
        ),
        (
            affinity(labelSelector=expression("In")),
            f"{AT}.labelSelector.matchExpressions[0].values: Required value: must be specified"
            " when `operator` is 'In' or 'NotIn'",
        ),
        (
            affinity(labelSelector=None, matchLabelKeys=["v"]),
            f"{AT}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
        ),
        (
            affinity(matchLabelKeys=["v"], mismatchLabelKeys=["v"]),
            f'{AT}.matchLabelKeys[0]: Invalid value: "v": exists in both matchLabelKeys and'
            " mismatchLabelKeys",
        ),
        (spread(maxSkew=0), f"{SPREAD}.maxSkew: Invalid value: 0: must be greater than zero"),
        (spread(topologyKey=""), f"{SPREAD}.topologyKey: Required value: can not be empty"),
        (
            spread(whenUnsatisfiable="Never"),
            f'{SPREAD}.whenUnsatisfiable: Unsupported value: "Never": supported values:'
            ' "DoNotSchedule", "ScheduleAnyway"',
        ),
        (
            spread(matchLabelKeys=["app"]),
            f'{SPREAD}.matchLabelKeys[0]: Invalid value: "app": exists in both matchLabelKeys and'
            " labelSelector",
        ),
    ],
)
def test_what_cannot_be_is_refused(spec: dict[str, Any], problem: str) -> None:
    assert problem in problems(pod(spec))


def test_a_selector_for_a_value_that_no_label_can_have_is_refused() -> None:
    [problem] = problems(pod(affinity(labelSelector=expression("In", "no label"))))
    where = f"{AT}.labelSelector.matchExpressions[0].values[0]"
    assert problem.startswith(f'{where}: Invalid value: "no label": a valid label must be')


def test_a_weight_lies_between_1_and_100() -> None:
    wish = {"weight": 101, "podAffinityTerm": {"labelSelector": WEB, "topologyKey": "zone"}}
    assert problems(pod({"affinity": {"podAffinity": {WISHED: [wish]}}})) == [
        f"spec.affinity.podAffinity.{WISHED}[0].weight: Invalid value: 101: must be in the range"
        " 1-100"
    ]


def created(spec: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = pod(spec)
    made["metadata"]["labels"] = labels
    STRATEGY.prepare_create(made)
    return made


def test_label_keys_become_part_of_the_selector_with_the_pods_own_values() -> None:
    spec = affinity(matchLabelKeys=["version", "none"], mismatchLabelKeys=["tenant"])
    made = created(spec, {"app": "web", "version": "2", "tenant": "me"})
    [term] = made["spec"]["affinity"]["podAntiAffinity"][NEEDED]
    assert term["labelSelector"] == {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "version", "operator": "In", "values": ["2"]},
            {"key": "tenant", "operator": "NotIn", "values": ["me"]},
        ],
    }
    assert problems(made) == []


def test_a_key_that_the_selector_has_already_is_refused() -> None:
    made = created(affinity(matchLabelKeys=["app"]), {"app": "web"})
    assert problems(made) == [
        f'{AT}.matchLabelKeys[0]: Invalid value: "app": exists in both matchLabelKeys and'
        " labelSelector"
    ]


def test_the_keys_of_wishes_are_taken_in_too_and_pods_without_terms_stay_as_they_are() -> None:
    term = {"labelSelector": {}, "topologyKey": "zone", "matchLabelKeys": ["app"]}
    wish = {"weight": 1, "podAffinityTerm": term}
    made = created({"affinity": {"podAffinity": {WISHED: [wish]}}}, {"app": "web"})
    [kept] = made["spec"]["affinity"]["podAffinity"][WISHED]
    assert kept["podAffinityTerm"]["labelSelector"] == {
        "matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]
    }
    assert "affinity" not in created({}, {"app": "web"})["spec"]

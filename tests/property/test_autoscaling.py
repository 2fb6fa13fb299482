"""An autoscaler never leaves its bounds, nor moves faster than its policies allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minikube8s.api.resources import DEPLOYMENTS
from minikube8s.api.selectors import from_map
from minikube8s.controllers.autoscaling import bounds
from minikube8s.controllers.autoscaling.history import NO_HISTORY
from minikube8s.controllers.autoscaling.planning import Decision, Snapshot, decide
from minikube8s.controllers.autoscaling.targets import Target
from tests.support import objects
from tests.support.autoscalers import autoscaler_spec, measured, pod

Json = dict[str, Any]
START = datetime(2026, 1, 1, 1, 0, tzinfo=UTC)

POLICIES = st.lists(
    st.builds(
        dict,
        type=st.sampled_from(["Pods", "Percent"]),
        value=st.integers(1, 150),
        periodSeconds=st.integers(1, 300),
    ),
    min_size=1,
    max_size=3,
)
RULES = st.builds(
    dict,
    policies=POLICIES,
    selectPolicy=st.sampled_from(["Max", "Min", "Disabled"]),
    stabilizationWindowSeconds=st.integers(0, 400),
)
BEHAVIORS = st.one_of(st.none(), st.builds(dict, scaleUp=RULES, scaleDown=RULES))
LOOKS = st.lists(
    st.tuples(st.integers(1, 120), st.integers(0, 400), st.booleans()), min_size=1, max_size=25
)


class Life:
    """One autoscaler, looked at again and again; changes that fail are made anew."""

    def __init__(self, spec: Json, replicas: int) -> None:
        self.spec, self.replicas, self.now = spec, replicas, START
        self.status: Json = {}
        self.history = NO_HISTORY.recommended(replicas, START, bounds.window(spec))
        self.sizes = [(START, replicas)]

    def look(self, use: int, *, fails: bool = False) -> Decision:
        names = [f"p{number}" for number in range(self.replicas)]
        at = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        head = objects.metadata("web")
        given = Snapshot(
            {"metadata": head, "spec": self.spec, "status": self.status},
            Target(DEPLOYMENTS, objects.deployment(), self.replicas, self.replicas, SELECTOR),
            tuple(pod(name) for name in names),
            [measured(name, use, at) for name in names],
            history=self.history,
        )
        decision = decide(given, self.now)
        if decision.recommended is not None:
            seconds = bounds.window(self.spec)
            self.history = self.history.recommended(decision.recommended, self.now, seconds)
        if fails:
            return decision
        if decision.rescale is not None:
            before, after, _ = decision.rescale
            seconds = bounds.period(self.spec)
            self.history = self.history.changed(before, after, self.now, seconds)
            self.replicas = after
            self.sizes.append((self.now, after))
        if decision.plan.status is not None:
            self.status = decision.plan.status.status
        return decision

    def size(self, ago: int) -> int:
        """How many pods there were so many seconds ago."""
        then = self.now - timedelta(seconds=ago)
        return next((size for at, size in reversed(self.sizes) if at <= then), self.sizes[0][1])


SELECTOR = from_map({"app": "web"})


def reach(rules: Json, life: Life, *, up: bool) -> int:
    """How far the policies let the number go from what it was when their periods began."""
    if rules["selectPolicy"] == "Disabled":
        return life.size(0)
    ends = []
    for one in rules["policies"]:
        start, value = life.size(one["periodSeconds"]), one["value"]
        change = value if one["type"] == "Pods" else start * value / 100
        ends.append(start + change + 1 if up else start - change - 1)
    return max(ends) if up == (rules["selectPolicy"] == "Max") else min(ends)


@settings(max_examples=250, deadline=None)
@given(
    behavior=BEHAVIORS,
    least=st.integers(1, 5),
    room=st.integers(0, 20),
    replicas=st.integers(1, 30),
    looks=LOOKS,
)
def test_the_number_stays_in_bounds_and_moves_no_faster_than_the_policies(
    behavior: Json | None, least: int, room: int, replicas: int, looks: list[Any]
) -> None:
    extra = {} if behavior is None else {"behavior": behavior}
    spec = autoscaler_spec(least=least, most=least + room, **extra)
    life = Life(spec, replicas)
    for seconds, use, fails in looks:
        life.now += timedelta(seconds=seconds)
        before = life.replicas
        inside = least <= before <= least + room
        made = life.look(use, fails=fails)
        if made.rescale is None:
            assert inside
            continue
        after = made.rescale.after
        assert least <= after <= least + room
        if behavior is None or not inside:
            assert not inside or after <= max(2 * before, 4)
        elif after > before:
            assert after <= max(
                before, reach(behavior["scaleUp"], life_before(life, made), up=True)
            )
        else:
            assert after >= min(
                before, reach(behavior["scaleDown"], life_before(life, made), up=False)
            )


def life_before(life: Life, made: Decision) -> Life:
    """The same life without the change just made."""
    earlier = Life(life.spec, life.sizes[0][1])
    earlier.now = life.now
    done = made.rescale is not None and life.sizes[-1] == (life.now, made.rescale.after)
    earlier.sizes = life.sizes[:-1] if done else life.sizes
    return earlier


@settings(max_examples=150, deadline=None)
@given(
    behavior=BEHAVIORS,
    replicas=st.integers(1, 12),
    use=st.integers(0, 300),
    looks=st.integers(1, 10),
)
def test_with_the_same_use_a_settled_number_stays_and_nothing_is_written(
    behavior: Json | None, replicas: int, use: int, looks: int
) -> None:
    extra = {} if behavior is None else {"behavior": behavior}
    life = Life(autoscaler_spec(most=10, **extra), replicas)
    life.replicas = min(replicas, 10)
    for _ in range(looks):
        life.now += timedelta(seconds=15)
        life.look(use)
    again = life.look(use)
    if again.rescale is None and life.look(use).rescale is None:
        final = life.look(use)
        assert final.plan.status is None and not final.plan.acts

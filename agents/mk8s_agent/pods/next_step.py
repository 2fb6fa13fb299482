"""The decision of a pod's worker: `next_step(desired, observed, now)`.

Pure, and level-triggered: it looks only at what is there, so it does not matter who made it that
way, or at which point an earlier agent was interrupted. Actions of one step are independent of each
other; a target with an action under way gets no second one.
"""

from __future__ import annotations

from datetime import datetime

from mk8s_agent.pods.actions import Step
from mk8s_agent.pods.ending import rest, take_down
from mk8s_agent.pods.lifecycle import deadline, doom_of, ended_at, grace_of, outcome
from mk8s_agent.pods.plan import Plan
from mk8s_agent.pods.running import bring_up
from mk8s_agent.pods.values import Desired, Observed


def next_step(desired: Desired, observed: Observed, now: datetime) -> Step:
    """What to do next for one pod.

    Doing it, and calling again with what is seen then, converges.
    """
    plan = Plan(observed, now, may_resize=desired.pending is None)
    pod = desired.pod
    if pod is None or desired.stop_by is not None:
        return take_down(plan, desired, desired.stop_by or now)
    if doom := doom_of(desired, now):
        rest(plan, pod, doom.by)
    elif outcome(pod, observed) is not None:
        rest(plan, pod, ended_at(pod, observed, now) + grace_of(pod))
    else:
        bring_up(plan, pod)
        if due := deadline(desired):
            plan.look_again(due)
    return plan.step()


def shall_run(desired: Desired, observed: Observed, now: datetime) -> bool:
    """Whether the pod is meant to run on, and neither has ended nor is to end."""
    pod = desired.pod
    if pod is None or desired.stop_by is not None or doom_of(desired, now):
        return False
    return outcome(pod, observed) is None

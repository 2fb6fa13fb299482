"""When a container that ended runs again. Pure; all it needs stands in the dead container itself.

The first restart comes at once, the next ones after 10 s, 20 s, 40 s … up to 5 minutes; a container
that had run for 10 minutes begins anew. How far the delay has grown is written on each container
when it is made.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from minikube8s.api.views import Pod
from minikube8s.api.views.containers import ContainerRestartRule
from minikube8s.kit.backoff import Backoff
from mk8s_agent.pods.identity import BACKOFF, number
from mk8s_agent.runtime.vocabulary import Container

_DELAYS = Backoff(initial=10.0, maximum=300.0)
_FORGIVEN_AFTER = timedelta(minutes=10)


RESTART_ALL = "RestartAllContainers"
"""The action of a rule after which the whole pod begins anew."""


class Policy(msgspec.Struct, frozen=True):
    """When one container runs again: Always, OnFailure or Never, unless a rule says otherwise."""

    name: str
    rules: tuple[ContainerRestartRule, ...] = ()


class Restart(msgspec.Struct, frozen=True):
    """A container shall run again, from `at` on.

    `delay` is the whole back-off, `level` the new container's.
    """

    at: datetime
    delay: timedelta
    level: int


def restart(policy: Policy, dead: Container) -> Restart | None:
    """What the restart policy says of a container that ended. None: nothing more."""
    stays = policy.name == "Never" or (policy.name == "OnFailure" and not failed(dead))
    if stays and not rule_action(policy, dead):
        return None
    ended = dead.finished_at or dead.created_at
    level = number(dead.labels, BACKOFF)
    if dead.started_at is not None and ended - dead.started_at >= _FORGIVEN_AFTER:
        level = 0
    delay = timedelta(seconds=_DELAYS.delay(level - 1)) if level else timedelta()
    return Restart(ended + delay, delay, level + 1)


def rule_action(policy: Policy, dead: Container) -> str:
    """What the first rule that speaks of the container's exit code wants; empty: none does."""
    for rule in policy.rules:
        if (dead.exit_code in rule.exit_codes.values) == (rule.exit_codes.operator == "In"):
            return rule.action
    return ""


def failed(dead: Container) -> bool:
    """Whether a container that ended did not do its work."""
    return dead.exit_code != 0 or bool(dead.error)


def begun_before(pod: Pod) -> dict[str, int]:
    """How many attempts of each container had begun when the master last heard of them.

    Where nothing is left of a container, only this tells its number.
    """
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    begun = {one.name: one.restart_count + bool(one.container_id) for one in statuses}
    return {name: attempts for name, attempts in begun.items() if attempts}

"""What of a KubeletConfiguration the agent heeds. Pure.

Names and meaning are the kubelet's; so are the defaults, but for the disk: a kubelet takes a disk
that is nine tenths full for an emergency, which for a computer that people work on is an ordinary
day.
"""

from __future__ import annotations

import msgspec
from msgspec import field

from minikube8s.api import quantity
from minikube8s.api.times import parse_duration

_EVICTION_HARD = {
    "memory.available": "100Mi",
    "nodefs.available": "1Gi",
    "nodefs.inodesFree": "5%",
    "imagefs.available": "1Gi",
}
SIGNALS = (
    "memory.available",
    "nodefs.available",
    "nodefs.inodesFree",
    "imagefs.available",
    "imagefs.inodesFree",
    "pid.available",
)
RESERVABLE = ("cpu", "memory", "ephemeral-storage", "pid")


class KubeletSettings(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """The fields of kubelet.config.k8s.io/v1beta1 that count here; durations as in `5m0s`."""

    system_reserved: dict[str, str] = field(default_factory=dict)
    kube_reserved: dict[str, str] = field(default_factory=dict)
    eviction_hard: dict[str, str] = field(default_factory=_EVICTION_HARD.copy)
    eviction_soft: dict[str, str] = field(default_factory=dict)
    eviction_soft_grace_period: dict[str, str] = field(default_factory=dict)
    eviction_minimum_reclaim: dict[str, str] = field(default_factory=dict)
    eviction_max_pod_grace_period: int = 0
    eviction_pressure_transition_period: str = "5m0s"
    image_gc_high_threshold_percent: int = field(default=85, name="imageGCHighThresholdPercent")
    image_gc_low_threshold_percent: int = field(default=80, name="imageGCLowThresholdPercent")
    image_minimum_gc_age: str = field(default="2m0s", name="imageMinimumGCAge")
    max_pods: int = 110
    node_status_max_images: int = 50
    shutdown_grace_period: str = "0s"
    shutdown_grace_period_critical_pods: str = "0s"


def configz(settings: KubeletSettings) -> bytes:
    """The kubelet's page configz: what it is told to do, and what its engine does with logs."""
    logs = {"containerLogMaxSize": "10M", "containerLogMaxFiles": 2}
    return msgspec.json.encode({"kubeletconfig": {**msgspec.to_builtins(settings), **logs}})


def problem(settings: KubeletSettings) -> str:
    """A sentence that says what is wrong with the settings; empty when they can be used."""
    for name in ("system_reserved", "kube_reserved"):
        for resource, amount in getattr(settings, name).items():
            if resource not in RESERVABLE or _amount(amount) < 0:
                return f"{_field(name)}: {resource}: {amount} cannot be reserved"
    for name in ("eviction_hard", "eviction_soft", "eviction_minimum_reclaim"):
        for signal, amount in getattr(settings, name).items():
            if signal not in SIGNALS:
                return f"{_field(name)}: {signal} is no signal; there are {', '.join(SIGNALS)}"
            if not _is_limit(amount):
                return f"{_field(name)}: {signal}: {amount} must be a quantity or a percentage"
    for signal in settings.eviction_soft:
        if signal not in settings.eviction_soft_grace_period:
            return f"evictionSoftGracePeriod: the soft threshold {signal} needs a grace period"
    return _times_problem(settings) or _numbers_problem(settings)


def seconds(duration: str) -> float:
    """A duration as in `1m30s`, in seconds. Raises ValueError."""
    return parse_duration(duration) / 1e9


def _times_problem(settings: KubeletSettings) -> str:
    stated = {
        "evictionPressureTransitionPeriod": settings.eviction_pressure_transition_period,
        "imageMinimumGCAge": settings.image_minimum_gc_age,
        "shutdownGracePeriod": settings.shutdown_grace_period,
        "shutdownGracePeriodCriticalPods": settings.shutdown_grace_period_critical_pods,
        **{
            f"evictionSoftGracePeriod: {signal}": text
            for signal, text in settings.eviction_soft_grace_period.items()
        },
    }
    for name, text in stated.items():
        try:
            if seconds(text) < 0:
                return f"{name}: {text} is negative"
        except ValueError as error:
            return f"{name}: {error}"
    whole, critical = (
        seconds(settings.shutdown_grace_period),
        seconds(settings.shutdown_grace_period_critical_pods),
    )
    if critical > whole:
        return (
            "shutdownGracePeriodCriticalPods is a part of shutdownGracePeriod, and longer than it"
        )
    return ""


def _numbers_problem(settings: KubeletSettings) -> str:
    low, high = settings.image_gc_low_threshold_percent, settings.image_gc_high_threshold_percent
    if not 0 <= low <= high <= 100 or (low == high != 100):
        return (
            f"imageGCLowThresholdPercent {low} must be below imageGCHighThresholdPercent {high}, "
            "both between 0 and 100"
        )
    if settings.max_pods < 1:
        return f"maxPods: {settings.max_pods} is less than 1"
    return ""


def _is_limit(text: str) -> bool:
    if text.endswith("%"):
        number = text[:-1]
        return number.replace(".", "", 1).isdecimal() and 0 <= float(number) <= 100
    return _amount(text) >= 0


def _amount(text: str) -> int:
    try:
        return quantity.parse(text).value
    except ValueError:
        return -1


def _field(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

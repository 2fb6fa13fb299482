"""Metrics as values, and the text that Prometheus reads. Pure.

Source of the format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isfinite, isnan
from typing import NamedTuple

from minikube8s.kit.histogram import Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]


class Sample(NamedTuple):
    """One line: what is added to the family's name, labels and value."""

    suffix: str
    labels: Labels
    value: float


class Family(NamedTuple):
    """A metric: its name, what it means, and its samples."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


Source = Callable[[], Iterable[Family]]
"""Reads metrics at the moment of the call."""


def gauge(name: str, help: str, values: Iterable[tuple[Labels, float]]) -> Family:
    """Return what goes up and down."""
    return Family(name, "gauge", help, _plain(values))


def counter(name: str, help: str, values: Iterable[tuple[Labels, float]]) -> Family:
    """Return what only goes up."""
    return Family(name, "counter", help, _plain(values))


def histogram(name: str, help: str, values: Iterable[tuple[Labels, Histogram]]) -> Family:
    """Return measurements by size."""
    samples = tuple(sample for labels, one in values for sample in _buckets(labels, one))
    return Family(name, "histogram", help, samples)


def text(families: Iterable[Family]) -> str:
    """Return everything as Prometheus reads it; families without samples are left out."""
    return "".join(line for family in families if family.samples for line in _lines(family))


def _plain(values: Iterable[tuple[Labels, float]]) -> tuple[Sample, ...]:
    return tuple(Sample("", labels, value) for labels, value in values)


def _buckets(labels: Labels, measured: Histogram) -> Iterator[Sample]:
    *below, total = measured.cumulative()
    for bound, count in zip(measured.bounds, below, strict=True):
        yield Sample("_bucket", {**labels, "le": _number(bound)}, count)
    yield Sample("_bucket", {**labels, "le": "+Inf"}, total)
    yield Sample("_sum", labels, measured.sum)
    yield Sample("_count", labels, total)


def _lines(family: Family) -> Iterator[str]:
    help_text = family.help.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {family.name} {help_text}\n# TYPE {family.name} {family.kind}\n"
    for suffix, labels, value in family.samples:
        told = ",".join(f'{name}="{_escaped(labels[name])}"' for name in labels)
        braces = f"{{{told}}}" if told else ""
        yield f"{family.name}{suffix}{braces} {_number(value)}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if not isfinite(value):
        return "NaN" if isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(value)

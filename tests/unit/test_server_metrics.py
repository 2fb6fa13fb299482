"""Metrics: what is counted apart, and a text that Prometheus' own parser reads."""

import math
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from minikube8s.api.resources import PODS
from minikube8s.kit.histogram import Histogram
from minikube8s.server.metrics import Family, RequestFigures, counter, gauge, histogram
from minikube8s.server.metrics import families as exposition
from minikube8s.server.metrics.requests import About

GET_POD: About = ("get", PODS, "", "resource")


def read(families: Iterable[Family]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = exposition.text(families)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@given(st.dictionaries(st.sampled_from(["a", "b_c", "D1"]), st.text()), st.floats(allow_nan=False))
def test_any_label_and_number_is_read_back(labels: dict[str, str], value: float) -> None:
    found = read([gauge("some_gauge", 'What it\nis \\ "here".', [(labels, value)])])
    assert found == {("some_gauge", frozenset(labels.items())): value}


@given(st.lists(st.floats(min_value=0, max_value=100)))
def test_a_histogram_counts_every_measurement_once(values: list[float]) -> None:
    measured = Histogram((0.1, 1.0, 10.0))
    for value in values:
        measured.observe(value)
    found = read([histogram("h", "Help.", [({"x": "y"}, measured)])])
    for bound in (0.1, 1.0, 10.0):
        label = frozenset({"x": "y", "le": str(int(bound)) if bound >= 1 else str(bound)}.items())
        assert found["h_bucket", label] == sum(value <= bound for value in values)
    everything = frozenset({("x", "y"), ("le", "+Inf")})
    assert found["h_bucket", everything] == found["h_count", frozenset({("x", "y")})] == len(values)
    assert math.isclose(found["h_sum", frozenset({("x", "y")})], sum(values))


def test_a_family_without_samples_is_left_out() -> None:
    assert exposition.text([counter("nothing_total", "Help.", [])]) == ""


def test_requests_are_told_with_kubernetes_labels() -> None:
    figures = RequestFigures()
    figures.done(GET_POD, 200, 0.002)
    figures.done(GET_POD, 404, 0.5)
    figures.done(("create", PODS, "exec", "resource"), 101, 3.0)
    figures.done(("deletecollection", PODS, "", "namespace"), 200, 0.0)
    figures.done(("get", None, "/healthz", ""), 200, 0.0)
    told = {
        (labels["verb"], labels["resource"], labels["subresource"], labels["scope"], labels["code"])
        for (name, pairs) in read(figures.families())
        if name == "apiserver_request_total" and (labels := dict(pairs))
    }
    assert told == {
        ("GET", "pods", "", "resource", "200"),
        ("GET", "pods", "", "resource", "404"),
        ("CONNECT", "pods", "exec", "resource", "101"),
        ("DELETECOLLECTION", "pods", "", "namespace", "200"),
        ("GET", "", "/healthz", "", "200"),
    }


def test_strange_methods_share_one_place() -> None:
    figures = RequestFigures()
    for number in range(1000):
        figures.done((f"verb{number}", PODS, "", "resource"), 405, 0.0)
    totals = [
        value
        for (name, _), value in read(figures.families()).items()
        if name == "apiserver_request_total"
    ]
    assert totals == [1000]


def test_a_running_answer_counts_while_it_lasts() -> None:
    figures = RequestFigures()
    watch: About = ("watch", PODS, "", "cluster")

    def running() -> list[float]:
        found = read(figures.families()).items()
        return [value for (name, _), value in found if name == "apiserver_longrunning_requests"]

    with figures.running(watch), figures.running(watch):
        assert running() == [2]
    assert running() == [0]

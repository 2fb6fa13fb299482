"""How `mk8s describe` shows what kubectl shows."""

import itertools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.describing.common import Around
from minikube8s.cli.describing.gathering import pages
from minikube8s.cli.describing.pods import pod as describe
from minikube8s.cli.describing.writer import Writer
from tests.support import objects

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def constraint(key: str, **fields: Any) -> dict[str, Any]:
    return {"topologyKey": key, "maxSkew": 2, "whenUnsatisfiable": "ScheduleAnyway", **fields}


def described(pod: dict[str, Any]) -> list[str]:
    writer = Writer()
    describe(writer, pod, Around(NOW, []))
    return writer.text().splitlines()


def test_a_pods_spread_constraints_are_told_one_below_the_other_by_key() -> None:
    chosen = {"matchLabels": {"app": "web"}}
    spread = [constraint("zone", labelSelector=chosen), constraint("rack")]
    lines = described(objects.pod("web", topologySpreadConstraints=spread))
    place = next(n for n, line in enumerate(lines) if line.startswith("Topology Spread"))
    told = [line.removeprefix("Topology Spread Constraints:").strip() for line in lines[place:]]
    assert told[:2] == [
        "rack:ScheduleAnyway when max skew 2 is exceeded",
        "zone:ScheduleAnyway when max skew 2 is exceeded for selector app=web",
    ]


def test_a_pod_without_any_has_no_such_line() -> None:
    assert "Topology Spread" not in "\n".join(described(objects.pod("web")))


class Pages:
    """A server that gives three objects, at most two at a time."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    def json(self, method: str, path: str, *, query: Mapping[str, str] | None = None) -> Any:
        query = dict(query or {})
        self.asked.append(query)
        start = int(query.get("continue", 0))
        end = start + int(query.get("limit", 3))
        metadata = {"continue": str(end)} if end < 3 else {}
        return {"metadata": metadata, "items": [{"number": n} for n in range(3)][start:end]}


@pytest.mark.parametrize(("chunk", "requests"), [(2, 2), (1, 3), (3, 1), (0, 1)])
def test_a_list_is_read_to_its_end_whatever_the_size_of_its_chunks(
    chunk: int, requests: int
) -> None:
    server = Pages()
    found = pages(server, "/api/v1/pods", {"labelSelector": "a=b"}, chunk)
    assert [obj["number"] for obj in found] == [0, 1, 2]
    assert len(server.asked) == requests
    assert all(query["labelSelector"] == "a=b" for query in server.asked)


@given(st.lists(st.lists(st.text("abé", min_size=1), min_size=1, max_size=4), min_size=2))
def test_cells_below_each_other_begin_at_one_place(rows: list[list[str]]) -> None:
    writer = Writer()
    for row in rows:
        writer.line(0, *row)
    lines = writer.text().splitlines()
    assert [line.split() for line in lines] == rows
    begins = [[found.start() for found in re.finditer(r"\S+", line)] for line in lines]
    for above, below in itertools.pairwise(begins):
        both = min(len(above), len(below))
        assert above[:both] == below[:both]


def test_a_tab_or_a_line_break_in_a_value_is_one_of_the_layout() -> None:
    writer = Writer()
    writer.line(0, "a:", "b\tc\nd")
    assert writer.text() == "a:  b  c\nd\n"

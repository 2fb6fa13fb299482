"""How `mk8s describe` shows what kubectl shows."""

from datetime import UTC, datetime
from typing import Any

from minikube8s.cli.describing.common import Around
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

"""What happens to whole clusters: scripts on virtual time, with what they showed.

`script/test tests/scenarios --record` writes down what they show now: read the difference. What
commands there are: tests/support/scenarios/shell.py; how they are written: script.py beside it.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tests.support import virtualtime
from tests.support.scenarios.script import Scenario, parse, play
from tests.support.scenarios.shell import Shell
from tests.support.scenarios.world import World

HERE = Path(__file__).parent
SCENARIOS = {
    f"{path.stem}: {scenario.title}": (path, scenario)
    for path in sorted(HERE.glob("*.txt"))
    for scenario in parse(path.read_text()).scenarios
}


@pytest.mark.parametrize("title", SCENARIOS)
def test_clusters_go_through_what_is_written_down(
    title: str, request: pytest.FixtureRequest
) -> None:
    path, scenario = SCENARIOS[title]
    played = virtualtime.run(perform(scenario))
    if request.config.getoption("--record"):
        file = parse(path.read_text())
        file.scenarios = [played if one.title == played.title else one for one in file.scenarios]
        path.write_text(file.render())
        return
    wanted, shown = scenario.render().splitlines(), played.render().splitlines()
    assert wanted == shown, "\n".join(
        difflib.unified_diff(wanted, shown, "written down", "shown now", lineterm="", n=99)
    )


async def perform(scenario: Scenario) -> Scenario:
    world = World()
    await world.start()
    try:
        return await play(scenario, Shell(world).perform)
    finally:
        await world.close()

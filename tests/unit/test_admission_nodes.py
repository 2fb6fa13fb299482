"""What a cordoned node says of itself."""

from typing import Any

import pytest

from minikube8s.api.resources import NODES
from tests.support.registries import a_registry

CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
OTHER = {"key": "a", "effect": "NoSchedule"}


@pytest.mark.parametrize("others", [[], [OTHER]])
async def test_a_node_has_the_taint_as_long_as_it_is_cordoned(others: list[dict[str, str]]) -> None:
    async with a_registry() as registry:
        body = {"metadata": {"name": "n1"}, "spec": {"taints": list(others)}}
        await registry.create(NODES, None, body)

        async def become(**spec: Any) -> Any:
            def change(node: dict[str, Any]) -> dict[str, Any]:
                node["spec"] = {**node["spec"], **spec}
                return node

            entry = await registry.update(NODES, None, "n1", change)
            return entry.object["spec"].get("taints") or []

        assert await become(unschedulable=True) == [*others, CORDONED]
        # nobody takes it away or gives it by himself
        assert await become(taints=others) == [*others, CORDONED]
        assert await become(unschedulable=False) == others
        assert await become(taints=[*others, CORDONED]) == others

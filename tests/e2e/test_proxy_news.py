"""The kernel's news of nftables reach the agent, also of its own largest transactions."""

from __future__ import annotations

import asyncio
import subprocess

from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort
from mk8s_agent.proxy.monitor import commits
from mk8s_agent.proxy.table import ServiceTable

from tests.support.fakenft import CONFIG
from tests.support.netlab import empty_space, inside
from tests.support.proxytables import having

BACKENDS = tuple(Backend(f"10.244.0.{n}", 80, here=False) for n in range(10, 20))


def port(number: int) -> ServicePort:
    return ServicePort(
        key=PortKey("default", f"web-{number}", "http"),
        protocol="tcp",
        port=80,
        cluster_ips=(f"10.96.{number // 250}.{number % 250}",),
        external_ips=(),
        node_port=30000 + number,
        affinity_seconds=0,
        internal_local=False,
        external_local=False,
        backends=BACKENDS,
        local=BACKENDS,
    )


async def test_the_table_of_thousands_of_services_is_put_in_place_without_a_loss() -> None:
    """Who takes it for one puts the table in place again, and has the next loss."""
    table = ServiceTable(CONFIG)
    table.update(having(*map(port, range(2700))))
    with empty_space() as space, inside(space):
        news = commits()
        told = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0)
        # Nobody reads meanwhile: an agent has more to do.
        text = table.full()
        subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)  # noqa: ASYNC221
        batch = await asyncio.wait_for(told, 30)
        await news.aclose()
    assert [commit.complete for commit in batch] == [True]

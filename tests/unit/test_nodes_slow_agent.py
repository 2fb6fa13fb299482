"""An agent that does not read, or that floods the master, harms only itself."""

import asyncio
from typing import Any

import grpc
import pytest
from mk8s_agent.link.channel import dial

from minikube8s.api.resources import NODES, SERVICES
from minikube8s.nodes.config import NodesConfig
from minikube8s.rpc import agent_pb2, agent_pb2_grpc
from tests.support.links import Cluster, node_status, until

LARGE = "x" * 200_000


async def large_services(cluster: Cluster, numbers: range) -> None:
    for number in numbers:
        service: Any = {
            "metadata": {"name": f"large{number}", "annotations": {"a": LARGE}},
            "spec": {"ports": [{"port": 80}]},
        }
        await cluster.registry.create(SERVICES, "default", service)


class SilentAgent:
    """Says Hello by hand and reads only when told to."""

    def __init__(self, cluster: Cluster) -> None:
        self._channel = dial(cluster.agent("silent").config)
        self.call: Any = agent_pb2_grpc.AgentsStub(self._channel).Session()

    async def hello(self) -> None:
        import msgspec

        hello = agent_pb2.Hello(
            node="silent", status_json=msgspec.json.encode(node_status(address="192.0.2.9"))
        )
        await self.call.write(agent_pb2.Up(sequence=1, hello=hello))

    async def ending(self) -> grpc.StatusCode:
        """Read everything, and return how the call ended."""
        try:
            async with asyncio.timeout(10):
                while await self.call.read() is not grpc.aio.EOF:
                    pass
        except grpc.aio.AioRpcError as error:
            return error.code()
        return await self.call.code()

    async def close(self) -> None:
        self.call.cancel()
        await self._channel.close()


async def test_an_agent_that_takes_no_message_is_cut_off_and_others_are_served(tmp_path):
    async with Cluster(tmp_path, NodesConfig(write_deadline=0.5)) as cluster:
        good = await cluster.connected("good")
        await large_services(cluster, range(50))
        silent = SilentAgent(cluster)
        await silent.hello()
        await until("the session", lambda: "silent" in cluster.links._sessions)
        await cluster.pod(node="good")
        await until("the pod of the other node", good.assignments.pods)
        await until("the end of the session", lambda: "silent" not in cluster.links._sessions)
        assert await silent.ending() is grpc.StatusCode.RESOURCE_EXHAUSTED
        await silent.close()
        again = await cluster.connected("silent")
        assert len(again.assignments.services()) == 51


async def test_an_agent_that_falls_too_far_behind_is_cut_off(tmp_path):
    async with Cluster(tmp_path, NodesConfig(outbox_objects=20)) as cluster:
        await large_services(cluster, range(10))
        silent = SilentAgent(cluster)
        await silent.hello()
        await until("the session", lambda: "silent" in cluster.links._sessions)
        await large_services(cluster, range(10, 60))
        await until("the end of the session", lambda: "silent" not in cluster.links._sessions)
        assert await silent.ending() is grpc.StatusCode.RESOURCE_EXHAUSTED
        await silent.close()


async def test_a_session_that_does_not_begin_with_hello_is_refused(tmp_path):
    async with Cluster(tmp_path) as cluster:
        rude = SilentAgent(cluster)
        await rude.call.write(agent_pb2.Up(sequence=1, heartbeat=agent_pb2.Heartbeat()))
        assert await rude.ending() is grpc.StatusCode.INVALID_ARGUMENT
        await rude.close()
        assert not cluster.registry.list(NODES)


async def test_a_session_without_hello_ends_with_the_deadline(tmp_path):
    async with Cluster(tmp_path, NodesConfig(hello_deadline=0.2)) as cluster:
        mute = SilentAgent(cluster)
        assert await mute.ending() is grpc.StatusCode.DEADLINE_EXCEEDED
        await mute.close()


@pytest.mark.parametrize("parallel", [1, 8])
async def test_a_flood_of_reports_is_written_newest_last(tmp_path, parallel):
    config = NodesConfig(inbox_reports=4, parallel_writes=parallel)
    async with Cluster(tmp_path, config) as cluster:
        agent = await cluster.connected()
        pods = [await cluster.pod(f"web{number}") for number in range(10)]
        for round_ in range(50):
            for number, pod in enumerate(pods):
                agent.reporter.pod_status(
                    "default",
                    f"web{number}",
                    pod["metadata"]["uid"],
                    {"phase": "Running", "message": str(round_)},
                )
            await asyncio.sleep(0)
        await until("acknowledged", lambda: agent.reporter.settled)
        messages = {cluster.stored(f"web{n}")["status"]["message"] for n in range(10)}
        assert messages == {"49"}

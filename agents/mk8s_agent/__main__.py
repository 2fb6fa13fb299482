"""`python -m mk8s_agent --config FILE`.

Runs this node's agent until SIGTERM. Pods keep running then. SIGPWR says that the machine is about
to be shut down: pods end in order, then the agent.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import socket
import sys
from pathlib import Path

from minikube8s.kit import memory, namelock, openfiles, readiness
from minikube8s.kit.logs import configure
from minikube8s.kit.pidfile import AlreadyRunning, PidFile
from mk8s_agent.config import AgentConfig, ConfigurationError, load
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.namespaces import enter


def main() -> int:
    """Run the agent, or remove all that it made; returns the exit status."""
    parser = argparse.ArgumentParser(prog="mk8s_agent", description="The agent of one mk8s node.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--config", type=Path, help="the agent's JSON file")
    what.add_argument(
        "--examine", action="store_true", help="print what this machine has for a node, and exit"
    )
    parser.add_argument(
        "--remove-everything",
        action="store_true",
        help="remove this node's containers, links, routes and rules, and exit",
    )
    arguments = parser.parse_args()
    if arguments.examine:
        return _examine()
    lock: PidFile | None = None
    machine: Path | None = None
    try:
        config = load(arguments.config)
        in_lab = bool(config.network_namespace)
        configure(f"agent {config.node}" if in_lab else "agent", config.log_level)
        openfiles.allow_many()
        lock = PidFile(config.pid_file)
        lock.acquire()
        if in_lab and arguments.remove_everything:
            # its network goes with the namespace, which may be gone already
            return asyncio.run(_remove(config))
        if in_lab:
            # before any thread exists: each has a network namespace of its own
            machine = enter(Path(config.network_namespace))
        with _alone(config.cluster):
            if arguments.remove_everything:
                return asyncio.run(_remove(config))
            return asyncio.run(_run(config, machine))
    except (ConfigurationError, AlreadyRunning, NetworkError, ValueError, OSError) as error:
        print(f"mk8s_agent: {error}", file=sys.stderr)
        readiness.tell(str(error))
        return 1
    finally:
        if lock is not None:
            lock.release()


def _alone(cluster: str) -> socket.socket:
    """Held while working: agents of two clusters of one name would remove each other's pods."""
    try:
        return namelock.take(namelock.agent_name(cluster))
    except namelock.NameTaken:
        raise ConfigurationError(
            f"another cluster named {cluster} has its agent running on this machine; stop that "
            "cluster first"
        ) from None


def _examine() -> int:
    import msgspec  # noqa: PLC0415 - only the chosen work pays for its imports

    from mk8s_agent.examination import examine  # noqa: PLC0415

    print(msgspec.json.encode(examine()).decode())
    return 0


async def _run(config: AgentConfig, machine: Path | None) -> int:
    from mk8s_agent.agent import Agent  # noqa: PLC0415 - only the chosen work pays for its imports
    from mk8s_agent.proxy.nftables import NftablesMissing  # noqa: PLC0415

    try:
        agent = Agent(config, machine_network=machine)
    except NftablesMissing as error:
        print(f"mk8s_agent: {error}", file=sys.stderr)
        readiness.tell(str(error))
        return 1
    task = asyncio.create_task(agent.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    ending: list[asyncio.Task[None]] = []

    def shut_down() -> None:
        if not ending:
            ending.append(asyncio.create_task(agent.shut_down()))
            ending[0].add_done_callback(lambda _: task.cancel())

    loop.add_signal_handler(signal.SIGPWR, shut_down)
    readiness.began()
    loop.call_later(memory.SETTLED, memory.give_back)
    log = logging.getLogger("mk8s_agent")
    log.info("agent of node %s in cluster %s started", config.node, config.cluster)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    log.info("agent stopped; %s", "the pods have ended" if ending else "pods keep running")
    return 0


async def _remove(config: AgentConfig) -> int:
    from mk8s_agent.removal import remove_everything  # noqa: PLC0415

    problems = await remove_everything(config)
    for problem in problems:
        print(f"mk8s_agent: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

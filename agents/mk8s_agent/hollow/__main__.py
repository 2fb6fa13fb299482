"""`python -m mk8s_agent.hollow --config FILE`.

Runs all hollow nodes of a simulated cluster in one process until SIGTERM. Their pods are in memory;
the next run takes over those that the API shows as running.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path

from minikube8s.kit import memory, openfiles, readiness
from minikube8s.kit.logs import configure
from minikube8s.kit.pidfile import AlreadyRunning, PidFile
from mk8s_agent.config import ConfigurationError
from mk8s_agent.hollow.config import HollowConfig, load


def main() -> int:
    """Run the nodes; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="mk8s_agent.hollow", description="The nodes of a simulated mk8s cluster."
    )
    parser.add_argument("--config", type=Path, required=True, help="the nodes' JSON file")
    lock: PidFile | None = None
    try:
        config = load(parser.parse_args().config)
        configure("hollow")
        # what one agent says of its session is for people; what a thousand say is noise
        logging.getLogger("mk8s_agent.link").setLevel(logging.ERROR)
        logging.getLogger("mk8s_agent.assignments").setLevel(logging.ERROR)
        openfiles.allow_many()
        memory.collect_rarely()
        lock = PidFile(Path(config.pid_file))
        lock.acquire()
        asyncio.run(_run(config))
    except (ConfigurationError, AlreadyRunning, ValueError, OSError) as error:
        print(f"mk8s_agent.hollow: {error}", file=sys.stderr)
        readiness.tell(str(error))
        return 1
    finally:
        if lock is not None:
            lock.release()
    return 0


async def _run(config: HollowConfig) -> None:
    from mk8s_agent.hollow.fleet import Fleet  # noqa: PLC0415 - after the configuration is good

    task = asyncio.create_task(Fleet(config).run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    readiness.tell()
    log = logging.getLogger("mk8s_agent.hollow")
    log.info("%d hollow nodes of cluster %s started", len(config.nodes), config.cluster)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    log.info("hollow nodes stopped")


if __name__ == "__main__":
    sys.exit(main())

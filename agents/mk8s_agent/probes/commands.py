"""Commands in containers, as probes: how they end is the answer.

Bounds: OUTPUT_LIMIT of output is kept, the rest is read and dropped.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from mk8s_agent.probes.values import Finding, ProbeError
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.sessions import ExecSession, ExecSpec

OUTPUT_LIMIT = 10 * 1024


class Processes(Protocol):
    """What a container engine does for commands, see `mk8s_agent.runtime.docker`."""

    def exec(self, container_id: str, spec: ExecSpec) -> AbstractAsyncContextManager[ExecSession]:
        """Run a command in a container; leaving the block kills it."""
        ...


async def judge_command(
    processes: Processes, container_id: str, command: tuple[str, ...], seconds: int
) -> Finding:
    """Whether the command ends well within `seconds`. Raises ProbeError."""
    output = bytearray()
    try:
        async with asyncio.timeout(seconds):
            code = await _run(processes, container_id, ExecSpec(command=command), output)
    except TimeoutError:
        shown = " ".join(command)
        return Finding(False, f'command timed out: "{shown}" timed out after {seconds}s')
    except RuntimeFault as fault:
        raise ProbeError(str(fault)) from fault
    return Finding(code == 0, output.decode(errors="replace"))


async def _run(processes: Processes, container_id: str, spec: ExecSpec, output: bytearray) -> int:
    async with processes.exec(container_id, spec) as process:
        async for chunk in process.output():
            output += chunk.data[: OUTPUT_LIMIT - len(output)]
        return await process.exit_code()

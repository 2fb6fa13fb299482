"""The same accept rules for engines that still use the older iptables.

Owns the calls of the program `iptables-legacy`, the only way to that firewall; nothing is called
where the kernel has no such table in this network namespace.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.names import LINK_PREFIX

_PROGRAM = "iptables-legacy"
_TABLES = Path("/proc/thread-self/net/ip_tables_names")
_DEADLINE_SECONDS = 10.0


async def accept(cluster: str, ranges: Sequence[str]) -> None:
    """Insert what is missing, in DOCKER-USER or else in a FORWARD that drops by default.

    Raises NetworkError when the table exists but the program fails or is missing.
    """
    if not _in_use():
        return
    listing = (await _run("-S")).splitlines()
    if "-N DOCKER-USER" in listing:
        chain = "DOCKER-USER"
    elif "-P FORWARD DROP" in listing:
        chain = "FORWARD"
    else:
        return
    for rule in _rules(cluster, ranges):
        if not _present(listing, chain, rule):
            await _run("-I", chain, *rule)


async def remove(cluster: str, ranges: Sequence[str]) -> None:
    """Delete the rules from both chains; rules that are not there are fine."""
    if not _in_use():
        return
    listing = (await _run("-S")).splitlines()
    for chain in ("DOCKER-USER", "FORWARD"):
        for rule in _rules(cluster, ranges):
            if _present(listing, chain, rule):
                await _run("-D", chain, *rule)


def _rules(cluster: str, ranges: Sequence[str]) -> list[list[str]]:
    comment = ["-m", "comment", "--comment", f"mk8s: {cluster}", "-j", "ACCEPT"]
    links = f"{LINK_PREFIX}+"
    by_range = [(way, each) for each in ranges for way in ("-s", "-d")]
    matches = [("-i", links), ("-o", links), *by_range]
    return [[*match, *comment] for match in matches]


def _present(listing: list[str], chain: str, rule: list[str]) -> bool:
    words = [f'"{word}"' if " " in word else word for word in rule]
    return " ".join(["-A", chain, *words]) in listing


def _in_use() -> bool:
    try:
        return "filter" in _TABLES.read_text().split()
    except FileNotFoundError:
        return False


async def _run(*arguments: str) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            _PROGRAM, "-w", "5", *arguments, stdout=-1, stderr=-1
        )
    except FileNotFoundError as error:
        raise NetworkError(
            "this machine's firewall uses the older iptables, but iptables-legacy is not installed:"
            " install the package iptables"
        ) from error
    try:
        output, errors = await asyncio.wait_for(process.communicate(), _DEADLINE_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise NetworkError(f"{_PROGRAM} did not end within {_DEADLINE_SECONDS:g} s") from None
    if process.returncode:
        raise NetworkError(f"{_PROGRAM} {' '.join(arguments)}: {errors.decode().strip()}")
    return output.decode()

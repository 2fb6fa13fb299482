"""nftables in this process: text in, one atomic transaction, text or JSON out.

Owns the C library `libnftables` and the one thread that uses it. Knows no rules. Everything that
`run` gets in one call is applied together or not at all.

The thread carries a name of its own (`Nftables.thread_name`): the kernel puts it into each
change notification, which is how the agent tells its own changes from everyone else's.
"""

import asyncio
import ctypes
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

_LIBRARY = "libnftables.so.1"
_OUTPUT_HANDLES = 1 << 3
_OUTPUT_JSON = 1 << 4
_EXCERPT = 600
_LARGE_BYTES = 1 << 18
"""From here on the library's work leaves megabytes behind, which are given back to the kernel."""


class NftablesError(Exception):
    """The library refused a transaction; the message is its own, pointing at the command."""


class NftablesMissing(NftablesError):
    """The library is not installed."""


class Nftables:
    """A transaction runner bound to the network namespace of the thread that creates it.

    One thread does all the work, in order; `close` ends it. Raises NftablesMissing.
    """

    def __init__(self) -> None:
        self._library = _load()
        self.thread_name = f"mk8s-nft-{os.getpid() % 1_000_000}"
        self._executor = ThreadPoolExecutor(1, self.thread_name, self._name_thread)
        self._context: int | None = None

    async def run(self, commands: str) -> None:
        """Apply all commands as one transaction. Raises NftablesError; then nothing was applied."""
        await self._in_thread(commands, 0)

    async def check(self, commands: str) -> None:
        """Find out whether `run` would apply these commands now; changes nothing.

        Raises NftablesError.
        """
        await self._in_thread(commands, 0, dry=True)

    async def ask(self, command: str) -> list[dict[str, Any]]:
        """The objects that a `list` command yields, as libnftables-json(5) describes them.

        Raises NftablesError, also when what is asked for does not exist.
        """
        output = await self._in_thread(command, _OUTPUT_JSON | _OUTPUT_HANDLES)
        if not output.strip():
            return []
        objects: list[dict[str, Any]] = json.loads(output)["nftables"]
        return [item for item in objects if "metainfo" not in item]

    async def close(self) -> None:
        """Let running work end and give the thread and the library's memory back."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._free)
        self._executor.shutdown(wait=False)

    async def _in_thread(self, commands: str, flags: int, *, dry: bool = False) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._run, commands, flags, dry)

    def _run(self, commands: str, flags: int, dry: bool) -> str:
        library = self._library
        if self._context is None:
            self._context = library.nft_ctx_new(0)
            library.nft_ctx_buffer_output(self._context)
            library.nft_ctx_buffer_error(self._context)
        library.nft_ctx_output_set_flags(self._context, flags)
        library.nft_ctx_set_dry_run(self._context, dry)
        failed = library.nft_run_cmd_from_buffer(self._context, commands.encode())
        output: bytes = library.nft_ctx_get_output_buffer(self._context)
        errors: bytes = library.nft_ctx_get_error_buffer(self._context)
        if len(commands) >= _LARGE_BYTES:
            _give_memory_back()
        if failed:
            raise NftablesError(_sentence(errors.decode(), commands))
        return output.decode()

    def _free(self) -> None:
        if self._context is not None:
            self._library.nft_ctx_free(self._context)
            self._context = None

    def _name_thread(self) -> None:
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(self.thread_name)


def table_name(cluster: str) -> str:
    """`mk8s` for the cluster of that name, `mk8s-<cluster>` for others."""
    return "mk8s" if cluster == "mk8s" else f"mk8s-{cluster}"


def cluster_of_table(name: str) -> str:
    """The inverse of `table_name`; "" for a table of nobody's."""
    return "mk8s" if name == "mk8s" else name.partition("mk8s-")[2] * name.startswith("mk8s-")


def is_cluster_table(name: str) -> bool:
    """Whether a table belongs to some cluster of mk8s."""
    return bool(cluster_of_table(name))


def quoted(text: str) -> str:
    """`text` as an nft string; nft knows no escapes, so quotes are left out."""
    return '"' + text.replace('"', "") + '"'


def _sentence(errors: str, commands: str) -> str:
    lines = [line for line in errors.splitlines() if line.strip()]
    told = "\n".join(lines[:6]) or f"no reason given for:\n{commands}"
    return f"nftables refused a change: {told[:_EXCERPT]}"


def _give_memory_back() -> None:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@cache
def _load() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise NftablesMissing(
            f"{_LIBRARY} is not installed: install the package nftables"
            " (Debian, Ubuntu: apt-get install nftables; Fedora: dnf install nftables)"
        ) from error
    context = ctypes.c_void_p
    library.nft_ctx_new.argtypes = [ctypes.c_uint32]
    library.nft_ctx_new.restype = context
    library.nft_ctx_free.argtypes = [context]
    library.nft_ctx_free.restype = None
    library.nft_ctx_output_set_flags.argtypes = [context, ctypes.c_uint]
    library.nft_ctx_output_set_flags.restype = None
    library.nft_ctx_set_dry_run.argtypes = [context, ctypes.c_bool]
    library.nft_ctx_set_dry_run.restype = None
    for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error"):
        getattr(library, name).argtypes = [context]
    for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
        getattr(library, name).argtypes = [context]
        getattr(library, name).restype = ctypes.c_char_p
    library.nft_run_cmd_from_buffer.argtypes = [context, ctypes.c_char_p]
    return library

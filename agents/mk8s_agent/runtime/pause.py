"""The pause image.

Our own binary, wrapped as an image in memory. No pull, no compiler, no file left behind.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import msgspec

from mk8s_agent.runtime.errors import ImageNotFound, RuntimeFault
from mk8s_agent.runtime.interface import Runtime

IMAGE = "mk8s/pause:1.1"
NETNS = "netns"
"""The argument that makes pause leave the engine's network for a namespace of its own."""
JOIN = "join"
"""The argument that makes it go to the network namespace that is mounted at `JOINED`."""
JOINED = "/netns"
REFUSED_EXIT = 77
"""Its exit status when the kernel or a security module refused that."""


async def ensure(runtime: Runtime, reference: str, architecture: str) -> None:
    """Make sure that the engine has the pause image under `reference`. Raises RuntimeFault."""
    try:
        await runtime.image(reference)
    except ImageNotFound:
        await runtime.load(archive(reference, architecture))


def archive(reference: str, architecture: str) -> bytes:
    """The image as `docker save` would write it; the same bytes every time."""
    layer = _tar({"pause": (_binary(architecture), 0o755)})
    digest = hashlib.sha256(layer).hexdigest()
    config = msgspec.json.encode(
        {
            "architecture": architecture,
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {"Entrypoint": ["/pause"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    )
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [reference], "Layers": [f"{digest}/layer.tar"]}]
    return _tar(
        {
            config_name: (config, 0o644),
            f"{digest}/layer.tar": (layer, 0o644),
            "manifest.json": (msgspec.json.encode(manifest), 0o644),
        }
    )


def _binary(architecture: str) -> bytes:
    file = Path(__file__).parent / "data" / f"pause-{architecture}"
    if not file.is_file():
        raise RuntimeFault(
            f"There is no pause binary for {architecture}: build one with images/pause/build "
            "(amd64 and arm64 come with the agent)."
        )
    return file.read_bytes()


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    import tarfile  # noqa: PLC0415 - heavy, and needed once a machine

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()

"""Docker's formats, image names, HTTP framing, and the pause image: all without an engine."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import msgspec
import pytest
from mk8s_agent.runtime import docker, docker_api, docker_json, pause
from mk8s_agent.runtime.docker import DockerRuntime
from mk8s_agent.runtime.errors import EngineUnavailable, InvalidReference, PullError, RuntimeFault
from mk8s_agent.runtime.framing import JsonLines, LogDemultiplexer
from mk8s_agent.runtime.http import HttpClient
from mk8s_agent.runtime.references import normalize
from mk8s_agent.runtime.vocabulary import ContainerSpec, DiskUse, Phase

ROOT = Path(__file__).parents[2]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx", ("nginx", "latest")),
        ("nginx:1.11", ("nginx", "1.11")),
        ("127.0.0.1:5000/a/b", ("127.0.0.1:5000/a/b", "latest")),
        (f"a.example/b:1@{DIGEST}", ("a.example/b", DIGEST)),
        (f"b@{DIGEST}", ("b", DIGEST)),
    ],
)
def test_image_names(text: str, expected: tuple[str, str]) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize("text", ["", "Nginx", "a:b:c", "a b", "-a", "a:", "a@sha256:1", "a/"])
def test_texts_that_name_no_image(text: str) -> None:
    with pytest.raises(InvalidReference, match="invalid reference format"):
        normalize(text)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_log_frames_come_together_however_they_were_cut(size: int) -> None:
    frames = [(1, b"out\n"), (2, b"err\n"), (1, b""), (1, b"x" * 300)]
    raw = b"".join(bytes([k, 0, 0, 0]) + len(d).to_bytes(4, "big") + d for k, d in frames)
    demultiplexer = LogDemultiplexer()
    seen = [
        chunk
        for at in range(0, len(raw), size)
        for chunk in demultiplexer.feed(raw[at : at + size])
    ]
    assert [(c.stream, c.data) for c in seen] == [
        ("stderr" if kind == 2 else "stdout", data) for kind, data in frames
    ]


def test_json_lines_come_together_however_they_were_cut() -> None:
    lines = JsonLines()
    assert lines.feed(b'{"a":') == []
    assert lines.feed(b'1}\r\n{"b":2}\n{"c') == [{"a": 1}, {"b": 2}]
    assert lines.feed(b'":3}\n') == [{"c": 3}]


def test_a_container_that_could_not_start_has_ended() -> None:
    answer = {
        "Id": "1",
        "Name": "/x",
        "Image": "sha256:1",
        "Created": "2026-01-01T10:00:00.123456789Z",
        "Config": {"Image": "app:1", "Labels": None},
        "State": {
            "Status": "created",
            "Error": "exec: no such file",
            "ExitCode": 127,
            "StartedAt": "0001-01-01T00:00:00Z",
        },
    }
    seen = docker_json.container(answer)
    assert (seen.phase, seen.exit_code, seen.error) == (Phase.EXITED, 127, "exec: no such file")
    assert seen.started_at is None and seen.labels == {}
    assert seen.created_at.isoformat() == "2026-01-01T10:00:00.123456+00:00"


def test_what_the_pod_does_not_say_stays_the_image_s() -> None:
    body = docker_json.create_body(ContainerSpec(name="x", image="app:1", labels={}))
    assert not {"Entrypoint", "Cmd", "Hostname"} & set(body)
    assert body["HostConfig"]["RestartPolicy"] == {"Name": "no"}


async def _serve(
    tmp_path: Path, answer: bytes, *, hold: bool = False
) -> tuple[str, asyncio.Server]:
    path = tmp_path / "engine.sock"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if hold:
            await reader.read()
        writer.close()

    return f"unix://{path}", await asyncio.start_unix_server(talk, path)


async def _body(host: str, seconds: float = 5.0) -> bytes:
    async with HttpClient(host).request("GET", "/x", seconds=seconds) as response:
        return await response.body()


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (CHUNKED + b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", b"hello"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
async def test_bodies_in_every_framing(tmp_path: Path, answer: bytes, body: bytes) -> None:
    host, server = await _serve(tmp_path, answer)
    async with server:
        assert await _body(host) == body


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0 what\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        CHUNKED + b"zz\r\n",
    ],
)
async def test_a_broken_answer_is_an_engine_that_does_not_answer(
    tmp_path: Path, answer: bytes
) -> None:
    host, server = await _serve(tmp_path, answer)
    async with server:
        with pytest.raises(EngineUnavailable, match="is it running"):
            await _body(host)


async def test_an_engine_that_says_nothing_meets_a_deadline(tmp_path: Path) -> None:
    host, server = await _serve(tmp_path, b"", hold=True)
    async with server:
        with pytest.raises(EngineUnavailable, match="in time"):
            await _body(host, seconds=0.05)
        server.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[",
        b"HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n{",
    ],
    ids=["in its answer", "in its refusal"],
)
async def test_an_engine_that_falls_silent_meets_a_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(docker_api, "_QUICK_SECONDS", 0.05)
    monkeypatch.setattr(docker, "_PING_SECONDS", 0.05)
    host, server = await _serve(tmp_path, answer, hold=True)
    async with server, asyncio.timeout(5):
        runtime = DockerRuntime(host)
        with pytest.raises(EngineUnavailable, match="in time"):
            await runtime.info()
        runtime._api._version = (1, 40)
        with pytest.raises(EngineUnavailable, match="in time"):
            await runtime.ping()
        server.close()


@pytest.mark.parametrize("host", ["", "engine", "ftp://x", "unix://"])
def test_an_address_that_is_none_is_explained(host: str) -> None:
    with pytest.raises(ValueError, match="write unix:///"):
        HttpClient(host)


async def test_the_engine_s_word_for_a_failed_pull_is_kept(tmp_path: Path) -> None:
    version = b'HTTP/1.1 200 OK\r\n\r\n{"ApiVersion": "1.41"}'
    progress = (
        b'HTTP/1.1 200 OK\r\n\r\n{"status":"Pulling"}\n{"error":"toomanyrequests: slow down"}\n'
    )
    answers = iter([version, progress])
    path = tmp_path / "engine.sock"
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        writer.write(next(answers))
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(talk, path):
        with pytest.raises(PullError, match="toomanyrequests: slow down"):
            await DockerRuntime(f"unix://{path}").pull("nginx:1")
    assert asked[1] == b"POST /v1.41/images/create?fromImage=nginx&tag=1 HTTP/1.1"


def test_the_pause_image_is_the_same_every_time_and_holds_the_binary() -> None:
    first = pause.archive(pause.IMAGE, "amd64")
    assert first == pause.archive(pause.IMAGE, "amd64")
    with tarfile.open(fileobj=io.BytesIO(first)) as image:
        (manifest,) = json.load(image.extractfile("manifest.json"))  # type: ignore[arg-type]
        assert manifest["RepoTags"] == [pause.IMAGE]
        config = msgspec.json.decode(image.extractfile(manifest["Config"]).read())  # type: ignore[union-attr]
        assert config["config"]["Entrypoint"] == ["/pause"]
        layer = image.extractfile(manifest["Layers"][0])
        assert layer
        with tarfile.open(fileobj=layer) as files:
            assert files.getmember("pause").mode == 0o755
            assert files.extractfile("pause").read()[:4] == b"\x7fELF"  # type: ignore[union-attr]


def test_an_architecture_without_a_pause_is_named() -> None:
    with pytest.raises(RuntimeFault, match="images/pause/build"):
        pause.archive(pause.IMAGE, "s390x")


@pytest.mark.parametrize(
    ("architecture", "compiler", "machine"),
    [("amd64", "x86_64-linux-gnu-gcc", 62), ("arm64", "aarch64-linux-gnu-gcc", 183)],
)
def test_the_committed_pause_is_what_its_source_builds(
    tmp_path: Path, architecture: str, compiler: str, machine: int
) -> None:
    data = ROOT / "agents/mk8s_agent/runtime/data" / f"pause-{architecture}"
    committed = data.read_bytes()
    assert len(committed) < 4096
    assert int.from_bytes(committed[18:20], "little") == machine
    found = shutil.which(compiler)
    if found is None and os.environ.get("CI") != "true":
        pytest.skip(f"no {compiler} here")
    assert found, f"no {compiler} here"
    done = subprocess.run(
        [str(ROOT / "images/pause/build"), str(tmp_path)], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    built = (tmp_path / f"pause-{architecture}").read_bytes()
    version = subprocess.run([found, "-dumpfullversion"], capture_output=True, check=True)
    if version.stdout.startswith(b"12."):
        assert built == committed
    else:
        # Another compiler arranges the same program differently; what it says stays the same.
        assert b"usage: pause [netns|join]" in built and abs(len(built) - len(committed)) < 1024


def test_a_log_file_that_goes_while_it_is_measured_counts_nothing(tmp_path: Path) -> None:
    log = tmp_path / "id-json.log"
    log.write_text("x" * 10)
    # As if the engine had rotated it away between the two looks.
    (tmp_path / "id-json.log.1").symlink_to(tmp_path / "gone")
    assert docker_json.disk_use({"LogPath": str(log), "SizeRw": 3}) == DiskUse(3, 10)

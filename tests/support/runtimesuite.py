"""What every container runtime must keep, for the fake one and for Docker.

The test modules import these tests and give a `bench` fixture.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count

import msgspec
import pytest
from mk8s_agent.runtime.errors import (
    ContainerNotFound,
    ImageNotFound,
    InvalidReference,
    NameTaken,
    NotRunning,
    PullError,
    RuntimeFault,
    StartError,
)
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.runtime.vocabulary import (
    Container,
    ContainerSpec,
    Limits,
    LogOptions,
    Phase,
    RuntimeEvent,
    Security,
)

SECONDS = 30.0
_WAIT = "trap 'exit 3' TERM; while :; do sleep 0.02; done"
_numbers = count(1)


@dataclass
class Bench:
    """A runtime, and an image whose containers write `one` and `two`, then wait for SIGTERM."""

    runtime: Runtime
    image: str
    labels: dict[str, str]
    wrote: Callable[[str], Awaitable[None]]
    """Lets the container with that id write its two lines (Docker's does it by itself)."""
    another_image: Callable[[], Awaitable[str]]
    """Brings an image that was not there, without the runtime; returns its name."""

    def spec(self, **fields: object) -> ContainerSpec:
        plain = ContainerSpec(
            name=f"mk8s-suite-{next(_numbers)}",
            image=self.image,
            labels=self.labels,
            command=(
                "sh",
                "-c",
                "echo one; echo two >&2; trap 'exit 3' TERM; while :; do sleep 0.02; done",
            ),
        )
        return msgspec.structs.replace(plain, **fields)

    async def running(self, **fields: object) -> Container:
        """A container that runs."""
        made = await self.runtime.create(self.spec(**fields))
        await self.runtime.start(made)
        await self.wrote(made)
        return await self.runtime.inspect(made)

    async def ended(self, container_id: str) -> Container:
        """The container, once it ended."""
        async with asyncio.timeout(SECONDS):
            while True:
                seen = await self.runtime.inspect(container_id)
                if seen.phase is Phase.EXITED:
                    return seen
                await asyncio.sleep(0.01)


async def test_a_container_moves_from_created_to_running_to_exited(bench: Bench) -> None:
    made = await bench.runtime.create(bench.spec())
    created = await bench.runtime.inspect(made)
    assert (created.phase, created.pid, created.started_at) == (Phase.CREATED, 0, None)
    await bench.runtime.start(made)
    running = await bench.runtime.inspect(made)
    assert running.phase is Phase.RUNNING and running.pid > 0 and running.started_at
    await bench.runtime.kill(made, "SIGKILL")
    ended = await bench.ended(made)
    assert ended.exit_code == 137 and ended.pid == 0
    assert ended.finished_at and ended.started_at and ended.finished_at >= ended.started_at


async def test_a_container_shows_what_it_was_made_from(bench: Bench) -> None:
    spec = bench.spec(labels={**bench.labels, "extra": "yes"})
    seen = await bench.runtime.inspect(await bench.runtime.create(spec))
    assert (seen.name, seen.image, seen.labels["extra"]) == (spec.name, bench.image, "yes")
    assert seen.image_id == (await bench.runtime.image(bench.image)).id


async def test_what_a_container_has_on_the_disk_is_told(bench: Bench) -> None:
    running = await bench.running()
    used = await bench.runtime.disk_use(running.id)
    assert used.files >= 0
    async with asyncio.timeout(SECONDS):
        while (await bench.runtime.disk_use(running.id)).output < 8:  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.01)
    assert running.image_id in await bench.runtime.used_images()
    with pytest.raises(ContainerNotFound):
        await bench.runtime.disk_use("0" * 64)


async def test_starting_twice_is_harmless(bench: Bench) -> None:
    running = await bench.running()
    await bench.runtime.start(running.id)
    assert (await bench.runtime.inspect(running.id)).pid == running.pid


async def test_a_name_can_be_taken_once(bench: Bench) -> None:
    spec = bench.spec()
    await bench.runtime.create(spec)
    with pytest.raises(NameTaken):
        await bench.runtime.create(spec)


async def test_an_image_that_is_not_there_is_named(bench: Bench) -> None:
    with pytest.raises(ImageNotFound):
        await bench.runtime.create(bench.spec(image="mk8s-suite/absent:1"))
    with pytest.raises(ImageNotFound):
        await bench.runtime.image("mk8s-suite/absent:1")


async def test_images_are_listed_and_news_of_them_come(bench: Bench) -> None:
    named = await bench.runtime.image(bench.image)
    found = {one.id: one for one in await bench.runtime.local_images()}
    assert set(named.tags) <= set(found[named.id].tags) and found[named.id].size > 0
    async with bench.runtime.image_events() as events, asyncio.timeout(SECONDS):
        made = await bench.another_image()
        assert made in {tag for one in await bench.runtime.local_images() for tag in one.tags}
        assert await anext(events)
        await bench.runtime.remove_image(made)


async def test_a_text_that_names_no_image_is_refused(bench: Bench) -> None:
    with pytest.raises(InvalidReference):
        await bench.runtime.image("Not:An:Image")
    with pytest.raises(InvalidReference):
        await bench.runtime.pull("a/UPPER")


async def test_a_failed_pull_says_why(bench: Bench) -> None:
    with pytest.raises(PullError) as failure:
        await bench.runtime.pull("localhost:1/mk8s-suite/absent:1")
    assert str(failure.value)


async def test_a_command_that_cannot_run_leaves_an_ended_container_with_the_reason(
    bench: Bench,
) -> None:
    made = await bench.runtime.create(bench.spec(command=("/no/such/command",)))
    with pytest.raises(StartError, match="no such file"):
        await bench.runtime.start(made)
    seen = await bench.runtime.inspect(made)
    assert seen.phase is Phase.EXITED and seen.exit_code != 0
    assert "no such file" in seen.error


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"security": Security(capabilities_add=("NONSENSE",))}, "unknown capability"),
        ({"limits": Limits(memory=1 << 20)}, "Minimum memory limit"),
        ({"working_dir": "not/absolute"}, "working directory 'not/absolute' is invalid"),
    ],
)
async def test_what_cannot_be_is_refused_before_it_is_made(
    bench: Bench, fields: dict[str, object], why: str
) -> None:
    with pytest.raises(RuntimeFault, match=why):
        await bench.runtime.create(bench.spec(**fields))
    assert await bench.runtime.containers(bench.labels) == []


async def test_a_user_that_the_image_does_not_know_is_a_start_error(bench: Bench) -> None:
    made = await bench.runtime.create(bench.spec(security=Security(user="nobody-here")))
    with pytest.raises(StartError, match="unable to find user nobody-here"):
        await bench.runtime.start(made)
    assert (await bench.runtime.inspect(made)).phase is Phase.EXITED


async def test_rights_that_are_known_are_taken(bench: Bench) -> None:
    rights = Security(
        user="1000:2000",
        groups=("7",),
        capabilities_add=("CAP_NET_ADMIN", "CHOWN"),
        capabilities_drop=("ALL",),
        read_only_root=True,
        no_new_privileges=True,
        seccomp="unconfined",
        whole_proc=True,
    )
    assert (await bench.running(security=rights)).phase is Phase.RUNNING


async def test_a_container_can_join_a_running_one(bench: Bench) -> None:
    first = await bench.running()
    second = await bench.running(network=f"container:{first.id}")
    assert second.phase is Phase.RUNNING


async def test_joining_one_that_does_not_run_is_a_start_error(bench: Bench) -> None:
    first = await bench.runtime.create(bench.spec())
    second = await bench.runtime.create(bench.spec(network=f"container:{first}"))
    with pytest.raises(StartError):
        await bench.runtime.start(second)
    assert (await bench.runtime.inspect(second)).phase is Phase.EXITED


async def test_joining_one_that_is_not_there_is_refused(bench: Bench) -> None:
    with pytest.raises(RuntimeFault):
        made = await bench.runtime.create(bench.spec(network=f"container:{'0' * 64}"))
        await bench.runtime.start(made)


async def test_a_signal_needs_a_running_container(bench: Bench) -> None:
    made = await bench.runtime.create(bench.spec())
    with pytest.raises(NotRunning):
        await bench.runtime.kill(made, "SIGTERM")
    with pytest.raises(ContainerNotFound):
        await bench.runtime.kill("0" * 64, "SIGTERM")


async def test_a_running_container_gets_other_limits(bench: Bench) -> None:
    first = Limits(cpu_shares=512, cpu_quota=50_000, memory=64 << 20)
    made = await bench.running(limits=first)
    assert made.limits == first
    second = Limits(cpu_shares=256, memory=128 << 20)
    await bench.runtime.update(made.id, second)
    assert (await bench.runtime.inspect(made.id)).limits == second
    with pytest.raises(ContainerNotFound):
        await bench.runtime.update("0" * 64, first)


async def test_removing_ends_a_container_and_is_harmless_twice(bench: Bench) -> None:
    running = await bench.running()
    await bench.runtime.remove(running.id)
    await bench.runtime.remove(running.id)
    with pytest.raises(ContainerNotFound):
        await bench.runtime.inspect(running.id)
    with pytest.raises(ContainerNotFound):
        await bench.runtime.start(running.id)


async def test_a_list_holds_what_carries_all_labels_in_any_phase(bench: Bench) -> None:
    extra = {**bench.labels, "color": "red"}
    created = await bench.runtime.create(bench.spec(labels=extra))
    running = await bench.running(labels=extra)
    await bench.running()
    found = await bench.runtime.containers(extra)
    assert {one.id for one in found} == {created, running.id}
    assert {one.phase for one in found} == {Phase.CREATED, Phase.RUNNING}


async def test_a_plain_list_tells_who_is_there_and_whose(bench: Bench) -> None:
    extra = {**bench.labels, "color": "blue"}
    created = await bench.runtime.create(bench.spec(labels=extra))
    running = await bench.running(labels=extra)
    await bench.running()
    listed = await bench.runtime.listed(extra)
    assert {one.id for one in listed} == {created, running.id}
    assert all(one.labels.items() >= extra.items() for one in listed)
    await bench.runtime.ping()


async def test_removing_at_the_same_time_is_success_for_all(bench: Bench) -> None:
    running = await bench.running()
    await asyncio.gather(*(bench.runtime.remove(running.id) for _ in range(3)))
    async with asyncio.timeout(SECONDS):
        while True:
            if not await bench.runtime.listed(bench.labels):
                return
            await asyncio.sleep(0.01)


async def test_a_signal_that_comes_too_late_is_told_as_such(bench: Bench) -> None:
    running = await bench.running()
    results = await asyncio.gather(
        bench.runtime.remove(running.id),
        *(bench.runtime.kill(running.id, "SIGKILL") for _ in range(3)),
        return_exceptions=True,
    )
    assert results[0] is None
    assert all(one is None or isinstance(one, NotRunning | ContainerNotFound) for one in results)
    with pytest.raises(ContainerNotFound):
        await bench.runtime.kill(running.id, "SIGKILL")


async def test_a_sandbox_may_go_before_what_joined_it(bench: Bench) -> None:
    first = await bench.running()
    second = await bench.running(network=f"container:{first.id}")
    await asyncio.gather(bench.runtime.remove(first.id), bench.runtime.remove(second.id))
    assert await bench.runtime.listed(bench.labels) == []


async def test_a_name_is_free_again_when_its_container_is_removed(bench: Bench) -> None:
    spec = bench.spec()
    first = await bench.runtime.create(spec)
    await bench.runtime.remove(first)
    assert await bench.runtime.create(spec) != first


async def test_events_tell_a_containers_life_in_order(bench: Bench) -> None:
    async with bench.runtime.events(bench.labels) as events:
        running = await bench.running()
        await bench.runtime.kill(running.id, "SIGKILL")
        await bench.ended(running.id)
        await bench.runtime.remove(running.id)
        told = await _until(events, running.id, "destroy")
    assert [event.action for event in told] == ["create", "start", "die", "destroy"]
    assert all(event.labels.items() >= bench.labels.items() for event in told)


async def test_events_of_others_are_not_told(bench: Bench) -> None:
    own = {**bench.labels, "mine": "yes"}
    async with bench.runtime.events(own) as events:
        await bench.running()
        mine = await bench.running(labels=own)
        first = await asyncio.wait_for(anext(events), SECONDS)
    assert first.container_id == mine.id


async def test_logs_tell_the_streams_apart(bench: Bench) -> None:
    running = await bench.running()
    chunks = await _lines(bench, running.id, 2)
    assert chunks == [("stdout", b"one\n"), ("stderr", b"two\n")]
    only = [c async for c in bench.runtime.logs(running.id, LogOptions(stdout=False))]
    assert [chunk.data for chunk in only] == [b"two\n"]


async def test_a_tail_is_the_last_lines(bench: Bench) -> None:
    running = await bench.running()
    await _lines(bench, running.id, 2)
    # The engine reads the two streams apart: which line comes last is its own choice.
    whole = [chunk.data async for chunk in bench.runtime.logs(running.id, LogOptions())]
    chunks = [chunk.data async for chunk in bench.runtime.logs(running.id, LogOptions(tail=1))]
    assert chunks == whole[-1:]


async def test_followed_logs_end_with_the_container(bench: Bench) -> None:
    running = await bench.running()
    seen: list[bytes] = []
    async with asyncio.timeout(SECONDS), aclosing(_follow(bench, running.id)) as chunks:
        async for data in chunks:
            seen.append(data)
            if len(seen) == 2:
                await bench.runtime.kill(running.id, "SIGKILL")
    assert sorted(seen) == [b"one\n", b"two\n"]


async def test_logs_of_a_container_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(ContainerNotFound):
        await anext(bench.runtime.logs("0" * 64, LogOptions()))


async def test_the_engine_tells_what_it_is(bench: Bench) -> None:
    info = await bench.runtime.info()
    assert info.version and info.cpus > 0 and info.memory > 0
    assert info.architecture in ("amd64", "arm64")


async def _follow(bench: Bench, container_id: str) -> AsyncIterator[bytes]:
    async for chunk in bench.runtime.logs(container_id, LogOptions(follow=True)):
        yield chunk.data


async def _lines(bench: Bench, container_id: str, wanted: int) -> list[tuple[str, bytes]]:
    async with asyncio.timeout(SECONDS):
        while True:
            chunks = [c async for c in bench.runtime.logs(container_id, LogOptions())]
            if len(chunks) >= wanted:
                return sorted(((c.stream, c.data) for c in chunks), key=lambda c: c[1])
            await asyncio.sleep(0.01)


async def _until(
    events: AsyncIterator[RuntimeEvent], container_id: str, action: str
) -> list[RuntimeEvent]:
    told: list[RuntimeEvent] = []
    async with asyncio.timeout(SECONDS):
        async for event in events:
            if event.container_id == container_id:
                told.append(event)
                if event.action == action:
                    break
    return told

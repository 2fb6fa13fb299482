"""The side effects of a pod's worker, one method an action.

What they mean for the next step is the worker's.
"""

from __future__ import annotations

import asyncio
import logging
from typing import assert_never

from minikube8s.api.views import Pod, Secret
from mk8s_agent.pods import images, pod_volumes, sysctls
from mk8s_agent.pods.actions import (
    Action,
    BackOffImage,
    CreateContainer,
    CreateSandbox,
    EnsureImage,
    PlugNetwork,
    PrepareVolumes,
    Remove,
    RemoveVolumes,
    Resize,
    RunPostStart,
    RunPreStop,
    Signal,
    StartContainer,
    StartSandbox,
    UnplugNetwork,
)
from mk8s_agent.pods.container_spec import Surroundings, container_spec
from mk8s_agent.pods.environment import environment
from mk8s_agent.pods.hooks import HookFailed
from mk8s_agent.pods.identity import PodRef
from mk8s_agent.pods.images import Say
from mk8s_agent.pods.lifecycle import grace_of, view_of
from mk8s_agent.pods.memory import Memory
from mk8s_agent.pods.node_context import NodeContext, recorder
from mk8s_agent.pods.rights import localhost_seccomp
from mk8s_agent.pods.service_env import service_environment
from mk8s_agent.pods.values import Network, PreStop, Sent, Verdict
from mk8s_agent.runtime.errors import ContainerNotFound, NotRunning, StartError
from mk8s_agent.runtime.vocabulary import Login, Phase

log = logging.getLogger(__name__)


async def perform(
    action: Action, ref: PodRef, pod: Pod | None, ctx: NodeContext, memory: Memory
) -> None:
    """Do it, and note in `memory` what came of it.

    Raises ConfigError, VolumesNotReady, NetworkError, RuntimeFault or OSError; then it may or may
    not have had its effect.
    """
    match action:
        case Signal():
            await _signal(action, pod, ctx, memory)
        case Resize():
            await ctx.runtime.update(action.id, action.limits)
            memory.resized[action.id] = action.limits
            memory.look_at(action.id)
        case Remove():
            if action.event and pod is not None:
                name = action.target.partition("/")[0]
                _say(ctx, pod, name)("Normal", "Killing", action.event)
            await ctx.runtime.remove(action.id)
            if gone := memory.found.get(action.id):
                ctx.last_words.remove(gone)
            memory.forget(action.id)
        case UnplugNetwork():
            if address := ctx.addresses.of(ref.uid):
                ctx.host_ports.shut(ref.uid)
                await ctx.network.unplug(address)
                ctx.policies.release(address)
            memory.network = Network.UNPLUGGED
        case RemoveVolumes():
            await pod_volumes.remove(ref, ctx, memory)
        case _ if pod is None:
            raise AssertionError(f"{action} needs a pod; only known pods get more than an end")
        case PrepareVolumes():
            await pod_volumes.prepare(pod, ctx, memory)
        case _:
            await _bring_up(action, ref, pod, ctx, memory)


async def _bring_up(
    action: Action, ref: PodRef, pod: Pod, ctx: NodeContext, memory: Memory
) -> None:
    match action:
        case CreateSandbox():
            await _create_sandbox(action, ref, pod, ctx, memory)
        case StartSandbox():
            memory.see(await ctx.sandboxes.start(action.id, pod))
        case PlugNetwork():
            if not pod.spec.host_network:
                await ctx.addresses.ready()
                name = f"{ref.namespace}/{ref.name}"
                address, settings = ctx.addresses.of(ref.uid), sysctls.of_network(pod)
                # Before it can be reached: no moment in which a pod is open that must not be.
                await ctx.policies.admit(pod, *ctx.addresses.all_of(ref.uid))
                await ctx.network.plug(action.sandbox.pid, address, name, settings)
                ctx.host_ports.open(pod, address)
            memory.network = Network.PLUGGED
        case EnsureImage():
            name = action.container.name
            before, say = memory.images.get(name), _say(ctx, pod, name)
            found = _logins(pod, action.container.image, ctx)
            memory.images[name] = await ctx.images.ensure(action, before, found, say)
        case BackOffImage():
            state = memory.images[action.container]
            say = _say(ctx, pod, action.container)
            memory.images[action.container] = images.back_off(state, say)
        case CreateContainer():
            await _create_container(action, ref, pod, ctx, memory)
        case StartContainer():
            await _start_container(action, pod, ctx, memory)
        case RunPostStart():
            await _post_start(action, pod, ctx, memory)
        case RunPreStop():
            await _pre_stop(action, pod, ctx, memory)
        case Signal() | Remove() | Resize() | UnplugNetwork() | RemoveVolumes() | PrepareVolumes():
            raise AssertionError(f"{action} is done by perform")
        case _:
            assert_never(action)


async def _signal(action: Signal, pod: Pod | None, ctx: NodeContext, memory: Memory) -> None:
    if action.event and pod is not None:
        _say(ctx, pod, action.container)("Normal", "Killing", action.event)
    memory.signals[action.id] = Sent(action.signal, ctx.clock.now())
    try:
        await ctx.runtime.kill(action.id, action.signal)
    except (NotRunning, ContainerNotFound):
        # It ended by itself just now; looking again will show it.
        memory.look_at(action.id)


async def _create_sandbox(
    action: CreateSandbox, ref: PodRef, pod: Pod, ctx: NodeContext, memory: Memory
) -> None:
    memory.network = Network.UNPLUGGED
    addresses: tuple[str, ...] = ()
    if not pod.spec.host_network:
        ctx.host_ports.check(pod)
        await ctx.addresses.ready()
        addresses = ctx.addresses.allocate(ref.uid)
    dns = ctx.dns()
    for complaint in ctx.files.write(pod, addresses, dns):
        recorder(ctx.reporter, pod)("Warning", "DNSConfigForming", complaint)
    made = await ctx.sandboxes.create(pod, ref, action.attempt, addresses, dns.domain)
    memory.look_at(made, Phase.CREATED)


async def _create_container(
    action: CreateContainer, ref: PodRef, pod: Pod, ctx: NodeContext, memory: Memory
) -> None:
    container = action.container
    links = pod.spec.enable_service_links
    services = (one.view for one in ctx.assignments.services().values())
    variables = service_environment(services, ref.namespace, links=links)
    values = environment(pod, container, ctx, ctx.place(pod), variables)
    around = Surroundings(
        owner=ctx.owner,
        sandbox_id=action.sandbox.id,
        beside=action.beside,
        environment=values,
        mounts=(
            *await pod_volumes.mounts(pod, container, values, ctx),
            *ctx.last_words.mount(ref.uid, container, action.attempt),
        ),
        image_user=memory.images[container.name].user,
        memory_capacity=ctx.facts.memory,
        may_protect=ctx.facts.may_protect,
        seccomp=ctx.seccomp.read(localhost_seccomp(pod, container)),
    )
    spec = container_spec(pod, ref, container, action.attempt, action.backoff, around)
    memory.look_at(await ctx.runtime.create(spec), Phase.CREATED)
    _say(ctx, pod, container.name)("Normal", "Created", "Container created")


async def _start_container(
    action: StartContainer, pod: Pod, ctx: NodeContext, memory: Memory
) -> None:
    memory.look_at(action.id)
    say = _say(ctx, pod, action.name)
    view = view_of(pod, action.name)
    if view is not None and view.lifecycle.post_start is not None:
        memory.starting.add(action.id)
    try:
        await ctx.runtime.start(action.id)
    except StartError as error:
        say("Warning", "Failed", f"Error: {error}")
        seen = await ctx.runtime.inspect(action.id)
        memory.see(seen)
        if seen.error:
            # It has become a container that ended; when it runs again is the restart policy's.
            return
        raise
    finally:
        # Who looked meanwhile may have seen it before.
        memory.look_at(action.id, Phase.RUNNING)
    say("Normal", "Started", "Container started")


async def _post_start(action: RunPostStart, pod: Pod, ctx: NodeContext, memory: Memory) -> None:
    container = action.container
    assert container.lifecycle.post_start is not None
    address = ctx.place(pod).pod_ip
    try:
        await ctx.hooks.run(container.lifecycle.post_start, container, action.id, address)
    except HookFailed as error:
        log.warning("%s: postStart of %s: %s", _shown(pod), container.name, error)
        _say(ctx, pod, container.name)("Warning", "FailedPostStartHook", "PostStartHook failed")
        by = ctx.clock.now() + grace_of(pod)
        memory.verdicts[action.id] = Verdict(event="FailedPostStartHook", by=by)
    else:
        memory.starting.discard(action.id)


async def _pre_stop(action: RunPreStop, pod: Pod, ctx: NodeContext, memory: Memory) -> None:
    container, begun = action.container, ctx.clock.now()
    assert container.lifecycle.pre_stop is not None
    say, address = _say(ctx, pod, container.name), ctx.place(pod).pod_ip
    say("Normal", "Killing", action.event)
    memory.pre_stops[action.id] = PreStop(begun, ended=False)
    try:
        async with asyncio.timeout((action.by - begun).total_seconds()):
            await ctx.hooks.run(container.lifecycle.pre_stop, container, action.id, address)
    except TimeoutError:
        log.warning("%s: preStop of %s took too long", _shown(pod), container.name)
    except HookFailed as error:
        log.warning("%s: preStop of %s: %s", _shown(pod), container.name, error)
        say("Warning", "FailedPreStopHook", "PreStopHook failed")
    finally:
        memory.pre_stops[action.id] = PreStop(begun, ended=True)


def _shown(pod: Pod) -> str:
    return f"pod {pod.metadata.namespace}/{pod.metadata.name}"


def _logins(pod: Pod, image: str, ctx: NodeContext) -> list[Login]:
    """What the pod's pull secrets have for the image; the missing ones are told."""
    if not pod.spec.image_pull_secrets:
        return []
    from mk8s_agent.pods import credentials  # noqa: PLC0415 - many nodes never need it

    usable: list[Secret] = []
    lost: list[str] = []
    for reference in pod.spec.image_pull_secrets:
        secret = ctx.secret(pod.metadata.namespace, reference.name)
        if secret is not None and credentials.usable(secret):
            usable.append(secret)
        else:
            lost.append(reference.name)
    if lost:
        recorder(ctx.reporter, pod)(
            "Warning",
            "FailedToRetrieveImagePullSecret",
            f"Unable to retrieve some image pull secrets ({', '.join(lost)}); attempting to pull "
            "the image may not succeed.",
        )
    return credentials.logins(usable, image)


def _say(ctx: NodeContext, pod: Pod, container: str) -> Say:
    return recorder(ctx.reporter, pod, container)

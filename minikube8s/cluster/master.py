"""The master process: composes store, registry, server, scheduler, controllers and node links.

    python -m minikube8s.cluster.master --config FILE

Owns the order in which the parts start and stop, and nothing of what they do.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from functools import partial
from pathlib import Path

import msgspec

import minikube8s
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS
from minikube8s.cluster import addresses, figures, lab
from minikube8s.cluster.authority import signing
from minikube8s.cluster.config import Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.layout import MasterConfig
from minikube8s.cluster.moving import Moving
from minikube8s.cluster.schedulerconfig import ProfileConfig
from minikube8s.controllers import Balancing, Controllers, Trust
from minikube8s.kit import logs, memory, openfiles, readiness
from minikube8s.kit.addresspool import AddressPool
from minikube8s.kit.clock import SystemClock
from minikube8s.kit.pidfile import AlreadyRunning, PidFile
from minikube8s.kit.tasks import Supervisor
from minikube8s.nodes.config import TLS, NodesConfig
from minikube8s.nodes.links import NodeLinks
from minikube8s.registry import bootstrap, clusterinfo, policy
from minikube8s.registry.clusterinfo import ClusterInfo
from minikube8s.registry.events import EventRecorder
from minikube8s.registry.options import RegistryConfig
from minikube8s.registry.registry import Registry
from minikube8s.scheduler import Choice, Profile, Scheduler
from minikube8s.server import CannotListen, Server
from minikube8s.server.authz import Authorizer
from minikube8s.server.computed.metrics import PodUse
from minikube8s.server.config import ServerConfig
from minikube8s.server.tokens import Request, ServiceAccountTokens, token_for_secret
from minikube8s.store.cache import Cache
from minikube8s.store.entry import Entry
from minikube8s.store.interface import StoreError
from minikube8s.store.sqlite import SqliteStore

log = logging.getLogger("minikube8s.master")


async def run(config: MasterConfig) -> None:
    """Serve until SIGTERM or SIGINT. Raises what keeps the master from starting."""
    settings, pki = config.settings, Path(config.pki)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        store = SqliteStore(Path(config.state_dir) / "state.db")
        await store.open()
        stack.push_async_callback(store.close)
        cache = Cache(store)
        await cache.start()
        stack.push_async_callback(cache.close)
        registry = Registry(cache, clock, _ranges(settings))
        stack.push_async_callback(registry.close)
        addresses.require_listening(settings)
        published = addresses.published(settings, addresses.own(settings))
        await bootstrap.ensure(registry, published, settings.api_port)
        dns = await bootstrap.ensure_dns(registry)
        links = NodeLinks(registry.writing_as("kubelet"), clock, _nodes(settings, dns))
        server = Server(registry, _server(settings, pki), links.streams)
        make_token = partial(_make_token, server.tokens)
        await links.start(settings.listening, settings.agent_port, _tls(pki), make_token)
        stack.push_async_callback(links.close)
        await server.start()
        stack.push_async_callback(server.close)
        recorder = EventRecorder(registry, "default-scheduler")
        stack.push_async_callback(recorder.close)
        scheduler = _scheduler(registry.writing_as("kube-scheduler"), recorder, clock, config)
        manager = registry.writing_as("kube-controller-manager")
        trust, use = _trust(pki, server.authorizer), PodUse(links.streams)
        controllers = Controllers(manager, clock, trust, _balancing(settings), use)
        for figure in (
            partial(figures.of_store, store),
            partial(figures.of_scheduler, scheduler),
            partial(figures.of_controllers, controllers),
        ):
            server.measure(figure)
        tasks = Supervisor("master")
        tasks.spawn("default policy", partial(policy.ensure, registry), restart=False)
        info = partial(clusterinfo.publish, registry, _info(settings, pki, published))
        tasks.spawn("cluster info", info, restart=False)
        if settings.listen == addresses.ANY:
            moving = _moving(config, published, registry, server, links)
            tasks.spawn("addresses", partial(moving.follow, clock))
        tasks.spawn("scheduler", scheduler.run)
        tasks.spawn("controllers", controllers.run)
        stack.push_async_callback(controllers.close)
        stack.push_async_callback(scheduler.close)
        # last in, first out: what runs them must not take their end for a fault
        stack.push_async_callback(tasks.close)
        log.info("serving on %s, port %d", ", ".join(settings.listening), settings.api_port)
        readiness.tell()
        loop.call_later(memory.SETTLED, memory.give_back)
        await stop.wait()
        log.info("stopping")


def main() -> int:
    """The program: exit code 0 after a signal, 1 with a sentence when it cannot start."""
    parser = argparse.ArgumentParser(description="The master of an mk8s cluster.")
    parser.add_argument("--config", required=True, type=Path)
    config = msgspec.json.decode(parser.parse_args().config.read_bytes(), type=MasterConfig)
    logs.configure("master")
    openfiles.allow_many()
    memory.collect_rarely()
    pid_file = PidFile(Path(config.pid_file))
    try:
        pid_file.acquire()
        asyncio.run(run(config))
    except (AlreadyRunning, ApiError, CannotListen, ClusterError, StoreError, OSError) as error:
        log.error("%s", error)
        readiness.tell(str(error))
        return 1
    finally:
        pid_file.release()
    return 0


def _ranges(settings: Settings) -> RegistryConfig:
    return RegistryConfig(
        service_cidr=settings.service_cidr, node_port_range=settings.node_port_range
    )


def _nodes(settings: Settings, dns: str) -> NodesConfig:
    return NodesConfig(
        cluster=settings.name,
        cluster_cidr=settings.pod_cidr,
        service_cidr=settings.service_cidr,
        pod_network=settings.pod_network,
        vxlan_id=settings.vxlan_id,
        vxlan_port=settings.vxlan_port,
        grace=settings.node_grace,
        heartbeat=min(settings.node_grace // 4, NodesConfig().heartbeat),
        cluster_dns=dns,
    )


def _server(settings: Settings, pki: Path) -> ServerConfig:
    return ServerConfig(
        cert=pki / "apiserver.crt",
        key=pki / "apiserver.key",
        client_ca=pki / "ca.crt",
        request_reader=signing.organizations,
        token_key=pki / "sa.key",
        hosts=settings.listening,
        port=settings.api_port,
    )


def _trust(pki: Path, authorizer: Authorizer) -> Trust:
    return Trust(
        root_ca=(pki / "ca.crt").read_text(),
        sign=signing.signer(pki),
        read_subject=signing.subject,
        may_ask=signing.asker(authorizer),
        make_token=partial(token_for_secret, pki / "sa.key"),
    )


def _balancing(settings: Settings) -> Balancing:
    pool = settings.load_balancer_pool or (lab.pool(settings.lab_cidr) if settings.lab else "")
    return Balancing(
        pool=AddressPool.parse(pool),
        reserved={
            22: "SSH of the nodes",
            settings.api_port: "the API server",
            settings.agent_port: "the master",
        },
        ingress_image=settings.ingress_image,
    )


def _scheduler(
    registry: Registry, recorder: EventRecorder, clock: SystemClock, config: MasterConfig
) -> Scheduler:
    try:
        return Scheduler(registry, recorder, clock, [profile(one) for one in config.profiles])
    except ValueError as error:
        file = config.settings.scheduler_config
        raise ClusterError(
            f"The scheduler's configuration {file} cannot be used: {error}"
        ) from None


def profile(told: ProfileConfig) -> Profile:
    """Return a profile as the scheduler takes it."""
    return Profile(
        told.name,
        Choice(frozenset(told.disabled_filters), frozenset(told.enabled_filters)),
        Choice(frozenset(told.disabled_scores), frozenset(told.enabled_scores)),
        told.weights,
    )


def _info(settings: Settings, pki: Path, published: str) -> ClusterInfo:
    return ClusterInfo(
        server=f"https://{published}:{settings.api_port}",
        root_ca=(pki / "ca.crt").read_bytes(),
        config={
            "name": settings.name,
            "agentPort": str(settings.agent_port),
            "podCIDR": settings.pod_cidr,
            "serviceCIDR": settings.service_cidr,
            "lab": str(settings.lab).lower(),
            "version": minikube8s.__version__,
        },
    )


def _moving(
    config: MasterConfig, published: str, registry: Registry, server: Server, links: NodeLinks
) -> Moving:
    settings, pki = config.settings, Path(config.pki)
    return Moving(
        settings,
        config.named,
        published,
        partial(_certify, settings, pki, server, links),
        partial(_publish, registry, settings, pki),
    )


async def _publish(registry: Registry, settings: Settings, pki: Path, address: str) -> None:
    """Tell others where the API is now."""
    await bootstrap.publish(registry, address, settings.api_port)
    await clusterinfo.publish(registry, _info(settings, pki, address))


async def _certify(settings: Settings, pki: Path, server: Server, links: NodeLinks) -> None:
    """Have a certificate that names all that the machine is found by now, and show it."""
    from minikube8s.cluster.authority import trust  # noqa: PLC0415 - 16 MB that few masters need

    try:
        await asyncio.to_thread(trust.certify, pki, settings)
    except ValueError as error:
        raise ClusterError(f"the API's certificate cannot be made anew: {error}") from None
    server.identify()
    links.identify(_tls(pki))


async def _make_token(
    tokens: ServiceAccountTokens,
    account: Entry,
    pod: Entry,
    audiences: tuple[str, ...],
    seconds: int,
) -> str:
    token, _ = await tokens.issue(Request(account, audiences, seconds, (PODS, pod)))
    return token


def _tls(pki: Path) -> TLS:
    return TLS(
        ca=(pki / "ca.crt").read_bytes(),
        cert=(pki / "apiserver.crt").read_bytes(),
        key=(pki / "apiserver.key").read_bytes(),
    )


if __name__ == "__main__":
    sys.exit(main())

"""All controllers of a cluster, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from minikube8s.controllers.autoscaling import (
    AutoscalingController,
    Metrics,
    NoMetrics,
    Rounds,
)
from minikube8s.controllers.bootstrapsigner import BootstrapSignerController
from minikube8s.controllers.bootstraptokens import TokenCleanerController
from minikube8s.controllers.certificates import (
    CertificateController,
    ReadSubject,
    Sign,
    no_signature,
    no_subject,
)
from minikube8s.controllers.clusterroles import ClusterRoleAggregationController
from minikube8s.controllers.cronjobs import CronJobController
from minikube8s.controllers.daemonsets import DaemonSetController
from minikube8s.controllers.deployments import DeploymentController
from minikube8s.controllers.disruption import DisruptionController, StaleDisruptionController
from minikube8s.controllers.endpoints import EndpointsController, MirroringController
from minikube8s.controllers.ephemeral import EphemeralVolumeController
from minikube8s.controllers.garbage import GarbageController
from minikube8s.controllers.ingress import DEFAULT_IMAGE, IngressController
from minikube8s.controllers.jobs import (
    JobController,
    JobOrphanController,
    TtlAfterFinishedController,
)
from minikube8s.controllers.lane import Figures
from minikube8s.controllers.loadbalancers import LoadBalancerController
from minikube8s.controllers.localpath import LocalPathController
from minikube8s.controllers.namespaces import NamespaceController
from minikube8s.controllers.nodecertificates import (
    MayAsk,
    NodeApprovalController,
    nobody_may_ask,
)
from minikube8s.controllers.persistentvolumes import PersistentVolumeController
from minikube8s.controllers.podgc import PodGarbageController
from minikube8s.controllers.protection import (
    ClaimProtectionController,
    VolumeProtectionController,
)
from minikube8s.controllers.quotas import ResourceQuotaController
from minikube8s.controllers.replicas import (
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    ReplicasController,
)
from minikube8s.controllers.runner import Controller, RegistryReader, Runner
from minikube8s.controllers.serviceaccounts import ServiceAccountController
from minikube8s.controllers.statefulsets import StatefulSetController
from minikube8s.controllers.tainteviction import TaintEvictionController
from minikube8s.controllers.tokens import MakeToken, TokenController
from minikube8s.controllers.ttl import TtlController
from minikube8s.kit.addresspool import NO_POOL, AddressPool
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry import Registry
from minikube8s.registry.events import EventRecorder


@dataclass(frozen=True, slots=True)
class Trust:
    """What the cluster vouches with; a part that it does not have is left out."""

    root_ca: str = ""
    """The CA's certificate in PEM, published in every namespace."""
    sign: Sign = no_signature
    """Signs the requests for clients' certificates."""
    read_subject: ReadSubject = no_subject
    """Reads whose certificate they ask for."""
    may_ask: MayAsk = nobody_may_ask
    """Knows whose requests for a node's certificate need no human's approval."""
    make_token: MakeToken | None = None
    """Makes the tokens of accounts that live in Secrets."""


@dataclass(frozen=True, slots=True)
class Balancing:
    """How Services are reached from outside."""

    pool: AddressPool = NO_POOL
    """The addresses that LoadBalancer Services get; an empty one means the nodes' own."""
    reserved: Mapping[int, str] = field(default_factory=dict)
    """TCP ports of the nodes that the cluster needs itself, with a word on what for."""
    ingress_image: str = DEFAULT_IMAGE
    """The nginx that serves Ingresses."""


_COMPONENTS = {
    "disruption": "controllermanager",
    "horizontal-pod-autoscaler": "horizontal-pod-autoscaler",
    "stale-disruption": "controllermanager",
}
"""What the sources of Events are called where Kubernetes has other names than the usual ones."""

_NO_METRICS = NoMetrics()
_NO_TRUST = Trust()
_OWN_ADDRESSES = Balancing()


class Controllers:
    """Runs every controller on one shared runner."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        trust: Trust = _NO_TRUST,
        balancing: Balancing = _OWN_ADDRESSES,
        metrics: Metrics = _NO_METRICS,
    ) -> None:
        self._reader = RegistryReader(registry)
        self._autoscaling = AutoscalingController(Rounds(metrics), clock)
        controllers: list[Controller] = [
            ReplicasController(REPLICA_SET),
            ReplicasController(REPLICATION_CONTROLLER),
            DeploymentController(),
            CronJobController(),
            JobController(),
            JobOrphanController(),
            TtlAfterFinishedController(),
            StatefulSetController(clock),
            DaemonSetController(clock),
            EndpointsController(),
            MirroringController(),
            LoadBalancerController(balancing.pool, balancing.reserved),
            IngressController(balancing.ingress_image),
            GarbageController(),
            NamespaceController(),
            ServiceAccountController(trust.root_ca),
            PodGarbageController(clock),
            TaintEvictionController(),
            TtlController(),
            ClusterRoleAggregationController(),
            CertificateController(trust.sign, trust.read_subject),
            NodeApprovalController(trust.read_subject, trust.may_ask),
            ClaimProtectionController(),
            VolumeProtectionController(),
            PersistentVolumeController(),
            LocalPathController(),
            EphemeralVolumeController(),
            ResourceQuotaController(registry.quotas.used, registry.quotas.next_end),
            DisruptionController(),
            StaleDisruptionController(),
            self._autoscaling,
            TokenCleanerController(),
            BootstrapSignerController(),
        ]
        if trust.make_token is not None:
            controllers.append(TokenController(trust.make_token, trust.root_ca))
        names = [_COMPONENTS.get(one.name, f"{one.name}-controller") for one in controllers]
        self._recorders = [EventRecorder(registry, name) for name in names]
        self._runner = Runner(registry, clock, list(zip(controllers, self._recorders, strict=True)))
        self._supervisor = Supervisor("controllers")

    async def run(self) -> None:
        """Start all work; never returns, so that a supervisor can own it."""
        self._runner.start(self._supervisor)
        look = partial(self._runner.look_at, self._autoscaling)
        self._supervisor.spawn("measure", partial(self._autoscaling.run, self._reader, look))
        await asyncio.get_running_loop().create_future()

    def figures(self) -> list[Figures]:
        """Return how busy each controller is."""
        return self._runner.figures()

    async def close(self) -> None:
        """Stop all work; what was begun but not written is found and done by the next start."""
        await self._supervisor.close()
        self._runner.close()
        await asyncio.gather(*(recorder.close() for recorder in self._recorders))

"""Services as a source: which changes concern which Service, and what the master is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mk8s_agent.assignments import Assigned, Assignments, Key
from mk8s_agent.proxy import protocols
from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.services import Services

CONFIG = TableConfig("mk8s", "n1", "10.244.0.0/16", "10.96.0.0/12")


@dataclass
class World:
    """What is assigned to the node, and what its Services say of it."""

    assignments: Assignments = field(default_factory=Assignments)
    changed: list[Key] = field(default_factory=list)
    events: list[tuple[str, str, str]] = field(default_factory=list)
    revision: int = 1

    def __post_init__(self) -> None:
        self.services = Services(
            CONFIG, "192.0.2.9:6444", self.assignments, self._note, events=self
        )
        self.assignments.subscribe(self.services.notice)

    def event(self, involved: dict[str, Any], type: str, reason: str, message: str) -> None:
        self.events.append((involved["name"], reason, message))

    def _note(self, kind: str, key: Key) -> None:
        self.changed.append(key)

    def give(self, resource: str, name: str, namespace: str = "shop", **fields: Any) -> set[str]:
        """The names of the Services that this concerns."""
        metadata = {"namespace": namespace, "name": name, **fields.pop("metadata", {})}
        raw = msgspec.json.encode({"metadata": metadata} | fields)
        item: Assigned[Any] = Assigned(resource, (namespace, name), self.revision, raw)
        self.changed.clear()
        self.revision += 1
        self.assignments.update([item], [], self.revision)
        return {name for _, name in self.changed}

    def service(self, name: str, *protocols: str) -> set[str]:
        ports = [
            {"name": each.lower(), "port": 80 + number, "protocol": each}
            for number, each in enumerate(protocols)
        ]
        return self.give("services", name, spec={"clusterIP": "10.96.0.1", "ports": ports})

    def slice(self, name: str, service: str) -> set[str]:
        return self.give(
            "endpointslices", name, metadata={"labels": {"kubernetes.io/service-name": service}}
        )


def test_a_change_concerns_the_services_that_it_is_about_and_no_others() -> None:
    world = World()
    assert world.service("web", "TCP") == {"web"}
    assert world.service("api", "TCP") == {"api"}
    assert world.slice("web-1", "web") == {"web"}
    assert world.slice("web-1", "api") == {"web", "api"}
    assert world.give("pods", "web-0") == set()


def test_a_node_that_moves_to_another_zone_or_address_concerns_all() -> None:
    world = World()
    world.service("web", "TCP")
    world.service("api", "TCP")
    east = {"labels": {"topology.kubernetes.io/zone": "east"}}
    assert world.give("nodes", "n1", "", metadata=east) == {"web", "api"}
    assert world.give("nodes", "n1", "", metadata=east, spec={"unschedulable": True}) == set()
    addresses = {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}
    assert world.give("nodes", "n1", "", metadata=east, status=addresses) == {"web", "api"}


@pytest.mark.parametrize(
    ("files", "served"),
    [
        ((), {"tcp/4", "sctp/4"}),
        (("nf_conntrack_max",), {"tcp/4"}),
        (("nf_conntrack_max", "nf_conntrack_sctp_timeout_established"), {"tcp/4", "sctp/4"}),
    ],
)
def test_a_kernel_without_sctp_serves_the_other_ports_and_says_so_once(
    files: tuple[str, ...], served: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "_SETTINGS", tmp_path)
    for name in files:
        (tmp_path / name).touch()
    world = World()
    world.service("web", "TCP", "SCTP")
    for _ in range(2):
        assert set(world.services.parts(("shop", "web"))) == served
    why = "node n1 cannot serve ports of SCTP: its kernel does not track it"
    silent = "sctp/4" in served
    assert world.events == ([] if silent else [("web", "FailedToProgramRules", why)])


def test_what_a_node_cannot_do_for_a_service_is_told_as_its_event() -> None:
    world = World()
    world.service("web", "TCP")
    world.services.no_health_check(("shop", "web"), 31000, "listen tcp :31000: bind: in use")
    world.services.refused(("shop", "web"), "nftables refused a change")
    world.services.refused(("shop", "gone"), "nftables refused a change")
    assert world.events == [
        (
            "web",
            "FailedToStartServiceHealthcheck",
            'node n1 failed to start healthcheck "shop/web" on port 31000:'
            " listen tcp :31000: bind: in use",
        ),
        ("web", "FailedToProgramRules", "node n1 does not serve it: nftables refused a change"),
    ]

"""Who holds which cluster address and node port.

Owns the index of what the stored Services hold, derived from the cache alone (a restart needs
nothing else), and the reservations of writes under way: between choosing an address and its
commit other writers run, and must not choose the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minikube8s.api import errors
from minikube8s.api.resources import SERVICES
from minikube8s.registry.families import family_of
from minikube8s.registry.options import RegistryConfig
from minikube8s.registry.ranges import ALLOCATED, FULL, AddressRange, PortRange
from minikube8s.registry.services import (
    HEADLESS,
    NOTHING,
    Holding,
    holding,
    needs_address,
    needs_health_check,
    needs_node_ports,
)
from minikube8s.store.watching import Event

Object = dict[str, Any]

PORT_ALLOCATED = "provided port is already allocated"
_LARGER = "delete Services that nobody needs, or make a cluster with a larger --service-cidr"


class Allocations:
    """The addresses and node ports in use. Lives on one event loop."""

    def __init__(self, config: RegistryConfig, rng: random.Random) -> None:
        self._ranges = {
            family_of(cidr): AddressRange(cidr) for cidr in config.service_cidr.split(",")
        }
        self._default = next(iter(self._ranges.values()))
        self._ports = PortRange(*config.node_port_range)
        self._rng = rng
        self._stored: dict[str, Holding] = {}
        self._used_addresses: set[str] = set()
        self._used_ports: set[int] = set()

    @property
    def first_address(self) -> str:
        """The address of the Service default/kubernetes."""
        return self._default.first

    @property
    def families(self) -> tuple[str, ...]:
        """The families of addresses that Services may have, the default one first."""
        return tuple(self._ranges)

    @property
    def dns_address(self) -> str:
        """The address that is meant for the Service kube-system/kube-dns."""
        return self._default.dns

    def observe(self, event: Event) -> None:
        """Follow the stored Services; an observer of the cache."""
        before = self._stored.pop(event.entry.key, NOTHING)
        after = NOTHING if event.type == "DELETED" else holding(event.entry.object)
        if after != NOTHING:
            self._stored[event.entry.key] = after
        self._used_addresses -= before.addresses - after.addresses
        self._used_addresses |= after.addresses
        self._used_ports -= before.ports - after.ports
        self._used_ports |= after.ports

    @contextmanager
    def reserve(self, new: Object, old: Object | None) -> Iterator[None]:
        """Fill `new` with the addresses and ports it needs; they are its own within the block.

        What `old` (the stored state, None on creation) holds may be kept. Raises ApiError 422
        when a chosen one is taken or out of range, 500 when a range is full.
        """
        reservation = _Reservation(self, new, holding(old))
        try:
            reservation.fill()
            yield
        finally:
            # By now the cache shows what was stored; the rest is free again.
            self._release(reservation)

    def take_address(self, address: str) -> str:
        """Mark `address` used; return why it cannot be had, "" when it can."""
        found = self._ranges.get(family_of(address), self._default)
        refusal = found.refusal(address)
        if not refusal and address in self._used_addresses:
            refusal = ALLOCATED
        if not refusal:
            self._used_addresses.add(address)
        return refusal

    def any_address(self, family: str) -> str | None:
        """Mark a free address of a family used and return it; None when there is none."""
        address = self._ranges[family].pick(self._used_addresses, self._rng)
        if address is not None:
            self._used_addresses.add(address)
        return address

    def take_port(self, port: int) -> str:
        """Mark `port` used; return why it cannot be had, "" when it can."""
        refusal = self._ports.refusal(port)
        if not refusal and port in self._used_ports:
            refusal = PORT_ALLOCATED
        if not refusal:
            self._used_ports.add(port)
        return refusal

    def any_port(self) -> int | None:
        """Mark a free port used and return it; None when there is none."""
        port = self._ports.pick(self._used_ports, self._rng)
        if port is not None:
            self._used_ports.add(port)
        return port

    def _release(self, reservation: _Reservation) -> None:
        stored = self._stored.get(reservation.key, NOTHING)
        self._used_addresses -= reservation.addresses - stored.addresses
        self._used_ports -= reservation.ports - stored.ports


class _Reservation:
    """The choices of one write. `addresses` and `ports` are what it took beyond `held`."""

    def __init__(self, allocations: Allocations, service: Object, held: Holding) -> None:
        self._allocations = allocations
        self._spec: Object = service.setdefault("spec", {})
        self._service = service
        self._held = held
        self.key = SERVICES.key(service["metadata"]["namespace"], service["metadata"]["name"])
        self.addresses: set[str] = set()
        self.ports: set[int] = set()

    def fill(self) -> None:
        if needs_address(self._spec):
            self._fill_addresses()
        self._fill_node_ports()
        if needs_health_check(self._spec):
            self._fill_health_check()

    def _fill_addresses(self) -> None:
        wanted: list[str] = self._spec.get("clusterIPs") or []
        for address in wanted:
            if address == HEADLESS or address in self._held.addresses:
                continue
            refusal = self._allocations.take_address(address)
            if refusal:
                why = f"failed to allocate IP {address}: {refusal}"
                raise self._invalid(errors.invalid_value("spec.clusterIPs", wanted, why))
            self.addresses.add(address)
        lacking = [] if HEADLESS in wanted else self._spec["ipFamilies"][len(wanted) :]
        self._spec["clusterIPs"] = [*wanted, *map(self._free_address, lacking)]
        self._spec["clusterIP"] = self._spec["clusterIPs"][0]

    def _free_address(self, family: str) -> str:
        address = self._allocations.any_address(family)
        if address is None:
            raise errors.internal(f"failed to allocate a serviceIP: {FULL}: {_LARGER}")
        self.addresses.add(address)
        return address

    def _fill_node_ports(self) -> None:
        ports: list[Object] = self._spec.get("ports") or []
        # A port number may serve TCP and UDP of one Service, never two Services.
        for at, port in enumerate(ports):
            number = port.get("nodePort")
            if number and number not in self._held.ports and number not in self.ports:
                refusal = self._allocations.take_port(number)
                if refusal:
                    field = f"spec.ports[{at}].nodePort"
                    raise self._invalid(errors.invalid_value(field, number, refusal))
                self.ports.add(number)
        if not needs_node_ports(self._spec):
            return
        chosen: dict[int, set[str]] = {}
        for port in ports:
            if port.get("nodePort"):
                chosen.setdefault(port["nodePort"], set()).add(port.get("protocol", "TCP"))
        for port in ports:
            if not port.get("nodePort"):
                port["nodePort"] = self._shared(port, ports, chosen) or self._free_port()
                chosen.setdefault(port["nodePort"], set()).add(port.get("protocol", "TCP"))

    def _shared(self, port: Object, ports: list[Object], chosen: dict[int, set[str]]) -> int:
        """Return the node port of a port with the same number and another protocol, 0 if none."""
        for other in ports:
            number: int = other.get("nodePort") or 0
            if (
                number
                and other.get("port") == port.get("port")
                and port.get("protocol", "TCP") not in chosen[number]
            ):
                return number
        return 0

    def _fill_health_check(self) -> None:
        wanted = self._spec.get("healthCheckNodePort")
        if not wanted:
            self._spec["healthCheckNodePort"] = self._free_port()
        elif wanted not in self._held.ports:
            refusal = self._allocations.take_port(wanted)
            if refusal:
                raise errors.internal(
                    f"failed to allocate requested HealthCheck NodePort {wanted}: {refusal}"
                )
            self.ports.add(wanted)

    def _free_port(self) -> int:
        port = self._allocations.any_port()
        if port is None:
            way_out = "free a port, or start the cluster with a wider --node-ports"
            raise errors.internal(f"failed to allocate a nodePort: {FULL}: {way_out}")
        self.ports.add(port)
        return port

    def _invalid(self, cause: errors.Cause) -> errors.ApiError:
        return errors.invalid(SERVICES, self._service["metadata"]["name"], [cause])

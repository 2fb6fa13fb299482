"""Making the kernel agree with a lab's plan, and changing the links of one that is there.

Owns the order of what a step consists of: one that is cut off anywhere is found half-made, and
made again. Blocking.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from minikube8s.kit import labnames
from mk8s_agent.lab import plan
from mk8s_agent.lab.plan import Found, Step
from mk8s_agent.lab.spec import LabError, LabNode, Spec
from mk8s_agent.network import bridging, messages, names, node, sysctls
from mk8s_agent.network.errors import KernelRefused, NetworkError
from mk8s_agent.network.namespaces import namespace_at, new_namespace
from mk8s_agent.network.netlink import Netlink
from mk8s_agent.volumes.mounting import KernelMounter

_HERE = "/proc/thread-self/ns/net"
_BRIDGE_SETTINGS = {
    # No address that nobody gave, nothing said while nothing happens.
    "ipv6/conf/{link}/accept_ra": "0",
    "ipv6/conf/{link}/addr_gen_mode": "1",
}
_NODE_SETTINGS = {
    # A new namespace inherits the machine's: what they are there must not matter.
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/all/route_localnet": "0",
    "ipv4/conf/eth0/rp_filter": "0",
    "ipv6/conf/eth0/accept_ra": "0",
    "ipv6/conf/eth0/addr_gen_mode": "1",
}


def apply(spec: Spec) -> None:
    """Make the lab; what is there already stays as it is. Raises LabError, NetworkError."""
    with Netlink() as netlink:
        mtu = node.uplink_mtu(netlink)
        for step in plan.to_apply(spec, _find(spec, netlink)):
            _do(step, spec, netlink, mtu)
        _configure_bridge(spec, netlink)
        for each in spec.nodes:
            _configure_node(spec, each)


def remove(spec: Spec) -> None:
    """Take all of the lab away; that nothing is there is fine. Raises NetworkError."""
    with Netlink() as netlink:
        for step in plan.to_remove(spec, _find(spec, netlink)):
            _do(step, spec, netlink, 0)


def switch(spec: Spec, name: str, *, on: bool) -> None:
    """Join a node to the lab, or cut it off. Raises LabError, NetworkError."""
    index = _link_of(spec, name)
    with Netlink() as netlink:
        netlink.run([bridging.switch(spec.link(spec.node(name)), on=on)])
        if on:
            netlink.run([bridging.repair(index)])


def impair(spec: Spec, name: str, *, delay_ms: float, loss_percent: float) -> None:
    """Delay or lose what goes to a node; without either, do neither any more.

    Raises LabError, NetworkError.
    """
    index = _link_of(spec, name)
    with Netlink() as netlink:
        if not delay_ms and not loss_percent:
            netlink.run([bridging.repair(index)])
            return
        try:
            netlink.run([bridging.impair(index, delay_ms=delay_ms, loss_percent=loss_percent)])
        except KernelRefused as error:
            raise LabError(
                "this kernel cannot delay or lose packets: it needs netem (`modprobe sch_netem`); "
                "`mk8s lab cut` works without"
            ) from error


def _link_of(spec: Spec, name: str) -> int:
    try:
        return socket.if_nametoindex(spec.link(spec.node(name)))
    except OSError as error:
        raise LabError(f"{name} has no link now: start the cluster with `mk8s up`") from error


def _find(spec: Spec, netlink: Netlink) -> Found:
    inside = {}
    for each in spec.nodes:
        path = labnames.namespace(spec.cluster, each.name)
        if _is_namespace(path):
            with namespace_at(path), Netlink() as within:
                inside[each.name] = _aliases(within)
    return Found(_aliases(netlink), inside)


def _aliases(netlink: Netlink) -> Mapping[str, str]:
    links = map(messages.read_link, netlink.dump(messages.list_links()))
    return {link.name: link.alias for link in links}


def _do(step: Step, spec: Spec, netlink: Netlink, mtu: int) -> None:
    match step:
        case plan.MakeBridge():
            hardware = names.hardware_address(spec.gateway)
            made = bridging.add_bridge(spec.bridge, hardware, mtu)
            # one datagram: a bridge without its mark would be taken for somebody else's
            netlink.run([made, messages.set_alias(spec.bridge, spec.alias())])
        case plan.MakeNamespace(each):
            _make_namespace(labnames.namespace(spec.cluster, each.name))
        case plan.MakeLink(each):
            _make_link(spec, each, netlink, mtu)
        case plan.RemoveLink(name):
            netlink.run([messages.delete_link(name)])
        case plan.RemoveNamespace(path):
            _remove_namespace(path)


def _make_namespace(path: Path) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o444)
        with new_namespace():
            KernelMounter().bind(_HERE, path)
    except OSError as error:
        raise NetworkError(f"cannot name a network namespace {path}: {error.strerror}") from error


def _remove_namespace(path: Path) -> None:
    try:
        if _is_namespace(path):
            KernelMounter().unmount(path)
        path.unlink(missing_ok=True)
    except OSError as error:
        raise NetworkError(f"cannot remove {path}: {error.strerror}") from error


def _is_namespace(path: Path) -> bool:
    """Whether a file is a namespace: one that was made and not mounted is an ordinary file."""
    try:
        return path.stat().st_dev == Path(_HERE).stat().st_dev
    except FileNotFoundError:
        return False


def _make_link(spec: Spec, each: LabNode, netlink: Netlink, mtu: int) -> None:
    link = spec.link(each)
    target = os.open(labnames.namespace(spec.cluster, each.name), os.O_RDONLY | os.O_CLOEXEC)
    try:
        made = bridging.add_member(
            link=link,
            bridge=socket.if_nametoindex(spec.bridge),
            peer=labnames.NODE_LINK,
            namespace=target,
            mtu=mtu,
        )
        netlink.run([made, messages.set_alias(link, spec.alias(each))])
        netlink.run([bridging.reflect(socket.if_nametoindex(link))])
    finally:
        os.close(target)
    _set(_BRIDGE_SETTINGS, link)


def _configure_bridge(spec: Spec, netlink: Netlink) -> None:
    _set(_BRIDGE_SETTINGS, spec.bridge)
    index = socket.if_nametoindex(spec.bridge)
    address = bridging.add_interface_address(f"{spec.gateway}/{spec.prefix}", index)
    netlink.run([address, messages.set_up(index)])


def _configure_node(spec: Spec, each: LabNode) -> None:
    with namespace_at(labnames.namespace(spec.cluster, each.name)), Netlink() as netlink:
        _set(_NODE_SETTINGS)
        index = socket.if_nametoindex(labnames.NODE_LINK)
        netlink.run(
            [
                messages.set_alias(labnames.NODE_LINK, spec.alias(each)),
                messages.set_up(messages.LOOPBACK_INDEX),
                bridging.add_interface_address(f"{each.address}/{spec.prefix}", index),
                messages.set_up(index),
                bridging.add_gateway(spec.gateway, index),
            ]
        )


def _set(settings: Mapping[str, str], link: str = "") -> None:
    for setting, value in settings.items():
        sysctls.write(setting.format(link=link), value)

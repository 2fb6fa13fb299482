"""Which Services' addresses a node takes, and what it tells others of them."""

from __future__ import annotations

import msgspec
from mk8s_agent.network.announcing import Taken, frames, plan
from mk8s_agent.network.messages import Address, Link
from mk8s_agent.proxy.announced import addresses

from minikube8s.api.views import Service, decode

LABEL = "lb:blue"
UPLINK = Link(2, "uplink", "", 1500, "02:00:00:00:00:02", 0, True)
LO = Link(1, "lo", "", 65536, "", 0, True)
POD = Link(7, "mk8s0af40002", "", 1500, "0a:58:a9:fe:01:01", 6, True)
OWN = [Address("127.0.0.1", 8, 1, "lo"), Address("192.0.2.5", 24, 2, "uplink")]
LINKS = [LO, UPLINK, POD]


def ours(address: str, link: int = 2) -> Address:
    return Address(address, 32, link, LABEL)


def test_an_address_goes_to_the_link_whose_network_holds_it() -> None:
    made = plan({"192.0.2.200"}, OWN, LINKS, LABEL)
    assert [one.what for one in made.requests] == ["add address 192.0.2.200"]
    assert made.taken == (Taken("192.0.2.200", "uplink", "02:00:00:00:00:02"),)


def test_what_is_there_is_left_alone_and_what_is_not_wanted_goes() -> None:
    found = [*OWN, ours("192.0.2.200"), ours("192.0.2.201"), ours("192.0.2.202", link=1)]
    made = plan({"192.0.2.200", "192.0.2.202"}, found, LINKS, LABEL)
    assert [one.what for one in made.requests] == [
        "remove address 192.0.2.201",
        "remove address 192.0.2.202",
        "add address 192.0.2.202",
    ]
    assert [one.address for one in made.taken] == ["192.0.2.202"]


def test_addresses_of_other_labels_are_never_touched_nor_taken_twice() -> None:
    other = Address("192.0.2.200", 32, 2, "lb:green")
    assert plan({"192.0.2.200", "192.0.2.5"}, [*OWN, other], LINKS, LABEL).requests == ()


def test_an_address_that_no_link_has_room_for_is_told() -> None:
    made = plan({"203.0.113.9", "fd00::9"}, OWN, LINKS, LABEL)
    assert made.elsewhere == ("203.0.113.9", "fd00::9")
    assert made.requests == ()


def test_an_announcement_says_the_address_to_everybody_as_request_and_as_reply() -> None:
    request, reply = frames(Taken("192.0.2.200", "uplink", "02:00:00:00:00:02"))
    start = "ffffffffffff0200000000020806000108000604"
    assert request.hex() == start + "0001020000000002c00002c8" + "00" * 6 + "c00002c8"
    assert reply.hex() == start + "0002020000000002c00002c8" + "ff" * 6 + "c00002c8"


def test_only_the_node_that_is_named_announces() -> None:
    service = decode(
        Service,
        msgspec.json.encode(
            {
                "metadata": {"name": "web", "annotations": {"mk8s.io/announced-by": "one"}},
                "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.200"}, {"hostname": "x"}]}},
            }
        ),
    )
    assert addresses(service, "one") == {"192.0.2.200"}
    assert addresses(service, "two") == frozenset()

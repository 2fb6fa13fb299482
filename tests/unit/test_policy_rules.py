"""Policies as text of nftables, read whole for a few of them; properties cover the rest."""

from typing import Any

import pytest
from mk8s_agent.policy import GROUPS, PODS, POLICIES, SETS, ranges
from mk8s_agent.policy.reading import closed, read

from tests.support.policies import Packet, Walker, peer, policy

WEB = {"podSelector": {"matchLabels": {"app": "web"}}}


def chain(walker: Walker, start: str) -> tuple[str, ...]:
    found = [rules for name, rules in walker.at_rest().chains.items() if name.startswith(start)]
    assert len(found) == 1
    return found[0]


def ruled(**spec: Any) -> Walker:
    walker = Walker()
    walker.model.set_pod(("default", "web"), peer("web", "10.0.0.1", app="web"), here=True)
    walker.add(policy("p", **spec))
    walker.sync()
    return walker


def test_a_pods_address_leads_to_its_policies_and_to_a_drop():
    walker = ruled(ingress=[{}])
    walker.add(policy("q", policyTypes=["Ingress", "Egress"]))
    walker.sync()
    rules = walker.at_rest()
    assert rules.elements == {
        "policy-ingress": {"10.0.0.1": "goto pods_default_p_q_in.2"},
        "policy-egress": {"10.0.0.1": "goto pods_default_q_out.2"},
    }
    assert rules.chains == {
        "pol_default_p_in.1": ("accept",),
        "pol_default_q_in.2": (),
        "pol_default_q_out.2": (),
        "pods_default_p_q_in.2": ("jump pol_default_p_in.1", "jump pol_default_q_in.2", "drop"),
        "pods_default_q_out.2": ("jump pol_default_q_out.2", "drop"),
    }


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({}, ["accept"]),
        ({"ports": [{"port": 80}]}, ["tcp dport 80 accept"]),
        ({"ports": [{"protocol": "SCTP"}]}, ["meta l4proto sctp accept"]),
        (
            {"ports": [{"port": 80}, {"port": 81, "endPort": 90}, {"port": 53, "protocol": "UDP"}]},
            ["tcp dport 80-90 accept", "udp dport 53 accept"],
        ),
        (
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9"]}}]},
            ["ip saddr 10.128.0.0/9 accept"],
        ),
        (
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/30", "except": ["10.0.0.1/32"]}}]},
            ["ip saddr { 10.0.0.0, 10.0.0.2/31 } accept"],
        ),
        ({"from": [{"ipBlock": {"cidr": "fd00::/64"}}]}, ["ip6 saddr fd00::/64 accept"]),
        (
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/31", "except": ["10.0.0.0/31"]}}]},
            [],
        ),
    ],
)
def test_a_rule_says_who_and_which_port(rule: dict[str, Any], text: list[str]):
    assert list(chain(ruled(ingress=[rule]), "pol_default_p_in")) == text


def test_policies_share_the_sets_of_peers_that_they_mean():
    walker = ruled(ingress=[{"from": [WEB]}])
    walker.add(policy("q", ingress=[{"from": [WEB], "ports": [{"port": 80}]}]))
    walker.sync()
    rules = walker.at_rest()
    (name,) = (name for name in rules.sets if not name.endswith("_6"))
    assert rules.sets[name] == ('type ipv4_addr; comment "pods app=web of namespaces default"')
    assert chain(walker, "pol_default_q_in")[0] == f"ip saddr @{name} tcp dport 80 accept"
    assert rules.elements[name] == {"10.0.0.1": ""}


def test_a_named_port_is_that_of_the_pod_that_is_connected_to():
    walker = Walker()
    old = peer("old", "10.0.0.1", ports={"http": 80}, app="web")
    new = peer("new", "10.0.0.2", ports={"http": 8080}, app="web")
    for pod in (old, new):
        walker.model.set_pod(("default", pod.name), pod, here=True)
    # Whom the policy selects and whom it lets in are the same pods: the source still counts.
    walker.add(policy(**WEB, ingress=[{"from": [WEB], "ports": [{"port": "http"}]}]))
    walker.sync()
    rules = walker.at_rest()
    assert rules.lets(Packet("10.0.0.1", "10.0.0.2", port=8080))
    assert rules.lets(Packet("10.0.0.2", "10.0.0.1", port=80))
    assert not rules.lets(Packet("10.0.0.1", "10.0.0.2", port=80))
    assert not rules.lets(Packet("192.0.2.1", "10.0.0.2", port=8080))


def test_long_names_are_shortened_and_stay_apart():
    walker = ruled()
    for end in "ab":
        walker.add(policy(f"{'long' * 30}{end}", ingress=[{}]))
    walker.sync()
    names = [name for name in walker.at_rest().chains if name.startswith("pol_default_long")]
    assert len(names) == 2
    assert all(len(name) < 110 for name in walker.at_rest().chains)


def test_a_new_peer_concerns_nothing_but_itself():
    walker = ruled(ingress=[{"from": [WEB]}])
    far = peer("far", "10.0.1.1", app="web")
    walker.model.set_pod(("default", "far"), far, here=False)
    assert walker.sync() == {(PODS, ("default", "far"))}


def test_a_policy_whose_meaning_did_not_change_concerns_nothing():
    walker = ruled(ingress=[{"from": [WEB]}])
    walker.add(policy("p", ingress=[{"from": [WEB]}]))
    assert walker.sync() == set()


def test_a_changed_policy_concerns_the_pods_that_it_selects_and_no_others():
    walker = ruled(**WEB)
    other = peer("other", "10.0.0.2")
    walker.model.set_pod(("default", "other"), other, here=True)
    walker.sync()
    walker.add(policy("p", **WEB, ingress=[{"ports": [{"port": 80}]}]))
    asked = walker.sync()
    assert {kind for kind, _ in asked} == {POLICIES, GROUPS, PODS}
    assert (PODS, ("default", "other")) not in asked


def test_the_last_policy_takes_everything_with_it():
    walker = ruled(ingress=[{"from": [WEB], "ports": [{"port": "http"}]}])
    walker.model.set_policy(("default", "p"), None)
    assert {kind for kind, _ in walker.sync()} == {POLICIES, GROUPS, PODS, SETS}
    rules = walker.at_rest()
    assert not rules.chains and not rules.sets and not rules.elements


@pytest.mark.parametrize(
    "bad",
    [
        {"ipBlock": {"cidr": "10.0.0.0/99"}},
        {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}},
    ],
)
def test_what_cannot_be_read_is_an_error_and_closes_what_it_selects(bad: dict[str, Any]):
    wrong = policy(**WEB, ingress=[{"from": [bad]}], policyTypes=["Ingress"])
    with pytest.raises(ValueError):
        read(wrong)
    shut = closed(wrong)
    assert shut.ingress == () and shut.egress is None
    assert shut.pods.matches({"app": "web"}) and not shut.pods.matches({})


@pytest.mark.parametrize(
    ("whole", "holes", "left"),
    [
        ((0, 9), [], ((0, 9),)),
        ((0, 9), [(3, 4), (4, 6)], ((0, 2), (7, 9))),
        ((3, 9), [(0, 3), (9, 12)], ((4, 8),)),
        ((3, 9), [(0, 12)], ()),
        ((3, 9), [(0, 2), (10, 12)], ((3, 9),)),
    ],
)
def test_holes_are_cut_out_of_ranges(whole: Any, holes: Any, left: Any):
    assert ranges.without(whole, holes) == left


def test_ranges_that_touch_become_one():
    assert ranges.merged([(5, 6), (1, 2), (3, 3), (8, 9), (8, 8)]) == ((1, 3), (5, 6), (8, 9))

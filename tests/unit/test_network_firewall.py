"""Where pods need room in the machine's firewall."""

from __future__ import annotations

from typing import Any

from mk8s_agent.network.firewall import closed_doors, docker_or_forward_chain, obstacles


def chain(name: str, family: str = "ip", table: str = "filter", **more: str) -> dict[str, Any]:
    return {"family": family, "table": table, "name": name, **more}


FORWARD = chain("FORWARD", hook="forward", policy="drop")
DOCKER_USER = chain("DOCKER-USER")


def test_dockers_own_place_for_such_rules_comes_first() -> None:
    assert docker_or_forward_chain([FORWARD, DOCKER_USER]) == DOCKER_USER


def test_without_docker_a_forward_chain_that_drops_is_used() -> None:
    assert docker_or_forward_chain([FORWARD]) == FORWARD


def test_a_firewall_that_lets_through_is_left_alone() -> None:
    assert docker_or_forward_chain([FORWARD | {"policy": "accept"}]) is None
    assert docker_or_forward_chain([]) is None


def test_other_firewalls_that_drop_are_told_with_the_commands_that_help() -> None:
    other = chain("fw", family="inet", table="strict", hook="forward", policy="drop")
    (sentence,) = obstacles([FORWARD, DOCKER_USER, other, other | {"policy": "accept"}])
    assert "inet strict fw drops forwarded traffic" in sentence
    assert "nft insert rule inet strict fw iifname 'mk8s*' accept" in sentence


def test_chains_that_close_the_machine_itself_are_told() -> None:
    ufw = chain("INPUT", hook="input", policy="drop")
    (sentence,) = closed_doors([FORWARD, ufw, ufw | {"policy": "accept"}])
    assert "ip filter INPUT drops what is sent to this machine" in sentence
    assert "nft insert rule ip filter INPUT iifname 'mk8s*' accept" in sentence

"""The private engine pulls the tutorial's images from the registry beside it."""

from __future__ import annotations

import subprocess

from tests.support.engine import PrivateEngine


def test_an_image_of_the_tutorial_is_pulled_under_its_own_name(engine: PrivateEngine) -> None:
    engine.api("DELETE", "/images/nginx:1.10?force=1")
    status, body = engine.api("POST", "/images/create?fromImage=nginx&tag=1.10")
    assert status == 200 and b"Downloaded newer image for nginx:1.10" in body, body


def test_the_engines_own_firewall_drops_forwarded_traffic(engine: PrivateEngine) -> None:
    rules = subprocess.check_output(["iptables", "-S", "FORWARD"], text=True)
    assert "-P FORWARD DROP" in rules

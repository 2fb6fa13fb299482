"""What `vagrant up` does in the VMs, on machines with systemd that its scripts set up."""

from __future__ import annotations

from tests.vagrant.conftest import Lab


def test_the_scripts_make_a_cluster_of_two_machines(lab: Lab) -> None:
    nodes = lab.master.run("mk8s", "get", "nodes", "-o", "wide").ok()
    assert "192.168.56.10" in nodes and "192.168.56.11" in nodes

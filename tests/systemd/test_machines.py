"""The machines that other tests stand on: what they keep, and whom they reach."""

from __future__ import annotations

from tests.support.systemdmachine import machine_bridge, systemd_machine


def test_a_machine_keeps_its_files_over_a_reboot_and_reaches_its_neighbour() -> None:
    with (
        machine_bridge("neighbours", "192.168.57.1/24") as bridge,
        systemd_machine("one", bridge, "192.168.57.11/24") as one,
        systemd_machine("two", bridge, "192.168.57.12/24") as two,
    ):
        assert one.run("ping", "-c1", "-W5", "192.168.57.12").code == 0
        one.shell("echo kept >/etc/kept; echo lost >/run/lost").ok()
        one.address = "192.168.57.13/24"
        one.reboot()
        assert one.run("cat", "/etc/kept").ok() == "kept\n"
        assert one.run("cat", "/run/lost").code != 0
        assert two.run("ping", "-c1", "-W5", "192.168.57.13").code == 0
        assert two.run("cat", "/etc/kept").code != 0
        assert one.run("docker", "version").code == 0
        two.power_off()
        two.start()
        assert two.run("hostname").ok() == "two\n"

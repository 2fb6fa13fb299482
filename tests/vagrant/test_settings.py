"""What the Vagrantfile makes of the environment and of the host: tables, asked of its own Ruby."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.systemdmachine import CHECKOUT

TABLE = Path(__file__).with_name("settings_table.rb")


def ask(*questions: list[Any]) -> list[Any]:
    done = subprocess.run(
        ["ruby", str(TABLE), str(CHECKOUT / "vagrant")],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


def test_settings_come_to_machines_addresses_and_flags(tmp_path: Path) -> None:
    wheel = tmp_path / "minikube8s-0.1.0-py3-none-any.whl"
    wheel.touch()
    table: list[tuple[list[Any], Any]] = [
        (
            ["machines", {}],
            [
                ["master", "192.168.56.10"],
                ["worker1", "192.168.56.11"],
                ["worker2", "192.168.56.12"],
            ],
        ),
        (["machines", {"MK8S_WORKERS": "0"}], [["master", "192.168.56.10"]]),
        (["machines", {"MK8S_WORKERS": " "}, ["master"]], ask(["machines", {}])[0]),
        (["machines", {"MK8S_WORKERS": " 0 "}], [["master", "192.168.56.10"]]),
        (["masters"], ["master"]),
        # as the table in docs/vagrant.md has them
        (["defaults"], [1536, 2, "debian/bookworm64", "kvm", 40]),
        # as many workers as there is room for
        (
            ["machines", {"MK8S_WORKERS": "1", "MK8S_SUBNET": "10.5.0.0/28"}, ["worker4"]],
            [["master", "10.5.0.10"], *([f"worker{n}", f"10.5.0.{10 + n}"] for n in range(1, 5))],
        ),
        (["netmask", {"MK8S_SUBNET": "11.0.0.0/8"}], "255.0.0.0"),
        (
            ["machines", {"MK8S_WORKERS": "1", "MK8S_SUBNET": "10.5.0.0/16"}],
            [["master", "10.5.0.10"], ["worker1", "10.5.0.11"]],
        ),
        # a worker that there is belongs to the lab until it is destroyed
        (
            ["machines", {"MK8S_WORKERS": "0"}, ["master", "worker1", "other"]],
            [["master", "192.168.56.10"], ["worker1", "192.168.56.11"]],
        ),
        # what it was made with counts until something else is said
        (
            ["machines", {}, ["master"], {"MK8S_SUBNET": "10.5.0.0/16", "MK8S_WORKERS": "1"}],
            [["master", "10.5.0.10"], ["worker1", "10.5.0.11"]],
        ),
        (
            ["machines", {"MK8S_WORKERS": "0"}, ["master"], {"MK8S_WORKERS": "1"}],
            [["master", "192.168.56.10"]],
        ),
        (
            ["machines", {"MK8S_WORKERS": " "}, ["master"], {"MK8S_WORKERS": "1"}],
            [["master", "192.168.56.10"], ["worker1", "192.168.56.11"]],
        ),
        (
            ["to_remember", {"MK8S_SUBNET": "10.5.0.0/16", "MK8S_CPUS": "1", "MK8S_WHEEL": ""}],
            {
                "MK8S_SUBNET": "10.5.0.0/16",
                "MK8S_POD_CIDR": "10.244.0.0/16",
                "MK8S_SERVICE_CIDR": "10.96.0.0/12",
                "MK8S_CPUS": "1",
            },
        ),
        # the words of a command, its flags and their values among them
        (["named", ["up", "--provider", "libvirt"]], ["master", "worker1", "worker2"]),
        (["named", ["up", "worker1", "--provider", "libvirt"]], ["worker1"]),
        (["named", ["reload", "/^worker/"]], ["worker1", "worker2"]),
        (["netmask", {"MK8S_SUBNET": "10.5.0.0/16"}], "255.255.0.0"),
        (["flags", {"MK8S_WHEEL": str(wheel)}], []),
        (
            ["flags", {"MK8S_POD_CIDR": "10.1.0.0/16,fd00::/56", "MK8S_NODE_GRACE": "20"}],
            ["--pod-cidr", "10.1.0.0/16,fd00::/56", "--node-grace", "20"],
        ),
        (
            ["flags", {"MK8S_POD_CIDR": "10.1.0.0/16, fd00::/56"}],
            ["--pod-cidr", "10.1.0.0/16, fd00::/56"],
        ),
        (["flags", {"MK8S_SERVICE_CIDR": "10.2.0.0/16"}], ["--service-cidr", "10.2.0.0/16"]),
    ]
    for (question, wanted), answer in zip(table, ask(*(row[0] for row in table)), strict=True):
        assert answer == wanted, question


def test_workers_that_come_later_have_their_names_from_the_start() -> None:
    [few, many, tight] = ask(
        ["names", {"MK8S_WORKERS": "1"}],
        ["names", {"MK8S_WORKERS": "12"}],
        ["names", {"MK8S_WORKERS": "1", "MK8S_SUBNET": "10.5.0.0/28"}],
    )
    assert few[:2] == ["192.168.56.10=master", "192.168.56.11=worker1"]
    assert few[-1] == "192.168.56.19=worker9"
    assert many[-1] == "192.168.56.22=worker12"
    assert tight[-1] == "10.5.0.14=worker4"


BAD: list[tuple[list[Any], tuple[str, ...]]] = [
    (["machines", {"MK8S_WORKERS": "x"}], ("MK8S_WORKERS", '"x"', "0 to 20")),
    (["machines", {"MK8S_WORKERS": "21"}], ("MK8S_WORKERS", "0 to 20")),
    (["machines", {"MK8S_WORKERS": "2x"}], ("MK8S_WORKERS", '"2x"')),
    (["machines", {"MK8S_WORKERS": "x2"}], ("MK8S_WORKERS", '"x2"')),
    (["machines", {"MK8S_WORKERS": "-1"}], ("MK8S_WORKERS", "0 to 20")),
    (["machines", {"MK8S_MEMORY": "2G"}], ("MK8S_MEMORY", '"2G"', "512")),
    (["machines", {"MK8S_MEMORY": "511"}], ("MK8S_MEMORY", "512")),
    (["machines", {"MK8S_CPUS": "0"}], ("MK8S_CPUS", "1 to 64")),
    (["machines", {"MK8S_NODE_GRACE": "1"}], ("MK8S_NODE_GRACE", "4 to 3600")),
    (["machines", {"MK8S_DRIVER": "xen"}], ("MK8S_DRIVER", '"xen"', "kvm or qemu")),
    (["machines", {"MK8S_DRIVER": "kvm2"}], ("MK8S_DRIVER", "kvm or qemu")),
    (["machines", {"MK8S_DRIVER": "my-kvm"}], ("MK8S_DRIVER", "kvm or qemu")),
    (["machines", {"MK8S_BOX": "a box"}], ("MK8S_BOX", "debian/bookworm64")),
    (["machines", {"MK8S_SUBNET": "192.168.56.0"}], ("MK8S_SUBNET", "192.168.56.0/24")),
    (["machines", {"MK8S_SUBNET": "192.168.56.1/24"}], ("MK8S_SUBNET", "192.168.56.0/24")),
    (["machines", {"MK8S_SUBNET": "fd00::/64"}], ("MK8S_SUBNET", "IPv4")),
    (["machines", {"MK8S_SUBNET": "10.0.0.0/7"}], ("MK8S_SUBNET", "write it like")),
    (["machines", {"MK8S_SUBNET": "10.5.0.0/29"}], ("MK8S_SUBNET", "write it like")),
    (["machines", {"MK8S_SUBNET": "300.0.0.0/24"}], ("MK8S_SUBNET", "write it like")),
    (
        ["machines", {"MK8S_SUBNET": "10.5.0.0/28", "MK8S_WORKERS": "5"}],
        ("4 workers and not for 5", "larger"),
    ),
    (["machines", {"MK8S_POD_CIDR": "pods"}], ("MK8S_POD_CIDR", "10.244.0.0/16")),
    (["machines", {"MK8S_POD_CIDR": "10.1.0.0/16; reboot"}], ("MK8S_POD_CIDR", "not a network")),
    (["machines", {"MK8S_SERVICE_CIDR": "10.0.0.1"}], ("MK8S_SERVICE_CIDR", "10.96.0.0/12")),
    (["machines", {"MK8S_SUBNET": "10.0.0.0/8"}], ("MK8S_POD_CIDR", "overlap")),
    (["machines", {"MK8S_SUBNET": "10.96.4.0/24"}], ("MK8S_SERVICE_CIDR", "overlap")),
    (["machines", {"MK8S_POD_CIDR": "192.168.0.0/16"}], ("MK8S_POD_CIDR", "overlap")),
    (["machines", {"MK8S_WHEEL": "/nowhere/minikube8s-1-py3-none-any.whl"}], ("pip wheel",)),
    (
        ["machines", {"MK8S_SUBNET": "10.6.0.0/16"}, ["master"], {"MK8S_SUBNET": "10.5.0.0/16"}],
        ("made with 10.5.0.0/16 and cannot become 10.6.0.0/16", "`vagrant destroy`"),
    ),
    (["version", "2.2.19"], ("2.3.0 or newer", "this is 2.2.19")),
    (["provider", None, False, False], ("install VirtualBox", "libvirt")),
    (["provider", "libvirt", True, False], ("vagrant plugin install", "--provider=virtualbox")),
    (["provider", "virtualbox", False, True], ("VBoxManage", "--provider=libvirt")),
    (["provider", "docker", True, True], ("virtualbox and libvirt and not docker",)),
    (["rsync", False], ("apt-get install rsync",)),
    (["libvirt", "qemu:///system", "no socket"], ("no socket", "systemctl start libvirtd")),
    (["kvm", "missing"], ("no /dev/kvm", "MK8S_DRIVER=qemu")),
    (["kvm", "closed"], ("adduser $USER kvm", "MK8S_DRIVER=qemu")),
    (["kvm", "broken"], ("did not get to its end", "MK8S_DRIVER=qemu")),
    (
        ["subnet", "192.168.56.0/24", [["eth0", "192.168.56.7", 24]], "libvirt"],
        ("eth0 has 192.168.56.7/24", "MK8S_SUBNET=192.168.57.0/24"),
    ),
    (
        ["subnet", "192.168.56.0/24", [["wlan0", "192.168.0.7", 16]], "virtualbox"],
        ("wlan0", "MK8S_SUBNET=10.55.0.0/24"),
    ),
    (
        ["subnet", "172.16.0.0/12", [["eth0", "172.20.5.7", 24]], "libvirt"],
        ("eth0 has 172.20.5.7/24", "MK8S_SUBNET=192.168.57.0/24"),
    ),
    # what is proposed is free
    (
        [
            "subnet",
            "192.168.56.0/24",
            [["a", "192.168.56.7", 23], ["b", "192.168.58.7", 24]],
            "libvirt",
        ],
        ("a has 192.168.56.7/23", "MK8S_SUBNET=192.168.59.0/24"),
    ),
    # another provider's network
    (
        ["subnet", "192.168.56.0/24", [["vboxnet0", "192.168.56.1", 24]], "libvirt"],
        ("vboxnet0", "MK8S_SUBNET="),
    ),
    (
        ["subnet", "192.168.56.0/24", [["virbr1", "192.168.56.1", 25]], "libvirt"],
        ("virbr1", "MK8S_SUBNET="),
    ),
    # where the VMs' first interfaces are, also while the host has none there
    (["subnet", "10.0.0.0/16", [], "virtualbox"], ("10.0.2.0/24", "MK8S_SUBNET=192.168.57.0/24")),
    (
        ["subnet", "192.168.121.0/24", [["virbr1", "192.168.121.1", 24]], "libvirt"],
        ("libvirt's own 192.168.121.0/24", "MK8S_SUBNET="),
    ),
    (
        ["addresses", "192.168.56.0/24", ["192.168.56.10", "192.168.56.11"]],
        ("answers at 192.168.56.10, 192.168.56.11", "MK8S_SUBNET=192.168.57.0/24"),
    ),
    (["memory", 1536, 3, 2400], ("3 VMs", "4992 MB", "2400 MB are free", "MK8S_MEMORY=640")),
    (["memory", 1536, 3, 4991], ("4992 MB", "MK8S_MEMORY=1472")),
    (["memory", 1536, 3, 1500], ("a lower MK8S_WORKERS",)),
    (["memory", 1536, 3, 1919], ("a lower MK8S_WORKERS",)),
    (["memory", 1536, 3, 1920], ("MK8S_MEMORY=512",)),
]


def test_bad_input_is_told_in_one_sentence_with_the_way_out() -> None:
    for (question, words), answer in zip(BAD, ask(*(row[0] for row in BAD)), strict=True):
        assert isinstance(answer, dict), f"{question} is taken: {answer}"
        sentence = answer["problem"]
        assert sentence.endswith(".") and "\n" not in sentence, sentence
        for word in words:
            assert word in sentence, f"{question}: {sentence}"


GOOD: list[list[Any]] = [
    ["version", "2.3.0"],
    ["version", "2.3.4"],
    ["version", "2.4.10"],
    ["provider", None, True, False],
    ["provider", "libvirt", False, True],
    ["provider", "virtualbox", True, False],
    ["provider", None, False, True],
    ["rsync", True],
    ["libvirt", "qemu:///system", None],
    ["kvm", "works"],
    ["subnet", "192.168.56.0/24", [["eth0", "10.0.0.4", 24], ["lo", "127.0.0.1", 8]], "libvirt"],
    # the network of the lab itself, from the last time
    ["subnet", "192.168.56.0/24", [["virbr1", "192.168.56.1", 24]], "libvirt"],
    ["subnet", "192.168.56.0/24", [["vboxnet0", "192.168.56.1", 24]], "virtualbox"],
    ["addresses", "192.168.56.0/24", []],
    ["memory", 1536, 3, 4992],
    ["memory", 1536, 3, None],
]


def test_a_host_that_has_everything_is_let_through() -> None:
    for question, answer in zip(GOOD, ask(*GOOD), strict=True):
        assert not (isinstance(answer, dict) and "problem" in answer), f"{question}: {answer}"


def test_vms_side_by_side_are_checked_once_and_all_go_by_it() -> None:
    assert ask(["once", False], ["once", True]) == [
        {"runs": 1, "outcomes": ["true", "true", "true"]},
        {"runs": 1, "outcomes": ["false", "false", "raised"]},
    ]


def test_a_worker_waits_for_a_master_that_comes_up_beside_it() -> None:
    assert ask(["ways", False], ["ways", True]) == [
        [None, "going", "arrived"],
        [None, "going", "failed"],
    ]


def test_a_machine_that_answers_at_an_address_of_the_lab_is_met() -> None:
    # nothing listens at either; at one, a machine says so
    assert ask(["answering", ["127.0.0.1", "255.255.255.255"]]) == [["127.0.0.1"]]


def test_the_hosts_own_networks_and_memory_are_seen() -> None:
    [interfaces, free] = ask(["interfaces"], ["free_memory"])
    assert ["lo", "127.0.0.1", 8] in interfaces
    assert 0 < free < 1 << 24


def test_only_where_vms_are_on_this_machine_its_networks_and_memory_matter() -> None:
    table = {
        "": True,
        "qemu:///system": True,
        "qemu+unix:///system?socket=/run/x": True,
        "qemu+ssh://other/system": False,
        "qemu+tcp://192.0.2.1/system": False,
    }
    assert ask(*(["libvirt_here", uri] for uri in table)) == [*table.values()]


def test_what_the_lab_was_made_with_is_read_again_whatever_became_of_the_file(
    tmp_path: Path,
) -> None:
    folder = str(tmp_path)
    table: list[tuple[str, Any]] = [
        ('{"MK8S_CPUS": "1", "PATH": "/nowhere"}', {"MK8S_CPUS": "1"}),
        ('{"MK8S_CPUS": "1"', {}),
        ('["MK8S_CPUS"]', {}),
        ("", {}),
    ]
    assert ask(*(["remembered", folder, text] for text, _ in table)) == [one for _, one in table]
    [(found, files)] = ask(["remember", folder, {"MK8S_CPUS": "1", "MK8S_POD_CIDR": "10.1.0.0/16"}])
    fixed = {"MK8S_SUBNET": "192.168.56.0/24", "MK8S_SERVICE_CIDR": "10.96.0.0/12"}
    assert found == {"MK8S_CPUS": "1", "MK8S_POD_CIDR": "10.1.0.0/16", **fixed}
    assert files == ["mk8s-lab.json"]


def test_a_libvirt_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    # virsh is played, for longer than its questioner is waited for
    virsh = tmp_path / "virsh"
    table = [
        ("exec sleep 200", "no answer within 0.5 s"),
        ("echo error: failed to connect; echo error: no socket; exit 1", "no socket"),
        ("exit 0", None),
    ]
    for line, wanted in table:
        virsh.write_text(f"#!/bin/sh\n{line}\n")
        virsh.chmod(0o755)
        assert ask(["libvirt_error", str(tmp_path), 0.5 if "sleep" in line else 60]) == [wanted]


def test_kvm_is_tried_by_running_a_guest(tmp_path: Path) -> None:
    # QEMU is played
    ends, fails, hangs = (tmp_path / name for name in ("ends", "fails", "hangs"))
    for program, line in ((ends, "exit 33"), (fails, "exit 1"), (hangs, "exec sleep 60")):
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    questions: list[list[Any]] = [
        ["try_kvm", "/nowhere/kvm", str(ends), 60],
        ["try_kvm", "/dev/null", str(ends), 60],
        ["try_kvm", "/dev/null", str(fails), 60],
        ["try_kvm", "/dev/null", str(hangs), 0.5],
        ["try_kvm", "/dev/null", None, 60],
        ["try_kvm", str(tmp_path), str(ends), 60],
    ]
    assert ask(*questions) == ["missing", "works", "broken", "broken", "works", "broken"]


def test_the_guest_that_tries_kvm_gets_to_its_end_where_it_is_emulated(tmp_path: Path) -> None:
    emulating = tmp_path / "qemu"
    emulating.write_text(
        '#!/bin/sh\nshift 2\nexec qemu-system-x86_64 -accel tcg "$@"\n'  # instead of -accel kvm
    )
    emulating.chmod(0o755)
    assert ask(["try_kvm", "/dev/null", str(emulating), 60]) == ["works"]

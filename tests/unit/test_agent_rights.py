"""What a container may do, and which kernel parameters its pod may set."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.pods import sysctls
from mk8s_agent.pods.files import SeccompProfiles
from mk8s_agent.pods.identity import PodRef
from mk8s_agent.pods.refusing import port_conflict, refusal
from mk8s_agent.pods.rights import localhost_seccomp, rights
from mk8s_agent.runtime.docker_json import create_body, readable, registry_auth
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.vocabulary import ContainerSpec, Login, Security

from minikube8s.api.views import Pod
from tests.support.agentnode import container, pod_json, view

REF = PodRef("default", "web", "uid-1")


def of(own: dict[str, Any], shared: dict[str, Any] | None = None, image_user: str = "") -> Security:
    """The rights of a container with its own context and the pod's."""
    pod = view(pod_json(container(securityContext=own), securityContext=shared or {}))
    return rights(pod, REF, pod.spec.containers[0], image_user, "{profile}")


@pytest.mark.parametrize(
    ("own", "shared", "image_user", "user"),
    [
        ({}, {}, "", ""),
        ({}, {"runAsUser": 7}, "", "7"),
        ({"runAsUser": 8}, {"runAsUser": 7}, "", "8"),
        ({"runAsUser": 8, "runAsGroup": 9}, {}, "", "8:9"),
        ({"runAsGroup": 9}, {}, "nginx:nginx", "nginx:9"),
        ({"runAsGroup": 9}, {}, "", "0:9"),
        ({"runAsUser": 8}, {"supplementalGroupsPolicy": "Strict"}, "", "8:0"),
        ({"runAsUser": 8, "runAsGroup": 9}, {"supplementalGroupsPolicy": "Strict"}, "", "8:9"),
        ({}, {"supplementalGroupsPolicy": "Strict"}, "101:101", ""),
        ({}, {"supplementalGroupsPolicy": "Strict"}, "nginx", "nginx:0"),
    ],
)
def test_user_and_group(
    own: dict[str, Any], shared: dict[str, Any], image_user: str, user: str
) -> None:
    assert of(own, shared, image_user).user == user


@pytest.mark.parametrize(
    ("own", "shared", "expected"),
    [
        ({}, {}, Security()),
        ({"seccompProfile": {"type": "RuntimeDefault"}}, {}, Security()),
        ({"seccompProfile": {"type": "Unconfined"}}, {}, Security(seccomp="unconfined")),
        ({}, {"seccompProfile": {"type": "Unconfined"}}, Security(seccomp="unconfined")),
        (
            {"seccompProfile": {"type": "Localhost", "localhostProfile": "a.json"}},
            {"seccompProfile": {"type": "Unconfined"}},
            Security(seccomp="{profile}"),
        ),
        ({"appArmorProfile": {"type": "RuntimeDefault"}}, {}, Security()),
        ({"appArmorProfile": {"type": "Unconfined"}}, {}, Security(apparmor="unconfined")),
        (
            {},
            {"appArmorProfile": {"type": "Localhost", "localhostProfile": "mine"}},
            Security(apparmor="mine"),
        ),
        (
            {"seLinuxOptions": {"type": "t", "level": "s0:c1"}},
            {"seLinuxOptions": {"user": "u"}},
            Security(selinux=("type:t", "level:s0:c1")),
        ),
        ({"procMount": "Unmasked"}, {}, Security(whole_proc=True)),
        ({"procMount": "Default"}, {}, Security()),
    ],
)
def test_profiles_and_labels(
    own: dict[str, Any], shared: dict[str, Any], expected: Security
) -> None:
    assert of(own, shared) == expected


def test_the_container_is_told_which_profile_of_the_node_it_needs() -> None:
    local = {"type": "Localhost", "localhostProfile": "a/b.json"}

    def needed(**context: Any) -> str:
        pod = view(pod_json(container(securityContext=context)))
        return localhost_seccomp(pod, pod.spec.containers[0])

    assert needed(seccompProfile=local) == "a/b.json"
    assert needed(seccompProfile=local, privileged=True) == ""
    assert needed(seccompProfile={"type": "RuntimeDefault"}) == ""
    assert needed() == ""


def test_a_seccomp_profile_is_read_from_the_node_and_a_missing_one_named(tmp_path: Path) -> None:
    profiles = SeccompProfiles(tmp_path)
    (tmp_path / "one.json").write_text("{}")
    assert profiles.read("one.json") == "{}"
    assert profiles.read("") == ""
    with pytest.raises(RuntimeFault) as failure:
        profiles.read("two.json")
    path = tmp_path / "two.json"
    assert str(failure.value) == (
        f'cannot load seccomp profile "{path}": open {path}: no such file or directory'
    )


def with_sysctls(*names: str) -> Pod:
    """A pod that sets these to 1."""
    wanted = [{"name": name, "value": "1"} for name in names]
    return view(pod_json(securityContext={"sysctls": wanted}))


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        ((), ""),
        (("net.ipv4.tcp_syncookies", "kernel.shm_rmid_forced"), ""),
        (("net/ipv4/tcp_syncookies",), ""),
        (("net.ipv4.tcp_syncookies", "kernel.msgmax"), "kernel.msgmax"),
        (("net.core.somaxconn",), "net.core.somaxconn"),
    ],
)
def test_parameters_that_could_hurt_the_node_are_refused(
    names: tuple[str, ...], refused: str
) -> None:
    assert sysctls.forbidden(with_sysctls(*names)) == refused


def test_parameters_of_the_network_are_set_with_it_and_the_others_by_the_engine() -> None:
    pod = with_sysctls("net/ipv4/tcp_syncookies", "kernel.shm_rmid_forced", "net.ipv4.tcp_rmem")
    assert sysctls.of_engine(pod) == {"kernel.shm_rmid_forced": "1"}
    assert sysctls.of_network(pod) == {"ipv4/tcp_syncookies": "1", "ipv4/tcp_rmem": "1"}


def body(**fields: Any) -> dict[str, Any]:
    """What the engine is sent."""
    return create_body(ContainerSpec(name="x", image="y", labels={}, **fields))["HostConfig"]


def test_rights_become_the_engines_options() -> None:
    security = Security(
        no_new_privileges=True,
        seccomp='{"a": 1}',
        apparmor="mine",
        selinux=("type:t",),
        whole_proc=True,
    )
    host = body(security=security, sysctls={"kernel.shm_rmid_forced": "1"})
    assert host["SecurityOpt"] == [
        "no-new-privileges",
        'seccomp={"a": 1}',
        "apparmor=mine",
        "label=type:t",
    ]
    assert host["MaskedPaths"] == host["ReadonlyPaths"] == []
    assert host["Sysctls"] == {"kernel.shm_rmid_forced": "1"}
    assert not {"SecurityOpt", "MaskedPaths", "ReadonlyPaths", "Sysctls"} & set(body())


def test_a_login_travels_in_a_header() -> None:
    assert registry_auth(None) == {}
    [(name, value)] = registry_auth(Login("r.example", "me", "se>cret")).items()
    assert name == "X-Registry-Auth"
    assert json.loads(base64.urlsafe_b64decode(value)) == {
        "username": "me",
        "password": "se>cret",
        "serveraddress": "r.example",
    }


@pytest.mark.parametrize(
    ("message", "end"),
    [
        ('exec: "x": executable file not found in $PATH: unknown', "not found in $PATH"),
        ("unable to apply caps: operation not permitted: unknown", "ask for every one)"),
        ("Minimum memory limit allowed is 6MB", "resources.limits.memory)"),
        ("something else\n", "something else"),
    ],
)
def test_what_an_engine_says_is_made_readable(message: str, end: str) -> None:
    assert readable(message).endswith(end)


@pytest.mark.parametrize(
    ("spec", "apparmor", "expected"),
    [
        ({}, False, None),
        ({"os": {"name": "linux"}}, False, None),
        (
            {"os": {"name": "windows"}},
            False,
            ("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"),
        ),
        (
            {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
            False,
            ("SysctlForbidden", 'forbidden sysctl: "kernel.msgmax" not allowlisted'),
        ),
        (
            {"securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}},
            False,
            ("AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host"),
        ),
        ({"securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}}, True, None),
        ({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}, False, None),
    ],
)
def test_pods_that_a_node_does_not_take(
    spec: dict[str, Any], apparmor: bool, expected: tuple[str, str] | None
) -> None:
    assert refusal(view(pod_json(**spec)), apparmor=apparmor) == expected


def on_port(port: int, protocol: str = "TCP", address: str = "") -> Pod:
    """A pod with one port of the node."""
    ports = [{"containerPort": 80, "hostPort": port, "protocol": protocol, "hostIP": address}]
    return view(pod_json(container(ports=ports)))


@pytest.mark.parametrize(
    ("other", "conflicts"),
    [
        (on_port(8080), True),
        (on_port(8080, address="192.0.2.1"), True),
        (on_port(8081), False),
        (on_port(8080, "UDP"), False),
        (on_port(0), False),
    ],
)
def test_two_pods_cannot_have_the_same_port_of_the_node(other: Pod, conflicts: bool) -> None:
    refused = port_conflict(on_port(8080), [on_port(1), other])
    assert (refused is not None and refused.reason == "NodePorts") == conflicts


def test_a_port_of_two_addresses_is_two_ports() -> None:
    mine = on_port(8080, address="192.0.2.1")
    assert port_conflict(mine, [on_port(8080, address="192.0.2.2")]) is None
    assert port_conflict(mine, [on_port(8080, address="192.0.2.1")]) is not None
    assert port_conflict(view(pod_json()), [mine]) is None

"""What the engine refuses shows as a kubelet's reason, with words that help; other pods go on."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import mk8s_agent.runtime
import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.engine import REGISTRY
from tests.support.manifests import Json, container, pod
from tests.support.wait import until

_SYS_RESOURCE = 24


@pytest.fixture(autouse=True)
def empty(cluster: Cluster) -> Iterator[None]:
    """Each test leaves no pod behind."""
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    until("no pods left", lambda: not cluster.pods())


class _Bad(NamedTuple):
    """A container's fields, the reason that its pod shows, and words of the message."""

    fields: Json
    reason: str
    words: str


_BAD = {
    "capability": _Bad(
        {"securityContext": {"capabilities": {"add": ["NONSENSE"]}}},
        "CreateContainerError",
        'unknown capability: "CAP_NONSENSE"',
    ),
    "memory": _Bad(
        {"resources": {"limits": {"memory": "1Mi"}}},
        "CreateContainerError",
        "Minimum memory limit allowed is 6MB (raise the container's resources.limits.memory)",
    ),
    "cpu": _Bad(
        {"resources": {"limits": {"cpu": "10G"}, "requests": {"cpu": "1m"}}},
        "StartError",
        "(the container's resources.limits.cpu is too high)",
    ),
    "place": _Bad({"workingDir": "here"}, "CreateContainerError", "needs to be an absolute path"),
    "file": _Bad({"workingDir": "/etc/passwd"}, "CreateContainerError", "is not a directory"),
    "root": _Bad(
        {"securityContext": {"runAsNonRoot": True}},
        "CreateContainerConfigError",
        "container has runAsNonRoot and image will run as root",
    ),
    "directory": _Bad({"command": ["/etc"]}, "StartError", 'exec: "/etc": permission denied'),
    "mount": _Bad(
        {"volumeMounts": [{"name": "etc", "mountPath": "/etc/passwd"}]},
        "StartError",
        "not a directory",
    ),
    "privileged": _Bad(
        {"securityContext": {"privileged": True}},
        "StartError",
        "a capability that this machine does not have itself",
    ),
}


def _is_limited() -> bool:
    """Whether this machine lacks a capability that privileged containers have."""
    lines = dict(
        line.split(":\t")
        for line in Path("/proc/self/status").read_text().splitlines()
        if ":" in line
    )
    return not int(lines["CapBnd"], 16) >> _SYS_RESOURCE & 1


def test_each_refusal_shows_its_reason_and_the_engines_words_and_others_go_on(
    cluster: Cluster,
) -> None:
    bad = {name: one for name, one in _BAD.items() if name != "privileged" or _is_limited()}
    etc = {"name": "etc", "hostPath": {"path": "/etc"}}
    made = [
        pod(name, container(*one.fields.get("command", manifests.SLEEP), **_rest(one.fields)))
        for name, one in bad.items()
    ]
    for one in made:
        one["spec"]["volumes"] = [etc]
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*made, pod("good"))).ok()

    for name, one in bad.items():
        until(
            f"{name} shows {one.reason} and {one.words!r}",
            lambda name=name, one=one: _shows(cluster.get("pod", name), one),
            40,
        )
    assert cluster.column("pod", "good", "STATUS") == "Running"


def _rest(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if name != "command"}


def _shows(found: Json, expected: _Bad) -> bool:
    [status] = found["status"].get("containerStatuses") or [{}]
    states = [status.get("state", {}), status.get("lastState", {})]
    return any(
        part.get("reason") == expected.reason and expected.words in part.get("message", "")
        for state in states
        for part in state.values()
    )


def test_an_image_of_another_architecture_says_so_when_pulled_or_when_run(
    cluster: Cluster,
) -> None:
    _publish_foreign(cluster)
    mine = cluster.run(["uname", "-m"]).ok().strip()
    theirs, ours = ("arm64", "amd64") if mine == "x86_64" else ("amd64", "arm64")
    binary = Path(mk8s_agent.runtime.__file__).parent / "data" / f"pause-{theirs}"
    archive = cluster.home.parent / "foreign.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(binary, "pause")
    cluster.engine.run("import", str(archive), "foreign-binary:1")
    never = container("/pause", image="foreign-binary:1") | {"imagePullPolicy": "Never"}
    pods = (pod("pulled", container(image=f"{REGISTRY}/library/foreign:1")), pod("run", never))
    try:
        cluster.kubectl("apply", "-f", "-", input=manifests.text(*pods)).ok()

        def told(name: str, words: str) -> bool:
            selector = f"involvedObject.name={name}"
            events = cluster.get("events", "--field-selector", selector)["items"]
            logs = cluster.kubectl("logs", name)
            return words in json.dumps(events) or words in logs.out

        until("the pull says why", lambda: told("pulled", f"no matching manifest for linux/{ours}"))
        until("the run says why", lambda: told("run", "exec format error"))
    finally:
        cluster.kubectl("delete", "pod", "--all", "--now").ok()
        cluster.engine.run("rmi", "-f", "foreign-binary:1", check=False)


def _publish_foreign(cluster: Cluster) -> None:
    """Push a list of manifests that has none for a machine like this: `foreign:1`."""
    there = f"{REGISTRY}/library/foreign"
    engine = cluster.engine
    engine.run("pull", "-q", "busybox")
    engine.run("tag", "busybox", f"{there}:any")
    engine.run("push", "-q", f"{there}:any")
    engine.run("rmi", f"{there}:any")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = _registry("GET", "any", {"Accept": kind})
    entry = {
        "mediaType": kind,
        "size": len(manifest),
        "digest": f"sha256:{hashlib.sha256(manifest).hexdigest()}",
        "platform": {"architecture": "s390x", "os": "linux"},
    }
    listed = "application/vnd.docker.distribution.manifest.list.v2+json"
    whole = {"schemaVersion": 2, "mediaType": listed, "manifests": [entry]}
    _registry("PUT", "1", {"Content-Type": listed}, json.dumps(whole).encode())


def _registry(verb: str, tag: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    connection = http.client.HTTPConnection(REGISTRY, timeout=10)
    connection.request(
        verb,
        f"/v2/library/foreign/manifests/{tag}",
        io.BytesIO(body),
        headers | {"Content-Length": str(len(body))},
    )
    with connection.getresponse() as response:
        content = response.read()
        assert response.status < 300, content
        return content

"""Images of a registry that asks who wants them are pulled with the pod's secrets."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.engine import PrivateEngine
from tests.support.manifests import Json, container, pod
from tests.support.wait import until

_REGISTRY = "127.0.0.1:5077"
_IMAGE = f"{_REGISTRY}/team/busybox:1"
_USERS = "me:$2b$04$UAZSjTwGT3YBbSPHTJFq9.SgSBQNLOkGQ0HXj7jue4g075JonuFzy\n"
"""The password is `sesame`, as htpasswd writes it with -B."""


@pytest.fixture(scope="module")
def registry(engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A registry that wants the user `me` with the password `sesame`; it has `_IMAGE`."""
    root: Path = tmp_path_factory.mktemp("registry")
    (root / "htpasswd").write_text(_USERS)
    (root / "config.yml").write_text(
        "version: 0.1\nlog: {level: warn}\n"
        f"storage: {{filesystem: {{rootdirectory: {root}/data}}}}\n"
        f"http: {{addr: '{_REGISTRY}'}}\n"
        f"auth: {{htpasswd: {{realm: here, path: {root}/htpasswd}}}}\n"
    )
    with subprocess.Popen(
        ["docker-registry", "serve", str(root / "config.yml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        until("the registry answers", _answers)
        engine.run("pull", "-q", "busybox")
        engine.run("tag", "busybox", _IMAGE)
        engine.run("login", "-u", "me", "-p", "sesame", _REGISTRY)
        engine.run("push", "-q", _IMAGE)
        engine.run("logout", _REGISTRY)
        try:
            yield
        finally:
            process.terminate()


def _answers() -> bool:
    connection = http.client.HTTPConnection(_REGISTRY, timeout=2)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("GET", "/v2/")
        return connection.getresponse().status == 401
    return False


@pytest.fixture(autouse=True)
def empty(cluster: Cluster, engine: PrivateEngine, registry: None) -> Iterator[None]:
    """Each test begins without the image and leaves nothing behind."""
    engine.run("rmi", "-f", _IMAGE, check=False)
    yield
    cluster.kubectl("delete", "pod", "--all", "--now").ok()
    cluster.kubectl("delete", "secret", "wrong", "right", "--ignore-not-found").ok()
    until("no pods left", lambda: not cluster.pods())


def secret(cluster: Cluster, name: str, password: str, server: str = _REGISTRY) -> None:
    """A pull secret."""
    login = (f"--docker-server={server}", "--docker-username=me", f"--docker-password={password}")
    cluster.kubectl("create", "secret", "docker-registry", name, *login).ok()


def private(name: str, *secrets: str) -> Json:
    """A pod of the registry's image."""
    references = [{"name": one} for one in secrets]
    return pod(name, container(*manifests.SLEEP, image=_IMAGE), imagePullSecrets=references)


def apply(cluster: Cluster, *objects: Json) -> None:
    """`kubectl apply` of ``objects``."""
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def warned(cluster: Cluster, name: str, *words: str) -> None:
    """Wait for a warning about a pod with these words."""

    def found() -> bool:
        events = cluster.get("events", "--field-selector", f"involvedObject.name={name}")["items"]
        return any(all(word in one["message"] for word in words) for one in events)

    until(f"a warning with {words}", found)


def test_without_a_login_the_registry_refuses_and_a_missing_secret_is_named(
    cluster: Cluster,
) -> None:
    apply(cluster, private("stranger", "gone"))
    warned(cluster, "stranger", "Unable to retrieve some image pull secrets (gone)")
    warned(cluster, "stranger", f'Failed to pull image "{_IMAGE}"', "no basic auth credentials")
    until(
        "it waits",
        lambda: cluster.column("pod", "stranger", "STATUS") in ("ErrImagePull", "ImagePullBackOff"),
    )


def test_of_several_secrets_one_that_fits_is_enough(cluster: Cluster) -> None:
    secret(cluster, "wrong", "open")
    secret(cluster, "right", "sesame", f"{_REGISTRY}/team")
    apply(cluster, private("member", "wrong", "right"))
    cluster.ready_pods(1)


def test_an_image_named_by_its_digest_is_that_image_and_is_pulled_once(
    cluster: Cluster, engine: PrivateEngine
) -> None:
    secret(cluster, "right", "sesame")
    apply(cluster, private("first", "right"))
    cluster.ready_pods(1)
    [exact] = [
        one
        for one in json.loads(engine.run("inspect", "--format", "{{json .RepoDigests}}", _IMAGE))
        if one.startswith(_REGISTRY)
    ]
    made = [pod(name, container(*manifests.SLEEP, image=exact)) for name in ("exact", "again")]
    for one in made:
        del one["spec"]["containers"][0]["imagePullPolicy"]
    apply(cluster, *made)
    cluster.ready_pods(3)
    found = {one["metadata"]["name"]: one for one in cluster.pods()}
    assert found["exact"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    [first], [second] = (found[name]["status"]["containerStatuses"] for name in ("first", "exact"))
    assert first["imageID"] == second["imageID"] and second["image"] == exact
    warned(cluster, "again", f'Container image "{exact}" already present on machine')


def test_the_secrets_of_the_pods_account_are_used(cluster: Cluster) -> None:
    secret(cluster, "right", "sesame")
    cluster.kubectl("create", "serviceaccount", "puller").ok()
    try:
        patch = '{"imagePullSecrets": [{"name": "right"}]}'
        cluster.kubectl("patch", "serviceaccount", "puller", "-p", patch).ok()
        made = pod("heir", container(*manifests.SLEEP, image=_IMAGE), serviceAccountName="puller")
        apply(cluster, made)
        cluster.ready_pods(1)
    finally:
        cluster.kubectl("delete", "serviceaccount", "puller").ok()

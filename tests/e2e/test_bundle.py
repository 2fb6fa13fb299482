"""`mk8s bundle`: secrets are planted wherever people put them, and none is in the archive."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import manifests
from tests.support.cluster import Cluster
from tests.support.wait import until

PLANTED = {
    "secret": "planted-in-a-Secret-9f3k2",
    "string": "planted-as-stringData-7h1d0",
    "env": "planted-in-an-environment-4c8x",
    "argument": "planted-in-an-argument-1w5z",
    "map": "planted-in-a-ConfigMap-6q2v",
    "url": "planted-in-a-URL-3m9b",
    "login": "planted-in-a-registry-login-8k4",
    "printed": "planted-in-a-log-5t7y",
}


def planted() -> str:
    registry = {"auths": {"registry.example": {"username": "u", "password": PLANTED["login"]}}}
    crashing = manifests.container(
        "sh", "-c", f"echo the secret is $S; echo token={PLANTED['printed']}; exit 3"
    )
    crashing["env"] = [
        {"name": "S", "valueFrom": {"secretKeyRef": {"name": "bundle-secret", "key": "k"}}},
        {"name": "SHOP_PASSWORD", "value": PLANTED["env"]},
        {"name": "SHOP_URL", "value": f"postgres://shop:{PLANTED['url']}@db/shop"},
    ]
    crashing["args"] = [f"--password={PLANTED['argument']}"]
    meta = {"namespace": "default"}
    return manifests.text(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "bundle-secret", **meta},
            "data": {"k": base64.b64encode(PLANTED["secret"].encode()).decode()},
            "stringData": {"s": PLANTED["string"]},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "bundle-login", **meta},
            "stringData": {".dockerconfigjson": json.dumps(registry)},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "bundle-map", **meta},
            "data": {"app.ini": f"colour=blue\ndb_password = {PLANTED['map']}\n"},
        },
        manifests.pod("bundle-crashing", crashing),
    )


def files(path: Path) -> dict[str, str]:
    found = {}
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as tar:
        for member in tar.getmembers():
            file = tar.extractfile(member)
            assert file is not None
            found[member.name.partition("/")[2]] = file.read().decode(errors="replace")
    return found


@pytest.fixture
def secretive(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster with secrets wherever one may be, and without them afterwards."""
    cluster.mk8s("apply", "-f", "-", input=planted()).ok()
    try:
        yield cluster
    finally:
        cluster.mk8s("delete", "--now", "--ignore-not-found", "-f", "-", input=planted()).ok()


def test_nothing_planted_is_in_a_bundle_and_what_a_reader_needs_is(
    secretive: Cluster, tmp_path: Path
) -> None:
    cluster = secretive
    joining = cluster.mk8s("token", "create").ok().strip()
    until("the pod has crashed", lambda: _restarts(cluster) > 0, 60)
    path = tmp_path / "bundle.tar.gz"
    said = cluster.mk8s("bundle", str(path)).ok()
    assert str(path) in said
    found = files(path)
    keys = [key.read_text().splitlines()[1] for key in cluster.home.rglob("*.key")]
    for value in (*PLANTED.values(), joining.partition(".")[2], *keys):
        encoded = base64.b64encode(value.encode()).decode()
        bad = [name for name, text in found.items() if value in text or encoded in text]
        assert bad == [], value
    assert "PRIVATE KEY-----\n" not in "".join(found.values())
    assert "mk8s " in found["versions.txt"]
    assert "✓ engine" in found["doctor.txt"]
    assert found["daemons.txt"].startswith("master: process ")
    assert found["logs/master.log"] and found["logs/agent.log"]
    assert "bundle-crashing" in found["events.txt"]
    assert "the secret is <redacted>" in found["pods/default/bundle-crashing/main.log"]
    pods = json.loads(found["objects/pods.json"])
    assert "bundle-crashing" in {pod["metadata"]["name"] for pod in pods}
    (secret,) = [
        one
        for one in json.loads(found["objects/secrets.json"])
        if one["metadata"]["name"] == "bundle-secret"
    ]
    assert set(secret["data"]) == {"k", "s"}
    assert "table ip" in found["network/rules.txt"] or "table inet" in found["network/rules.txt"]
    assert "ServerVersion" in found["engine/info.json"]
    assert path.stat().st_size < 16 << 20


def _restarts(cluster: Cluster) -> int:
    pod = cluster.get("pod", "bundle-crashing")
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    return int(statuses[0].get("restartCount") or 0)

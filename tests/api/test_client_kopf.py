"""An operator written with kopf, unmodified and as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.apiserver import ApiServer, pod
from tests.api.kubectl import kubeconfig
from tests.support.wait import until

OPERATOR = Path(__file__).parents[1] / "support" / "operator.py"
MERGE = "application/merge-patch+json"


@pytest.fixture(params=["annotations", "status"])
def operator(
    request: pytest.FixtureRequest, api: ApiServer, namespace: str, tmp_path: Path
) -> Iterator[str]:
    """A running operator for the test's namespace; its log as a path."""
    config, log = tmp_path / "kubeconfig", tmp_path / "log"
    config.write_text(json.dumps(kubeconfig(api, namespace)))
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--verbose"]
    environment = os.environ | {"KUBECONFIG": str(config), "PROGRESS": request.param}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, f"--namespace={namespace}", str(OPERATOR)],
            stdout=output,
            stderr=output,
            env=environment,
        ) as process,
    ):
        yield str(log)
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(20) == 0, log.read_text()
        finally:
            process.kill()


def test_an_operator_watches_patches_holds_and_lets_go(
    api: ApiServer, namespace: str, operator: str
) -> None:
    base = f"/api/v1/namespaces/{namespace}/pods"
    api.create(base, pod("stranger"))
    api.create(base, pod("p", watched="yes"))

    def annotations() -> dict[str, Any]:
        metadata = api.get(f"{base}/p").json["metadata"]
        found: dict[str, Any] = metadata.get("annotations", {})
        return found

    until("it has seen the pod", lambda: annotations().get("example.com/known") == "p")
    until("its timer ticks", lambda: annotations().get("example.com/ticks") == "3")
    color = {"metadata": {"annotations": {"color": "red"}}}
    assert api.request("PATCH", f"{base}/p", color, content_type=MERGE).code == 200
    until("it sees a change", lambda: annotations().get("example.com/changed") == "None-red")
    events = f"/api/v1/namespaces/{namespace}/events?fieldSelector=reason%3DGreeted"
    until("its event is there", lambda: api.get(events).json["items"])
    (event,) = api.get(events).json["items"]
    assert (event["involvedObject"]["name"], event["type"]) == ("p", "Normal")
    assert api.get(f"{base}/p").json["metadata"]["finalizers"] == ["example.com/operator"]
    assert api.request("DELETE", f"{base}/p", {"gracePeriodSeconds": 0}).code == 200
    until("it has let go", lambda: api.get(f"{base}/p").code == 404)
    goodbye = f"/api/v1/namespaces/{namespace}/configmaps/goodbye-p"
    assert api.get(goodbye).code == 200
    assert "annotations" not in api.get(f"{base}/stranger").json["metadata"]
    lines = Path(operator).read_text().splitlines()
    assert [line for line in lines if "[ERROR" in line or "Traceback" in line] == []

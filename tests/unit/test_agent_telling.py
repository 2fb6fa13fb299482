"""What people are told when an action of a pod's worker fails: a kubelet's reason and words."""

from __future__ import annotations

import pytest
from mk8s_agent.network.errors import NetworkError, NetworkNotReady
from mk8s_agent.pods.actions import (
    Action,
    CreateContainer,
    CreateSandbox,
    PrepareVolumes,
    Remove,
    Signal,
    UnplugNetwork,
)
from mk8s_agent.pods.errors import ConfigError
from mk8s_agent.pods.identity import PodRef
from mk8s_agent.pods.telling import Telling
from mk8s_agent.runtime.errors import EngineUnavailable, RuntimeFault
from mk8s_agent.volumes import VolumesNotReady

from minikube8s.api.views import Pod
from tests.support.agentnode import NotedReports, pod_json, view
from tests.support.virtualtime import EPOCH

DELETED = {"deletionTimestamp": EPOCH.isoformat().replace("+00:00", "Z")}
REF = PodRef("default", "web", "uid-1")
POD = view(pod_json())
ENDING = view(pod_json(metadata=DELETED))
[APP] = POD.spec.containers
SANDBOX = Remove("POD/1", "1")

FAILURES: dict[str, tuple[Pod, Action, Exception, list[tuple[str, str]]]] = {
    "no sandbox": (
        POD,
        CreateSandbox(0),
        NetworkError("Device busy"),
        [("FailedCreatePodSandBox", "Failed to create pod sandbox: Device busy")],
    ),
    "no network": (
        POD,
        CreateSandbox(0),
        NetworkNotReady("it is being set up"),
        [("NetworkNotReady", "network is not ready: it is being set up")],
    ),
    "no configuration": (
        POD,
        CreateContainer(APP, 0, 0, None),  # type: ignore[arg-type]
        ConfigError('configmap "a" not found'),
        [("Failed", 'Error: configmap "a" not found')],
    ),
    "no volumes": (
        POD,
        PrepareVolumes(),
        VolumesNotReady(("one", "two")),
        [("FailedMount", "one"), ("FailedMount", "two")],
    ),
    "a container that does not die": (
        ENDING,
        Signal("app/1", "app", "1", "SIGKILL"),
        RuntimeFault("stuck"),
        [
            (
                "FailedKillPod",
                'error killing pod: failed to "KillContainer" for "app" with '
                'KillContainerError: "stuck"',
            )
        ],
    ),
    "a sandbox that does not go": (
        ENDING,
        SANDBOX,
        RuntimeFault("stuck"),
        [
            (
                "FailedKillPod",
                'error killing pod: failed to "KillPodSandbox" for "uid-1" with '
                'KillPodSandboxError: "stuck"',
            )
        ],
    ),
    "a network that does not go": (
        ENDING,
        UnplugNetwork(),
        NetworkError("stuck"),
        [
            (
                "FailedKillPod",
                'error killing pod: failed to "KillPodSandbox" for "uid-1" with '
                'KillPodSandboxError: "stuck"',
            )
        ],
    ),
    "what is left of an earlier sandbox": (POD, SANDBOX, RuntimeFault("stuck"), []),
    "an engine that is away": (POD, CreateSandbox(0), EngineUnavailable("is it running?"), []),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_told_in_a_kubelets_words(case: str) -> None:
    pod, action, error, wanted = FAILURES[case]
    reports = NotedReports()
    Telling(REF, reports).failed(pod, action, error)
    assert reports.events == [("Warning", *told) for told in wanted]

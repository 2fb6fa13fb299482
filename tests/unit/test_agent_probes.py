"""What becomes of pods with probes, on virtual time and the fake engine."""

from __future__ import annotations

from typing import Any

from mk8s_agent.probes.values import Finding, ProbeError
from mk8s_agent.runtime.fake import IGNORES_TERM

from tests.support.agentnode import NODE_IP, Node, container, elapsed, on_a_node, pod_json

DEFAULTS = {"periodSeconds": 10, "failureThreshold": 3, "successThreshold": 1, "timeoutSeconds": 1}


def probe(command: str, **fields: Any) -> dict[str, Any]:
    return {**DEFAULTS, "exec": {"command": [command]}, **fields}


def restarts(node: Node) -> int:
    return int(node.container_status().get("restartCount", 0))


@on_a_node
async def test_a_container_is_ready_when_its_probe_says_so(node: Node) -> None:
    node.answers["up"] = False
    node.sync(pod_json(container(readinessProbe=probe("up", failureThreshold=1))))
    await node.until(lambda: node.state().get("running"))
    assert (node.container_status()["ready"], node.container_status()["started"]) == (False, True)
    await node.until(lambda: "Unhealthy" in node.reports.reasons())
    assert node.reports.message("Unhealthy") == "Readiness probe failed: up says False"
    ready = next(c for c in node.reports.statuses["uid-1"]["conditions"] if c["type"] == "Ready")
    assert (ready["reason"], ready["message"]) == (
        "ContainersNotReady",
        "containers with unready status: [app]",
    )
    assert node.reports.statuses["uid-1"]["phase"] == "Running"
    node.answers["up"] = True
    await node.running()
    assert node.condition("ContainersReady") == "True"
    begun, reports = elapsed(node), len(node.reports.history)
    await node.clock.sleep(1000)
    assert len(node.reports.history) == reports, "nothing changed, and it was told"
    node.answers["up"] = False
    await node.until(lambda: node.condition("Ready") == "False")
    assert elapsed(node) - begun <= 1011
    assert restarts(node) == 0


@on_a_node
async def test_a_container_that_fails_its_liveness_probe_is_restarted(node: Node) -> None:
    node.sync(pod_json(container(livenessProbe=probe("live", periodSeconds=5))))
    await node.running()
    first, begun = node.newest().id, elapsed(node)
    node.answers["live"] = False
    await node.until(lambda: "Killing" in node.reports.reasons())
    assert 10 <= elapsed(node) - begun <= 16
    node.answers["live"] = True
    await node.until(lambda: restarts(node) == 1)
    await node.running()
    assert node.newest().id != first
    message = "Container app failed liveness probe, will be restarted"
    assert node.reports.events.count(("Normal", "Killing", message)) == 1
    assert node.reports.reasons().count("Unhealthy") == 3
    assert node.container_status()["lastState"]["terminated"]["exitCode"] == 143
    await node.clock.sleep(100)
    assert restarts(node) == 1


@on_a_node
async def test_a_probe_has_a_grace_period_of_its_own(node: Node) -> None:
    live = probe("live", terminationGracePeriodSeconds=7)
    deaf = container(args=[IGNORES_TERM], livenessProbe=live)
    node.sync(pod_json(deaf, terminationGracePeriodSeconds=600))
    await node.running()
    node.answers["live"] = False
    await node.until(lambda: "Killing" in node.reports.reasons())
    begun = elapsed(node)
    node.answers["live"] = True
    await node.until(lambda: restarts(node) == 1)
    assert 7 <= elapsed(node) - begun <= 8
    assert node.container_status()["lastState"]["terminated"]["exitCode"] == 137


@on_a_node
async def test_a_pod_that_never_restarts_fails_with_its_liveness_probe(node: Node) -> None:
    lifecycle = {"preStop": {"exec": {"command": ["true"]}}}
    app = container(livenessProbe=probe("live"), lifecycle=lifecycle)
    node.sync(pod_json(app, restartPolicy="Never"))
    await node.running()
    node.answers["live"] = False
    await node.until(lambda: node.reports.statuses["uid-1"]["phase"] == "Failed")
    assert node.reports.message("Killing") == "Container app failed liveness probe"
    assert node.hooks.ran == ["app: true"]


@on_a_node
async def test_who_ends_well_because_of_a_probe_has_failed_all_the_same(node: Node) -> None:
    app = container(livenessProbe=probe("live"), args=[IGNORES_TERM])
    node.sync(pod_json(app, restartPolicy="OnFailure"))
    await node.running()
    node.answers["live"] = False
    await node.until(lambda: "Killing" in node.reports.reasons())
    node.answers["live"] = True
    node.runtime.exit(node.newest().id, 0)
    await node.until(lambda: restarts(node) == 1)
    assert node.container_status()["lastState"]["terminated"]["exitCode"] == 0
    await node.running()
    assert {one["phase"] for one in node.reports.history} == {"Pending", "Running"}


@on_a_node
async def test_startup_holds_liveness_and_readiness_back(node: Node) -> None:
    node.answers.update(begun=False, live=False)
    app = container(
        startupProbe=probe("begun", failureThreshold=6, periodSeconds=2),
        livenessProbe=probe("live", failureThreshold=1),
        readinessProbe=probe("up"),
    )
    node.sync(pod_json(app))
    await node.until(lambda: node.state().get("running"))
    await node.clock.sleep(7)
    assert (node.container_status()["ready"], node.container_status()["started"]) == (False, False)
    assert restarts(node) == 0
    node.answers.update(begun=True, live=True)
    await node.running()
    assert node.container_status()["started"]
    assert elapsed(node) <= 9
    node.answers["begun"] = False
    await node.clock.sleep(60)
    assert restarts(node) == 0


@on_a_node
async def test_a_container_that_does_not_start_in_time_is_restarted(node: Node) -> None:
    node.answers["begun"] = False
    begun = probe("begun", failureThreshold=2, periodSeconds=3)
    node.sync(pod_json(container(startupProbe=begun, livenessProbe=probe("live"))))
    await node.until(lambda: restarts(node) == 1)
    message = "Container app failed startup probe, will be restarted"
    assert node.reports.message("Killing") == message
    await node.waits("CrashLoopBackOff")


@on_a_node
async def test_a_sidecar_lets_the_next_container_come_once_it_has_started(node: Node) -> None:
    node.answers["begun"] = False
    begun = probe("begun", failureThreshold=100)
    side = container("side", restartPolicy="Always", startupProbe=begun)
    node.sync(pod_json(initContainers=[side]))
    await node.until(lambda: node.state("side").get("running"))
    await node.clock.sleep(30)
    assert node.state()["waiting"]["reason"] == "PodInitializing"
    assert not node.container_status("side")["started"]
    conditions = {one["type"]: one for one in node.reports.statuses["uid-1"]["conditions"]}
    incomplete = "containers with incomplete status: [side]"
    assert conditions["Initialized"]["message"] == incomplete
    unready = "containers with unready status: [side app]"
    assert conditions["ContainersReady"]["message"] == unready
    node.answers["begun"] = True
    await node.running()
    assert node.container_status("side")["started"]


@on_a_node
async def test_a_sidecar_that_fails_its_probe_is_restarted(node: Node) -> None:
    side = container("side", restartPolicy="Always", livenessProbe=probe("live"))
    node.sync(pod_json(initContainers=[side], restartPolicy="Never"))
    await node.running()
    node.answers["live"] = False
    await node.until(lambda: node.container_status("side")["restartCount"] == 1)
    assert node.reports.message("Killing") == "Init container side failed liveness probe"
    assert restarts(node) == 0


@on_a_node
async def test_a_pod_is_as_ready_as_its_sidecars(node: Node) -> None:
    node.answers["up"] = False
    side = container("side", restartPolicy="Always", readinessProbe=probe("up"))
    node.sync(pod_json(initContainers=[side]))
    await node.until(lambda: node.container_status().get("ready"))
    assert node.condition("Initialized") == "True"
    assert node.condition("Ready") == "False"
    node.answers["up"] = True
    await node.running()


@on_a_node
async def test_a_new_agent_goes_on_with_what_was_said_before(node: Node) -> None:
    app = container(
        startupProbe=probe("begun"), readinessProbe=probe("up"), livenessProbe=probe("live")
    )
    pod = pod_json(app)
    node.sync(pod)
    before = await node.running()
    node.answers["begun"] = False
    told = len(node.reports.history)
    await node.restart()
    node.sync({**pod, "status": before})
    await node.clock.sleep(60)
    assert [one["containerStatuses"][0]["ready"] for one in node.reports.history[told:]] == [True]
    assert restarts(node) == 0
    node.answers["up"] = False
    await node.until(lambda: node.condition("Ready") == "False")


@on_a_node
async def test_a_new_agent_does_not_ask_all_at_once(node: Node) -> None:
    pod = pod_json(container(readinessProbe=probe("up")))
    node.sync(pod)
    before = await node.running()
    await node.clock.sleep(5)
    await node.restart()
    node.answers["up"] = False
    node.sync({**pod, "status": before})
    begun = elapsed(node)
    await node.until(lambda: "Unhealthy" in node.reports.reasons())
    assert elapsed(node) - begun == 5


@on_a_node
async def test_a_probe_that_breaks_says_so_and_counts_for_nothing(node: Node) -> None:
    node.sync(pod_json(container(livenessProbe=probe("live"), readinessProbe=probe("up"))))
    await node.running()
    node.answers.update(live=ProbeError("no way"), up=RuntimeError("not foreseen"))
    await node.clock.sleep(200)
    assert {message for _, reason, message in node.reports.events if reason == "Unhealthy"} == {
        "Liveness probe errored and resulted in unknown state: no way",
        "Readiness probe errored and resulted in unknown state: not foreseen",
    }
    assert restarts(node) == 0
    assert node.condition("Ready") == "True"


@on_a_node
async def test_a_pod_is_asked_at_its_own_address_and_in_the_hosts_network_at_the_nodes(
    node: Node,
) -> None:
    app = container(readinessProbe=probe("up"))
    node.sync(pod_json(app), pod_json(app, name="host", uid="uid-2", hostNetwork=True))
    await node.running()
    await node.running("uid-2")
    assert sorted(node.asked_hosts) == ["10.244.0.2", NODE_IP]


@on_a_node
async def test_a_probe_that_passes_with_a_warning_tells_it(node: Node) -> None:
    node.answers["up"] = Finding(True, "it sends elsewhere", warning=True)
    node.sync(pod_json(container(readinessProbe=probe("up"))))
    await node.running()
    event = ("Warning", "ProbeWarning", "Readiness probe warning: it sends elsewhere")
    assert event in node.reports.events


@on_a_node
async def test_a_probing_ends_with_its_container(node: Node) -> None:
    node.answers["live"] = 60.0
    app = container(livenessProbe=probe("live", failureThreshold=1))
    node.sync(pod_json(app, restartPolicy="Never"))
    await node.running()
    await node.clock.sleep(30)
    node.runtime.exit(node.newest().id, 0)
    await node.until(lambda: node.reports.statuses["uid-1"]["phase"] == "Succeeded")
    await node.clock.sleep(100)
    assert "Unhealthy" not in node.reports.reasons()


@on_a_node
async def test_while_a_pod_ends_its_readiness_is_still_asked(node: Node) -> None:
    deaf = container(args=[IGNORES_TERM], readinessProbe=probe("up"), livenessProbe=probe("live"))
    pod = pod_json(deaf)
    node.sync(pod)
    await node.running()
    node.delete(pod, grace=100)
    node.answers.update(live=False, up=False)
    await node.until(lambda: node.condition("Ready") == "False")
    await node.until(lambda: node.reports.gone, seconds=120)
    events = [message for _, reason, message in node.reports.events if reason == "Unhealthy"]
    assert set(events) == {"Readiness probe failed: up says False"}
    assert node.reports.message("Killing") == "Stopping container app"


@on_a_node
async def test_a_container_that_died_is_not_ready_and_its_successor_is_asked_anew(
    node: Node,
) -> None:
    node.sync(pod_json(container(readinessProbe=probe("up", initialDelaySeconds=20))))
    await node.running()
    node.runtime.exit(node.newest().id, 1)
    await node.until(lambda: restarts(node) == 1 and node.state().get("running"))
    assert node.condition("Ready") == "False"
    begun = elapsed(node)
    await node.running()
    assert 19 <= elapsed(node) - begun <= 21


@on_a_node
async def test_a_readiness_gate_is_opened_by_whoever_sets_its_condition(node: Node) -> None:
    pod = pod_json(readinessGates=[{"conditionType": "shop.test/ok"}])
    node.sync(pod)
    await node.until(lambda: node.condition("ContainersReady") == "True")

    def ready() -> dict[str, Any]:
        conditions = node.reports.statuses["uid-1"]["conditions"]
        return next(one for one in conditions if one["type"] == "Ready")

    assert (ready()["status"], ready()["reason"]) == ("False", "ReadinessGatesNotReady")
    gate = 'corresponding condition of pod readiness gate "shop.test/ok" does not exist.'
    assert ready()["message"] == gate
    for value, message in (
        ("False", 'the status of pod readiness gate "shop.test/ok" is not "True", but False'),
        ("True", None),
    ):
        status = node.reports.statuses["uid-1"]
        others = [one for one in status["conditions"] if one["type"] != "shop.test/ok"]
        condition = {"type": "shop.test/ok", "status": value}
        node.put("pods", {**pod, "status": {**status, "conditions": [*others, condition]}})
        await node.until(lambda m=message: ready().get("message") == m)
    assert ready()["status"] == "True"

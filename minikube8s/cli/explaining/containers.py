"""What is wrong with a pod's containers, from their states and the Events about them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from minikube8s.cli.explaining.facts import Facts, Object, latest, plural, spec, status, words
from minikube8s.cli.explaining.story import Finding, finding

_WAITING = {
    "ContainerCreating": "",
    "PodInitializing": "",
    "ErrImagePull": "image",
    "ImagePullBackOff": "image",
    "InvalidImageName": "image",
    "ErrImageNeverPull": "never",
    "CrashLoopBackOff": "crash",
    "CreateContainerConfigError": "config",
    "CreateContainerError": "create",
    "RunContainerError": "create",
    "PostStartHookError": "hook",
}
"""The reasons for which containers wait, and the kind of remedy each has."""
_SIGNALS = {129: "HUP", 130: "INT", 134: "ABRT", 137: "KILL", 139: "SEGV", 143: "TERM"}


def container_troubles(facts: Facts, pod: Object) -> Iterator[Finding]:
    """Yield what keeps each container from running and being ready, init containers first."""
    specs = {
        one["name"]: one
        for part in ("initContainers", "containers")
        for one in spec(pod).get(part) or []
    }
    told = status(pod)
    first = [*_init(specs, told.get("initContainerStatuses") or [])]
    for known in first:
        yield from _trouble(facts, pod, specs[known["name"]], known, "Init container")
    if first:
        return
    for known in told.get("containerStatuses") or []:
        if known["name"] in specs:
            yield from _trouble(facts, pod, specs[known["name"]], known, "Container")


def _init(specs: Mapping[str, Object], statuses: Sequence[Object]) -> Iterator[Object]:
    """Yield the init containers that hold up the others."""
    for known in statuses:
        container = specs.get(known["name"])
        if container is None:
            continue
        if container.get("restartPolicy") == "Always":
            if not known.get("started"):
                yield known
        elif (known.get("state") or {}).get("terminated", {}).get("exitCode") != 0:
            yield known


def _trouble(
    facts: Facts, pod: Object, container: Object, known: Object, title: str
) -> Iterator[Finding]:
    state = known.get("state") or {}
    who = f"{title} {known['name']}"
    if "waiting" in state:
        yield from _waiting(facts, pod, container, known, who)
    elif "terminated" in state:
        if state["terminated"].get("exitCode") != 0 or title == "Container":
            yield _ended(pod, known, state["terminated"], who, "has ended")
    elif not known.get("started", True):
        yield _not_passed(facts, pod, container, "startup", who)
    elif not known.get("ready"):
        yield _not_passed(facts, pod, container, "readiness", who)


def _waiting(
    facts: Facts, pod: Object, container: Object, known: Object, who: str
) -> Iterator[Finding]:
    waiting = known["state"]["waiting"]
    reason = waiting.get("reason", "")
    remedy = _WAITING.get(reason, "create")
    if remedy == "":
        mount = latest(facts.events_of(pod), "FailedMount", "FailedCreatePodSandBox")
        pulling = latest(facts.events_of(pod), "Pulling")
        last = mount or pulling
        yield finding(f"{who} is being made" + (f": {last['message']}" if last else "."))
        return
    yield finding(f"{who} waits: {words(waiting)}", _remedy(remedy, pod, container))
    last = (known.get("lastState") or {}).get("terminated")
    if remedy == "crash" and last:
        yield _ended(pod, known, last, who, "ended the last time")


def _remedy(remedy: str, pod: Object, container: Object) -> str:
    image = container.get("image", "")
    name, place = pod["metadata"]["name"], pod["metadata"].get("namespace", "")
    return {
        "image": f"Correct the image's name and tag ({image}), build it with `docker build -t"
        f" {image} .`, or give the pod an imagePullSecret that its registry takes.",
        "never": f"imagePullPolicy is Never and the node's engine has no {image}: build or load it"
        " there, or take another policy.",
        "crash": f"Read what it said before it ended: `mk8s logs {name} -n {place} -c"
        f" {container['name']} --previous`; it is started again with growing pauses.",
        "config": "Create what its env or envFrom names (ConfigMap, Secret, key), or correct the"
        " name.",
        "create": "Correct what the message names in the container's command, mounts or security"
        " context.",
        "hook": "Correct the container's postStart hook.",
    }[remedy]


def _ended(pod: Object, known: Object, end: Object, who: str, how: str) -> Finding:
    code = end.get("exitCode", 0)
    reason = end.get("reason", "")
    said = f": {end['message'].strip()}" if end.get("message") else ""
    restarts = known.get("restartCount", 0)
    times = f" It has been restarted {plural(restarts, 'time')}." if restarts else ""
    return finding(
        f"{who} {how} with code {code} ({reason}){said}.{times}", _after_end(pod, known, end)
    )


def _after_end(pod: Object, known: Object, end: Object) -> str:
    code = end.get("exitCode", 0)
    if end.get("reason") == "OOMKilled":
        return f"Raise the memory limit of {known['name']}, or let it need less."
    if code in (126, 127):
        return "The command is not in the image, or cannot be run: correct command and args."
    if code in _SIGNALS:
        return (
            f"Code {code} means that the signal {_SIGNALS[code]} ended it: a failed liveness probe,"
            " a lack of memory or somebody else sent it; the Events tell which."
        )
    if code == 0 and spec(pod).get("restartPolicy", "Always") != "Always":
        return ""
    return f"See why its program ends: `mk8s logs {pod['metadata']['name']} -c {known['name']}`."


def _not_passed(facts: Facts, pod: Object, container: Object, probe: str, who: str) -> Finding:
    if not container.get(f"{probe}Probe"):
        return finding(f"{who} runs, and is about to be told ready.")
    failures = [
        event
        for event in facts.events_of(pod)
        if event.get("reason") == "Unhealthy" and event.get("message", "").lower().startswith(probe)
    ]
    last = latest(failures, "Unhealthy")
    said = f": {last['message']}" if last else ", it has not been answered yet"
    return finding(
        f"{who} runs, but its {probe} probe has not passed{said}",
        f"Make the program answer its {probe} probe ({_asked(container[f'{probe}Probe'])}), or"
        " correct the probe.",
    )


def _asked(probe: Mapping[str, Any]) -> str:
    if "httpGet" in probe:
        return f"GET {probe['httpGet'].get('path', '/')} on port {probe['httpGet']['port']}"
    if "tcpSocket" in probe:
        return f"a connection to port {probe['tcpSocket']['port']}"
    if "grpc" in probe:
        return f"gRPC health on port {probe['grpc']['port']}"
    return " ".join((probe.get("exec") or {}).get("command") or [])

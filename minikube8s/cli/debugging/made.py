"""What `mk8s debug` makes: ephemeral containers, changed copies, pods on nodes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from minikube8s.cli.debugging import profiles
from minikube8s.cli.debugging.checking import pairs
from minikube8s.cli.errors import CommandError

Object = dict[str, Any]

_PROBES = {
    "keep_liveness": "livenessProbe",
    "keep_readiness": "readinessProbe",
    "keep_startup": "startupProbe",
}


def container(name: str, given: Mapping[str, Any], command: Sequence[str]) -> Object:
    """The new container, without the profile's rights."""
    return _changed({"name": name}, given, command)


def ephemeral(name: str, given: Mapping[str, Any], command: Sequence[str]) -> Object:
    """The ephemeral container that a pod gets."""
    made = profiles.secured(given["profile"], container(name, given, command))
    return {**made, "targetContainerName": given["target"]} if given["target"] else made


def copy(
    pod: Object, fresh_name: str, given: Mapping[str, Any], command: Sequence[str]
) -> tuple[Object, str]:
    """A changed copy of the pod, and the container to look into ("" where none was named).

    ``fresh_name`` is that of a new container without a name of its own. Raises CommandError.
    """
    spec = deepcopy(pod["spec"])
    spec.pop("ephemeralContainers", None)
    if not given["same_node"]:
        spec.pop("nodeName", None)
    images = pairs(given["set_image"], "--set-image")
    for one in spec["containers"]:
        image = images.get(one["name"]) or images.get("*")
        if image:
            one["image"] = image
    metadata: Object = {"name": given["copy_to"], "namespace": pod["metadata"]["namespace"]}
    for field in ("labels", "annotations"):
        if pod["metadata"].get(field):
            metadata[field] = dict(pod["metadata"][field])
    copied = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    if given["share_processes"] is not None:
        spec["shareProcessNamespace"] = given["share_processes"]
    if not given["image"] and not command:
        return copied, ""
    name = given["container"] or fresh_name
    _put(spec, name, given, command)
    _forget(copied, given)
    return copied, name


def node_pod(
    node: str, suffix: str, namespace: str, given: Mapping[str, Any], command: Sequence[str]
) -> Object:
    """A pod on the node, which sees of it what the profile says."""
    spec = {
        "containers": [container(given["container"] or "debugger", given, command)],
        "nodeName": node,
        "restartPolicy": "Never",
        "tolerations": [{"operator": "Exists"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"node-debugger-{node}-{suffix}", "namespace": namespace},
        "spec": profiles.on_node(given["profile"], spec),
    }


def _put(spec: Object, name: str, given: Mapping[str, Any], command: Sequence[str]) -> None:
    """Change the container of that name, or add it."""
    for place, one in enumerate(spec["containers"]):
        if one["name"] == name:
            changed = _changed(one, given, command)
            spec["containers"][place] = profiles.secured(given["profile"], changed)
            return
    if not given["image"]:
        names = ", ".join(one["name"] for one in spec["containers"])
        raise CommandError(
            f"you must specify image when creating new container: there is no {name} yet; "
            f"there are {names}"
        )
    made = profiles.secured(given["profile"], container(name, given, command))
    spec["containers"].append(made)


def _changed(one: Object, given: Mapping[str, Any], command: Sequence[str]) -> Object:
    made = dict(one)
    if given["image"]:
        made["image"] = given["image"]
    if given["image_pull_policy"]:
        made["imagePullPolicy"] = given["image_pull_policy"]
    if command and given["arguments_only"]:
        made["args"] = list(command)
    elif command:
        made["command"] = list(command)
        made.pop("args", None)
    if environment := pairs(given["env"], "--env"):
        listed = [{"name": key, "value": value} for key, value in environment.items()]
        made["env"] = listed
    for flag in ("stdin", "tty"):
        if given[flag]:
            made[flag] = True
    return made


def _forget(copied: Object, given: Mapping[str, Any]) -> None:
    """Leave out what would have the copy taken for the pod, or ended like it."""
    legacy = given["profile"] == profiles.LEGACY
    metadata, spec = copied["metadata"], copied["spec"]
    if legacy or not given["keep_labels"]:
        metadata.pop("labels", None)
    if legacy:
        return
    spec.setdefault("shareProcessNamespace", True)
    if not given["keep_annotations"]:
        metadata.pop("annotations", None)
    if not given["keep_init_containers"]:
        spec.pop("initContainers", None)
    for flag, probe in _PROBES.items():
        if not given[flag]:
            for one in spec["containers"]:
                one.pop(probe, None)

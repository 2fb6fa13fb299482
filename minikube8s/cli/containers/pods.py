"""Which pod, and which of its containers, a verb means. The choice among several is pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from minikube8s.api.resources import PODS, Resource
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.session import Session

Object = dict[str, Any]

_DEFAULT = "kubectl.kubernetes.io/default-container"
_PHASES = {"Running": 2, "Unknown": 1}


def path(pod: Object) -> str:
    """The API path of a pod."""
    return targets.path(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])


def named(session: Session, words: Sequence[str]) -> tuple[Resource, Object]:
    """The object that `POD`, `TYPE/NAME` or `TYPE NAME` names. Raises CommandError, ApiFailure."""
    if len(words) == 1 and "/" not in words[0]:
        resource, name = PODS, words[0]
    else:
        target = targets.one(session.kinds, words)
        resource, name = target.resource, target.name or ""
    return resource, fetched(session, resource, session.namespace, name)


def fetched(session: Session, resource: Resource, namespace: str, name: str) -> Object:
    """An object of that name. Raises ApiFailure, which says what name was meant perhaps."""
    from minikube8s.cli.connection.client import ApiFailure
    from minikube8s.cli.naming import nearest

    try:
        return session.client.json("GET", targets.path(resource, namespace, name))
    except ApiFailure as failure:
        raise nearest.hinted(session.client, failure, resource, namespace, name) from None


def of_files(session: Session, filenames: Sequence[str]) -> list[tuple[Resource, Object]]:
    """Each object that the files of `-f` name, as it is now. Raises CommandError, ApiFailure."""
    if not filenames:
        return []
    from minikube8s.cli import manifests
    from minikube8s.cli.naming.items import items

    reading = manifests.gather(filenames, recursive=False)
    found = items(session, reading)
    if reading.failures:
        raise reading.failures[0]
    return [
        (one.resource, fetched(session, one.resource, one.namespace, manifests.name_of(one.obj)))
        for one in found
    ]


def chosen(session: Session, words: Sequence[str], seconds: float) -> Object:
    """A pod to talk to: the one named, or the best one of the object named, as `best` has it."""
    return best(session, *named(session, words), seconds)


def best(session: Session, resource: Resource, obj: Object, seconds: float) -> Object:
    """A pod to talk to: the object itself, or the best one of its pods.

    Waits ``seconds`` for the first one to be there. Raises CommandError, ApiFailure.
    """
    if resource is PODS:
        return obj
    wanted = selector(resource, obj, "attach to")
    found = listed(session, obj["metadata"].get("namespace") or session.namespace, wanted)
    if not found:
        found = [_first(session, resource, obj, wanted, seconds)]
    return max(found, key=to_attach)


def listed(session: Session, namespace: str, selector: str) -> list[Object]:
    """The pods that a selector means."""
    query = {"labelSelector": selector}
    answer = session.client.json("GET", targets.path(PODS, namespace), query=query)
    items: list[Object] = answer.get("items") or []
    return items


def selected(
    session: Session, resource: Resource, obj: Object, seconds: float, what: str
) -> list[Object]:
    """The pods of an object, waited for. ``what`` is done with them. Raises CommandError."""
    wanted = selector(resource, obj, what)
    namespace = obj["metadata"].get("namespace") or session.namespace
    return listed(session, namespace, wanted) or [_first(session, resource, obj, wanted, seconds)]


def selector(resource: Resource, obj: Object, what: str) -> str:
    """The text of the selector by which an object finds its pods. Raises CommandError."""
    name = f"{resource.singular}/{obj['metadata']['name']}"
    found = (obj.get("spec") or {}).get("selector")
    if resource.plural == "services" and not found:
        raise CommandError(f"cannot {what} {name}: it has no selector; name a pod or a workload")
    if not isinstance(found, dict) or not found:
        raise CommandError(f"cannot {what} {name}: it selects no pods; name a pod or a workload")
    labels = found.get("matchLabels") or {} if _is_label_selector(found) else found
    parts = [f"{key}={value}" for key, value in sorted(labels.items())]
    for one in (found.get("matchExpressions") or ()) if _is_label_selector(found) else ():
        key, values = one["key"], ",".join(one.get("values") or ())
        by_operator = {"Exists": key, "DoesNotExist": f"!{key}"}
        parts.append(
            by_operator.get(one["operator"], f"{key} {one['operator'].lower()} ({values})")
        )
    return ",".join(parts)


def to_attach(pod: Object) -> tuple[Any, ...]:
    """The greatest is the best to talk to: it runs, is ready, and has been for long."""
    return (*_running(pod), "deletionTimestamp" not in pod["metadata"], *_steady(pod))


def to_read(pod: Object) -> tuple[Any, ...]:
    """The greatest is the best one to read the log of: it runs, and has restarted most."""
    return (*_running(pod), _restarts(pod), _earlier(_created(pod)))


def container(pod: Object, wanted: str = "", *, quiet: bool = False) -> str:
    """The container that is meant: the one named, the one annotated, or the first one.

    Says which one it took where there are several, as kubectl does.
    """
    if wanted:
        return wanted
    spec = pod["spec"]
    names = [str(one["name"]) for one in spec["containers"]]
    every = [*names, *_others(spec, "ephemeralContainers", "ephem"), *_others(spec)]
    annotated = (pod["metadata"].get("annotations") or {}).get(_DEFAULT)
    if annotated and any(annotated == word.partition(" ")[0] for word in every):
        return str(annotated)
    if len(every) > 1 and not quiet:
        click.echo(f'Defaulted container "{names[0]}" out of: {", ".join(every)}', err=True)
    return names[0]


def containers(pod: Object) -> list[Object]:
    """Every container of a pod, in kubectl's order: init, usual and ephemeral ones."""
    lists = ("initContainers", "containers", "ephemeralContainers")
    return [one for field in lists for one in pod["spec"].get(field) or ()]


def _first(
    session: Session, resource: Resource, obj: Object, selector: str, seconds: float
) -> Object:
    from minikube8s.cli.containers import podwaiting

    namespace = obj["metadata"].get("namespace") or session.namespace
    query = {"labelSelector": selector}
    found = podwaiting.until(session, namespace, query, lambda _: True, seconds)
    if found is None:
        name = f"{resource.singular}/{obj['metadata']['name']}"
        raise CommandError(
            f"timed out waiting for the condition: {name} had no pod within {seconds:g} s. "
            f"See `mk8s describe {name}`."
        )
    return found


def _is_label_selector(found: Object) -> bool:
    return isinstance(found.get("matchLabels"), dict) or isinstance(
        found.get("matchExpressions"), list
    )


def _earlier(time: str) -> tuple[int, ...]:
    """Orders times so that the earlier one is greater, and none at all the least."""
    return tuple(-ord(character) for character in time)


def _running(pod: Object) -> tuple[Any, ...]:
    ready = _condition(pod, "Ready")
    is_ready = ready.get("status") == "True"
    return (
        bool((pod.get("spec") or {}).get("nodeName")),
        _PHASES.get((pod.get("status") or {}).get("phase", ""), 0),
        is_ready,
        _earlier((ready.get("lastTransitionTime") or "") if is_ready else ""),
    )


def _steady(pod: Object) -> tuple[Any, ...]:
    return (-_restarts(pod), _earlier(_created(pod)))


def _restarts(pod: Object) -> int:
    told = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((int(one.get("restartCount") or 0) for one in told), default=0)


def _created(pod: Object) -> str:
    return str(pod["metadata"].get("creationTimestamp") or "")


def _condition(pod: Object, kind: str) -> dict[str, str]:
    for one in (pod.get("status") or {}).get("conditions") or ():
        if one.get("type") == kind:
            return dict(one)
    return {}


def _others(spec: Object, field: str = "initContainers", sort: str = "init") -> list[str]:
    return [f"{one['name']} ({sort})" for one in spec.get(field) or ()]

"""Names of what there is now, for a shell: quickly or not at all, and never an error."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from minikube8s.cli.errors import CommandError

if TYPE_CHECKING:
    from minikube8s.cli.completing.lines import Line
    from minikube8s.cli.session import Session

_SECONDS = 2.0
_MOST = "500"
_NAMES = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"


class Live:
    """Asks the cluster and the kubeconfigs that a line means."""

    def __init__(self, session: Session, line: Line) -> None:
        self._session = session
        for flag, values in line.flags.items():
            session.flags[flag.replace("-", "_")] = values[-1]
        for flag in ("as_group", "v"):
            session.flags.pop(flag, None)

    def kinds(self) -> list[str]:
        """The plurals of all kinds that can be listed."""
        from minikube8s.api.resources import RESOURCES

        rows = RESOURCES.preferred()
        with _quietly():
            self._hurry()
            rows = self._session.kinds.discovered().preferred()
        known: dict[str, None] = {}
        for row in rows:
            if "list" in row.verbs:
                known[row.group_resource if row.plural in known else row.plural] = None
        return list(known)

    def names(self, kind: str) -> list[str]:
        """The names of all objects of a kind."""
        from minikube8s.cli.naming import targets

        with _quietly():
            self._hurry()
            resource = self._session.kinds.by_word(kind)
            namespace = self._session.namespace if resource.namespaced else None
            path, query = targets.path(resource, namespace), {"limit": _MOST}
            listed = self._session.client.json("GET", path, accept=_NAMES, query=query)
            return [str(item["metadata"]["name"]) for item in listed.get("items") or ()]
        return []

    def containers(self, pod: str) -> list[str]:
        """The names of a pod's containers, all sorts of them."""
        from minikube8s.api.resources import PODS
        from minikube8s.cli.naming import targets

        kind, slash, name = pod.partition("/")
        if slash and kind not in {"po", "pod", "pods"}:
            return []
        with _quietly():
            self._hurry()
            path = targets.path(PODS, self._session.namespace, name if slash else pod)
            spec = self._session.client.json("GET", path).get("spec") or {}
            sorts = ("containers", "initContainers", "ephemeralContainers")
            return [str(one["name"]) for sort in sorts for one in spec.get(sort) or ()]
        return []

    def entries(self, section: str) -> list[str]:
        """The names in a section of the kubeconfigs."""
        from minikube8s.cli.connection.reaching import sources_of
        from minikube8s.cli.kubeconfig.loading import load

        with _quietly():
            return sorted(load(sources_of(self._session.flags)).entries[section])
        return []

    def _hurry(self) -> None:
        self._session.access.seconds = _SECONDS


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Somebody is typing: whatever is wrong is told by the command itself, not here."""
    with contextlib.suppress(CommandError, OSError, KeyError, TypeError, ValueError):
        yield

"""Owns which object of the server each object of a file is: its kind, namespace and path."""

from __future__ import annotations

from typing import Any, NamedTuple

from minikube8s.api.resources import Resource
from minikube8s.cli.connection.client import ApiFailure, Unreachable
from minikube8s.cli.errors import CommandError
from minikube8s.cli.manifests import Reading
from minikube8s.cli.naming import targets
from minikube8s.cli.naming.places import Place
from minikube8s.cli.session import Session


class Item(NamedTuple):
    """An object as a file has it, with the namespace that it belongs in filled in."""

    source: str
    resource: Resource
    namespace: str
    obj: dict[str, Any]

    @property
    def name(self) -> str:
        """Its name, empty where the server shall make one."""
        return str(self.obj["metadata"].get("name") or "")

    @property
    def path(self) -> str:
        """The object's path in the API. Raises CommandError for one without a name.

        The path of nothing in particular would be that of all objects of its kind.
        """
        if not self.name:
            raise CommandError(f'error in "{self.source}": resource name may not be empty')
        return targets.path(self.resource, self.namespace, self.name)

    @property
    def collection(self) -> str:
        """The path where such objects are created."""
        return targets.path(self.resource, self.namespace)

    @property
    def place(self) -> Place:
        """What tells it from other objects."""
        return Place(self.resource.group_resource, self.namespace, self.name)

    def failed(self, doing: str, failure: ApiFailure) -> ApiFailure:
        """``failure`` with the file in its message: `error when creating "web.yaml": …`."""
        message = failure.status.get("message") or "the server gave no message"
        said = f'error when {doing} "{self.source}": {message}'
        return ApiFailure({**failure.status, "message": said})


def items(session: Session, reading: Reading, selector: str = "") -> list[Item]:
    """What was read as items; what has no kind joins the reading's failures.

    ``selector`` leaves out what its labels do not match. Raises CommandError for a wrong one.
    """
    matches = _matcher(selector) if selector else None
    found = []
    for source, obj in reading.documents:
        if matches and not matches((obj.get("metadata") or {}).get("labels") or {}):
            continue
        try:
            found.append(_item(session, source, obj))
        except Unreachable:
            raise
        except CommandError as error:
            reading.failures.append(error)
    return found


def _item(session: Session, source: str, obj: dict[str, Any]) -> Item:
    metadata = dict(obj.get("metadata") or {})
    name, own = metadata.get("name") or "", metadata.get("namespace") or ""
    try:
        resource = session.kinds.of(obj)
    except (ApiFailure, Unreachable):
        raise
    except CommandError as error:
        said = str(error).removeprefix("error: ")
        raise CommandError(
            f'resource mapping not found for name: "{name}" namespace: "{own}" from "{source}": '
            f"{said}"
        ) from None
    if not resource.namespaced:
        return Item(source, resource, "", {**obj, "metadata": metadata})
    if own and session.namespace_given and own != session.namespace:
        raise CommandError(
            f'the namespace from the provided object "{own}" does not match the namespace '
            f"\"{session.namespace}\". You must pass '--namespace={own}' to perform this operation."
        )
    metadata["namespace"] = own or session.namespace
    return Item(source, resource, metadata["namespace"], {**obj, "metadata": metadata})


def _matcher(selector: str) -> Any:
    from minikube8s.api.errors import ApiError
    from minikube8s.api.selectors import parse_labels

    try:
        return parse_labels(selector).matches
    except ApiError as error:
        raise CommandError(str(error)) from None

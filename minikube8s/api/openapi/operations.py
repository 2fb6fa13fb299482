"""What can be done under which path: the resource table as a list of operations.

Owns paths, verbs, parameters and media types, in neither dialect of OpenAPI yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from minikube8s.api.resources import Resource

META = "io.k8s.apimachinery.pkg.apis.meta.v1."
PATCH = META + "Patch"
STATUS = META + "Status"
DELETE_OPTIONS = META + "DeleteOptions"
WATCH_EVENT = META + "WatchEvent"

ANY_TYPE = "*/*"
PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
"""The media types of patches that the server takes."""

_OBJECT_TYPES = ("application/json", "application/yaml")
_LIST_TYPES = (*_OBJECT_TYPES, "application/json;stream=watch")
_TEXT_TYPES = ("text/plain", *_OBJECT_TYPES)
_TEXT_SUBRESOURCES = frozenset({"attach", "exec", "log", "portforward", "proxy"})
"""Parts that exchange bytes, not objects."""


class Parameter(NamedTuple):
    """A parameter of a path or a query; `type` is string, integer or boolean."""

    name: str
    type: str = "string"
    place: str = "query"
    description: str = ""


class GroupVersionKind(NamedTuple):
    """Which kind an operation is about; its field names are those of the published extension."""

    group: str
    kind: str
    version: str


class Operation(NamedTuple):
    """One method of one path. `body` and `answer` are definitions' names, "" where there is none.

    An `answer` of "" is text.
    """

    path: str
    method: str
    action: str
    identifier: str
    description: str
    tag: str
    about: GroupVersionKind
    body: str
    answer: str
    codes: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    consumes: tuple[str, ...]
    produces: tuple[str, ...]


_PRETTY = Parameter("pretty", description="If 'true', the output is pretty printed.")
_NAME = Parameter("name", place="path", description="name of the object")
_NAMESPACE = Parameter("namespace", place="path", description="namespace of the object")
_DRY_RUN = Parameter("dryRun", description="'All': go through every step but do not persist.")
_FORCE = Parameter("force", "boolean", description="Take over fields owned by other managers.")
_WRITE = (
    _PRETTY,
    _DRY_RUN,
    Parameter("fieldManager", description="The name of the actor that makes the changes."),
    Parameter(
        "fieldValidation",
        description="What to do with unknown and duplicate fields: Ignore, Warn or Strict.",
    ),
)
_DELETE = (
    _PRETTY,
    _DRY_RUN,
    Parameter("gracePeriodSeconds", "integer", description="Seconds before the object is deleted."),
    Parameter(
        "propagationPolicy",
        description="What happens to dependents: Orphan, Background or Foreground.",
    ),
)
_LIST = (
    _PRETTY,
    Parameter("allowWatchBookmarks", "boolean", description="Ask for BOOKMARK events."),
    Parameter("continue", description="The token of the previous page."),
    Parameter("fieldSelector", description="Restrict the objects by their fields."),
    Parameter("labelSelector", description="Restrict the objects by their labels."),
    Parameter("limit", "integer", description="The most objects to return at once."),
    Parameter("resourceVersion", description="How fresh the answer must be."),
    Parameter("resourceVersionMatch", description="How resourceVersion is applied to lists."),
    Parameter("timeoutSeconds", "integer", description="How long the call may last."),
    Parameter("watch", "boolean", description="Stream the changes instead of listing."),
)
_OK = ("200",)
_OWN = "{schema}"
_OWN_LIST = "{schema}List"


class _Verb(NamedTuple):
    """A verb of the resource table as an operation.

    `body` and `answer` name definitions; `_OWN` stands for that of the resource itself.
    """

    method: str
    action: str
    word: str
    description: str
    body: str
    answer: str
    codes: tuple[str, ...]
    query: tuple[Parameter, ...]


_VERBS = {
    "list": _Verb(
        "get", "list", "list", "list or watch objects of kind {kind}", "", _OWN_LIST, _OK, _LIST
    ),
    "create": _Verb(
        "post", "post", "create", "create a {kind}", _OWN, _OWN, (*_OK, "201", "202"), _WRITE
    ),
    "deletecollection": _Verb(
        "delete",
        "deletecollection",
        "delete",
        "delete collection of {kind}",
        DELETE_OPTIONS,
        STATUS,
        _OK,
        (*_DELETE, *_LIST[1:-1]),
    ),
    "get": _Verb("get", "get", "read", "read the specified {kind}", "", _OWN, _OK, (_PRETTY,)),
    "update": _Verb(
        "put", "put", "replace", "replace the specified {kind}", _OWN, _OWN, (*_OK, "201"), _WRITE
    ),
    "patch": _Verb(
        "patch",
        "patch",
        "patch",
        "partially update the specified {kind}",
        PATCH,
        _OWN,
        (*_OK, "201"),
        (*_WRITE, _FORCE),
    ),
    "delete": _Verb(
        "delete",
        "delete",
        "delete",
        "delete a {kind}",
        DELETE_OPTIONS,
        STATUS,
        (*_OK, "202"),
        _DELETE,
    ),
}
_COLLECTION_VERBS = ("list", "create", "deletecollection")
_OBJECT_VERBS = ("get", "update", "patch", "delete")
_SUBRESOURCE_VERBS = (*_OBJECT_VERBS, "create")


def schema_name(group: str, version: str, kind: str) -> str:
    """The name of the definition of a kind of the built-in groups."""
    return f"io.k8s.api.{group.partition('.')[0] or 'core'}.{version}.{kind}"


def operations(resources: Iterable[Resource]) -> Iterator[Operation]:
    """Every operation on these resources and on their subresources."""
    for resource in resources:
        root = f"/api/{resource.version}"
        if resource.group:
            root = f"/apis/{resource.group}/{resource.version}"
        scope = "/namespaces/{namespace}" if resource.namespaced else ""
        collection = f"{root}{scope}/{resource.plural}"
        one = collection + "/{name}"
        for verb in resource.verbs:
            if verb in _COLLECTION_VERBS:
                yield _operation(resource, collection, verb)
            elif verb in _OBJECT_VERBS:
                yield _operation(resource, one, verb)
        if resource.namespaced and "list" in resource.verbs:
            everywhere = f"{root}/{resource.plural}"
            yield _operation(resource, everywhere, "list", where="ForAllNamespaces")
        for part in resource.subresources.values():
            # What the other methods of a proxy mean, only the other side knows.
            for verb in ("get",) if part.name == "proxy" else part.verbs:
                if verb in _SUBRESOURCE_VERBS:
                    yield _operation(resource, f"{one}/{part.name}", verb, part=part.name)


def roots(resources: Iterable[Resource]) -> set[str]:
    """The definitions that a document about these resources cannot do without."""
    names = {PATCH, STATUS, DELETE_OPTIONS, WATCH_EVENT}
    for resource in resources:
        names |= {resource.schema, resource.schema + "List"}
        for part in resource.subresources.values():
            names.add(_part_schema(resource, part.name))
    return names


def _operation(
    resource: Resource, path: str, name: str, part: str = "", where: str = ""
) -> Operation:
    verb = _VERBS[name]
    schema = _part_schema(resource, part) if part else resource.schema
    about = GroupVersionKind(resource.group, resource.kind, resource.version)
    if part:
        sub = resource.subresources[part]
        about = GroupVersionKind(
            sub.group or resource.group, sub.kind, sub.version or resource.version
        )
    group = resource.group.removesuffix(".k8s.io") or "core"
    scope = "Namespaced" if resource.namespaced and not where else ""
    many = "Collection" if name == "deletecollection" else ""
    answer = _OWN if name == "delete" and resource.returns_deleted else verb.answer
    text = part in _TEXT_SUBRESOURCES
    produces = _LIST_TYPES if name == "list" else _TEXT_TYPES if text else _OBJECT_TYPES
    return Operation(
        path=path,
        method=verb.method,
        action=verb.action,
        identifier=f"{verb.word}{_camel(group)}{resource.version.capitalize()}"
        f"{many}{scope}{resource.kind}{part.capitalize()}{where}",
        description=verb.description.format(
            kind=f"{part} of {resource.kind}" if part else resource.kind
        ),
        tag=f"{_camel(group, first=str.lower)}_{resource.version}",
        about=about,
        body="" if text else verb.body.format(schema=schema),
        answer="" if text else answer.format(schema=schema),
        codes=verb.codes,
        parameters=(*_path_parameters(path), *verb.query),
        consumes=PATCH_TYPES if name == "patch" else (ANY_TYPE,),
        produces=produces,
    )


def _path_parameters(path: str) -> Iterator[Parameter]:
    if "{name}" in path:
        yield _NAME
    if "{namespace}" in path:
        yield _NAMESPACE


def _part_schema(resource: Resource, part: str) -> str:
    sub = resource.subresources[part]
    if not sub.group and not sub.version and sub.kind == resource.kind:
        return resource.schema
    return schema_name(sub.group or resource.group, sub.version or resource.version, sub.kind)


def _camel(group: str, first: Callable[[str], str] = str.capitalize) -> str:
    head, *rest = group.split(".")
    return first(head) + "".join(word.capitalize() for word in rest)

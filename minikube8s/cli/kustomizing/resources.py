"""What is being built: objects that know which names they have had, and the set of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from minikube8s.api.resources import RESOURCES
from minikube8s.cli.errors import CommandError

Object = dict[str, Any]
_WITHOUT_NAMESPACE = {
    "APIService",
    "CustomResourceDefinition",
    "DeviceClass",
    "FlowSchema",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "PodSecurityPolicy",
    "PriorityLevelConfiguration",
    "ResourceSlice",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    *(row.kind for row in RESOURCES.all() if not row.namespaced),
}


class Id(NamedTuple):
    """What an object is called; ``namespace`` is empty where it names none."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str

    @property
    def key(self) -> Id:
        """What is equal for ids of one object: no namespace is the namespace ``default``."""
        place = (self.namespace or "default") if is_namespaced(self.kind) else ""
        return self._replace(namespace=place)

    def same(self, other: Id) -> bool:
        """Whether both name one object."""
        return self.name == other.name and self.key == other.key

    def __str__(self) -> str:
        kind = ".".join(part for part in (self.kind, self.version, self.group) if part)
        return f"{kind}/{self.name}.{self.namespace or '[noNs]'}"


class Res:
    """One object; ``former`` are the ids that it had, the first one first.

    ``prefixes`` and ``suffixes`` are those that its name was given, the innermost first; ``hashed``
    asks for a hash of its content behind the name.
    """

    def __init__(self, obj: Object, *, hashed: bool = False) -> None:
        self.obj = obj
        self.former: list[Id] = []
        self.prefixes: list[str] = []
        self.suffixes: list[str] = []
        self.hashed = hashed
        self.former.append(self.id)

    @property
    def metadata(self) -> Object:
        """The object's metadata."""
        found: Object = self.obj.setdefault("metadata", {})
        return found

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.obj["kind"])

    @property
    def group(self) -> str:
        """The object's API group."""
        return str(self.obj["apiVersion"]).rpartition("/")[0]

    @property
    def id(self) -> Id:
        """What the object is called now."""
        group, _, version = str(self.obj["apiVersion"]).rpartition("/")
        metadata = self.obj.get("metadata") or {}
        name, namespace = metadata.get("name") or "", metadata.get("namespace") or ""
        return Id(group, version, self.kind, str(namespace), str(name))

    @property
    def namespaced(self) -> bool:
        """Whether objects of the kind live in namespaces; those of unknown kinds do."""
        return is_namespaced(self.kind)

    def ids(self) -> Iterator[Id]:
        """All names that the object has had, and the one that it has."""
        yield from self.former
        yield self.id

    def renamed(self) -> None:
        """Remember what the object is called now: its name is about to change."""
        if self.former[-1] != self.id:
            self.former.append(self.id)


class Set:
    """The objects of a layer, in their order."""

    def __init__(self) -> None:
        self.all: list[Res] = []

    def add(self, found: Iterable[Res]) -> None:
        """Append objects. Raises CommandError where there is one of the same id."""
        known = {res.id.key for res in self.all}
        for res in found:
            if res.id.key in known and res.id.name:
                raise CommandError(
                    f"may not add resource with an already registered id: {res.id}; name it once, "
                    "or change it by a patch"
                )
            known.add(res.id.key)
            self.all.append(res)

    def matching(self, test: Callable[[Id], bool]) -> list[Res]:
        """The objects that have, or had, an id that ``test`` accepts."""
        return [one for one in self.all if any(test(known) for known in one.ids())]


def is_namespaced(kind: str) -> bool:
    """Whether objects of this kind live in namespaces; those of unknown kinds do."""
    return kind not in _WITHOUT_NAMESPACE

"""What a row of the resource table is, and how rows are found.

Plain classes, whose attributes are never assigned again: every command of the CLI imports this,
and a dataclass costs it several milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
"""The verbs of an ordinary kind, in the order that discovery prints them."""
_NO_PARTS: Mapping[str, Subresource] = MappingProxyType({})


class Subresource:
    """A named part of an object with an endpoint of its own.

    `group` and `version` are those of the body it exchanges where that differs from the parent's
    (`deployments/scale` exchanges an autoscaling/v1 Scale); empty means the parent's.
    """

    __slots__ = ("group", "kind", "name", "verbs", "version")

    def __init__(
        self,
        name: str,
        kind: str,
        verbs: tuple[str, ...] = ("get", "patch", "update"),
        group: str = "",
        version: str = "",
    ) -> None:
        self.name: Final = name
        self.kind: Final = kind
        self.verbs: Final = verbs
        self.group: Final = group
        self.version: Final = version

    def __repr__(self) -> str:
        return f"Subresource({self.name!r}, {self.kind!r})"


class Resource:
    """One kind of object: its names, its scope and what may be done with it.

    Rows are compared by identity: there is exactly one row a kind.
    `schema` is the name of its OpenAPI definition, e.g. `io.k8s.api.core.v1.Pod`. `storage` is the
    row that its objects are stored under, where that is another form of the same objects; the two
    are converted by `api.conversion`. `returns_deleted`: delete answers with the object that is
    gone, which typed clients of these kinds expect, instead of a Status. `deprecated` is
    what users of the kind are warned of.
    """

    __slots__ = (
        "categories",
        "deprecated",
        "group",
        "kind",
        "namespaced",
        "plural",
        "returns_deleted",
        "schema",
        "short_names",
        "singular",
        "storage",
        "subresources",
        "verbs",
        "version",
    )

    def __init__(
        self,
        group: str,
        version: str,
        kind: str,
        plural: str,
        singular: str,
        namespaced: bool,
        short_names: tuple[str, ...] = (),
        categories: tuple[str, ...] = (),
        subresources: Mapping[str, Subresource] = _NO_PARTS,
        verbs: tuple[str, ...] = ALL_VERBS,
        schema: str = "",
        storage: Resource | None = None,
        returns_deleted: bool = False,
        deprecated: str = "",
    ) -> None:
        self.group: Final = group
        self.version: Final = version
        self.kind: Final = kind
        self.plural: Final = plural
        self.singular: Final = singular
        self.namespaced: Final = namespaced
        self.short_names: Final = short_names
        self.categories: Final = categories
        self.subresources: Final = subresources
        self.verbs: Final = verbs
        self.schema: Final = schema
        self.storage: Final = storage
        self.returns_deleted: Final = returns_deleted
        self.deprecated: Final = deprecated

    def __repr__(self) -> str:
        return f"Resource({self.api_version!r}, {self.kind!r})"

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`: what an object's apiVersion says."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """`pods`, `deployments.apps`: the resource's name in messages and in storage keys."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def prefix(self) -> str:
        """`pods/`, `deployments.apps/`: what the storage keys of all its objects start with.

        Nothing lies under that of a row with another `storage`; it names snapshots of its lists.
        """
        version = f"@{self.version}" if self.storage else ""
        return f"{self.group_resource}{version}/"

    def key(self, namespace: str | None, name: str) -> str:
        """Return an object's storage key: `pods/default/x`, or `nodes/x` where not namespaced."""
        if self.namespaced:
            return f"{self.prefix}{namespace}/{name}"
        return f"{self.prefix}{name}"

    def namespace_prefix(self, namespace: str | None) -> str:
        """Return the key prefix of one namespace's objects; `None` (or cluster scope): of all."""
        if self.namespaced and namespace:
            return f"{self.prefix}{namespace}/"
        return self.prefix

    def words(self) -> tuple[str, ...]:
        """Return the lower-case words kubectl's users may call it by, most specific first."""
        endings = [f".{self.version}.{self.group}"]
        if self.group:
            endings.append(f".{self.group}")
        names = (self.plural, self.singular, *self.short_names)
        qualified = (name + ending for name in names for ending in endings)
        return (*qualified, *names)


class ResourceTable:
    """All rows, found by what a request, an object or a user names. Immutable."""

    def __init__(self, rows: Iterable[Resource]) -> None:
        self._rows = tuple(rows)
        self._by_path = {(row.group, row.version, row.plural): row for row in self._rows}
        self._by_kind = {(row.group, row.version, row.kind): row for row in self._rows}
        self._by_word: dict[str, Resource] = {}
        for row in self._rows:
            for word in row.words():
                # The first row that claims a word keeps it, as in kubectl's own discovery order.
                self._by_word.setdefault(word, row)

    def all(self) -> tuple[Resource, ...]:
        """Return every row, in the table's order."""
        return self._rows

    def preferred(self) -> tuple[Resource, ...]:
        """Return every row but those that are another version of a kind of the same group."""
        return tuple({(row.group, row.kind): row for row in reversed(self._rows)}.values())[::-1]

    def lookup(self, group: str, version: str, plural: str) -> Resource | None:
        """Return the row that a URL path names."""
        return self._by_path.get((group, version, plural))

    def by_kind(self, group: str, version: str, kind: str) -> Resource | None:
        """Return the row of a kind."""
        return self._by_kind.get((group, version, kind))

    def by_api_version(self, api_version: str, kind: str) -> Resource | None:
        """Return the row that an object's own apiVersion and kind name."""
        group, _, version = api_version.rpartition("/")
        return self.by_kind(group, version, kind)

    def by_word(self, word: str) -> Resource | None:
        """Return the row that a user's word names.

        Words: plural, singular, short name, kind in any case, and these with `.group` or
        `.version.group` after them.
        """
        return self._by_word.get(word.lower())

    def group_versions(self) -> tuple[tuple[str, str], ...]:
        """Return the distinct (group, version) pairs, the core group ("", "v1") included."""
        return tuple(dict.fromkeys((row.group, row.version) for row in self._rows))

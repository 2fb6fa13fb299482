"""One object as the cache holds it: bytes first, decoded only when somebody asks.

Owns lazy decoding and the bound on what stays decoded: a decoded object takes several times the
memory of its bytes, so only the most recently decoded ones are kept. The same for other encodings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from minikube8s.store.encode import decode

T = TypeVar("T")

WARM_BYTES = 256 * 1024
"""How many encoded bytes' worth of objects may be held decoded; that takes six times as much."""
WARM_SHARE = 8
"""Of so many stored bytes one may be, too: where there is more, more is looked at again."""

DECODED_SHARE = 6
"""By what a second encoding of an object is cheaper to hold than the decoded object."""

META_BYTES = 100
"""What a decoded head counts: it is small whatever the object, and selectors need those of all."""

_NO_LABELS: Mapping[str, str] = MappingProxyType({})


class Owner(msgspec.Struct, frozen=True, gc=False):
    """The part of an owner reference that an index needs."""

    uid: str = ""
    controller: bool = False


class Meta(msgspec.Struct, frozen=True, rename="camel"):
    """The part of an object's metadata that indexes, selectors and conflict checks need."""

    uid: str = ""
    labels: dict[str, str] | None = None
    owner_references: list[Owner] | None = None
    deletion_timestamp: str | None = None


class _Headed(msgspec.Struct, frozen=True):
    metadata: Meta


_decode_head = msgspec.json.Decoder(_Headed).decode


class Entry:
    """One revision of one object. What it returns is shared by all its readers: never change it."""

    __slots__ = (
        "_digests",
        "_meta",
        "_object",
        "_views",
        "_warmth",
        "heat",
        "key",
        "revision",
        "value",
    )

    def __init__(self, key: str, value: bytes, revision: int, warmth: Warmth | None = None) -> None:
        self.key = key
        self.value = value
        self.revision = revision
        self._warmth = warmth
        self.heat = 0
        self._meta: Meta | None = None
        self._object: dict[str, Any] | None = None
        self._views: dict[Callable[..., Any], Any] | None = None
        self._digests: dict[Callable[..., Any], Any] | None = None

    def __repr__(self) -> str:
        return f"Entry({self.key!r}, revision={self.revision})"

    @property
    def name(self) -> str:
        """The object's name."""
        return self.key.rpartition("/")[2]

    @property
    def namespace(self) -> str:
        """The object's namespace, "" where its kind has none."""
        parts = self.key.split("/", 2)
        return parts[1] if len(parts) == 3 else ""

    @property
    def meta(self) -> Meta:
        """The decoded head of the object's metadata."""
        if self._meta is None:
            self._heat(META_BYTES)
            self._meta = _decode_head(self.value).metadata
        return self._meta

    @property
    def uid(self) -> str:
        """The object's uid."""
        return self.meta.uid

    @property
    def labels(self) -> Mapping[str, str]:
        """The object's labels."""
        return self.meta.labels or _NO_LABELS

    @property
    def controlled(self) -> bool:
        """Whether one of the object's owners is its controller."""
        return any(owner.controller for owner in self.meta.owner_references or ())

    def owned_by(self, uid: str) -> bool:
        """Tell whether the object names `uid` among its owners."""
        return any(owner.uid == uid for owner in self.meta.owner_references or ())

    @property
    def object(self) -> dict[str, Any]:
        """The whole object, decoded. Shared: take a deep copy before changing anything."""
        if self._object is None:
            self._heat(len(self.value))
            self._object = decode(self.value)
        return self._object

    def view(self, kind: type[T]) -> T:
        """Return the object decoded as the msgspec Struct `kind`. Shared."""
        view: T | None = self._views.get(kind) if self._views else None
        if view is None:
            self._heat(len(self.value))
            view = msgspec.json.decode(self.value, type=kind)
            self._views = {**(self._views or {}), kind: view}
        return view

    def form(self, make: Callable[[bytes], bytes]) -> bytes:
        """Return the object in another encoding, which `make` makes of its bytes."""
        form: bytes | None = self._views.get(make) if self._views else None
        if form is None:
            form = make(self.value)
            self._heat(len(form) // DECODED_SHARE)
            self._views = {**(self._views or {}), make: form}
        return form

    def digest(self, make: Callable[[Entry], T]) -> T:
        """Return what `make` tells of the object: made once, kept as long as this revision.

        For what is asked of thousands of objects at a time and is small: it is never cooled.
        """
        if self._digests is None:
            self._digests = {}
        elif make in self._digests:
            digest: T = self._digests[make]
            return digest
        made = self._digests[make] = make(self)
        return made

    def cool(self) -> None:
        """Drop what was decoded; it is decoded again when asked for."""
        self.heat = 0
        self._meta = self._object = self._views = None

    def _heat(self, size: int) -> None:
        if self._warmth is not None:
            self._warmth.add(self, size)


class Warmth:
    """The entries that hold something decoded, oldest first; the oldest are cooled at the bound."""

    def __init__(self, limit: int = WARM_BYTES) -> None:
        self._limit = self._bound = limit
        self._stored = 0
        self.held = 0
        """Encoded bytes' worth of what is decoded now."""
        self._entries: deque[Entry] = deque()

    def store(self, size: int) -> None:
        """Take note that so many bytes more (or less) are stored."""
        self._stored += size
        self._bound = max(self._limit, self._stored // WARM_SHARE)

    def add(self, entry: Entry, size: int) -> None:
        """Count ``size`` bytes of `entry` as decoded, and cool others to stay within the bound."""
        if not entry.heat:
            self._entries.append(entry)
        entry.heat += size
        self.held += size
        while self.held > self._bound and len(self._entries) > 1:
            oldest = self._entries.popleft()
            if oldest is entry:
                # what is being decoded now is the newest again
                self._entries.append(oldest)
                continue
            self.held -= oldest.heat
            oldest.cool()

"""What a shell is offered for a line: verbs, flags, kinds, names, values. Asks through `Known`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import click

from minikube8s.cli.completing.lines import Line, long_name, options_of

FILES, NO_SPACE = "files", "nospace"
_WORKLOADS = ("deployments", "daemonsets", "statefulsets")
_SCALED = ("deployments", "replicasets", "statefulsets", "replicationcontrollers")
_EXPOSED = ("pods", "services", "deployments", "replicasets", "replicationcontrollers")
_WITH_PODS = ("deployments", "daemonsets", "statefulsets", "replicasets", "jobs", "services")
_OBJECTS = (
    "get", "describe", "delete", "edit", "label", "annotate", "patch", "wait", "why", "tree",
)  # fmt: skip
_FORMS = (
    "json", "yaml", "name", "jsonpath=", "jsonpath-as-json=", "jsonpath-file=", "go-template=",
    "go-template-file=",
)  # fmt: skip
_FORMS_OF = {
    "get": (*_FORMS, "wide", "custom-columns=", "custom-columns-file="),
    "version": ("json", "yaml"),
    "api-resources": ("wide", "name"),
    "get-contexts": ("name",),
    "status": ("json",),
    "doctor": ("json",),
}
_FILE_FLAGS = (
    "filename", "kustomize", "kubeconfig", "patch-file", "client-key", "client-certificate",
    "certificate-authority", "home", "from-file", "from-env-file", "cert", "key",
    "output-directory",
)  # fmt: skip
_FIXED = {"wait for": ("condition=", "delete", "create", "jsonpath=")}
"""Verb and flag -> what its values begin with."""
_NAMED_BY = {
    "namespace": "namespaces",
    "namespaces": "namespaces",
    "serviceaccount": "serviceaccounts",
}
"""Flag -> the kind whose names are its values."""
_RIGHTS = (
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*",
)  # fmt: skip


class Known(Protocol):
    """What there is in the cluster and in kubeconfigs; empty where nobody answers."""

    def kinds(self) -> list[str]:
        """The words for all kinds."""

    def names(self, kind: str) -> list[str]:
        """The names of all objects of a kind, in the line's namespace."""

    def containers(self, pod: str) -> list[str]:
        """The names of a pod's containers."""

    def entries(self, section: str) -> list[str]:
        """The names of a kubeconfig's contexts, clusters or users."""


class Offer:
    """Words with descriptions, and what the shell is to do besides: `FILES`, `NO_SPACE`."""

    def __init__(self, words: Iterable[str | tuple[str, str]] = (), also: str = "") -> None:
        self.words = [(word, "") if isinstance(word, str) else word for word in words]
        self.also = also

    def fitting(self, line: Line) -> Offer:
        """Those that begin as the word that is being typed, whole again."""
        fitting = [(line.lead + w, d) for w, d in self.words if w.startswith(line.current)]
        also = self.also
        if fitting and all(word.endswith(("/", "=")) for word, _ in fitting):
            also = NO_SPACE
        return Offer(fitting, also)


def offer(line: Line, known: Known, verbs: Sequence[tuple[str, str]]) -> Offer:
    """What may come next; `verbs` are those of mk8s with their summaries."""
    if line.flag is not None:
        return _value(line, line.flag, known).fitting(line)
    if line.dashed:
        return Offer(also=FILES)
    if line.current.startswith("-"):
        return Offer(_flags(line)).fitting(line)
    if not line.path:
        return Offer(() if line.words else verbs).fitting(line)
    below = list(_sub_commands(line))
    found = _arguments(line, known)
    return Offer([*below, *found.words], found.also).fitting(line)


def _flags(line: Line) -> Iterator[tuple[str, str]]:
    for option in dict.fromkeys(options_of(line.command).values()):
        name = f"--{long_name(option)}"
        taken = long_name(option) in line.flags and not option.multiple
        if not taken:
            yield (name if option.is_flag else f"{name}="), (option.help or "").partition(". ")[0]


def _sub_commands(line: Line) -> Iterator[tuple[str, str]]:
    if isinstance(line.command, click.Group) and not line.words:
        context = click.Context(line.command, resilient_parsing=True)
        for name in line.command.list_commands(context):
            found = line.command.get_command(context, name)
            if found is not None and not found.hidden:
                yield name, found.get_short_help_str(60)


def _value(line: Line, option: click.Option, known: Known) -> Offer:
    name = long_name(option)
    fixed = _FIXED.get(f"{' '.join(line.path)} {name}", ())
    if words := option.type.choices if isinstance(option.type, click.Choice) else fixed:
        return Offer(map(str, words))
    if name in _FILE_FLAGS:
        return Offer(also=FILES)
    if name == "output":
        return Offer(_FORMS_OF.get(line.path[-1] if line.path else "", _FORMS))
    if name == "container":
        return Offer(known.containers(line.words[0]) if line.words else ())
    if name in {"context", "cluster", "user"}:
        return Offer(known.entries(f"{name}s"))
    return Offer(known.names(_NAMED_BY[name]) if name in _NAMED_BY else ())


def _arguments(line: Line, known: Known) -> Offer:
    verb, first = " ".join(line.path), not line.words
    if line.path[0] in _OBJECTS:
        return _objects(line, known)
    if verb in _PLACES:
        return _PLACES[verb](line, known, first)
    if verb in {"apply view-last-applied", "apply edit-last-applied"}:
        return _objects(line, known)
    if line.path[0] in {"rollout", "set"} and len(line.path) > 1:
        return _objects(line, known, _WORKLOADS)
    return Offer()


def _objects(line: Line, known: Known, kinds: Sequence[str] = ()) -> Offer:
    """TYPE, then names; or TYPE/NAME; or TYPE,TYPE."""
    typed, slash, _ = line.current.partition("/")
    if slash:
        return Offer([f"{typed}/{name}" for name in known.names(typed)])
    if line.words and "/" in line.words[0]:
        return Offer([f"{kind}/" for kind in kinds or known.kinds()])
    if line.words:
        names = known.names(line.words[0].rpartition(",")[2])
        return Offer([name for name in names if name not in line.words])
    before, comma, _ = line.current.rpartition(",")
    return Offer([before + comma + kind for kind in kinds or known.kinds()])


def _of_kinds(*kinds: str) -> Callable[[Line, Known, bool], Offer]:
    return lambda line, known, _: _objects(line, known, kinds)


def _names(kind: str) -> Callable[[Line, Known, bool], Offer]:
    def offered(line: Line, known: Known, _: bool) -> Offer:
        return Offer([name for name in known.names(kind) if name not in line.words])

    return offered


def _entries(section: str) -> Callable[[Line, Known, bool], Offer]:
    return lambda _, known, first: Offer(known.entries(section) if first else ())


def _pods(line: Line, known: Known, first: bool) -> Offer:
    """A pod, or a workload with pods as TYPE/NAME."""
    if not first:
        return Offer(also=FILES)
    typed, slash, _ = line.current.partition("/")
    if slash:
        return Offer([f"{typed}/{name}" for name in known.names(typed)])
    return Offer([*known.names("pods"), *(f"{kind}/" for kind in _WITH_PODS)])


def _copied(_: Line, known: Known, __: bool) -> Offer:
    return Offer([f"{name}:" for name in known.names("pods")], FILES)


def _rights(line: Line, known: Known, first: bool) -> Offer:
    if first:
        return Offer(_RIGHTS)
    return (
        _objects(line, known)
        if len(line.words) == 1 and "/" in line.current
        else Offer(known.kinds() if len(line.words) == 1 else ())
    )


_PLACES: dict[str, Callable[[Line, Known, bool], Offer]] = {
    "logs": _pods,
    "exec": _pods,
    "attach": _pods,
    "port-forward": _pods,
    "debug": _pods,
    "cp": _copied,
    "scale": _of_kinds(*_SCALED),
    "autoscale": _of_kinds(*_SCALED),
    "expose": _of_kinds(*_EXPOSED),
    "taint": _of_kinds("nodes"),
    "cordon": _names("nodes"),
    "uncordon": _names("nodes"),
    "drain": _names("nodes"),
    "top pod": _names("pods"),
    "top node": _names("nodes"),
    "node remove": _names("nodes"),
    "certificate approve": _names("certificatesigningrequests"),
    "certificate deny": _names("certificatesigningrequests"),
    "create token": _names("serviceaccounts"),
    "explain": lambda _, known, first: Offer(known.kinds() if first else ()),
    "auth can-i": _rights,
    "config use-context": _entries("contexts"),
    "config set-context": _entries("contexts"),
    "config rename-context": _entries("contexts"),
    "config delete-context": _entries("contexts"),
    "config get-contexts": _entries("contexts"),
    "config set-cluster": _entries("clusters"),
    "config delete-cluster": _entries("clusters"),
    "config set-credentials": _entries("users"),
    "config delete-user": _entries("users"),
    "completion": lambda _, __, first: Offer(("bash", "zsh", "fish") if first else ()),
    "kustomize": lambda _, __, ___: Offer(also=FILES),
}
"""Verb -> what its arguments may be, given whether none of them has been typed yet."""

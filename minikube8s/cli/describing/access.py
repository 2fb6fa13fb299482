"""How roles, bindings, accounts and certificate requests are described."""

from __future__ import annotations

import base64
from typing import Any

from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer
from minikube8s.cli.errors import CommandError

Object = dict[str, Any]
_RULE = ("resources", "nonResourceURLs", "resourceNames", "verbs")


def role(w: Writer, obj: Object, around: common.Around) -> None:
    """A Role or ClusterRole: one line for each resource, with all verbs. It has no Events."""
    common.head(w, obj, namespace=False)
    common.labels(w, obj)
    w.line(0, "PolicyRule:")
    rows = _rules(obj.get("rules") or [])
    w.table(1, ("Resources", "Non-Resource URLs", "Resource Names", "Verbs"), rows)


def binding(w: Writer, obj: Object, around: common.Around) -> None:
    """A RoleBinding or ClusterRoleBinding. It has no Events."""
    common.head(w, obj, namespace=False)
    common.labels(w, obj)
    w.line(0, "Role:")
    for field in ("kind", "name"):
        w.line(1, f"{field.capitalize()}:", obj["roleRef"].get(field, ""))
    w.line(0, "Subjects:")
    fields = ("kind", "name", "namespace")
    rows = [[one.get(field, "") for field in fields] for one in obj.get("subjects") or ()]
    w.table(1, [field.capitalize() for field in fields], rows)


def account(w: Writer, obj: Object, around: common.Around) -> None:
    """A ServiceAccount with its secrets."""
    common.head(w, obj)
    common.labels(w, obj)
    there = around.related.get("secrets") or ()
    named = (
        ("Image pull secrets", [one.get("name", "") for one in obj.get("imagePullSecrets") or ()]),
        ("Mountable secrets", [one.get("name", "") for one in obj.get("secrets") or ()]),
        ("Tokens", around.related.get("tokens") or []),
    )
    for title, names in named:
        shown = [name if name in there else f"{name} (not found)" for name in names]
        w.several(0, title, shown)
    common.events(w, around)


def signing_request(w: Writer, obj: Object, around: common.Around) -> None:
    """A CertificateSigningRequest and what it asks for. Raises CommandError if unreadable."""
    from minikube8s.cluster.authority.requests import wanted

    spec = obj["spec"]
    try:
        asked = wanted(base64.b64decode(spec.get("request") or ""))
    except ValueError as error:
        raise CommandError(f"Error parsing CSR: {error}") from None
    common.head(w, obj, namespace=False)
    w.line(0, "Labels:", common.joined(obj["metadata"].get("labels")))
    w.line(0, "Annotations:", common.joined(obj["metadata"].get("annotations")))
    common.created(w, obj)
    w.line(0, "Requesting User:", spec.get("username", ""))
    if spec.get("signerName"):
        w.line(0, "Signer:", spec["signerName"])
    if spec.get("expirationSeconds") is not None:
        from datetime import timedelta

        from minikube8s.api.times import human_duration

        lasts = timedelta(seconds=spec["expirationSeconds"])
        w.line(0, "Requested Duration:", human_duration(lasts))
    w.line(0, "Status:", _verdict(obj.get("status") or {}))
    w.line(0, "Subject:")
    w.line(0, "", "Common Name:", "".join(asked.subject.get("Common Name", [])[-1:]))
    w.line(0, "", "Serial Number:", "".join(asked.subject.get("Serial Number", [])[-1:]))
    for label in _SUBJECT:
        _list(w, label, asked.subject.get(label))
    if any(asked.names.values()):
        w.line(0, "Subject Alternative Names:")
    for label, values in asked.names.items():
        _list(w, label, values)
    common.events(w, around)


_SUBJECT = (
    "Organization",
    "Organizational Unit",
    "Country",
    "Locality",
    "Province",
    "StreetAddress",
    "PostalCode",
)


def _list(w: Writer, label: str, values: list[str] | None) -> None:
    for index, value in enumerate(values or ()):
        w.line(0, "", f"{label}:" if index == 0 else "", value)


def _verdict(status: Object) -> str:
    kinds = {one["type"] for one in status.get("conditions") or ()}
    words = ["Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"]
    words += ["Failed"] * ("Failed" in kinds) + ["Issued"] * bool(status.get("certificate"))
    return ",".join(words)


def _rules(rules: list[Object]) -> list[list[str]]:
    """The rules taken apart by resource, group and name, and their verbs put together again.

    What they allow of other paths stays apart by verb. They are in the order of their verbs.
    """
    verbs: dict[tuple[str, str, str], dict[str, None]] = {}
    found: list[tuple[str, str, str, str, str]] = []
    for rule in rules:
        words = dict.fromkeys(rule.get("verbs") or ())
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                for name in rule.get("resourceNames") or [""]:
                    verbs.setdefault((group, resource, name), {}).update(words)
        for path in rule.get("nonResourceURLs") or ():
            found += [(f"[{word}]", "[]", "[]", "[]", f"[{path}]") for word in words]
    for (group, resource, name), known in verbs.items():
        found.append((f"[{' '.join(known)}]", f"[{group}]", f"[{resource}]", f"[{name}]", "[]"))
    return [
        [_resource(resource[1:-1], group[1:-1]), paths, names, shown]
        for shown, group, resource, names, paths in sorted(found)
    ]


def _resource(resource: str, group: str) -> str:
    name, slash, part = resource.partition("/")
    return f"{name}{f'.{group}' if group and name else ''}{slash}{part}"

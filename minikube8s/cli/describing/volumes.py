"""How the sources of volumes are described: those of pods and those of PersistentVolumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikube8s.api.quantity import canonical
from minikube8s.cli.describing import claims, common
from minikube8s.cli.describing.volumesources import PERSISTENT, SOURCES, Row
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]


def of_pod(w: Writer, found: list[Object] | None, indent: str = "") -> None:
    """The Volumes of a pod or, with an ``indent``, of a pod template."""
    if not found:
        w.line(0, f"{indent}Volumes:", common.NONE)
        return
    w.line(0, f"{indent}Volumes:")
    for volume in found:
        w.line(1, f"{' ' if indent else ''}{volume['name']}:")
        kind = next((one for one in volume if one in SOURCES or one in _SPECIAL), "")
        facts = volume.get(kind) or {}
        if kind in _SPECIAL:
            _SPECIAL[kind](w, facts)
        elif kind:
            _source(w, kind, facts, SOURCES[kind][1])
        else:
            w.line(1, common.UNKNOWN)


def of_volume(w: Writer, spec: Object) -> None:
    """The source of a PersistentVolume."""
    kind = next((one for one in SOURCES if one in spec), "")
    if not kind:
        w.line(1, common.UNKNOWN)
        return
    _source(w, kind, spec[kind], PERSISTENT.get(kind, SOURCES[kind][1]))


def _source(w: Writer, kind: str, facts: Object, rows: tuple[Row, ...]) -> None:
    w.line(2, "Type:", SOURCES[kind][0])
    for label, field, default in rows:
        w.line(2, label, _value(facts, field, default))
    if kind == "csi":
        w.several(2, "VolumeAttributes", _attributes(facts.get("volumeAttributes")))


def _attributes(found: dict[str, str] | None) -> list[str]:
    lines = common.pairs(found)
    longest = common.LONGEST
    return ["    " + (one if len(one) <= longest else one[:longest] + "...") for one in lines]


def _value(facts: Object, field: str, default: object) -> str:
    value: Any = facts
    for part in field.split("."):
        value = (value or {}).get(part)
    if field == "secretRef":
        return _reference(value)
    if field == "targetWWNs":
        return ", ".join(value or ())
    if value is None or value == "":
        return common.go(default)
    return canonical(value) if field == "sizeLimit" else common.go(value)


def _reference(value: Object | None) -> str:
    if value is None:
        return "nil"
    if "namespace" in value:
        return f"&SecretReference{{Name:{value.get('name', '')},Namespace:{value['namespace']},}}"
    return f"&LocalObjectReference{{Name:{value.get('name', '')},}}"


def _projected(w: Writer, facts: Object) -> None:
    w.line(2, "Type:", "Projected (a volume that contains injected data from multiple sources)")
    for source in facts.get("sources") or ():
        for kind, label in (("secret", "SecretName:"), ("configMap", "ConfigMapName:")):
            if kind in source:
                w.line(2, label, source[kind].get("name", ""))
                w.line(2, "Optional:", common.go(bool(source[kind].get("optional"))))
        if "downwardAPI" in source:
            w.line(2, "DownwardAPI:", "true")
        if "serviceAccountToken" in source:
            seconds = source["serviceAccountToken"].get("expirationSeconds", 3600)
            w.line(2, "TokenExpirationSeconds:", seconds)


def _downward(w: Writer, facts: Object) -> None:
    w.line(2, "Type:", "DownwardAPI (a volume populated by information about the pod)")
    w.line(2, "Items:")
    for item in facts.get("items") or ():
        for kind, field in (("fieldRef", "fieldPath"), ("resourceFieldRef", "resource")):
            if kind in item:
                w.line(3, f"{item[kind][field]} -> {item['path']}")


def _ephemeral(w: Writer, facts: Object) -> None:
    w.line(
        2,
        "Type:",
        "EphemeralVolume (an inline specification for a volume that gets created and deleted with "
        "the pod)",
    )
    template = facts.get("volumeClaimTemplate")
    if template:
        claims.facts(w, {"metadata": {}, **template}, None, indent="    ")


_SPECIAL: dict[str, Callable[[Writer, Object], None]] = {
    "projected": _projected,
    "downwardAPI": _downward,
    "ephemeral": _ephemeral,
}

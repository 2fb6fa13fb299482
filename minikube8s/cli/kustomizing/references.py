"""Owns what names what: when a name has changed, those who named it are told the new one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing.paths import WORKLOADS, change
from minikube8s.cli.kustomizing.resources import Res, Set

Object = dict[str, Any]
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_OF_PODS = {
    "ConfigMap": (
        *(f"{one}/env/valueFrom/configMapKeyRef/name" for one in _CONTAINERS),
        *(f"{one}/envFrom/configMapRef/name" for one in _CONTAINERS),
        "volumes/configMap/name",
        "volumes/projected/sources/configMap/name",
    ),
    "Secret": (
        *(f"{one}/env/valueFrom/secretKeyRef/name" for one in _CONTAINERS),
        *(f"{one}/envFrom/secretRef/name" for one in _CONTAINERS),
        "volumes/secret/secretName",
        "volumes/projected/sources/secret/name",
        "volumes/csi/nodePublishSecretRef/name",
        "imagePullSecrets/name",
    ),
    "ServiceAccount": ("serviceAccountName",),
    "PersistentVolumeClaim": ("volumes/persistentVolumeClaim/claimName",),
    "PriorityClass": ("priorityClassName",),
}
_OTHERS = (
    ("ConfigMap", "Role", "rules/resourceNames"),
    ("ConfigMap", "ClusterRole", "rules/resourceNames"),
    ("Secret", "Role", "rules/resourceNames"),
    ("Secret", "ClusterRole", "rules/resourceNames"),
    ("Secret", "ServiceAccount", "imagePullSecrets/name"),
    ("Secret", "Ingress", "spec/tls/secretName"),
    ("Secret", "PersistentVolume", "spec/azureFile/secretName"),
    ("Secret", "StorageClass", "parameters/adminSecretName"),
    ("Secret", "StorageClass", "parameters/userSecretName"),
    ("Secret", "StorageClass", "parameters/secretRef"),
    ("Service", "StatefulSet", "spec/serviceName"),
    ("Service", "Ingress", "spec/rules/http/paths/backend/service/name"),
    ("Service", "Ingress", "spec/rules/http/paths/backend/serviceName"),
    ("Service", "Ingress", "spec/defaultBackend/service/name"),
    ("Service", "Ingress", "spec/backend/serviceName"),
    ("PersistentVolume", "PersistentVolumeClaim", "spec/volumeName"),
    ("StorageClass", "PersistentVolume", "spec/storageClassName"),
    ("StorageClass", "PersistentVolumeClaim", "spec/storageClassName"),
    ("StorageClass", "StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
    ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "spec/policyName"),
)
_SCALED = ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
_NOTES = (
    "ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
)
"""Annotations of an Ingress that name Secrets."""

TABLE: dict[str, list[tuple[str, str]]] = {}
"""Kind of who names -> the fields that do, each with the kind that it names."""
for _kind, _where in WORKLOADS.items():
    for _target, _paths in _OF_PODS.items():
        TABLE.setdefault(_kind, []).extend((_target, f"{_where}spec/{_path}") for _path in _paths)
for _target, _kind, _path in _OTHERS:
    TABLE.setdefault(_kind, []).append((_target, _path))


def follow(found: Set) -> None:
    """Let every field that names one of the objects by a former name have its present one.

    Raises CommandError where several objects may be meant.
    """
    finder = _Finder(found)
    for res in found.all:
        for kind, path in TABLE.get(res.kind, ()):
            change(res.obj, path, False, finder.updater(res, kind))
        if res.kind == "HorizontalPodAutoscaler":
            target = (res.obj.get("spec") or {}).get("scaleTargetRef") or {}
            if target.get("kind") in _SCALED:
                finder.mend(res, target, str(target["kind"]))
        if res.kind in {"RoleBinding", "ClusterRoleBinding"}:
            role = res.obj.get("roleRef") or {}
            if role.get("kind") in {"Role", "ClusterRole"}:
                finder.mend(res, role, str(role["kind"]))
            for subject in res.obj.get("subjects") or ():
                if subject.get("kind") == "ServiceAccount":
                    finder.mend_placed(res, subject, "ServiceAccount")
        for service in _services(res):
            finder.mend_placed(res, service, "Service")
        notes = res.metadata.get("annotations") or {}
        for note in _NOTES if res.kind == "Ingress" else ():
            if note in notes:
                notes[note] = finder.updater(res, "Secret")(notes[note])


def _services(res: Res) -> list[Object]:
    """The references of a webhook's or an API's configuration to Services, with namespaces."""
    if "Webhook" in res.kind:
        hooks = res.obj.get("webhooks") or ()
        found = [(hook.get("clientConfig") or {}).get("service") for hook in hooks]
    elif res.kind == "APIService":
        found = [(res.obj.get("spec") or {}).get("service")]
    else:
        return []
    return [one for one in found if one]


class _Finder:
    """Finds objects by the names that they had."""

    def __init__(self, found: Set) -> None:
        self._by_name: dict[tuple[str, str], list[Res]] = {}
        for res in found.all:
            for name in dict.fromkeys(known.name for known in res.ids()):
                self._by_name.setdefault((res.kind, name), []).append(res)

    def updater(self, by: Res, kind: str) -> Callable[[Any], Any]:
        """What gives a name, or a list of names, in an object's field the present form."""

        def update(value: Any) -> Any:
            if isinstance(value, list):
                return [update(one) for one in value]
            meant = self._meant(by, kind, value, by.id.namespace) if value else None
            return value if meant is None else meant.id.name

        return update

    def mend(self, by: Res, reference: Object, kind: str) -> None:
        """Mend the name of a reference."""
        meant = self._meant(by, kind, reference.get("name"), by.id.namespace)
        if meant is not None:
            reference["name"] = meant.id.name

    def mend_placed(self, by: Res, reference: Object, kind: str) -> None:
        """Mend the name and the namespace of a reference that has both."""
        name, place = reference.get("name"), reference.get("namespace") or ""
        known = [
            one
            for one in self._by_name.get((kind, str(name)), [])
            if any((each.namespace or "default") == (place or "default") for each in one.ids())
        ]
        meant = _only(by, known)
        if meant is not None:
            reference["name"] = meant.id.name
            if meant.id.namespace:
                reference["namespace"] = meant.id.namespace

    def _meant(self, by: Res, kind: str, name: Any, namespace: str) -> Res | None:
        known = self._by_name.get((kind, str(name)), [])
        near = [
            one
            for one in known
            if not (one.namespaced and by.namespaced)
            or (one.id.namespace or "default") == (namespace or "default")
        ]
        return _only(by, near)


def _only(by: Res, known: Iterable[Res]) -> Res | None:
    """The one that ``by`` means: of several that of the same layers. Raises CommandError."""
    found = list(known)
    if len(found) > 1:
        found = [
            one
            for one in found
            if _ends_alike(one.prefixes, by.prefixes) and _ends_alike(one.suffixes, by.suffixes)
        ] or found
    names = {one.id.name for one in found}
    if len(names) > 1:
        told = ", ".join(str(one.id) for one in found)
        raise CommandError(f"{by.id} may mean any of {told}: give them different names")
    return found[0] if found else None


def _ends_alike(one: list[str], other: list[str]) -> bool:
    both = min(len(one), len(other))
    return one[len(one) - both :] == other[len(other) - both :]

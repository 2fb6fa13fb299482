"""Classes by default, sizes in bounds, and what is in use."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import (
    INGRESSCLASSES,
    INGRESSES,
    LIMITRANGES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    STORAGECLASSES,
    Resource,
)
from minikube8s.registry import Registry
from minikube8s.registry.admission.classes import default_of
from tests.support.registries import a_registry

Json = dict[str, Any]


@pytest.fixture
async def registry() -> Any:
    async with a_registry() as made:
        yield made


async def add(registry: Registry, resource: Resource, name: str, **fields: Any) -> Json:
    namespace = "default" if resource.namespaced else None
    metadata = {"name": name, **fields.pop("metadata", {})}
    entry = await registry.create(resource, namespace, {"metadata": metadata, **fields})
    return entry.object


async def claim(registry: Registry, name: str = "data", size: str = "1Gi", **spec: Any) -> Json:
    resources = {"requests": {"storage": size}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources, **spec}
    return await add(registry, PERSISTENTVOLUMECLAIMS, name, spec=spec)


async def storage_class(registry: Registry, name: str, *, default: bool, **fields: Any) -> None:
    annotations = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
    metadata = {"annotations": annotations}
    await add(registry, STORAGECLASSES, name, metadata=metadata, provisioner="x/y", **fields)


async def test_a_claim_without_a_class_gets_the_default_one(registry: Registry) -> None:
    assert (await claim(registry, "first"))["spec"]["storageClassName"] == "local-path"
    await registry.delete(STORAGECLASSES, None, "local-path")
    assert "storageClassName" not in (await claim(registry, "before"))["spec"]
    await storage_class(registry, "slow", default=False)
    await storage_class(registry, "fast", default=True)
    assert (await claim(registry, "after"))["spec"]["storageClassName"] == "fast"
    assert (await claim(registry, "none", storageClassName=""))["spec"]["storageClassName"] == ""


async def test_an_ingress_without_a_class_gets_the_default_one(registry: Registry) -> None:
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    ingress = await add(registry, INGRESSES, "first", spec={"defaultBackend": backend})
    assert ingress["spec"]["ingressClassName"] == "mk8s"
    await registry.delete(INGRESSCLASSES, None, "mk8s")
    annotations = {"ingressclass.kubernetes.io/is-default-class": "true"}
    metadata, spec = {"annotations": annotations}, {"controller": "x/y"}
    await add(registry, INGRESSCLASSES, "web", metadata=metadata, spec=spec)
    ingress = await add(registry, INGRESSES, "new", spec={"defaultBackend": backend})
    assert ingress["spec"]["ingressClassName"] == "web"
    old = {"annotations": {"kubernetes.io/ingress.class": "other"}}
    ingress = await add(registry, INGRESSES, "old", metadata=old, spec={"defaultBackend": backend})
    assert "ingressClassName" not in ingress["spec"]


def test_of_several_defaults_the_newest_counts() -> None:
    def marked(name: str, created: str) -> Json:
        return {
            "metadata": {"name": name, "creationTimestamp": created, "annotations": {"d": "true"}}
        }

    classes = [marked("b", "2026-01-01T00:00:00Z"), marked("z", "2026-01-02T00:00:00Z")]
    assert default_of(classes, "d") == "z"
    assert default_of([*classes, marked("a", "2026-01-02T00:00:00Z")], "d") == "a"
    assert default_of(classes, "other") == ""


async def test_claims_and_volumes_are_protected_from_the_start(registry: Registry) -> None:
    finalizers = (await claim(registry))["metadata"]["finalizers"]
    assert finalizers == ["kubernetes.io/pvc-protection"]
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": "/x"},
    }
    volume = await add(registry, PERSISTENTVOLUMES, "v", spec=spec)
    assert volume["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]


async def test_a_claims_size_is_held_to_the_limits(registry: Registry) -> None:
    limit = {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}}
    await add(registry, LIMITRANGES, "sizes", spec={"limits": [limit]})
    await claim(registry, "fits")
    for size, why in (
        ("512Mi", "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 512Mi"),
        ("3Gi", "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"),
    ):
        with pytest.raises(ApiError) as refused:
            await claim(registry, "bad", size)
        assert refused.value.message == f'persistentvolumeclaims "bad" is forbidden: {why}'


async def test_a_claim_grows_only_when_its_class_allows_it(registry: Registry) -> None:
    await storage_class(registry, "rigid", default=False)
    await storage_class(registry, "elastic", default=False, allowVolumeExpansion=True)

    def bound(obj: Json) -> Json:
        return {**obj, "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}

    def grown(obj: Json) -> Json:
        obj["spec"]["resources"]["requests"]["storage"] = "2Gi"
        return obj

    for name in ("rigid", "elastic"):
        await claim(registry, name, storageClassName=name)
        await registry.update(PERSISTENTVOLUMECLAIMS, "default", name, bound, "status")
    await registry.update(PERSISTENTVOLUMECLAIMS, "default", "elastic", grown)
    with pytest.raises(ApiError) as refused:
        await registry.update(PERSISTENTVOLUMECLAIMS, "default", "rigid", grown)
    assert refused.value.message == (
        'persistentvolumeclaims "rigid" is forbidden: only dynamically provisioned pvc can be'
        " resized and the storageclass that provisions the pvc must support resize"
    )

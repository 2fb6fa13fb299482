"""Views read Kubernetes' own field names, and are tolerant."""

import msgspec
import pytest

from minikube8s.api import schema, views
from minikube8s.api.resources import RESOURCES

TOP_LEVEL = [
    resource
    for resource in RESOURCES.all()
    if hasattr(views, resource.kind) and resource.storage is None
]


def fields_of(view, definition):
    """Yield (view, JSON name, definition) for a view and all views in it."""
    for field in msgspec.structs.fields(view):
        yield view, field.encode_name, definition
        known = schema.definition(definition).fields.get(field.encode_name)
        nested = nested_view(field.type)
        if known is not None and nested is not None:
            inner = known.ref or known.element_ref
            if inner:
                yield from fields_of(nested, inner)


def known_fields(definition):
    """Return a definition's fields; containers of all sorts share one view, too."""
    fields = {*schema.definition(definition).fields}
    if definition == "io.k8s.api.core.v1.Container":
        fields |= schema.definition("io.k8s.api.core.v1.EphemeralContainer").fields.keys()
    return fields


def nested_view(type_):
    for part in [type_, *getattr(type_, "__args__", ())]:
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            return part
    return None


@pytest.mark.parametrize("resource", TOP_LEVEL, ids=lambda resource: resource.kind)
def test_every_field_of_a_view_exists_in_kubernetes(resource):
    view = getattr(views, resource.kind)
    unknown = [
        f"{one.__name__}: {name} is not in {definition}"
        for one, name, definition in fields_of(view, resource.schema)
        # Conditions of all kinds share one view, which has the fields of each.
        if one is not views.Condition and name not in known_fields(definition)
    ]
    assert unknown == []


@pytest.mark.parametrize("resource", TOP_LEVEL, ids=lambda resource: resource.kind)
def test_an_empty_object_has_a_view(resource):
    view = views.decode(getattr(views, resource.kind), b"{}")
    assert (view.api_version, view.kind) == (resource.api_version, resource.kind)


def test_unknown_fields_are_skipped_and_known_ones_read():
    pod = views.decode(
        views.Pod,
        b"""{"metadata":{"name":"web","managedFields":[{"x":1}],"ownerReferences":[
            {"kind":"Node"},{"kind":"ReplicaSet","controller":true}]},
            "spec":{"future":1,"hostIPC":true,"containers":[{"name":"a","ports":[
            {"containerPort":80}],"livenessProbe":{"httpGet":{"port":"web"}}}]},
            "status":{"podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],"qosClass":"BestEffort",
            "conditions":[{"type":"Ready","status":"True"}]}}""",
    )
    assert pod.metadata.controller.kind == "ReplicaSet"
    assert pod.spec.host_ipc is True
    assert pod.spec.containers[0].ports[0] == views.ContainerPort(container_port=80)
    assert pod.spec.containers[0].liveness_probe.http_get.port == "web"
    assert (pod.status.pod_ip, pod.status.qos_class) == ("10.0.0.1", "BestEffort")
    assert pod.ready
    assert not pod.terminal


def test_a_view_cannot_be_changed():
    pod = views.decode(views.Pod, b"{}")
    with pytest.raises(AttributeError):
        pod.kind = "x"


def test_a_wrong_type_is_an_error_not_a_guess():
    with pytest.raises(msgspec.ValidationError):
        views.decode(views.Pod, b'{"spec":{"containers":{}}}')


def test_a_dict_has_the_same_view_as_its_bytes():
    obj = {"metadata": {"name": "x"}, "spec": {"clusterIP": "None", "ports": [{"port": 80}]}}
    assert views.from_dict(views.Service, obj) == views.decode(
        views.Service, msgspec.json.encode(obj)
    )
    assert views.from_dict(views.Service, obj).spec.headless


def test_services_of_slices_and_addresses_of_nodes_are_found():
    part = views.from_dict(
        views.EndpointSlice, {"metadata": {"labels": {"kubernetes.io/service-name": "web"}}}
    )
    assert part.service_name == "web"
    node = views.from_dict(
        views.Node, {"status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}}
    )
    assert node.address("InternalIP") == "10.0.0.1"
    assert node.address("ExternalIP") == ""

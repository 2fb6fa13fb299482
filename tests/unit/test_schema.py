import pytest

from minikube8s.api import schema
from minikube8s.api.schema import generate
from minikube8s.api.schema.definitions import DATA, names
from minikube8s.api.schema.nearest import nearest

POD = "io.k8s.api.core.v1.Pod"
SERVICE = "io.k8s.api.core.v1.Service"
DEPLOYMENT = "io.k8s.api.apps.v1.Deployment"


def one(name: str, obj: object) -> schema.Problem:
    (problem,) = schema.check(name, obj)
    return problem


def pod_with(container: dict[str, object]) -> dict[str, object]:
    return {"spec": {"containers": [{"name": "a", **container}]}}


def test_the_committed_table_is_what_the_generator_makes() -> None:
    assert generate.compact(generate.definitions()) == DATA.read_bytes(), "run script/schema"


def test_every_definition_can_be_read_and_every_reference_leads_somewhere() -> None:
    for name in names():
        for field in schema.definition(name).fields.values():
            if field.ref or field.element_ref:
                schema.definition(field.ref or field.element_ref)


def test_an_unknown_field_is_named_with_its_path_and_the_nearest_known_name() -> None:
    problem = one(SERVICE, {"spec": {"externalTrafficPilicy": "Local"}})
    assert problem.kind == "unknown"
    assert problem.path == "spec.externalTrafficPilicy"
    assert problem.suggestion == "externalTrafficPolicy"
    assert schema.strict_message([problem]) == (
        'strict decoding error: unknown field "spec.externalTrafficPilicy"'
        ' (did you mean "externalTrafficPolicy"?)'
    )


def test_paths_are_written_as_kubernetes_writes_them() -> None:
    template = pod_with({"imagee": "nginx"})
    problem = one(DEPLOYMENT, {"spec": {"template": template}})
    assert problem.path == "spec.template.spec.containers[0].imagee"


def test_a_strange_name_gets_no_suggestion() -> None:
    problem = one(SERVICE, {"spec": {"flavour": "vanilla"}})
    assert problem.message == 'unknown field "spec.flavour"'


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (
            pod_with({"ports": [{"containerPort": "80"}]}),
            'invalid type for "spec.containers[0].ports[0].containerPort": '
            'got string "80", expected integer',
        ),
        (
            {"metadata": {"labels": {"v": 1}}},
            'invalid type for "metadata.labels.v": got integer 1, expected string',
        ),
        (
            {"spec": {"hostNetwork": "true"}},
            'invalid type for "spec.hostNetwork": got string "true", expected boolean',
        ),
        (
            {"spec": {"containers": {"name": "a"}}},
            'invalid type for "spec.containers": got map, expected array',
        ),
        ({"spec": []}, 'invalid type for "spec": got array, expected map'),
        ([], "invalid type for the object: got array, expected map"),
        (
            pod_with({"ports": [{"containerPort": 2**31}]}),
            'invalid type for "spec.containers[0].ports[0].containerPort": '
            "got integer 2147483648, expected integer: out of range for int32",
        ),
        (
            pod_with({"ports": [{"containerPort": True}]}),
            'invalid type for "spec.containers[0].ports[0].containerPort": '
            "got boolean true, expected integer",
        ),
        (
            pod_with({"image": 1.5}),
            'invalid type for "spec.containers[0].image": got number 1.5, expected string',
        ),
        (
            {"metadata": {"creationTimestamp": "yesterday"}},
            'invalid type for "metadata.creationTimestamp": got string "yesterday", '
            "expected string (RFC 3339 time): write it like 2006-01-02T15:04:05Z",
        ),
    ],
)
def test_a_wrong_type_names_path_expectation_and_what_was_given(obj: object, message: str) -> None:
    problem = one(POD, obj)
    assert (problem.kind, problem.message) == ("type", message)


@pytest.mark.parametrize("cpu", ["250m", "1", 1, 0.5])
def test_quantities_may_be_text_or_numbers(cpu: object) -> None:
    assert not schema.check(POD, pod_with({"resources": {"limits": {"cpu": cpu}}}))


@pytest.mark.parametrize("memory", ["64MiB", True, [], "lots"])
def test_what_is_no_quantity_is_a_problem(memory: object) -> None:
    problem = one(POD, pod_with({"resources": {"limits": {"memory": memory}}}))
    assert problem.path == "spec.containers[0].resources.limits.memory"


@pytest.mark.parametrize(
    ("port", "good"), [(80, True), ("http", True), (1.5, False), (True, False)]
)
def test_int_or_string_takes_either_and_nothing_else(port: object, good: bool) -> None:
    problems = schema.check(SERVICE, {"spec": {"ports": [{"targetPort": port}]}})
    assert (not problems) is good


@pytest.mark.parametrize(
    ("text", "good"), [("aGk=", True), ("aGk\n=", True), ("", True), ("a", False)]
)
def test_secret_data_must_be_base64(text: str, good: bool) -> None:
    problems = schema.check("io.k8s.api.core.v1.Secret", {"data": {"key": text}})
    assert (not problems) is good


def test_a_fault_in_secret_data_does_not_repeat_the_data() -> None:
    problem = one("io.k8s.api.core.v1.Secret", {"data": {"password": "hunter2!"}})
    assert "hunter2" not in problem.message
    assert 'for "data.password": got string, expected string (base64)' in problem.message


@pytest.mark.parametrize("time", ["2024-02-03T04:05:06Z", "2024-02-03T04:05:06.123456+01:00"])
def test_times_are_rfc_3339(time: str) -> None:
    assert not schema.check(POD, {"metadata": {"creationTimestamp": time}})


def test_null_counts_as_absent() -> None:
    obj = {"metadata": {"creationTimestamp": None, "labels": None}, "spec": {"containers": None}}
    assert not schema.check(POD, obj)


def test_free_form_values_are_not_looked_into() -> None:
    schema_props = {"default": {"any": [1, None, "x"]}}
    assert not schema.check(
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps", schema_props
    )


def test_prune_removes_unknown_fields_and_nothing_else() -> None:
    obj = {"spec": {"containers": [{"name": "a", "imagee": "x", "imag": "y"}], "bogus": {"a": 1}}}
    schema.prune(POD, obj, schema.check(POD, obj))
    assert obj == {"spec": {"containers": [{"name": "a"}]}}


def test_normalize_drops_nulls_and_spells_quantities() -> None:
    obj = {
        "metadata": {"creationTimestamp": None, "labels": {"a": None, "b": "c"}},
        "spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": 0.5}}}]},
    }
    schema.normalize(POD, obj)
    assert obj == {
        "metadata": {"labels": {"a": "", "b": "c"}},
        "spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": "500m"}}}]},
    }


def test_fields_tell_how_they_merge() -> None:
    ports = schema.field("io.k8s.api.core.v1.ServiceSpec", "ports")
    assert ports is not None
    assert ports.merge_key == "port"
    assert ports.patch_strategies == ("merge",)
    assert ports.map_keys == ("port", "protocol")
    assert ports.element_ref == "io.k8s.api.core.v1.ServicePort"
    volumes = schema.field("io.k8s.api.core.v1.PodSpec", "volumes")
    assert volumes is not None
    assert volumes.patch_strategies == ("merge", "retainKeys")
    assert schema.field("io.k8s.api.core.v1.PodSpec", "nonsense") is None


def test_a_definition_that_does_not_exist_is_the_callers_fault() -> None:
    with pytest.raises(schema.UnknownDefinition):
        schema.check("io.k8s.api.core.v1.Po", {})


@pytest.mark.parametrize(
    ("word", "meant"),
    [("imagee", "image"), ("Image", "image"), ("iamge", "image"), ("xyz", ""), ("x" * 500, "")],
)
def test_the_nearest_name_is_offered_when_it_is_near(word: str, meant: str) -> None:
    assert nearest(word, ["name", "image", "imagePullPolicy"]) == meant

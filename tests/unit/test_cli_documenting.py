"""What a cluster tells of its kinds is found and printed as kubectl does."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from minikube8s.api.resources import CONFIGMAPS, PODS
from minikube8s.cli.documenting import explained, rights
from minikube8s.cli.documenting.dumping import Dump
from minikube8s.cli.documenting.schemas import Schemas
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import discovering
from minikube8s.cli.naming.kinds import Kinds
from minikube8s.cli.verbs.cluster_info import address_of
from minikube8s.cli.verbs.version import skew

GVK = "x-kubernetes-group-version-kind"
DOCUMENT: dict[str, Any] = {
    "components": {
        "schemas": {
            "api.Pod": {
                "description": "A pod.",
                "type": "object",
                "required": ["policy"],
                "properties": {
                    "policy": {
                        "description": "What then.",
                        "type": "string",
                        "enum": ["A", "B", "C", "D", "E"],
                    },
                    "when": {"$ref": "#/components/schemas/api.Time"},
                    "parts": {
                        "description": "All parts.",
                        "type": "array",
                        "items": {"allOf": [{"$ref": "#/components/schemas/api.Part"}]},
                    },
                    "sizes": {
                        "type": "object",
                        "additionalProperties": {"$ref": "#/components/schemas/api.Size"},
                    },
                },
                GVK: [{"group": "", "version": "v1", "kind": "Pod"}],
            },
            "api.Time": {"type": "string", "description": "A time."},
            "api.Size": {"description": "A size.", "oneOf": [{"type": "string"}]},
            "api.Part": {
                "description": "One part.",
                "properties": {
                    "name": {"type": "string"},
                    "within": {"allOf": [{"$ref": "#/components/schemas/api.Part"}]},
                },
            },
        }
    }
}
SCHEMAS = Schemas(DOCUMENT)


def explain(*path: str, recursive: bool = False) -> str:
    schema = SCHEMAS.find(SCHEMAS.kind(PODS), list(path))
    return explained.text(SCHEMAS, schema, list(path), recursive=recursive)


def test_fields_are_told_with_their_types_values_and_descriptions() -> None:
    assert explain() == (
        "DESCRIPTION:\n    A pod.\n    \nFIELDS:\n"
        "  parts\t<[]Part>\n    All parts.\n\n"
        "  policy\t<string> -required-\n  enum: A, B, C, D, ....\n    What then.\n\n"
        "  sizes\t<map[string]Size>\n    <no description>\n\n"
        "  when\t<string>\n    <no description>\n\n\n"
    )


def test_a_field_is_told_with_what_it_holds() -> None:
    assert explain("parts").startswith(
        "FIELD: parts <[]Part>\n\n\nDESCRIPTION:\n    All parts.\n    One part.\n    \nFIELDS:\n"
    )
    assert "ENUM:\n    A\n    B\n" in explain("policy")


def test_a_definition_within_itself_ends() -> None:
    assert explain("parts", recursive=True).count("within\t<Part>") == 2


def test_a_field_that_is_not_there_has_a_nearest_one() -> None:
    with pytest.raises(CommandError, match=r'field "polcy" does not exist \(did you mean "policy"'):
        explain("polcy")
    with pytest.raises(CommandError, match="does not describe that kind"):
        SCHEMAS.kind(CONFIGMAPS)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("a " * 60, 2),
        ("  indented " + "b" * 90, 2),
        ("one\n\ttwo", 2),
        ("", 1),
    ],
)
def test_descriptions_are_wrapped_at_words(words: str, wanted: int) -> None:
    lines = explained.wrapped(words, 4).splitlines()
    assert len(lines) == wanted
    assert all(len(line) <= 80 or " " not in line.strip() for line in lines)


def test_rights_of_one_resource_stand_in_one_line() -> None:
    status = {
        "resourceRules": [
            {"verbs": ["get", "list"], "apiGroups": ["apps"], "resources": ["deployments/scale"]},
            {"verbs": ["watch"], "apiGroups": ["apps"], "resources": ["deployments/scale"]},
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
            {
                "verbs": ["get"],
                "apiGroups": [""],
                "resources": ["pods"],
                "resourceNames": ["a", "b"],
            },
        ],
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}],
    }
    assert rights.rows(status) == [
        ["*.*", "[]", "[]", "[*]"],
        ["deployments.apps/scale", "[]", "[]", "[get list watch]"],
        ["", "[/healthz]", "[]", "[get]"],
        ["pods", "[]", "[a]", "[get]"],
        ["pods", "[]", "[b]", "[get]"],
    ]


@pytest.mark.parametrize(
    ("verb", "what", "attributes", "warnings"),
    [
        ("get", "deploy/x", {"group": "apps", "resource": "deployments", "name": "x"}, []),
        ("*", "*", {"group": "*", "resource": "*"}, []),
        ("get", "nodes", {"resource": "nodes"}, ["resource 'nodes' is not namespace scoped"]),
        ("frob", "pods", {"resource": "pods"}, ["verb 'frob' is not a known verb"]),
        (
            "get",
            "lamps.example.com",
            {"group": "example.com", "resource": "lamps"},
            ["the server doesn't have a resource type 'lamps' in group 'example.com'"],
        ),
    ],
)
def test_a_question_says_what_is_odd_about_it(
    verb: str, what: str, attributes: dict[str, str], warnings: list[str]
) -> None:
    asked = rights.question(Kinds(), verb, what, "", "blue")
    found = asked.spec["resourceAttributes"]
    assert {name: found[name] for name in attributes} == attributes
    assert found["namespace"] == "blue" and asked.warnings == warnings


def test_a_verdict_says_why_not() -> None:
    assert rights.verdict({"allowed": True, "reason": "x"}) == "yes"
    assert rights.verdict({"reason": "not yours"}) == "no - not yours"


@pytest.mark.parametrize(
    ("ports", "wanted"),
    [
        ([], "kube-dns"),
        ([{"port": 53, "name": "dns"}], "kube-dns:dns"),
        ([{"port": 443, "name": "web"}], "https:kube-dns:web"),
        ([{"port": 8443, "name": "https"}], "https:kube-dns:https"),
        ([{"port": 53}], "kube-dns"),
    ],
)
def test_a_service_is_reached_through_the_server(ports: list[Any], wanted: str) -> None:
    service = {"metadata": {"name": "kube-dns", "namespace": "s"}, "spec": {"ports": ports}}
    assert (
        address_of("https://h", service) == f"https://h/api/v1/namespaces/s/services/{wanted}/proxy"
    )


class Hostile:
    """Has a pod whose name leads out of the folder."""

    def json(self, method: str, path: str) -> dict[str, Any]:
        pod = {"metadata": {"name": "../../../pwned"}, "spec": {"containers": []}}
        return {"kind": "List", "items": [pod] if path.endswith("/pods") else []}


def test_a_dump_stays_in_its_folder(tmp_path: Path) -> None:
    client: Any = Hostile()
    folder = tmp_path / "a" / "dump"
    with pytest.raises(CommandError, match="an object of such a name"):
        Dump(client, "json", str(folder), managers=False).run(["default"])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["dump"]


def test_a_server_too_far_away_is_warned_of() -> None:
    ours = {"major": "1", "minor": "36"}
    assert skew(ours, None) == skew(ours, {"major": "1", "minor": "35+"}) == ""
    assert "client (1.36) and server (1.33)" in skew(ours, {"major": "1", "minor": "33+"})


class OldServer:
    """A server that knows no aggregated discovery."""

    PATHS: ClassVar[dict[str, Any]] = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/api/v1": {
            "resources": [
                {
                    "name": "pods",
                    "singularName": "",
                    "namespaced": True,
                    "kind": "Pod",
                    "verbs": ["get"],
                },
                {"name": "pods/log", "kind": "Pod", "verbs": ["get"]},
            ]
        },
        "/apis": {
            "groups": [
                {
                    "name": "batch",
                    "versions": [
                        {"groupVersion": "batch/v1beta1", "version": "v1beta1"},
                        {"groupVersion": "batch/v1", "version": "v1"},
                    ],
                    "preferredVersion": {"groupVersion": "batch/v1", "version": "v1"},
                }
            ]
        },
        "/apis/batch/v1": {"resources": [{"name": "jobs", "kind": "Job", "shortNames": ["j"]}]},
        "/apis/batch/v1beta1": {"resources": [{"name": "cronjobs", "kind": "CronJob"}]},
    }

    def json(self, method: str, path: str, **_: Any) -> Any:
        assert method == "GET"
        return self.PATHS[path]


def test_servers_without_aggregated_discovery_are_asked_version_by_version() -> None:
    client: Any = OldServer()
    found = discovering.rows(client)
    assert [(row.api_version, row.plural) for row in found] == [
        ("v1", "pods"),
        ("batch/v1", "jobs"),
        ("batch/v1beta1", "cronjobs"),
    ]
    assert found[0].namespaced and list(found[0].subresources) == ["log"]
    assert discovering.group_versions(client) == ["batch/v1", "batch/v1beta1", "v1"]

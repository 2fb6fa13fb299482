"""Folders with a kustomization stand for files, and are refused with one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli import manifests, options
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kustomizing import build as building
from minikube8s.cli.kustomizing import images, merging
from minikube8s.cli.session import Session


def folder(place: Path, **files: str) -> Path:
    for name, text in files.items():
        path = place / name.replace("__", "/").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place


def build(place: str, **options: bool) -> list[dict[str, Any]]:
    return building.build(place, lambda _: None, **options)


POD = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: x}]}}"


@verb("try")
@options.filenames
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    objects = manifests.read(given["filenames"], recursive=given["recursive"])
    click.echo(",".join(obj["metadata"]["name"] for obj in objects))


def ran(*line: str) -> tuple[str, str]:
    done = CliRunner().invoke(command, line, obj=Session())
    return done.output.strip(), str(done.exception or "")


def test_k_names_a_folder_where_f_names_a_file(tmp_path: Path) -> None:
    place = str(folder(tmp_path, kustomization_yaml="resources: [p.yaml]\nnamePrefix: x-\n"))
    folder(tmp_path, p_yaml=POD)
    assert ran("-k", place) == ("x-a", "")
    assert ran(f"--kustomize={place}") == ("x-a", "")
    assert ran("-f", f"{place}/p.yaml") == ("a", "")


@pytest.mark.parametrize("line", [("-f", "x", "-k", "y"), ("-k", "y", "-f", "x")])
def test_k_and_f_together_are_refused(line: tuple[str, ...]) -> None:
    assert ran(*line)[1] == "error: only one of -f or -k can be specified"


def test_k_and_R_together_are_refused() -> None:
    assert ran("-R", "-k", "y")[1] == "error: the -k flag can't be used with -f or -R"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("resources: [https://example.com/x.yaml]", "only local files and folders can be built"),
        ("resources: ['github.com/a/b?ref=v1']", "only local files and folders can be built"),
        ("resource: [a]", "unknown field \"resource\" (did you mean 'resources'?)"),
        ("images: [{nam: a}]", "images[0]: unknown field \"nam\" (did you mean 'name'?)"),
        ("helmCharts: [{name: a}]", "helmCharts is not supported: render the chart with helm"),
        ("vars: [{name: a}]", "vars is not supported: write `replacements` instead"),
        ("resources: a", "resources should be a list, not 'a'"),
        ("images: [a]", "images[0] should be a mapping, not 'a'"),
        ("namePrefix: 1", "namePrefix should be text, not 1 (put it in quotes)"),
        ("images: [{name: a, newTag: 1.5}]", "newTag should be text, not 1.5 (put it in quotes)"),
        ("replicas: [{name: a, count: many}]", "replicas[0].count should be a number, not 'many'"),
        ("commonLabels: {a: true}", "commonLabels.a should be text, not True (put it in quotes)"),
        ("labels: [{pairs: [a]}]", "labels[0].pairs should be a mapping, not ['a']"),
        ("configMapGenerator: [{name: a, literals: [{a: b}]}]", "literals[0] should be text"),
        ("patches: [{patch: a, target: b}]", "patches[0].target should be a mapping, not 'b'"),
        ("[a]", "a kustomization is a mapping of fields"),
        ("kind: Other", "kind should be Kustomization or Component, not Other"),
        ("resources: [a.yaml]", "there is no file or folder 'a.yaml'"),
        ("resources:\n\t- a", "line 2: it is indented with a tab: YAML takes spaces only"),
        ("components: [kustomization.yaml]", "is no folder of the kind Component"),
        ("patches: [{path: a, patch: b}]", "patches[0] must specify one of patch and path"),
        ("patches: [{patch: ''}]", "patches[0] must specify one of patch and path"),
        ("patches: [{patch: 'a: b'}]", "which object it is for"),
        ("patches: [{patch: a, target: {name: '('}}]", "a patch is a mapping of fields"),
        ("replacements: [{source: {kind: A}, targets: []}]", "matches no resource"),
        ("sortOptions: {order: other}", "the order 'other' is neither legacy nor fifo"),
        ("configMapGenerator: [{literals: [a=b]}]", "a configMapGenerator has no name"),
        ("configMapGenerator: [{name: a, literals: [a=b, a=c]}]", "another key by that name"),
        ("configMapGenerator: [{name: a, behavior: x}]", "none of create, merge, replace"),
        ("secretGenerator: [{name: a, files: ['=x']}]", "should be FILE or KEY=FILE"),
    ],
)
def test_a_wrong_kustomization_is_one_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(CommandError) as refused:
        build(str(folder(tmp_path, kustomization_yaml=text)))
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("spec", ["5", "[a]", "{template: 5}", "{containers: [5]}"])
def test_an_object_of_a_wrong_shape_is_built_or_refused_in_one_sentence(
    tmp_path: Path, spec: str
) -> None:
    for kind in ("Pod", "Deployment", "Service", "Ingress", "HorizontalPodAutoscaler"):
        text = f"{{apiVersion: v1, kind: {kind}, metadata: {{name: a}}, spec: {spec}}}"
        changes = "namePrefix: x-\nlabels: [{pairs: {a: b}, includeSelectors: true}]\n"
        files = {"p_yaml": text, "kustomization_yaml": f"resources: [p.yaml]\n{changes}"}
        try:
            assert build(str(folder(tmp_path, **files)))
        except CommandError as error:
            assert "\n" not in str(error)


def test_a_file_that_a_link_leads_out_to_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    text = "configMapGenerator: [{name: a, files: [link]}]"
    inner = folder(tmp_path / "inner", kustomization_yaml=text)
    (inner / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(CommandError, match="is not in or below"):
        build(str(inner))


def test_a_file_outside_is_read_where_that_is_allowed(tmp_path: Path) -> None:
    folder(tmp_path, p_yaml=POD)
    inner = folder(tmp_path / "inner", kustomization_yaml="resources: [../p.yaml]")
    assert [obj["kind"] for obj in build(str(inner), free=True)] == ["Pod"]


def test_objects_of_one_anchor_are_changed_apart(tmp_path: Path) -> None:
    items = f"[&a {POD}, {{<<: *a, kind: Secret}}]"
    text = f"{{apiVersion: v1, kind: List, items: {items}}}"
    folder(tmp_path, p_yaml=text, kustomization_yaml="resources: [p.yaml]\nnameSuffix: -s\n")
    assert [obj["metadata"]["name"] for obj in build(str(tmp_path))] == ["a-s", "a-s"]


@pytest.mark.parametrize(
    ("image", "wanted", "result"),
    [
        ("nginx", {"name": "nginx", "newTag": "1"}, "nginx:1"),
        ("nginx:0@sha256:ab", {"name": "nginx", "newTag": "1"}, "nginx:1"),
        ("nginx:0", {"name": "nginx", "digest": "sha256:cd"}, "nginx@sha256:cd"),
        ("nginx:0", {"name": "nginx", "newName": "a:5/b"}, "a:5/b:0"),
        ("nginx:0", {"name": "nginx", "tagSuffix": "-x"}, "nginx:0-x"),
        ("my/nginx:0", {"name": "nginx", "newTag": "1"}, "my/nginx:0"),
        ("a:5/b:0", {"name": "a:5/b", "newTag": "1"}, "a:5/b:1"),
    ],
)
def test_an_image_of_the_name_gets_what_is_wanted(
    image: str, wanted: dict[str, str], result: str
) -> None:
    assert images.changed(image, wanted) == result


names = st.sampled_from(["a", "b", "c", "d"])
containers = st.lists(
    st.fixed_dictionaries({"name": names}, optional={"image": st.sampled_from(["x", "y"])}),
    max_size=4,
    unique_by=lambda one: one["name"],
)


def pod(found: list[dict[str, str]]) -> dict[str, Any]:
    metadata = {"name": "p"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": found}}


@given(containers, containers.filter(bool))
def test_a_patch_that_was_applied_changes_nothing_more(
    known: list[dict[str, str]], patch: list[dict[str, str]]
) -> None:
    once = merging.merge(pod(known), pod(patch))
    assert once is not None
    assert merging.merge(once, pod(patch)) == once
    merged = once["spec"]["containers"]
    assert {one["name"] for one in merged} == {one["name"] for one in [*known, *patch]}
    assert [one["name"] for one in merged][: len(patch)] == [one["name"] for one in patch]

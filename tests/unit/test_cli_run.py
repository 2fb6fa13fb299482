"""What `mk8s run` sends, and how it says that a pod has ended."""

from __future__ import annotations

import json

import pytest

from minikube8s.api.resources import PODS
from minikube8s.cli import imagenames
from minikube8s.cli.errors import CommandError
from minikube8s.cli.making.overriding import overridden
from minikube8s.cli.running import made
from minikube8s.cli.running.outcome import failure_of

GIVEN = {
    "image": "nginx", "command": False, "env": (), "port": "", "expose": False, "labels": "",
    "annotations": (), "restart": "Always", "image_pull_policy": "", "privileged": False,
    "stdin": False, "tty": False, "leave_stdin_open": False, "rm": False, "dry_run": "none",
}  # fmt: skip


def test_a_pod_is_named_labelled_and_restarted_as_kubectl_does():
    assert made.pod("web", (), GIVEN) == {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "web", "creationTimestamp": None, "labels": {"run": "web"}},
        "spec": {
            "containers": [{"name": "web", "image": "nginx", "resources": {}}],
            "restartPolicy": "Always",
            "dnsPolicy": "ClusterFirst",
        },
        "status": {},
    }


@pytest.mark.parametrize(
    ("flags", "words", "wanted"),
    [
        ({}, ("a", "b"), {"args": ["a", "b"]}),
        ({"command": True}, ("a",), {"command": ["a"]}),
        ({"port": "80"}, (), {"ports": [{"containerPort": 80}]}),
        (
            {"env": ("A=1", "B=x=y", "C=")},
            (),
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "x=y"}, {"name": "C"}]},
        ),
        ({"stdin": True}, (), {"stdin": True, "stdinOnce": True}),
        ({"stdin": True, "tty": True, "leave_stdin_open": True}, (), {"stdin": True, "tty": True}),
        ({"privileged": True}, (), {"securityContext": {"privileged": True}}),
        ({"image_pull_policy": "Never"}, (), {"imagePullPolicy": "Never"}),
    ],
)
def test_flags_become_fields_of_the_container(flags, words, wanted):
    [container] = made.pod("web", words, GIVEN | flags)["spec"]["containers"]
    assert container == {"name": "web", "image": "nginx", "resources": {}} | wanted


def test_labels_and_annotations_are_those_given():
    flags = {"labels": "b=2,a=1", "annotations": ("x=y=z",)}
    metadata = made.pod("web", (), GIVEN | flags)["metadata"]
    assert metadata["labels"] == {"a": "1", "b": "2"}
    assert metadata["annotations"] == {"x": "y=z"}


@pytest.mark.parametrize(
    ("restart", "stdin", "wanted"),
    [("", False, "Always"), ("", True, "OnFailure"), ("Never", True, "Never")],
)
def test_without_a_restart_policy_it_depends_on_who_talks(restart, stdin, wanted):
    assert made.restart_policy({"restart": restart, "stdin": stdin}) == wanted


def test_the_service_selects_the_pod():
    service = made.service("web", GIVEN | {"port": "80"})
    assert service["spec"]["selector"] == {"run": "web"}
    assert service["spec"]["ports"] == [{"protocol": "TCP", "port": 80, "targetPort": 80}]
    labelled = made.service("web", GIVEN | {"port": "80", "labels": "a=b"})
    assert labelled["spec"]["selector"] == labelled["metadata"]["labels"] == {"a": "b"}


@pytest.mark.parametrize(
    ("flags", "attach", "error"),
    [
        ({"restart": "Foo"}, False, "invalid restart policy: Foo"),
        ({"image_pull_policy": "x"}, False, "invalid image pull policy: x"),
        ({"image": ""}, False, "--image is required"),
        ({"image": "NGINX"}, False, 'Invalid image name "NGINX": invalid reference format'),
        ({"tty": True}, False, "-i/--stdin is required for containers with -t/--tty=true"),
        ({"expose": True}, False, "--port must be set when exposing a service"),
        ({"port": "abc"}, False, "--port must be a number"),
        ({"rm": True}, False, "--rm should only be used for attached containers"),
        ({"dry_run": "client"}, True, "can't be used with attached containers options"),
    ],
)
def test_flags_that_do_not_fit_each_other_are_refused(flags, attach, error):
    with pytest.raises(CommandError, match=error):
        made.check(GIVEN | flags, attach=attach)


@pytest.mark.parametrize(
    ("flag", "value", "error"),
    [
        ("labels", "foo", "unexpected label spec: foo"),
        ("labels", "a=b=c", "unexpected label spec: a=b=c"),
        ("env", ("abc",), "invalid env: abc"),
        ("env", ("1a=b",), "invalid env: 1a=b"),
        ("annotations", ("foo",), "invalid annotations format: foo"),
    ],
)
def test_what_is_no_pair_is_refused(flag, value, error):
    with pytest.raises(CommandError, match=error):
        made.pod("web", (), GIVEN | {flag: value})


@pytest.mark.parametrize(
    ("how", "patch", "image", "tty"),
    [
        ("merge", {"spec": {"containers": [{"name": "web", "image": "other"}]}}, "other", None),
        ("strategic", {"spec": {"containers": [{"name": "web", "tty": True}]}}, "nginx", True),
        ("json", [{"op": "add", "path": "/spec/containers/0/tty", "value": True}], "nginx", True),
    ],
)
def test_overrides_are_laid_over_the_pod(how, patch, image, tty):
    pod = overridden(made.pod("web", (), GIVEN), json.dumps(patch), how, PODS.schema)
    [container] = pod["spec"]["containers"]
    assert (container.get("image"), container.get("tty")) == (image, tty)


@pytest.mark.parametrize(
    ("text", "how", "error"),
    [
        ('{"spec":', "merge", "--overrides is not JSON"),
        ("[]", "merge", "cannot be applied"),
        ("{}", "foo", "invalid override type: foo"),
    ],
)
def test_overrides_that_are_none_are_refused(text, how, error):
    with pytest.raises(CommandError, match=error):
        overridden(made.pod("web", (), GIVEN), text, how, PODS.schema)


@pytest.mark.parametrize(
    "name",
    ["nginx", "ubuntu:16.04", "a/b/c:1", "registry:5000/x", "h.io/a.b/c_d@sha256:" + "0" * 64],
)
def test_names_of_images_are_known(name):
    imagenames.check(name)


@pytest.mark.parametrize(
    "name", ["", "NGINX", "a//b", "a:", "-a", "a b", "a@sha256:12", "http://a"]
)
def test_what_names_no_image_is_refused(name):
    with pytest.raises(CommandError, match="invalid reference format"):
        imagenames.check(name)


def ended(phase: str, **terminated: object) -> dict[str, object]:
    statuses = [{"name": "web", "state": {"terminated": terminated}}] if terminated else []
    status = {"phase": phase, "containerStatuses": statuses}
    return {"metadata": {"name": "web", "namespace": "x"}, "status": status}


@pytest.mark.parametrize(
    ("pod", "code", "text"),
    [
        (ended("Failed", exitCode=3, reason="Error"), 3, "pod x/web terminated (Error)"),
        (
            ended("Failed", exitCode=137, reason="OOMKilled", message="m"),
            137,
            "pod x/web terminated (OOMKilled)\nm",
        ),
        (ended("Failed"), 1, "error: pod x/web failed with unknown exit code"),
        (
            ended("Failed", exitCode=0, reason="Evicted"),
            1,
            "error: pod x/web failed with unknown exit code",
        ),
    ],
)
def test_a_pod_that_failed_gives_its_exit_code(pod, code, text):
    failure = failure_of(pod)
    assert failure is not None and (failure.code, str(failure)) == (code, text)


def test_a_pod_that_succeeded_is_no_failure():
    assert failure_of(ended("Succeeded", exitCode=0)) is None

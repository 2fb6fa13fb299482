"""What `mk8s debug` makes of pods and nodes, as kubectl does."""

from __future__ import annotations

import pytest

from minikube8s.cli.debugging import checking, custom, made, profiles
from minikube8s.cli.errors import CommandError

GIVEN = {
    "image": "busybox", "container": "", "target": "", "stdin": False, "tty": False,
    "attach": None, "env": (), "arguments_only": False, "image_pull_policy": "",
    "profile": "general", "copy_to": "", "replace": False, "same_node": False, "set_image": (),
    "share_processes": None, "keep_labels": False, "keep_annotations": False,
    "keep_liveness": False, "keep_readiness": False, "keep_startup": False,
    "keep_init_containers": True, "filenames": (),
}  # fmt: skip
ABC = [{"name": name, "value": value} for name, value in ("A1", "B2", "C3")]
PTRACE = {"capabilities": {"add": ["SYS_PTRACE"]}}


@pytest.mark.parametrize(
    ("flags", "command", "error"),
    [
        ({"image": ""}, (), "you must specify --image when not using --copy-to"),
        ({"image": "", "attach": True}, (), "in order to attach"),
        ({"profile": "foo"}, (), "unknown profile: foo"),
        ({"image": "", "copy_to": "x"}, (), "--image, --set-image or command arguments"),
        ({"image": "", "copy_to": "x"}, ("a",), "existing container or a new image"),
        ({"replace": True}, (), "--replace may only be used with --copy-to"),
        ({"same_node": True}, (), "--same-node may only be used with --copy-to"),
        ({"set_image": ("a=b",)}, (), "--set-image may only be used with --copy-to"),
        ({"image": "X"}, (), 'Invalid image name "X": invalid reference format'),
        ({"copy_to": "x", "set_image": ("a=X",)}, (), 'name "X" for container "a"'),
        ({"image_pull_policy": "x"}, (), "invalid image pull policy: x"),
        ({"copy_to": "x", "target": "a"}, (), "--target is incompatible with --copy-to"),
        ({"tty": True}, (), "-i/--stdin is required"),
    ],
)
def test_flags_that_do_not_fit_each_other_are_refused(flags, command, error):
    with pytest.raises(CommandError, match=error):
        checking.check(GIVEN | flags, ["pod"], command)


def test_something_to_look_into_must_be_named():
    with pytest.raises(CommandError, match="NAME or filename is required for debug"):
        checking.check(GIVEN, [], ())
    checking.check(GIVEN | {"filenames": ("x",)}, [], ())


@pytest.mark.parametrize(
    ("flags", "command", "wanted"),
    [
        ({}, (), {"securityContext": PTRACE}),
        ({"profile": "baseline"}, ("sh",), {"command": ["sh"]}),
        ({"profile": "legacy", "target": "web"}, (), {"targetContainerName": "web"}),
        ({"profile": "sysadmin"}, (), {"securityContext": {"privileged": True}}),
        ({"profile": "baseline", "arguments_only": True}, ("a", "b"), {"args": ["a", "b"]}),
        ({"profile": "baseline", "stdin": True, "tty": True}, (), {"stdin": True, "tty": True}),
        ({"profile": "baseline", "env": ("A=1,B=2", "C=3")}, (), {"env": ABC}),
        ({"profile": "baseline", "image_pull_policy": "Never"}, (), {"imagePullPolicy": "Never"}),
    ],
)  # fmt: skip
def test_an_ephemeral_container_is_what_the_flags_say(flags, command, wanted):
    container = made.ephemeral("dbg", GIVEN | flags, command)
    assert container == {"name": "dbg", "image": "busybox"} | wanted


def pod():
    probe = {"exec": {"command": ["true"]}}
    return {
        "metadata": {
            "name": "web", "namespace": "x", "uid": "u", "ownerReferences": [{}],
            "labels": {"a": "b"}, "annotations": {"x": "y"},
        },
        "spec": {
            "nodeName": "n1",
            "initContainers": [{"name": "i", "image": "busybox"}],
            "containers": [
                {"name": "web", "image": "web:1", "args": ["run"], "livenessProbe": probe},
                {"name": "ear", "image": "ear:1", "readinessProbe": probe, "startupProbe": probe},
            ],
            "ephemeralContainers": [{"name": "e"}],
        },
        "status": {"phase": "Running"},
    }  # fmt: skip


def copied(command=(), **flags):
    before = pod()
    found = made.copy(before, "debugger-x", GIVEN | {"copy_to": "copy"} | flags, command)
    assert before == pod()
    return found


def test_a_copy_has_a_new_container_and_nothing_by_which_others_know_the_pod():
    copy, name = copied()
    assert name == "debugger-x"
    assert copy["metadata"] == {"name": "copy", "namespace": "x"}
    assert copy["spec"] == {
        "shareProcessNamespace": True,
        "initContainers": [{"name": "i", "image": "busybox"}],
        "containers": [
            {"name": "web", "image": "web:1", "args": ["run"]},
            {"name": "ear", "image": "ear:1"},
            {"name": "debugger-x", "image": "busybox", "securityContext": PTRACE},
        ],
    }


def test_a_copy_keeps_what_it_is_told_to():
    kept = ("labels", "annotations", "liveness", "readiness", "startup")
    every = {f"keep_{one}": True for one in kept}
    copy, _ = copied(**every, same_node=True, share_processes=False)
    assert copy["metadata"]["labels"] == {"a": "b"}
    assert copy["metadata"]["annotations"] == {"x": "y"}
    assert copy["spec"]["nodeName"] == "n1"
    assert copy["spec"]["shareProcessNamespace"] is False
    assert copy["spec"]["containers"][:2] == pod()["spec"]["containers"]
    without, _ = copied(keep_init_containers=False)
    assert "initContainers" not in without["spec"]


def test_a_container_of_the_copy_can_be_changed():
    copy, name = copied(("sh", "-c", "x"), image="", container="web")
    assert name == "web"
    web = copy["spec"]["containers"][0]
    assert (web["image"], web["command"], web.get("args")) == ("web:1", ["sh", "-c", "x"], None)
    with pytest.raises(CommandError, match="there is no nope yet; there are web, ear"):
        copied(("sh",), image="", container="nope")


@pytest.mark.parametrize(
    ("images", "wanted"),
    [
        (("*=new",), ["new", "new"]),
        (("ear=new",), ["web:1", "new"]),
        (("no=new",), ["web:1", "ear:1"]),
    ],
)
def test_images_alone_can_be_changed_and_all_else_stays(images, wanted):
    copy, name = copied(image="", set_image=images)
    assert name == ""
    assert [one["image"] for one in copy["spec"]["containers"]] == wanted
    assert copy["metadata"]["labels"] == {"a": "b"}


def test_the_legacy_profile_keeps_all_but_labels():
    copy, _ = copied(profile="legacy", keep_labels=True)
    assert copy["metadata"] == {"name": "copy", "namespace": "x", "annotations": {"x": "y"}}
    assert copy["spec"]["containers"][:2] == pod()["spec"]["containers"]
    assert "shareProcessNamespace" not in copy["spec"]


@pytest.mark.parametrize(
    ("profile", "host", "files", "security"),
    [
        ("legacy", True, True, None),
        ("general", True, True, None),
        ("baseline", False, False, None),
        ("netadmin", True, False, {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}}),
        ("sysadmin", True, True, {"privileged": True}),
    ],
)
def test_a_pod_on_a_node_sees_what_its_profile_says(profile, host, files, security):
    spec = made.node_pod("n1", "abcde", "x", GIVEN | {"profile": profile}, ())["spec"]
    [container] = spec["containers"]
    assert (spec["nodeName"], spec["restartPolicy"]) == ("n1", "Never")
    assert spec["tolerations"] == [{"operator": "Exists"}]
    assert all((spec.get(field) is True) == host for field in ("hostPID", "hostIPC", "hostNetwork"))
    assert bool(spec.get("volumes")) == bool(container.get("volumeMounts")) == files
    assert container.get("securityContext") == security
    assert container["name"] == "debugger"


def test_every_profile_is_known_to_restrict_or_to_add():
    restricted = profiles.secured("restricted", {"securityContext": {"runAsUser": 1}})
    assert restricted["securityContext"]["runAsUser"] == 1
    assert restricted["securityContext"]["runAsNonRoot"] is True


def test_a_file_of_more_fields_is_read_and_its_faults_are_told(tmp_path):
    file = tmp_path / "more.yaml"
    file.write_text("env: [{name: A, value: b}]\n")
    assert custom.fields_of(str(file)) == {"env": [{"name": "A", "value": "b"}]}
    for text, error in (
        ("image: x", "not modifiable via custom profile"),
        ("[]", "must be a mapping"),
        ("a: [", "does not contain a valid container spec"),
    ):
        file.write_text(text)
        with pytest.raises(CommandError, match=error):
            custom.fields_of(str(file))
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        custom.fields_of(str(tmp_path / "none"))

"""Which flags of `mk8s debug` do not fit each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from minikube8s.cli import imagenames
from minikube8s.cli.debugging import profiles
from minikube8s.cli.errors import CommandError

PULLS = ("", "Always", "IfNotPresent", "Never")


def check(given: Mapping[str, Any], words: Sequence[str], command: Sequence[str]) -> None:
    """Raise CommandError, in kubectl's words and order, where the line makes no sense."""
    pairs(given["env"], "--env")
    for wrong, why in _complaints(given, words, command):
        if wrong:
            raise CommandError(why)
    if given["image"]:
        imagenames.check(given["image"])
    for name, image in pairs(given["set_image"], "--set-image").items():
        imagenames.check(image, f' for container "{name}"')


def _complaints(
    given: Mapping[str, Any], words: Sequence[str], command: Sequence[str]
) -> Iterator[tuple[object, str]]:
    image, named, copy = given["image"], given["container"], given["copy_to"]
    yield (
        given["attach"] and not (image or named),
        "you must specify --container or create a new container using --image in order to attach.",
    )
    profile = given["profile"]
    known = ", ".join(profiles.NAMES)
    yield profile not in profiles.NAMES, f"unknown profile: {profile}; there are {known}"
    yield (
        copy and not (image or given["set_image"] or command),
        "you must specify --image, --set-image or command arguments.",
    )
    yield (
        copy and command and not (named or image),
        "you must specify an existing container or a new image when specifying args.",
    )
    for flag in ("replace", "same_node", "set_image"):
        name = flag.replace("_", "-")
        yield given[flag] and not copy, f"--{name} may only be used with --copy-to."
    yield not (copy or image), "you must specify --image when not using --copy-to."
    yield not (words or given["filenames"]), "NAME or filename is required for debug"
    policy = given["image_pull_policy"]
    yield policy not in PULLS, f"invalid image pull policy: {policy}"
    yield (
        given["target"] and copy,
        "--target is incompatible with --copy-to. Use --share-processes instead.",
    )
    yield (
        given["tty"] and not given["stdin"],
        "-i/--stdin is required for containers with -t/--tty=true",
    )


def pairs(texts: Sequence[str], flag: str) -> dict[str, str]:
    """`A=1,B=2`, several times. Raises CommandError."""
    found = {}
    for part in (part for text in texts for part in text.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise CommandError(
                f'invalid argument "{part}" for "{flag}" flag: {part} must be formatted as '
                "key=value"
            )
        found[key] = value
    return found

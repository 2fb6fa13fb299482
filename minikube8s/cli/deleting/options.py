"""What a deletion asks of the server: grace periods, what becomes of dependents. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from minikube8s.cli.errors import CommandError

IMMEDIATE = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been "
    "terminated. The resource may continue to run on the cluster indefinitely."
)
_CASCADE = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
_OLD = {"true": "background", "false": "orphan"}


class Deletion(NamedTuple):
    """How objects are deleted; ``body`` is the DeleteOptions, ``warnings`` what to say first."""

    body: dict[str, Any]
    wait: bool
    warnings: tuple[str, ...] = ()


def deletion(given: Mapping[str, Any], *, dry_run: str = "none") -> Deletion:
    """What the flags ask for, by kubectl's rules. Raises CommandError where they contradict.

    ``given``: cascade, grace_period, and where the verb has them force, now, wait.
    """
    grace, force = given["grace_period"], bool(given.get("force"))
    warnings = list(_old(given["cascade"]))
    if given.get("now"):
        if grace != -1:
            raise CommandError("--now and --grace-period cannot be specified together")
        grace = 1
    if force and grace > 0:
        raise CommandError("--force and --grace-period greater than 0 cannot be specified together")
    wait = bool(given.get("wait", True))
    if force and grace < 0:
        grace = 0
    if grace == 0 and not force:
        # a pod gets at least a moment to end, and one waits until it has
        grace, wait = 1, True
    elif grace == 0:
        warnings.append(IMMEDIATE)
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
    body["propagationPolicy"] = _CASCADE[cascade(given["cascade"])]
    if grace >= 0:
        body["gracePeriodSeconds"] = grace
    if dry_run == "server":
        body["dryRun"] = ["All"]
    return Deletion(body, wait and dry_run == "none", tuple(warnings))


def _old(word: str) -> Iterator[str]:
    if word.lower() in _OLD:
        now = _OLD[word.lower()]
        yield (
            f"warning: --cascade={word} is deprecated (boolean value) and can be replaced with "
            f"--cascade={now}."
        )


def cascade(word: str) -> str:
    """`background`, `foreground` or `orphan`. Raises CommandError for another word."""
    found = _OLD.get(word.lower(), word)
    if found not in _CASCADE:
        raise CommandError(
            f'invalid cascade value ({word}). Must be "background", "foreground", or "orphan"'
        )
    return found

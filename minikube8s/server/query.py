"""The query parameters of requests, read into values. Pure.

Owns their names and their spelling of numbers and booleans; those of lists and watches are in
`list_query`. Unknown parameters are ignored, as Kubernetes does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from minikube8s.api import errors
from minikube8s.api.errors import Cause

Query = Mapping[str, str]

_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
MANAGER_BYTES = 128
"""The longest name of a field manager."""


class WriteQuery(NamedTuple):
    """What create, update and patch are asked for besides their body.

    `field_manager` is empty where not given.
    """

    dry_run: bool
    field_manager: str
    validation: str
    force: bool


LARGEST_NUMBER = (1 << 63) - 1
LONGEST_NUMBER = len(str(LARGEST_NUMBER))


def flag(query: Query, name: str) -> bool:
    """Return a boolean parameter: absent, `false` and `0` are false, anything else is true."""
    value = query.get(name)
    return value is not None and value.lower() not in {"false", "0"}


def integer(query: Query, name: str) -> int | None:
    """Return a whole number of 63 bits, None where absent. Raises BadRequest."""
    value = query.get(name, "")
    if not value:
        return None
    # Python itself refuses to read numbers of some thousand digits.
    plain = value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER
    if not plain or int(value) > LARGEST_NUMBER:
        raise errors.bad_request(f'{name}: Invalid value: "{value}": must be a whole number, 0 up')
    return int(value)


def dry_run(query: Query) -> bool:
    """Return whether nothing shall be deleted. Raises Invalid for any value but `All`."""
    causes = list(_dry_run_faults(query))
    if causes:
        raise errors.invalid_options("DeleteOptions", causes)
    return query.get("dryRun") == "All"


def write_query(query: Query, verb: str, *, applies: bool = False) -> WriteQuery:
    """Read the parameters of create, update and patch.

    `applies`: the patch is an applied configuration. Raises Invalid.
    """
    parsed = WriteQuery(
        query.get("dryRun") == "All",
        query.get("fieldManager", ""),
        query.get("fieldValidation", "") or "Warn",
        flag(query, "force"),
    )
    causes = [*_manager_faults(parsed.field_manager), *_dry_run_faults(query)]
    if parsed.validation not in _VALIDATIONS:
        causes.append(errors.unsupported("fieldValidation", parsed.validation, _VALIDATIONS))
    if applies and not parsed.field_manager:
        causes.append(errors.required("fieldManager", "is required for apply patch"))
    if parsed.force and not applies and verb == "patch":
        causes.append(errors.forbidden_field("force", "may not be specified for non-apply patch"))
    if causes:
        raise errors.invalid_options(f"{verb.capitalize()}Options", causes)
    return parsed


def _dry_run_faults(query: Query) -> Iterator[Cause]:
    value = query.get("dryRun", "")
    if value not in {"", "All"}:
        yield errors.unsupported("dryRun", [value], ["All"])


def _manager_faults(name: str) -> Iterator[Cause]:
    if len(name.encode(errors="surrogateescape")) > MANAGER_BYTES:
        yield errors.too_long("fieldManager", MANAGER_BYTES)
    if not name.isprintable():
        message = "should only contain printable characters"
        yield errors.invalid_value("fieldManager", name, message)


def manager_of_agent(agent: str) -> str:
    """Return whom the User-Agent of a client that names no field manager stands for."""
    name = "".join(letter for letter in agent.partition("/")[0] if letter.isprintable())
    return name.encode(errors="ignore")[:MANAGER_BYTES].decode(errors="ignore") or "unknown"

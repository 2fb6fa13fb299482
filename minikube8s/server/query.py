"""The query parameters of requests, read into values. Pure.

Owns their names, their spelling of numbers and booleans and the combinations that are refused.
Unknown parameters are ignored, as Kubernetes does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from minikube8s.api import errors
from minikube8s.api.errors import Cause
from minikube8s.api.selectors import FieldSelector, Selector, parse_fields, parse_labels

Query = Mapping[str, str]

MANAGER_BYTES = 128
"""The longest name of a field manager."""


class ListQuery(NamedTuple):
    """What list, watch and deletecollection are asked for.

    `limit` 0 means no limit. `resource_version` is None where not given. `timeout` in seconds.
    `send_initial` is None where not given, because false differs from absent.
    """

    labels: Selector
    fields: FieldSelector
    watch: bool
    limit: int
    token: str
    resource_version: int | None
    match: str
    timeout: int | None
    bookmarks: bool
    send_initial: bool | None


class WriteQuery(NamedTuple):
    """What create, update and patch are asked for besides their body.

    `field_manager` is empty where not given.
    """

    dry_run: bool
    field_manager: str
    validation: str
    force: bool


def flag(query: Query, name: str) -> bool:
    """Return a boolean parameter: absent, `false` and `0` are false, anything else is true."""
    value = query.get(name)
    return value is not None and value.lower() not in {"false", "0"}


def integer(query: Query, name: str) -> int | None:
    """Return a whole number that is not negative, None where absent. Raises BadRequest."""
    value = query.get(name, "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit()):
        raise errors.bad_request(f'{name}: Invalid value: "{value}": must be a whole number, 0 up')
    return int(value)


def dry_run(query: Query) -> bool:
    """Return whether nothing shall be stored. Raises BadRequest for any value but `All`."""
    value = query.get("dryRun", "")
    if value not in {"", "All"}:
        raise errors.bad_request(f'dryRun: Unsupported value: "{value}": supported values: "All"')
    return value == "All"


def write_query(query: Query, verb: str, *, applies: bool = False) -> WriteQuery:
    """Read the parameters of create, update and patch.

    `applies`: the patch is an applied configuration. Raises BadRequest and Invalid.
    """
    validation = query.get("fieldValidation", "") or "Warn"
    if validation not in {"Ignore", "Warn", "Strict"}:
        raise errors.bad_request(
            f'fieldValidation: Unsupported value: "{validation}": '
            'supported values: "Ignore", "Strict", "Warn"'
        )
    parsed = WriteQuery(
        dry_run(query), query.get("fieldManager", ""), validation, flag(query, "force")
    )
    causes = list(_manager_faults(parsed.field_manager))
    if applies and not parsed.field_manager:
        causes.append(errors.required("fieldManager", "is required for apply patch"))
    if parsed.force and not applies and verb == "patch":
        causes.append(errors.forbidden_field("force", "may not be specified for non-apply patch"))
    if causes:
        raise errors.invalid_options(f"{verb.capitalize()}Options", causes)
    return parsed


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


def list_query(query: Query) -> ListQuery:
    """Read the parameters of list, watch and deletecollection. Raises BadRequest."""
    parsed = ListQuery(
        labels=parse_labels(query.get("labelSelector", "")),
        fields=parse_fields(query.get("fieldSelector", "")),
        watch=flag(query, "watch"),
        limit=integer(query, "limit") or 0,
        token=query.get("continue", ""),
        resource_version=integer(query, "resourceVersion"),
        match=query.get("resourceVersionMatch", ""),
        timeout=integer(query, "timeoutSeconds"),
        bookmarks=flag(query, "allowWatchBookmarks"),
        send_initial=flag(query, "sendInitialEvents") if "sendInitialEvents" in query else None,
    )
    problem = _combination(parsed)
    if problem:
        raise errors.bad_request(problem)
    return parsed


def _combination(query: ListQuery) -> str:
    """Return what is wrong with these parameters together, empty when nothing is."""
    match, forbidden = query.match, "resourceVersionMatch: Forbidden: resourceVersionMatch is"
    initial, exact = query.send_initial is not None, query.match == "Exact"
    rules = (
        (
            match not in {"", "Exact", "NotOlderThan"},
            f'resourceVersionMatch: Unsupported value: "{match}": '
            'supported values: "Exact", "NotOlderThan"',
        ),
        (
            initial and not query.watch,
            "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list",
        ),
        (
            initial and match != "NotOlderThan",
            "resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
            "resourceVersionMatch to NotOlderThan",
        ),
        (
            query.watch and match and not initial,
            f"{forbidden} forbidden for watch unless sendInitialEvents is provided",
        ),
        (match and query.token, f"{forbidden} forbidden when continue is provided"),
        (
            match and query.resource_version is None and not query.watch,
            f"{forbidden} forbidden unless resourceVersion is provided",
        ),
        (
            exact and query.resource_version == 0,
            'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for '
            'resourceVersion "0"',
        ),
    )
    return next((message for broken, message in rules if broken), "")

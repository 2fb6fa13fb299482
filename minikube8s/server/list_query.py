"""What a list, a watch or a deletecollection is asked for. Pure.

Owns the parameters' names and which of them go together, in Kubernetes' words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from minikube8s.api import errors
from minikube8s.api.errors import Cause
from minikube8s.api.selectors import FieldSelector, Selector, parse_fields, parse_labels
from minikube8s.server.query import Query, flag, integer

EXACT, NOT_OLDER = "Exact", "NotOlderThan"
_MATCH = "resourceVersionMatch"


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


def list_query(query: Query) -> ListQuery:
    """Read the parameters. Raises ApiError: BadRequest for what does not parse, Invalid (422) for
    what does not go together.
    """
    parsed = ListQuery(
        labels=parse_labels(query.get("labelSelector", "")),
        fields=parse_fields(query.get("fieldSelector", "")),
        watch=flag(query, "watch"),
        limit=integer(query, "limit") or 0,
        token=query.get("continue", ""),
        resource_version=integer(query, "resourceVersion"),
        match=query.get(_MATCH, ""),
        timeout=integer(query, "timeoutSeconds"),
        bookmarks=flag(query, "allowWatchBookmarks"),
        send_initial=flag(query, "sendInitialEvents") if "sendInitialEvents" in query else None,
    )
    causes = list(_watch_faults(parsed) if parsed.watch else _list_faults(parsed))
    if query.get("shardSelector"):
        why = "shardSelector is forbidden: this server does not shard lists and watches"
        causes.append(errors.forbidden_field("shardSelector", why))
    if causes:
        raise errors.invalid_options("ListOptions", causes)
    if parsed.token and parsed.resource_version:
        raise errors.bad_request("specifying resource version is not allowed when using continue")
    return parsed


def _list_faults(query: ListQuery) -> Iterator[Cause]:
    match = query.match
    if match:
        if query.resource_version is None:
            yield _forbidden(f"{_MATCH} is forbidden unless resourceVersion is provided")
        if query.token:
            yield _forbidden(f"{_MATCH} is forbidden when continue is provided")
        if match not in {EXACT, NOT_OLDER}:
            yield errors.unsupported(_MATCH, match, [EXACT, NOT_OLDER, ""])
        if match == EXACT and query.resource_version == 0:
            yield _forbidden(f'{_MATCH} "exact" is forbidden for resourceVersion "0"')
    if query.send_initial is not None:
        why = "sendInitialEvents is forbidden for list"
        yield errors.forbidden_field("sendInitialEvents", why)


def _watch_faults(query: ListQuery) -> Iterator[Cause]:
    match, initial = query.match, query.send_initial is not None
    if initial and match != NOT_OLDER:
        yield _forbidden(f"sendInitialEvents requires setting {_MATCH} to {NOT_OLDER}")
    if match:
        if not initial:
            yield _forbidden(
                f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided"
            )
        if match != NOT_OLDER:
            yield errors.unsupported(_MATCH, match, [NOT_OLDER])
        if query.token:
            yield _forbidden(f"{_MATCH} is forbidden when continue is provided")


def _forbidden(why: str) -> Cause:
    return errors.forbidden_field(_MATCH, why)

"""Carries out plans through the registry.

Owns the order of a plan's writes, what counts as a failure, and the Events about outcomes. Knows
nothing of why a controller wants a write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import Resource
from minikube8s.controllers.actions import (
    Create,
    Delete,
    Patch,
    Plan,
    Ref,
    Report,
    SetStatus,
)
from minikube8s.registry import DeleteOptions
from minikube8s.store.entry import Entry

SLOW_START = 4
"""Size of the first batch of creations; each batch that succeeds doubles it. A batch is about one
commit, so that the usual handful of pods costs one."""
WIDTH = 32
"""How many writes of a plan are under way at a time: enough to share commits, and few enough that
others get their turn in between."""

A = TypeVar("A")


class Writer(Protocol):
    """What applying needs of the registry."""

    async def create(self, resource: Resource, namespace: str, obj: dict[str, Any]) -> Entry:
        """Create an object."""
        ...

    async def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Callable[[dict[str, Any]], dict[str, Any]],
        subresource: str = "",
    ) -> Entry:
        """Replace an object by what `change` makes of it."""
        ...

    async def delete(
        self, resource: Resource, namespace: str, name: str, options: DeleteOptions = ...
    ) -> tuple[Entry, bool]:
        """Delete an object."""
        ...


class Recorder(Protocol):
    """What applying needs of the EventRecorder."""

    def event(self, about: Mapping[str, Any], type: str, reason: str, message: str, /) -> None:
        """Record an Event about an object."""
        ...


class Outdated(Exception):
    """A write was refused because the plan's view of the object is no longer true: plan again."""


async def apply(plan: Plan, writer: Writer, recorder: Recorder) -> None:
    """Carry out everything in `plan`.

    Raises Outdated when the plan must be made anew, or the ApiError of the first write that was
    refused for another reason; writes before it stay, as a plan can be made anew at any point.
    """
    reporter = _Reporter(recorder, plan.about)
    reporter.tell(plan.warnings, plan.notices)
    await _together(partial(_patch, writer, reporter), plan.patches)
    deleting = partial(_together, partial(_delete, writer, reporter), plan.deletes)
    creating = partial(_slow_start, writer, reporter, plan.creates)
    for part in (deleting, creating) if plan.deletes_first else (creating, deleting):
        await part()
    if plan.status is not None:
        await apply_status(plan.status, writer)
        reporter.tell(plan.status.warnings, plan.status.notices)


async def apply_status(action: SetStatus, writer: Writer) -> None:
    """Write a status. Raises Outdated or ApiError."""

    def change(current: dict[str, Any]) -> dict[str, Any]:
        current["status"] = action.status
        if action.annotations:
            metadata = current["metadata"]
            metadata["annotations"] = {**(metadata.get("annotations") or {}), **action.annotations}
        return current

    try:
        await _update(writer, action.target, change, "status")
    except ApiError as error:
        raise _sorted_out(error) from error


class _Reporter:
    """Turns outcomes into Events about the plan's object."""

    def __init__(self, recorder: Recorder, about: Mapping[str, Any] | None) -> None:
        self._recorder = recorder
        self._about = about

    def tell(self, warnings: Sequence[Report], notices: Sequence[Report]) -> None:
        for warning in warnings:
            self.warn(warning, warning.reason, warning.message)
        for notice in notices:
            self.success(notice, "")

    def success(self, report: Report, name: str) -> None:
        if report.reason:
            message = report.message.replace("{name}", name)
            self._record(report, "Normal", report.reason, message)

    def failure(self, report: Report, error: ApiError) -> None:
        if report.failed_reason:
            self.warn(report, report.failed_reason, f"{report.failed_message}{error.message}")

    def warn(self, report: Report, reason: str, message: str) -> None:
        self._record(report, "Warning", reason, message)

    def _record(self, report: Report, type: str, reason: str, message: str) -> None:
        about = report.about if report.about is not None else self._about
        if about is not None:
            self._recorder.event(about, type, reason, message)


async def _together(write: Callable[[A], Awaitable[None]], actions: Sequence[A]) -> None:
    """Carry out all actions, WIDTH at a time so that they share commits.

    Raises the first failure once all were tried.
    """
    waiting = iter(actions)
    failures: list[Exception] = []

    async def work() -> None:
        for action in waiting:
            try:
                await write(action)
            except Exception as failure:
                failures.append(failure)

    await asyncio.gather(*(work() for _ in range(min(WIDTH, len(actions)))))
    # A refusal says more than an outdated view, which the next plan mends anyway.
    failures.sort(key=lambda failure: isinstance(failure, Outdated))
    if failures:
        raise failures[0]


async def _slow_start(writer: Writer, reporter: _Reporter, creates: Sequence[Create]) -> None:
    """Create in growing batches: what fails for one reason mostly fails for all."""
    for batch in _batches(creates):
        await _together(partial(_create, writer, reporter), batch)


def _batches(creates: Sequence[Create]) -> Iterator[Sequence[Create]]:
    start, size = 0, SLOW_START
    while start < len(creates):
        yield creates[start : start + size]
        start, size = start + size, size * 2


async def _create(writer: Writer, reporter: _Reporter, action: Create) -> None:
    try:
        entry = await writer.create(action.resource, action.namespace, action.object)
    except ApiError as error:
        if _is_namespace_terminating(error):
            return
        outcome = _sorted_out(error)
        if outcome is error:
            reporter.failure(action.report, error)
        raise outcome from error
    reporter.success(action.report, entry.name)


async def _patch(writer: Writer, reporter: _Reporter, action: Patch) -> None:
    def change(current: dict[str, Any]) -> dict[str, Any]:
        return merge(current, action.patch)

    try:
        await _update(writer, action.target, change, action.subresource)
    except ApiError as error:
        outcome = _sorted_out(error)
        if outcome is error:
            reporter.failure(action.report, error)
        raise outcome from error
    reporter.success(action.report, action.target.name)


async def _delete(writer: Writer, reporter: _Reporter, action: Delete) -> None:
    target = action.target
    options = DeleteOptions(
        grace_period_seconds=action.grace,
        propagation=action.propagation,
        uid=target.uid,
        resource_version=target.revision,
    )
    try:
        await writer.delete(target.resource, target.namespace, target.name, options)
    except ApiError as error:
        if error.reason == "NotFound":
            return
        outcome = _sorted_out(error)
        if outcome is error:
            reporter.failure(action.report, error)
        raise outcome from error
    reporter.success(action.report, target.name)


async def _update(
    writer: Writer,
    target: Ref,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    subresource: str,
) -> None:
    def guarded(current: dict[str, Any]) -> dict[str, Any]:
        metadata = current["metadata"]
        if target.uid and metadata["uid"] != target.uid:
            raise errors.conflict(
                target.resource, target.name, "the object was replaced by another of its name"
            )
        changed = change(current)
        if target.revision:
            changed["metadata"]["resourceVersion"] = target.revision
        return changed

    await writer.update(target.resource, target.namespace, target.name, guarded, subresource)


def merge(target: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `patch` into `target` in place as RFC 7386 says: null removes, lists replace."""
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, Mapping):
            inner = target.get(name)
            target[name] = merge(inner if isinstance(inner, dict) else {}, value)
        else:
            target[name] = value
    return target


def _sorted_out(error: ApiError) -> Outdated | ApiError:
    """Tell a write based on an outdated view from a write that is refused as such."""
    if error.reason in {"Conflict", "NotFound", "AlreadyExists"}:
        return Outdated(error.message)
    return error


def _is_namespace_terminating(error: ApiError) -> bool:
    """Whether nothing can be created because the namespace goes away: no fault, and no retry."""
    causes = (error.details or {}).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)

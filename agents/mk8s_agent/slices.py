"""Which EndpointSlices belong to which Service, for who serves Services on this node."""

from __future__ import annotations

from collections.abc import Callable

from minikube8s.api.views import EndpointSlice
from mk8s_agent.assignments import Assignments, Key


class Slices:
    """The assigned slices by their Service; a change costs what one Service does.

    `touched` is called with every Service that a change of a slice concerns.
    """

    def __init__(self, assignments: Assignments, touched: Callable[[Key], None]) -> None:
        self._assignments = assignments
        self._touched = touched
        self._slices: dict[Key, set[Key]] = {}
        self._service_of: dict[Key, Key] = {}

    def of(self, service: Key) -> list[EndpointSlice]:
        """The Service's slices, sorted by name."""
        known = self._assignments.endpointslices()
        return [known[each].view for each in sorted(self._slices.get(service, ())) if each in known]

    def take_all(self) -> None:
        """Begin with the slices that there are."""
        self._slices.clear()
        self._service_of.clear()
        for key in self._assignments.endpointslices():
            self.changed(key)

    def changed(self, key: Key) -> None:
        """A slice has come, gone, or is another one."""
        former = self._service_of.pop(key, None)
        if former is not None:
            known = self._slices[former]
            known.discard(key)
            if not known:
                del self._slices[former]
            self._touched(former)
        assigned = self._assignments.endpointslices().get(key)
        if assigned is None or not assigned.view.service_name:
            return
        service = (key[0], assigned.view.service_name)
        self._service_of[key] = service
        self._slices.setdefault(service, set()).add(key)
        self._touched(service)

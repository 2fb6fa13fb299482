"""Which objects a request means: label and field selectors against entries. Pure."""

from __future__ import annotations

from minikube8s.api import errors, fields
from minikube8s.api.resources import Resource
from minikube8s.api.selectors import FieldSelector, Selector
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


class Selection:
    """The objects of one resource that match both selectors."""

    def __init__(self, resource: Resource, labels: Selector, by_field: FieldSelector) -> None:
        """Raises ApiError BadRequest for a field that the resource cannot be selected by."""
        self._resource = resource
        self._labels = labels
        self._fields = by_field
        if not by_field.empty:
            for requirement in by_field.requirements:
                why = fields.refusal(resource, requirement.field)
                if why:
                    raise errors.bad_request(why)

    @property
    def everything(self) -> bool:
        """Whether every object matches."""
        return self._labels.empty and self._fields.empty

    def matches(self, entry: Entry) -> bool:
        """Whether the object is selected."""
        if not self._labels.empty and not self._labels.matches(entry.labels):
            return False
        if self._fields.empty:
            return True
        return self._fields.matches(fields.selectable(self._resource, entry.object))

    def transition(self, event: Event) -> str | None:
        """Return the type of the event as a watcher of this selection sees it, None if not at all.

        An object that leaves the selection is DELETED for the watcher, one that enters ADDED.
        """
        if self.everything:
            return event.type
        before = event.previous is not None and self.matches(event.previous)
        if event.type == "DELETED":
            return "DELETED" if before else None
        after = self.matches(event.entry)
        if after:
            return "MODIFIED" if before else "ADDED"
        return "DELETED" if before else None

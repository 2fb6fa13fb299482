"""What one call of `mk8s get` asks for."""

from __future__ import annotations

from typing import Any

from minikube8s.api.resources import Resource
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.output import printing


class Wanted:
    """A kind, and one object's name or None for all of it; in a namespace, or in all (None)."""

    __slots__ = ("name", "namespace", "resource")

    def __init__(self, resource: Resource, namespace: str | None, name: str | None) -> None:
        self.resource = resource
        self.namespace = namespace if resource.namespaced else None
        self.name = name

    def path(self, subresource: str = "") -> str:
        """Where the API has it."""
        path = targets.path(self.resource, self.namespace, self.name)
        return f"{path}/{subresource}" if subresource else path


class Asked:
    """The options of the verb, with which all of it is done."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.form: str = given["form"] or ("go-template" if given["template"] else "")
        self.template: str = given["template"]
        self.tables = self.form in {"", "wide"}
        self.headers = not given["no_headers"]
        self.labels: bool = given["show_labels"]
        self.label_columns = tuple(
            key for keys in given["label_columns"] for key in keys.split(",") if key
        )
        self.kinds_shown: bool = given["show_kind"]
        self.managers: bool = given["show_managed_fields"]
        self.ignore_missing: bool = given["ignore_not_found"]
        self.everywhere: bool = given["all_namespaces"]
        self.by: str = given["sort_by"]
        self.subresource: str = given["subresource"]
        self.chunk: int = given["chunk_size"]
        self.server_tables: bool = given["server_print"]
        self.watch_only: bool = given["watch_only"]
        self.watching: bool = given["watch"] or given["watch_only"]
        self.events: bool = given["output_watch_events"]
        self.selectors = {
            key: value
            for key, value in (
                ("labelSelector", given["selector"]),
                ("fieldSelector", given["field_selector"]),
            )
            if value
        }

    def printer(self) -> printing.Printer:
        """The printer of all forms but tables. Raises CommandError."""
        return printing.printer(
            self.form,
            template=self.template,
            headers=self.headers,
            managers=self.managers,
            tables=True,
        )

    def accept(self) -> str:
        """What the server is asked for: Tables, or the objects."""
        return printing.TABLE if self.tables and self.server_tables else "application/json"

    def check(self) -> None:
        """Raise CommandError for options that do not go together."""
        if not self.tables:
            self.printer()
        if self.events and not self.watching:
            raise CommandError(
                "--output-watch-events option can only be used with --watch or --watch-only"
            )
        if self.labels and self.form not in {"", "wide", "name"}:
            raise CommandError(f"--show-labels option cannot be used with {self.form} printer")

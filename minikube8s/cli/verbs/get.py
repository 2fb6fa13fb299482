"""`mk8s get`: list objects as tables, or as json, yaml, names; -w watches."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from minikube8s.cli import options, printing, targets
from minikube8s.cli.client import ApiFailure, raise_last
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cli.targets import Target


@verb("get")
@click.argument("words", nargs=-1, metavar="TYPE [NAME ...] | TYPE/NAME ...")
@click.option("-o", "--output", "form", default="", help="wide, json, yaml or name.")
@click.option("-w", "--watch", is_flag=True, help="After the list, show changes as they happen.")
@click.option("--watch-only", is_flag=True, help="Show changes only.")
@click.option("--no-headers", is_flag=True, help="Leave the headings out.")
@click.option("--show-labels", is_flag=True, help="Add a column with all labels.")
@click.option("--show-managed-fields", is_flag=True, help="Show who wrote which field.")
@click.option("--ignore-not-found", is_flag=True, help="No error when an object is not there.")
@options.selector
@options.all_namespaces
@click.pass_obj
def command(session: Session, /, **options: Any) -> None:
    """Show objects: `mk8s get pods`, `mk8s get deploy web -o yaml`, `mk8s get all`."""
    printing.check_form(options["form"])
    _Get(session, **options).run(options["words"])


class _Get:
    """One call of the verb: its client and its options."""

    def __init__(self, session: Session, **given: Any) -> None:
        self.client = session.client
        self.kinds = session.kinds
        self.form: str = given["form"]
        self.watching: bool = given["watch"] or given["watch_only"]
        self.watch_only: bool = given["watch_only"]
        self.headers = not given["no_headers"]
        self.labels: bool = given["show_labels"]
        self.managers: bool = given["show_managed_fields"]
        self.ignore: bool = given["ignore_not_found"]
        self.everywhere: bool = given["all_namespaces"]
        self.namespace: str | None = None if self.everywhere else session.namespace
        self.query = options.selectors(given["selector"], given["field_selector"])

    def run(self, words: list[str]) -> None:
        chosen = targets.parse(self.kinds, words)
        if any(target.name for target in chosen) and (self.everywhere or self.query):
            raise CommandError(
                "a resource cannot be retrieved by name with selectors or across all namespaces"
            )
        if self.watching:
            self._watch(chosen)
        elif self.form in {"json", "yaml", "name"}:
            self._structured(chosen)
        else:
            self._tables(chosen, grouped="all" in words[0].split(",") or "," in words[0])

    def _fetch(self, target: Target, accept: str) -> dict[str, Any] | None:
        path = targets.path(target.resource, self.namespace, target.name)
        try:
            return self.client.json("GET", path, accept=accept, query=self.query)
        except ApiFailure as failure:
            if self.ignore and failure.reason == "NotFound":
                return None
            raise

    def _tables(self, chosen: list[Target], *, grouped: bool) -> None:
        """One table a kind; single objects of one kind share a table."""
        failures: list[ApiFailure] = []
        found: dict[Any, dict[str, Any]] = {}
        for target in chosen:
            try:
                table = self._fetch(target, printing.TABLE)
            except ApiFailure as failure:
                failures.append(failure)
                continue
            if table is None:
                continue
            if target.resource in found:
                found[target.resource]["rows"] += table.get("rows") or []
            else:
                found[target.resource] = table
        shown = {resource: table for resource, table in found.items() if table.get("rows")}
        blocks = [
            printing.TablePrinter(
                wide=self.form == "wide",
                namespaces=self.everywhere and resource.namespaced,
                headers=self.headers,
                prefix=_prefix(resource) if grouped else "",
                labels=self.labels,
            ).text(table)
            for resource, table in shown.items()
        ]
        if blocks:
            click.echo("\n\n".join(blocks))
        elif not failures and not (self.ignore and any(t.name for t in chosen)):
            place = f" in {self.namespace} namespace" if self._namespaced(chosen) else ""
            click.echo(f"No resources found{place}.", err=True)
        raise_last(failures)

    def _namespaced(self, chosen: list[Target]) -> bool:
        return self.namespace is not None and any(t.resource.namespaced for t in chosen)

    def _structured(self, chosen: list[Target]) -> None:
        failures: list[ApiFailure] = []
        items: list[tuple[Target, dict[str, Any]]] = []
        for target in chosen:
            try:
                content = self._fetch(target, "application/json")
            except ApiFailure as failure:
                failures.append(failure)
                continue
            if content is None:
                continue
            if target.name:
                items.append((target, content))
            else:
                typed = {"apiVersion": target.resource.api_version, "kind": target.resource.kind}
                items += [(target, {**typed, **item}) for item in content.get("items") or []]
        if self.form == "name":
            for target, item in items:
                click.echo(printing.name_of(target.resource, item))
        elif len(chosen) == 1 and chosen[0].name:
            for _, item in items:
                click.echo(self._text(item))
        else:
            listed = {
                "apiVersion": "v1",
                "items": [self._shown(item) for _, item in items],
                "kind": "List",
                "metadata": {"resourceVersion": ""},
            }
            click.echo(printing.structured(self.form, listed))
        raise_last(failures)

    def _watch(self, chosen: list[Target]) -> None:
        if len(chosen) != 1:
            raise CommandError("watch is only supported on individual resources and collections")
        [target] = chosen
        query = dict(self.query)
        if target.name:
            query["fieldSelector"] = f"metadata.name={target.name}"
        path = targets.path(target.resource, self.namespace)
        printer = printing.TablePrinter(
            wide=self.form == "wide",
            namespaces=self.everywhere and target.resource.namespaced,
            headers=self.headers,
            labels=self.labels,
        )
        table = self.form in {"", "wide"}
        accept = printing.TABLE if table else "application/json"
        listed = self.client.json("GET", path, accept=accept, query=query)
        if not self.watch_only:
            self._show(target, printer, listed if table else None, listed)
        version = listed["metadata"]["resourceVersion"]
        with self.client.stream(
            path, accept=accept, query={**query, "watch": "true", "resourceVersion": version}
        ) as answer:
            for line in answer:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiFailure(event["object"])
                self._show(target, printer, event["object"] if table else None, event["object"])

    def _show(
        self,
        target: Target,
        printer: printing.TablePrinter,
        table: dict[str, Any] | None,
        content: dict[str, Any],
    ) -> None:
        if table is not None:
            if table.get("rows"):
                for text in printer.follow(table):
                    click.echo(text)
        else:
            for item in content.get("items", [content]):
                if self.form == "name":
                    click.echo(printing.name_of(target.resource, item))
                else:
                    click.echo(self._text(item))
        sys.stdout.flush()

    def _text(self, item: dict[str, Any]) -> str:
        return printing.structured(self.form, self._shown(item))

    def _shown(self, item: dict[str, Any]) -> dict[str, Any]:
        return item if self.managers else printing.without_managers(item)


def _prefix(resource: Any) -> str:
    return printing.name_of(resource, {"metadata": {"name": ""}}).rstrip("/")

"""A Kubernetes that only shows objects which a test gave it: discovery, lists, gets.

It answers kubectl by HTTP, and in this process who calls :meth:`CannedApi.json`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from minikube8s.api.resources import RESOURCES, Resource
from minikube8s.api.selectors.fields import parse_fields
from minikube8s.api.selectors.labels import parse_labels
from minikube8s.cli.connection.client import ApiFailure

Object = dict[str, Any]
WIDGETS = Resource("example.com", "v1", "Widget", "widgets", "widget", True)
"""A kind that nobody here knows."""


class CannedApi:
    """The objects; `asked` are the paths of the requests so far, in their order."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self.rows = {(row.group, row.version, row.plural): row for row in _rows()}
        self.objects = list(objects)
        self.asked: list[str] = []

    def json(self, method: str, path: str, *, query: Mapping[str, str] | None = None) -> Object:
        """The answer to a GET, as the client gives it. Raises ApiFailure."""
        assert method == "GET"
        self.asked.append(path)
        answer = self._answer(path, query or {})
        if answer is None:
            name = path.rpartition("/")[2]
            raise ApiFailure({"reason": "NotFound", "message": f'"{name}" not found', "code": 404})
        return answer

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve plain HTTP; gives the address."""
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                try:
                    code, answer = (
                        200,
                        api.json("GET", parts.path, query=dict(parse_qsl(parts.query))),
                    )
                except ApiFailure as failure:
                    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
                    code, answer = 404, status | failure.status
                body = json.dumps(answer).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _answer(self, path: str, query: Mapping[str, str]) -> Object | None:
        words = path.strip("/").split("/")
        group, version, rest = ("", words[1:2], words[2:]) if words[0] == "api" else (
            (words[1:2] or [""])[0], words[2:3], words[3:]
        )  # fmt: skip
        if not version:
            return self._groups(words)
        if not rest:
            return self._resources(group, version[0])
        namespace = None
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        row = self.rows.get((group, version[0], rest[0]))
        if row is None:
            return None
        found = [one for one in self.objects if _is(row, one) and _in(one, namespace)]
        if len(rest) > 1:
            return next((one for one in found if one["metadata"]["name"] == rest[1]), None)
        labels = parse_labels(query.get("labelSelector", ""))
        fields = parse_fields(query.get("fieldSelector", ""))
        items = [
            {key: value for key, value in one.items() if key not in {"apiVersion", "kind"}}
            for one in found
            if labels.matches(one["metadata"].get("labels") or {})
            and all(
                (_field(one, term.field) == term.value) == (term.operator != "!=")
                for term in fields.requirements
            )
        ]
        kind = {"apiVersion": row.api_version, "kind": f"{row.kind}List"}
        return {**kind, "metadata": {"resourceVersion": "1"}, "items": items}

    def _groups(self, words: list[str]) -> Object:
        if words[0] == "api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        known: dict[str, list[str]] = {}
        for group, version, _ in self.rows:
            if group and version not in known.setdefault(group, []):
                known[group].append(version)
        groups = []
        for group, versions in known.items():
            told = [{"groupVersion": f"{group}/{one}", "version": one} for one in versions]
            groups.append({"name": group, "versions": told, "preferredVersion": told[0]})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def _resources(self, group: str, version: str) -> Object:
        shown = [
            {
                "name": row.plural,
                "singularName": row.singular,
                "namespaced": row.namespaced,
                "kind": row.kind,
                "verbs": ["get", "list"],
                "shortNames": list(row.short_names),
            }
            for (of, at, _), row in self.rows.items()
            if (of, at) == (group, version)
        ]
        name = f"{group}/{version}" if group else version
        return {"kind": "APIResourceList", "groupVersion": name, "resources": shown}


def _rows() -> Iterator[Resource]:
    yield from (row for row in RESOURCES.all() if "list" in row.verbs)
    yield WIDGETS


def _is(row: Resource, obj: Object) -> bool:
    return (obj["apiVersion"], obj["kind"]) == (row.api_version, row.kind)


def _in(obj: Object, namespace: str | None) -> bool:
    return namespace is None or obj["metadata"].get("namespace") == namespace


def _field(obj: Object, path: str) -> str:
    value: Any = obj
    for part in path.split("."):
        value = (value or {}).get(part)
    return "" if value is None else str(value)

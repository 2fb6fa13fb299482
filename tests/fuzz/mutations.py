"""Requests that are nearly right: a valid one with something of it replaced by something nasty."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from hypothesis import strategies as st

from minikube8s.api.resources import RESOURCES, Resource
from tests.api.apiserver import configmap, pod
from tests.fuzz.target import Request

FILE = Path(__file__).parents[1] / "support" / "kinds.yaml"
OBJECTS: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}},
    *(obj for obj in yaml.safe_load_all(FILE.read_text()) if obj["kind"] != "ResourceQuota"),
    {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "generous"},
        "spec": {"hard": {"pods": "10k", "configmaps": "10k"}},
    },
    configmap("settings", {"k": "v"}, tier="x"),
    pod("web", app="web"),
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "dg=="}},
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"app": "web"}},
    },
    {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": "fuzz"},
        "reason": "Because",
    },
    {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "lock"},
        "spec": {"holderIdentity": "me", "renewTime": "2024-01-01T00:00:00.000001Z"},
    },
]

TEXTS = [
    "",
    "\x00",
    "a\x00b",
    "\n",
    "\u202e",
    "é" * 40,
    "\U0001f600",
    "a" * 64,
    "a" * 254,
    "a" * 70_000,
    "A_b",
    "-",
    "..",
    "../../x",
    "%00",
    "%",
    "/",
    "a/b/c",
    "a,b=c in (d),!e",
    "(" * 2000,
    "a," * 4000,
    "a in (" + "b," * 4000 + "b)",
    "\\" * 999,
    "1",
    "-1",
    "0",
    "007",
    "1.5",
    "1e3",
    "1e999999999",
    "1e-999999999",
    "9" * 30,
    "9" * 5000,
    "0." + "0" * 5000 + "1",
    "1Ki",
    "1Eii",
    "\u0661",
    "0x10",
    "NaN",
    "Infinity",
    "true",
    "null",
    "None",
    "{}",
    "[]",
    "$(x)",
    "*/0 * * * *",
    "99-1 * * * *",
    "2024-13-45T99:99:99Z",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59.999999999999Z",
    "10.0.0.0/33",
    "::ffff:1.2.3.4/200",
    "fe80::1%eth0",
    "http://[::1",
    "=",
    "==",
    "a=b=c",
    "All",
    "Exact",
    "NotOlderThan",
    "a" * 30_000 + "!",
    "-" * 30_000,
    "a." * 15_000,
    "a-" * 15_000,
]
ENDLESS = "an endless number"
"""Stands for a number that Python itself refuses to print."""
NUMBERS = [
    ENDLESS,
    0,
    -1,
    1,
    65536,
    2**31,
    2**53 + 1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**400,
    1.5,
    -0.0,
    1e308,
]


def _nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": [value]}
    return value


def _wide(of: str) -> Any:
    match of:
        case "objects":
            return [{} for _ in range(3000)]
        case "texts":
            return ["x"] * 3000
    return {str(number): "x" for number in range(3000)}


nasty = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(NUMBERS),
    st.sampled_from([None, True, False, {}, [], [None], [[]], {"": ""}, {"a": None}]).map(
        copy.deepcopy
    ),
    st.sampled_from([50, 400]).map(_nested),
    st.text(max_size=8),
    st.integers(),
    st.sampled_from(["objects", "texts", "keys"]).map(_wide),
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container with each of its keys or indexes."""
    children = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in list(children):
        yield value, key
        if isinstance(child, dict | list):
            yield from _places(child)


@st.composite
def mutated(draw: st.DrawFn, obj: dict[str, Any]) -> Any:
    """Return the object with up to three things changed in it."""
    changed = copy.deepcopy(obj)
    for _ in range(draw(st.integers(0, 3))):
        places = list(_places(changed))
        if not places:
            break
        container, key = places[draw(st.integers(0, len(places) - 1))]
        match draw(st.sampled_from(["replace", "remove", "add", "swap", "rename"])):
            case "replace":
                container[key] = draw(nasty)
            case "remove":
                del container[key]
            case "add" if isinstance(container, dict):
                name = draw(st.sampled_from(TEXTS) | st.sampled_from(FIELDS))
                container[name] = draw(nasty)
            case "add":
                container.append(draw(nasty))
            case "swap":
                other, theirs = places[draw(st.integers(0, len(places) - 1))]
                container[key] = copy.deepcopy(other[theirs]) if theirs in _keys(other) else None
            case "rename" if isinstance(container, dict):
                container[draw(st.sampled_from(TEXTS))] = container.pop(key)
    return changed


def _keys(container: Any) -> Any:
    return container if isinstance(container, dict) else range(len(container))


FIELDS = [
    "finalizers",
    "ownerReferences",
    "managedFields",
    "labels",
    "annotations",
    "generateName",
    "deletionTimestamp",
    "resourceVersion",
    "uid",
    "status",
    "spec",
    "namespace",
    "$patch",
    "$retainKeys",
    "$setElementOrder/containers",
    "$deleteFromPrimitiveList/finalizers",
    "resources",
    "affinity",
    "topologySpreadConstraints",
    "volumes",
    "tolerations",
    "ephemeralContainers",
    "initContainers",
    "ports",
    "selector",
    "template",
]
PARAMETERS = [
    "labelSelector",
    "fieldSelector",
    "limit",
    "continue",
    "resourceVersion",
    "resourceVersionMatch",
    "timeoutSeconds",
    "allowWatchBookmarks",
    "sendInitialEvents",
    "watch",
    "pretty",
    "includeObject",
    "dryRun",
    "fieldManager",
    "fieldValidation",
    "force",
    "gracePeriodSeconds",
    "propagationPolicy",
    "orphanDependents",
    "tailLines",
    "sinceSeconds",
    "sinceTime",
    "limitBytes",
    "follow",
    "container",
    "command",
    "ports",
    "stdin",
    "shardSelector",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
]
MEDIA = [
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/apply-patch+cbor",
    "text/plain",
    "application/json;charset=utf-8",
    "application/json;as=Table;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    "application/json;stream=watch",
    "*/*;q=nan",
    "application/json;q=-1",
    ";;;=,",
    "",
    "é",
]
HEADERS = [
    "User-Agent",
    "Impersonate-User",
    "Impersonate-Group",
    "Impersonate-Uid",
    "Impersonate-Extra-%zz",
    "If-None-Match",
    "Upgrade",
    "Connection",
    "Sec-WebSocket-Protocol",
    "Authorization",
    "Cookie",
    "X-Stream-Protocol-Version",
    "Range",
    "Expect",
    "Content-Encoding",
]
SAFE_HEADER = st.sampled_from(
    [
        "",
        "x",
        "a" * 8000,
        "é",
        "websocket",
        "SPDY/3.1",
        "Upgrade",
        "Bearer x.y.z",
        "gzip",
        "deflate",
    ]
)


@st.composite
def query(draw: st.DrawFn) -> str:
    """Return a query string of known parameters with odd values."""
    chosen = draw(st.lists(st.sampled_from(PARAMETERS), max_size=3))
    values = st.sampled_from(TEXTS) | st.text(max_size=6) | st.sampled_from(["true", "1", "x=y"])
    pairs = [f"{name}={_escaped(draw(values), draw(st.booleans()))}" for name in chosen]
    return "?" + "&".join(pairs) if pairs else ""


def _escaped(value: str, properly: bool) -> str:
    if properly:
        return quote(value, safe="", errors="surrogatepass")[:20_000]
    plain = "".join(
        letter
        for letter in value
        if letter.isascii() and letter.isprintable() and letter not in " #"
    )
    return plain[:20_000]


@st.composite
def bodies(draw: st.DrawFn, obj: dict[str, Any], kind: str) -> bytes:
    """Return a body: mostly what its media type says, sometimes garbage."""
    value = draw(mutated(obj))
    if kind == "application/json-patch+json":
        value = draw(json_patch(value))
    match draw(st.sampled_from(["json"] * 6 + ["cut", "binary", "yaml", "protobuf", "bom"])):
        case "cut":
            data = json.dumps(value).encode()
            return data[: draw(st.integers(0, len(data)))]
        case "binary":
            return draw(st.binary(max_size=200))
        case "yaml":
            # The dumper is recursive; JSON is YAML too.
            with suppress(RecursionError):
                text: str = yaml.safe_dump(json.loads(json.dumps(value)))
                return text.encode("utf-8", "surrogatepass")
        case "protobuf":
            return b"k8s\x00" + draw(st.binary(max_size=200))
        case "bom":
            return b"\xef\xbb\xbf" + json.dumps(value).encode()
    return json.dumps(value).replace(f'"{ENDLESS}"', "9" * 5000).encode()


@st.composite
def json_patch(draw: st.DrawFn, value: Any) -> list[Any]:
    """Return a JSON patch whose operations may or may not make sense."""
    operations = ["add", "remove", "replace", "move", "copy", "test", "nonsense"]
    pieces = st.sampled_from(["metadata", "labels", "a", "0", "-", "~", "~2", "spec", "", "9" * 40])
    paths = st.lists(pieces, max_size=4).map("/".join)
    made = []
    for _ in range(draw(st.integers(0, 5))):
        made.append(
            {
                "op": draw(st.sampled_from(operations)),
                "path": "/" + draw(paths),
                "from": "/" + draw(paths),
                "value": draw(nasty),
            }
        )
    return made if draw(st.booleans()) else [*made, value]


def base(row: Resource, namespace: str) -> str:
    root = f"/apis/{row.group}/{row.version}" if row.group else f"/api/{row.version}"
    return (
        f"{root}/namespaces/{namespace}/{row.plural}" if row.namespaced else f"{root}/{row.plural}"
    )


@st.composite
def requests(draw: st.DrawFn, namespace: str) -> Request:
    """Return a request that is a mutated valid one."""
    obj = draw(st.sampled_from(OBJECTS))
    row = RESOURCES.by_api_version(obj["apiVersion"], obj["kind"])
    assert row is not None
    method = draw(
        st.sampled_from(["GET", "POST", "PUT", "PATCH", "PATCH", "DELETE", "HEAD", "PURGE"])
    )
    path = base(row, namespace)
    if method in {"PUT", "PATCH"} or draw(st.booleans()):
        path += "/" + draw(
            st.sampled_from([obj["metadata"]["name"]] * 5 + ["%00", "%FF", "..", "%C3%A9"])
        )
        part = draw(st.sampled_from([""] * 5 + sorted({*row.subresources, "nothing"} - {"proxy"})))
        path += f"/{part}" if part else ""
    media = draw(st.sampled_from(MEDIA[3:7] if method == "PATCH" else MEDIA[:1] * 6 + MEDIA))
    headers = {"Content-Type": media} if method in {"POST", "PUT", "PATCH"} else {}
    if draw(st.integers(0, 3)) == 0:
        headers["Accept"] = draw(st.sampled_from(MEDIA))
    if draw(st.integers(0, 9)) == 0:
        headers[draw(st.sampled_from(HEADERS))] = draw(SAFE_HEADER)
    body = None
    if method in {"POST", "PUT", "PATCH", "DELETE"} and draw(st.integers(0, 19)):
        body = draw(bodies(obj, media))
    return Request(method, path + draw(query()), headers, body)

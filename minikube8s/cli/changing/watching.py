"""An object as it is and as it becomes, by a watch."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

_ONE_WATCH = 3600


def versions(session: Session, one: Chosen, deadline: float) -> Iterator[dict[str, Any]]:
    """``one`` as it was found, then whenever it changes, until ``deadline`` (time.monotonic).

    A watch that ends goes on with the next one. Raises CommandError when the object is deleted.
    """
    yield one.obj
    collection = one.path.rpartition("/")[0]
    version = one.obj["metadata"].get("resourceVersion", "")
    while (left := deadline - time.monotonic()) > 0:
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={one.name}",
            "resourceVersion": version,
            "timeoutSeconds": str(max(1, min(int(left), _ONE_WATCH))),
        }
        with session.client.stream(collection, seconds=left, query=query) as answer:
            try:
                for line in answer:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        break
                    if event["type"] == "DELETED":
                        raise CommandError("object has been deleted")
                    yield {**one.obj, **event["object"]}
                    if time.monotonic() > deadline:
                        return
            except TimeoutError:
                return
        try:
            obj = session.client.json("GET", one.path)
        except ApiFailure as failure:
            if failure.reason == "NotFound":
                raise CommandError("object has been deleted") from None
            raise
        version = obj["metadata"]["resourceVersion"]
        yield obj

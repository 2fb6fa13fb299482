"""Builds every document and writes them to standard output: `python -m minikube8s.api.openapi`.

The form is msgpack, a map from names to [gzipped, etag]. A process that lives long starts this one
instead of building by itself: the definitions with all their descriptions take some 5 MB to read,
which an allocator does not give back.
"""

from __future__ import annotations

import sys

import msgspec

from minikube8s.api.openapi.publisher import Publisher


def main() -> None:
    """Write the built-in resources' documents."""
    sys.stdout.buffer.write(msgspec.msgpack.encode(Publisher().all()))


if __name__ == "__main__":
    main()

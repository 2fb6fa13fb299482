"""Whether a certificate and a key make a TLS server, judged by OpenSSL itself.

What it accepts here nginx accepts, too: form, chain, strength, and that the two belong together.
The key is shown to OpenSSL in memory, never in a file.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

REMEMBERED = 256
"""How many answers are remembered."""

_MISMATCHES = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")


@lru_cache(maxsize=REMEMBERED)
def refusal(certificate: str, key: str) -> str:
    """Return why the two (PEM) cannot be used, "" if they can."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        with _file(certificate) as certificate_path, _file(key) as key_path:
            context.load_cert_chain(certificate_path, key_path, password=_no_password)
    except ssl.SSLError as error:
        if error.reason in _MISMATCHES:
            return "the key is not that of the certificate"
        if not error.reason:
            return "certificate and key must be PEM, the key without a password"
        return f"OpenSSL says: {error.reason.replace('_', ' ').lower()}"
    return ""


def _no_password() -> str:
    return ""


@contextmanager
def _file(text: str) -> Iterator[str]:
    descriptor = os.memfd_create("pair", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)

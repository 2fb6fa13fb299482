"""What a server's refusal is called: a Status of any answer, and its sentence in kubectl's words.

Pure. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_REASONS = {
    400: ("BadRequest", "the server rejected our request for an unknown reason"),
    401: ("Unauthorized", "the server has asked for the client to provide credentials"),
    403: ("Forbidden", "the server does not allow access to the requested resource"),
    404: ("NotFound", "the server could not find the requested resource"),
    405: ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
    406: (
        "NotAcceptable",
        "the server was unable to respond with a content type that is asked for",
    ),
    409: ("Conflict", "the server reported a conflict"),
    410: ("Expired", "what was asked for is too old; ask again from the beginning"),
    413: ("RequestEntityTooLarge", "the request is larger than the server takes"),
    415: ("UnsupportedMediaType", "the server does not take this kind of content"),
    429: ("TooManyRequests", "the server has received too many requests, try again later"),
    500: ("InternalError", "an error on the server has prevented the request from succeeding"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "the server was unable to return a response in the time allotted"),
}
_SHOWN = 300


def status_of(code: int, body: bytes) -> dict[str, Any]:
    """The Status in a refusal, or one made of its code where the server sent no Status."""
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if isinstance(content, dict) and content.get("kind") == "Status":
        return {"code": code, **content}
    reason, message = _REASONS.get(
        code,
        ("", f"an error on the server (HTTP {code}) has prevented the request from succeeding"),
    )
    said = " ".join(body.decode(errors="replace").split())[:_SHOWN]
    # a page for people says less than the code; a short text may say why
    if said and "<" not in said and code not in {401, 403}:
        message = f"{message} ({said})"
    return {"kind": "Status", "code": code, "reason": reason, "message": message}


def sentence(status: Mapping[str, Any]) -> str:
    """A Status as kubectl prints it."""
    reason = status.get("reason") or ""
    message = status.get("message") or "the server gave no message"
    if reason == "Unauthorized":
        return f"error: You must be logged in to the server ({message})"
    if reason == "Invalid":
        return _invalid(status.get("details") or {}, message)
    return f"Error from server ({reason}): {message}" if reason else f"Error from server: {message}"


def _invalid(details: Mapping[str, Any], message: str) -> str:
    causes = [
        f"{cause.get('field') or ''}: {cause.get('message') or ''}".removeprefix(": ")
        for cause in details.get("causes") or ()
    ]
    causes = list(dict.fromkeys(causes))
    if details.get("kind") or details.get("name"):
        beginning = f'The {details.get("kind", "")} "{details.get("name", "")}" is invalid'
    elif not causes:
        return f"The request is invalid: {message}"
    else:
        beginning = "The request is invalid"
    if not causes:
        return f"{beginning}: {message}"
    if len(causes) == 1:
        return f"{beginning}: {causes[0]}"
    return f"{beginning}: \n" + "\n".join(f"* {cause}" for cause in causes)

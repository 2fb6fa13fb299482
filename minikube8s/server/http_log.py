"""What the HTTP library says about connections, in the server's log.

Owns that a client's nonsense is not logged as a fault of ours: anybody can send it, as often as
they like.
"""

from __future__ import annotations

import logging
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError


class HttpLog(logging.LoggerAdapter[logging.Logger]):
    """The log of the HTTP library: faults as they are, bad requests as one line for debugging."""

    def exception(self, msg: object, *args: object, exc_info: Any = True, **rest: Any) -> None:
        """Log a fault of a connection."""
        if isinstance(exc_info, HttpProcessingError | web.RequestPayloadError):
            reason = " ".join(str(exc_info).split())[:200]
            self.debug("refused what is no HTTP request: %s", reason)
        else:
            super().exception(msg, *args, exc_info=exc_info, **rest)

"""When a token has to be replaced. Pure: the token itself says from when and until when it is.

So nothing has to be remembered: a new agent reads the files that the one before it wrote.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta

import msgspec

_USED_UP = 0.8
_OLDEST = timedelta(hours=24)
_SOONEST, _LATEST = timedelta(seconds=5), timedelta(minutes=5)


class _Claims(msgspec.Struct, frozen=True):
    iat: int
    exp: int


class Times(msgspec.Struct, frozen=True):
    """From when to when a token is valid."""

    issued: datetime
    expires: datetime

    @property
    def due(self) -> datetime:
        """When it is time for the next one: after four fifths of its life, or a day."""
        return self.issued + min((self.expires - self.issued) * _USED_UP, _OLDEST)


def times(token: str) -> Times | None:
    """What a token says; None for what is none. Its signature is its reader's to check."""
    _, _, rest = token.partition(".")
    payload = rest.partition(".")[0]
    try:
        plain = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        claims = msgspec.json.decode(plain, type=_Claims)
        return Times(
            datetime.fromtimestamp(claims.iat, UTC), datetime.fromtimestamp(claims.exp, UTC)
        )
    except (binascii.Error, ValueError, OverflowError, OSError):
        return None


def try_again(due: datetime, now: datetime) -> datetime:
    """When to ask again for a token that was due: as long from now as it is late already.

    So the pauses double, without anybody counting.
    """
    return now + min(max(now - due, _SOONEST), _LATEST)

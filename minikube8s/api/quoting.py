"""Text in quotation marks, as Kubernetes' messages have it."""

from __future__ import annotations

import json


def quote(text: str) -> str:
    """Return `text` in double quotes, with what is not printable escaped."""
    return json.dumps(text, ensure_ascii=False)

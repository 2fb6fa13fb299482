"""How a daemon tells the command that started it that it serves, or why it cannot.

The starter hands over one end of a pipe by the environment; a daemon started by hand has none.
"""

from __future__ import annotations

import contextlib
import os

DESCRIPTOR = "MK8S_READY_FD"
READY = "ready"


def tell(message: str = READY) -> None:
    """Say ``ready``, or the sentence that says why not. The first call counts."""
    number = os.environ.pop(DESCRIPTOR, "")
    if number.isdigit():
        # a starter that was interrupted no longer listens, and that is not the daemon's trouble
        with contextlib.suppress(BrokenPipeError), os.fdopen(int(number), "wb", 0) as pipe:
            pipe.write(message.replace("\n", " ").encode() + b"\n")

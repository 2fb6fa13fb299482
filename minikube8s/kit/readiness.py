"""How a daemon tells whoever started it that it serves, or why it cannot.

A starter hands over one end of a pipe by the environment; one that starts it through systemd
listens on a socket whose place the unit knows. A daemon started by hand has neither. systemd itself
hears, too: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import contextlib
import os
import socket

DESCRIPTOR = "MK8S_READY_FD"
SOCKET = "MK8S_READY_SOCKET"
READY = "ready"
_SYSTEMD = "NOTIFY_SOCKET"
_AT_WORK = b"READY=1\nRESTART_RESET=1"
"""It started, so its next start need not wait for longer than the first (systemd 257)."""


def tell(message: str = READY) -> None:
    """Say ``ready``, or the sentence that says why not. The first call counts."""
    line = message.replace("\n", " ").encode() + b"\n"
    number = os.environ.pop(DESCRIPTOR, "")
    if number.isdigit():
        # a starter that was interrupted no longer listens, and that is not the daemon's trouble
        with contextlib.suppress(BrokenPipeError), os.fdopen(int(number), "wb", 0) as pipe:
            pipe.write(line)
    if place := os.environ.pop(SOCKET, ""):
        _send(place, line)
    if message == READY:
        began()


def began() -> None:
    """Tell systemd alone that the daemon is at work: others may start that come after it."""
    if place := os.environ.pop(_SYSTEMD, ""):
        _send(f"\0{place[1:]}" if place.startswith("@") else place, _AT_WORK)


def _send(place: str, datagram: bytes) -> None:
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
    ):
        # who does not listen, or does not read, must not hold the daemon up
        channel.setblocking(False)
        channel.sendto(datagram, place)

"""What can go wrong with a pod's network, as sentences."""

import os


class NetworkError(Exception):
    """A network could not be set up; the message says what failed and, where known, a way out."""


class KernelRefused(NetworkError):
    """The kernel answered a netlink request with an error.

    `code` is the errno value; `what` says what was asked for.
    """

    def __init__(self, code: int, what: str, hint: str = "") -> None:
        reason = os.strerror(code) + (f" ({hint})" if hint else "")
        super().__init__(f"cannot {what}: {reason}")
        self.code = code
        self.what = what


class ProcessGone(NetworkError):
    """The process whose network namespace was to be used has ended."""


class AddressesExhausted(NetworkError):
    """Every address of the node's pod range is in use."""


class NetworkNotReady(NetworkError):
    """The node's network is not set up, or not yet."""

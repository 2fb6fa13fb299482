"""What goes wrong between the API server and what it proxies to."""


class Unreachable(Exception):
    """The other side did not answer, or not in HTTP; the message says why."""

"""How many files and connections a process may have open."""

from __future__ import annotations

import resource


def allow_many() -> None:
    """Raise the limit as far as the system lets this process.

    Shells and service managers start programs with 1,024, for the sake of old ones that use
    select(); a watch or a stream is one each.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

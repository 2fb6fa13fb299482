"""The one error of this room: a sentence for the user, without a traceback."""

from __future__ import annotations


class ClusterError(Exception):
    """What went wrong with a cluster and what to do about it, in one sentence or two."""

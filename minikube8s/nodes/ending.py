"""How the master ends a call of an agent."""

from typing import NamedTuple

import grpc


class Ending(NamedTuple):
    """gRPC's status code, and a sentence for the agent's log."""

    code: grpc.StatusCode
    sentence: str

"""What a node is refused: a report that is not applied and never will be, an answer to a call."""

from minikube8s.api.errors import ApiError


class Refusal(Exception):
    """Kubernetes' reason and a sentence for the node's log; the link goes on."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def status_of(error: ApiError | Refusal) -> str:
    """The name of the gRPC status that a call ends with which is refused so."""
    if isinstance(error, ApiError) and (error.code >= 500 or error.code == 429):
        return "UNAVAILABLE"
    names = {
        "NotFound": "NOT_FOUND",
        "Forbidden": "PERMISSION_DENIED",
        "Invalid": "INVALID_ARGUMENT",
    }
    return names.get(error.reason, "FAILED_PRECONDITION")

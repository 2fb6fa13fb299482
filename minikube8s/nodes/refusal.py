"""A report that is not applied and never will be."""


class Refusal(Exception):
    """Kubernetes' reason and a sentence for the node's log; the link goes on."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

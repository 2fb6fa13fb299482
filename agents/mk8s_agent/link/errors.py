"""How a stream handler says that it cannot do what was asked, and the link that nothing came."""


class StreamError(Exception):
    """Becomes the Kubernetes Status that the client sees.

    `reason` is Kubernetes' ("NotFound", "BadRequest", "InternalError"), `code` the HTTP status
    that goes with it, `message` a sentence for the user.
    """

    def __init__(self, reason: str, message: str, code: int) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.code = code


class NoAnswer(Exception):
    """The master did not give what it was asked for; the message says why."""

"""What can go wrong with the engine, as types that the caller can act on.

Each carries a sentence for the user.
"""


class RuntimeFault(Exception):
    """Something that the engine refused or could not do; `str()` is its own message."""


class EngineUnavailable(RuntimeFault):
    """Nobody answers at the engine's address, or not within the deadline.

    Everything may be retried later.
    """


class ContainerNotFound(RuntimeFault):
    """The container is not there (any more)."""


class ImageNotFound(RuntimeFault):
    """The image is not on this machine."""


class InvalidReference(RuntimeFault):
    """The text does not name an image."""


class PullError(RuntimeFault):
    """An image could not be fetched; the message is the engine's."""


class NameTaken(RuntimeFault):
    """A container of that name exists already."""


class StartError(RuntimeFault):
    """The engine made the container but could not run its command: not found, not executable, …"""


class NotRunning(RuntimeFault):
    """A signal was sent to a container that does not run."""

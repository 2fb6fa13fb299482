"""What can go wrong with volumes, in the words that people read."""


class VolumeError(Exception):
    """One volume cannot be had as its pod wants it; the message says why."""


class MountFailed(VolumeError):
    """The same, where the message is the whole sentence."""


class VolumesNotReady(Exception):
    """Some of a pod's volumes cannot be had; `failures` holds a sentence for each."""

    def __init__(self, failures: tuple[str, ...]) -> None:
        super().__init__("; ".join(failures))
        self.failures = failures

"""What the agent itself finds wrong with a pod."""


class ConfigError(Exception):
    """A container cannot be made from what its pod says; becomes CreateContainerConfigError."""

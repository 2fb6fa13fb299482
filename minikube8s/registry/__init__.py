"""What a write means: the one path of HTTP requests and of controllers to the stored objects."""

from minikube8s.registry.options import DeleteOptions, RegistryConfig, WriteOptions
from minikube8s.registry.registry import Registry

__all__ = ["DeleteOptions", "Registry", "RegistryConfig", "WriteOptions"]

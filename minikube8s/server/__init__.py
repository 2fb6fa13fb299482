"""The API server: HTTP over TLS in front of the registry.

Owns the wire: paths, media types, discovery, watches, authentication and authorization. It must
not know what a write means (the registry does), nor how nodes are reached (`PodStreams` does).
"""

from minikube8s.server.app import CannotListen, Server
from minikube8s.server.config import PodStreams, ServerConfig

__all__ = ["CannotListen", "PodStreams", "Server", "ServerConfig"]

"""A small, real Kubernetes on Docker: the master, its API and the command line."""

__version__ = "0.1.0"

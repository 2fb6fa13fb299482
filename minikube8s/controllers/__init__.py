"""The controllers: each plans, one runner applies.

A controller's file holds what it watches, what it reads and a pure `plan`; `runner` is the only
one that writes. Nothing here knows HTTP, stores or nodes.
"""

from minikube8s.controllers.manager import Balancing, Controllers, Trust

__all__ = ["Balancing", "Controllers", "Trust"]

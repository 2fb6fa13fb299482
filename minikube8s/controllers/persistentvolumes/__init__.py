"""Binds claims to volumes, and tells what becomes of volumes whose claim is gone.

`claims` and `volumes` plan, each one step a look; `controller` reads what they need.
"""

from minikube8s.controllers.persistentvolumes.controller import PersistentVolumeController

__all__ = ["PersistentVolumeController"]

"""Deployments: roll a template out over ReplicaSets.

Owns a Deployment's ReplicaSets, their sizes and revisions, and the Deployment's status; knows
nothing of pods beyond whether old ones are left. `planning` decides, `scaling` counts, `history`
remembers revisions, `status` tells.
"""

from minikube8s.controllers.deployments.controller import DeploymentController

__all__ = ["DeploymentController"]

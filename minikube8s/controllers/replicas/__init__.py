"""ReplicaSets and ReplicationControllers: keep a number of pods alike.

Owns adoption, release, creation and deletion of their pods, and their status; knows nothing of
Deployments or nodes. Both kinds are one controller over another resource: `controller` says what
wakes it and what it reads, `planning` decides, `victims` chooses whom to give up, `status` tells.
"""

from minikube8s.controllers.replicas.controller import ReplicasController
from minikube8s.controllers.replicas.model import REPLICA_SET, REPLICATION_CONTROLLER

__all__ = ["REPLICATION_CONTROLLER", "REPLICA_SET", "ReplicasController"]

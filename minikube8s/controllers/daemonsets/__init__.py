"""DaemonSets: one pod on every node that suits.

`controller` wakes and reads; `planning` decides, with `placement` (which nodes, and what a node's
pod is), `rolling` (who is replaced next) and `status`.
"""

from minikube8s.controllers.daemonsets.controller import DaemonSetController

__all__ = ["DaemonSetController"]

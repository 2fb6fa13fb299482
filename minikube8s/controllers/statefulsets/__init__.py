"""StatefulSets: pods with names, an order and storage of their own.

`controller` wakes and reads; `planning` decides, with `identity` (what a pod of an ordinal is),
`storage` (its claims), `rolling` (who is updated next) and `status`.
"""

from minikube8s.controllers.statefulsets.controller import StatefulSetController

__all__ = ["StatefulSetController"]

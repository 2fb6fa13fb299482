"""Admission: what the cluster's rules add to an object, and refuse of it, before it is stored.

One module a plugin, pure but for the reads it makes of the cluster; `chain` lists them in order.
"""

from minikube8s.registry.admission.chain import Chain
from minikube8s.registry.admission.request import Cluster, Request
from minikube8s.registry.admission.stored import Stored

__all__ = ["Chain", "Cluster", "Request", "Stored"]

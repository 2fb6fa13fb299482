"""LoadBalancer Services: which addresses they have, and which node answers for them.

`assigning` gives addresses away, `announcing` chooses nodes, `controller` wakes them and writes.
"""

from minikube8s.controllers.loadbalancers.controller import LoadBalancerController

__all__ = ["LoadBalancerController"]

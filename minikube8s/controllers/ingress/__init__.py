"""Ingresses of our own class, served by nginx as pods while there are any.

`routing` says what each host serves and what is wrong, `nginx` writes it as configuration,
`workload` makes the objects that run it, `planning` the next step towards all that, and the
Ingresses' status; `controller` wakes them.
"""

from minikube8s.controllers.ingress.controller import DEFAULT_IMAGE, IngressController

__all__ = ["DEFAULT_IMAGE", "IngressController"]

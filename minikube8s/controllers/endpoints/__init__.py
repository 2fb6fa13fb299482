"""Endpoints and EndpointSlices: which addresses are behind a Service.

`backends` says what a pod contributes, `hints` which clients it is for, `slices` and `legacy` lay
it out with as few changes as possible, `controller` wakes them. Services without a selector are
left to whoever made their endpoints; `mirroring` copies such Endpoints into slices.
"""

from minikube8s.controllers.endpoints.controller import EndpointsController
from minikube8s.controllers.endpoints.mirroring import MirroringController

__all__ = ["EndpointsController", "MirroringController"]

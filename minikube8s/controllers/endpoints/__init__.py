"""Endpoints and EndpointSlices: which addresses are behind a Service.

`backends` says what a pod contributes, `slices` and `legacy` lay it out with as few changes as
possible, `controller` wakes them. Services without a selector are left to whoever made them.
"""

from minikube8s.controllers.endpoints.controller import EndpointsController

__all__ = ["EndpointsController"]

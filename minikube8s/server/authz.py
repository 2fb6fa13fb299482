"""Who may do what. Pure.

One rule for now: members of system:masters may do everything, everybody may ask whether the
server is well, nobody else may do anything. Roles and bindings take their place in `check`.
"""

from __future__ import annotations

from typing import NamedTuple

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import Resource
from minikube8s.server.authn import MASTERS, User

PUBLIC_PATHS = frozenset({"/healthz", "/livez", "/readyz", "/version"})


class Attributes(NamedTuple):
    """What a request wants to do; `resource` is None for a path that is no resource's."""

    user: User
    verb: str
    path: str
    resource: Resource | None = None
    subresource: str = ""
    namespace: str | None = None
    name: str = ""


def check(wanted: Attributes) -> None:
    """Return when the request is allowed. Raises Unauthorized or Forbidden."""
    root = "/" + wanted.path.strip("/").partition("/")[0]
    if wanted.resource is None and wanted.verb == "get" and root in PUBLIC_PATHS:
        return
    if wanted.user.anonymous:
        raise errors.unauthorized()
    if MASTERS in wanted.user.groups:
        return
    raise _forbidden(wanted)


def _forbidden(wanted: Attributes) -> ApiError:
    user, resource = wanted.user.name, wanted.resource
    if resource is None:
        return ApiError(
            403,
            "Forbidden",
            f'forbidden: User "{user}" cannot {wanted.verb} path "{wanted.path}"',
            {},
        )
    word = f"{resource.plural}/{wanted.subresource}" if wanted.subresource else resource.plural
    scope = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    return errors.forbidden(
        resource,
        wanted.name,
        f'User "{user}" cannot {wanted.verb} resource "{word}" in API group '
        f'"{resource.group}" {scope}',
    )

"""Signs `kube-public/cluster-info` with each bootstrap token, so that its bearer can trust it.

Kubernetes' bootstrapsigner: a detached JWS (HS256) of the kubeconfig beside it, under the token's
name. Source: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api import bootstraptokens
from minikube8s.api.bootstraptokens import Token
from minikube8s.api.resources import CONFIGMAPS, SECRETS, Resource
from minikube8s.controllers.actions import NOTHING, Patch, Plan, ref
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event

Object = dict[str, Any]

_PLACE = (bootstraptokens.PUBLIC_NAMESPACE, bootstraptokens.CLUSTER_INFO)
_SIGNED, _PREFIX = "kubeconfig", "jws-kubeconfig-"


class Snapshot(NamedTuple):
    """The ConfigMap, and the tokens that there are."""

    info: Object
    tokens: tuple[Token, ...]


class BootstrapSignerController:
    """Keeps the signatures those of the tokens that are there."""

    name = "bootstrapsigner"
    watches = (SECRETS, CONFIGMAPS)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        """Return the one key there is, when a token or the ConfigMap changed."""
        place = (event.entry.namespace, event.entry.name)
        is_token = place[0] == bootstraptokens.NAMESPACE and place[1].startswith(
            bootstraptokens.SECRET_PREFIX
        )
        wanted = is_token if resource is SECRETS else place == _PLACE
        return (bootstraptokens.CLUSTER_INFO,) if wanted else ()

    def read(self, reader: Reader, key: str) -> Snapshot | None:
        """Return what there is to sign, and with what; None without the ConfigMap."""
        entry = reader.find(CONFIGMAPS, *_PLACE)
        if entry is None:
            return None
        secrets = reader.list(SECRETS, bootstraptokens.NAMESPACE)
        tokens = (bootstraptokens.read(one.object) for one in secrets)
        return Snapshot(entry.object, tuple(token for token in tokens if token is not None))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the signatures that are missing, and no more those that are too many."""
        data = snapshot.info.get("data") or {}
        content = data.get(_SIGNED, "")
        wanted = {
            f"{_PREFIX}{token.id}": signature(token, content)
            for token in snapshot.tokens
            if content and token.signs and not token.expired(now)
        }
        present = {key: value for key, value in data.items() if key.startswith(_PREFIX)}
        if present == wanted:
            return NOTHING
        patch = {"data": dict.fromkeys(present, None) | wanted}
        return Plan(patches=(Patch(ref(CONFIGMAPS, snapshot.info), patch),))


def signature(token: Token, content: str) -> str:
    """Return the JWS of `content` by a token, without the content."""
    header = _encoded(f'{{"alg":"HS256","kid":"{token.id}"}}'.encode())
    signed = f"{header}.{_encoded(content.encode())}".encode()
    return f"{header}..{_encoded(hmac.digest(token.secret.encode(), signed, 'sha256'))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

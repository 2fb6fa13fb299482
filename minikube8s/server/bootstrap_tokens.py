"""Whose a bootstrap token is."""

from __future__ import annotations

import hmac

from minikube8s.api import bootstraptokens
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import SECRETS
from minikube8s.registry import Registry
from minikube8s.server.authn import AUTHENTICATED, Tokens, User


class BootstrapTokens:
    """The tokens with which machines come to be nodes, as kube-system's Secrets have them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def find(self, token: str) -> User | None:
        """Return whose token it is, None when it is not valid now or no bootstrap token at all."""
        parts = bootstraptokens.parse(token)
        if parts is None:
            return None
        name = f"{bootstraptokens.SECRET_PREFIX}{parts[0]}"
        try:
            entry = self._registry.get(SECRETS, bootstraptokens.NAMESPACE, name)
        except ApiError:
            return None
        known = bootstraptokens.read(entry.object)
        if known is None or not hmac.compare_digest(known.secret, parts[1]):
            return None
        going = entry.meta.deletion_timestamp
        if going or not known.authenticates or known.expired(self._registry.clock.now()):
            return None
        name = f"{bootstraptokens.USER_PREFIX}{known.id}"
        return User(name, (*known.groups, AUTHENTICATED))


class Bearers:
    """Everybody who may bear a token here."""

    def __init__(self, bootstrap: BootstrapTokens, accounts: Tokens) -> None:
        self._bootstrap = bootstrap
        self._accounts = accounts

    async def user(self, token: str) -> User | None:
        """Return whose token it is, None when it is not valid here and now."""
        return self._bootstrap.find(token) or await self._accounts.user(token)

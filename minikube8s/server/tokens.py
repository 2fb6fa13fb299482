"""ServiceAccount tokens: what they say, how they are made, and whether they are valid.

A token is a JWT that says which account it is for, for whom it is meant (audiences), until when,
and which object it lives and dies with. It is valid while its account, and that object, exist
with the same uid. Signatures are checked once a token; whether it is still valid is asked each
time, of the registry, so a deleted Pod's token ends with the Pod.

The key is read with the first token, in a thread: what reads it takes 100 ms to load.
"""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from minikube8s.api import meta
from minikube8s.api.errors import ApiError
from minikube8s.api.quoting import quote
from minikube8s.api.rbac.grants import SERVICE_ACCOUNT_PREFIX
from minikube8s.api.resources import NODES, PODS, SECRETS, SERVICEACCOUNTS, Resource
from minikube8s.registry import Registry
from minikube8s.server import legacy_tokens
from minikube8s.server.authn import AUTHENTICATED, SERVICE_ACCOUNTS, User
from minikube8s.server.token_signing import InvalidToken, Signer, unreadable
from minikube8s.store.entry import Entry

REMEMBERED = 1024
"""How many tokens' signatures are remembered as checked."""
LEEWAY = 60.0
"""Seconds that a token outlives the mark of deletion on what it is bound to."""
_NEVER = 1 << 53
"""When tokens in Secrets expire, in seconds since 1970."""
JWKS_PATH = "/openid/v1/jwks"
DISCOVERY_PATH = "/.well-known/openid-configuration"
_EXTRA = "authentication.kubernetes.io/"


class _Named(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    uid: str = ""


class _Bound(msgspec.Struct, frozen=True, omit_defaults=True):
    namespace: str
    serviceaccount: _Named
    pod: _Named | None = None
    secret: _Named | None = None
    node: _Named | None = None


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a token says. Times in seconds since 1970."""

    iss: str
    sub: str
    aud: list[str]
    exp: int
    iat: int
    nbf: int
    bound: _Bound = msgspec.field(name="kubernetes.io")
    jti: str = ""

    def user(self) -> User:
        """Return the user whom the token makes its bearer."""
        bound = self.bound
        extra = {"credential-id": f"JTI={self.jti}"} if self.jti else {}
        for kind, named in (("pod", bound.pod), ("node", bound.node)):
            if named is not None:
                extra |= {f"{kind}-name": named.name, f"{kind}-uid": named.uid}
        return User(
            self.sub,
            (SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{bound.namespace}", AUTHENTICATED),
            bound.serviceaccount.uid,
            tuple((f"{_EXTRA}{key}", (value,)) for key, value in sorted(extra.items())),
        )


class Request(NamedTuple):
    """What a token is wanted for; no audiences means the API server's own."""

    account: Entry
    audiences: tuple[str, ...]
    seconds: int
    bound: tuple[Resource, Entry] | None = None


class ServiceAccountTokens:
    """Makes and checks the tokens of one cluster. Without a key there are none."""

    def __init__(
        self, registry: Registry, key: Path | None, issuer: str, audiences: Sequence[str] = ()
    ) -> None:
        """`key` is the signing key's file; `audiences` those of the API server (the issuer)."""
        self._registry = registry
        self._key = key
        self.issuer = issuer
        self.audiences = tuple(audiences) or (issuer,)
        self._loading: asyncio.Task[Signer] | None = None
        self._checked: OrderedDict[str, Claims] = OrderedDict()

    async def user(self, token: str) -> User | None:
        """Return whose token it is, None when it is not valid for the API server."""
        try:
            return (await self.check(token, self.audiences)).user()
        except InvalidToken:
            return None

    async def check(self, token: str, audiences: Iterable[str]) -> Claims:
        """Return what a valid token says. Raises InvalidToken."""
        claims = self._checked.get(token) or await self._verified(token)
        self._check_time(claims)
        if not set(claims.aud) & set(audiences):
            raise InvalidToken(
                f"token audiences {_shown(claims.aud)} is invalid for the target audiences "
                f"{_shown(audiences)}"
            )
        self._check_objects(claims)
        if claims.iss == legacy_tokens.ISSUER:
            self._check_listed(claims, token)
        self._remember(token, claims)
        return claims

    async def issue(self, request: Request) -> tuple[str, int]:
        """Return a new token and the second since 1970 at which it expires.

        Raises ApiError NotFound on a cluster without a signing key.
        """
        signer = await self._signer()
        if signer is None:
            raise ApiError(404, "NotFound", "this API server has no key to sign tokens with", {})
        account, now = request.account, int(self._now())
        claims = Claims(
            iss=self.issuer,
            sub=f"{SERVICE_ACCOUNT_PREFIX}{account.namespace}:{account.name}",
            aud=list(request.audiences or self.audiences),
            exp=now + request.seconds,
            iat=now,
            nbf=now,
            jti=str(uuid.uuid4()),
            bound=_Bound(
                account.namespace,
                _Named(account.name, account.uid),
                **self._bound_to(request.bound),
            ),
        )
        return signer.sign(msgspec.to_builtins(claims)), claims.exp

    async def keys(self) -> dict[str, Any]:
        """Return the JSON Web Key Set with which anybody can check tokens."""
        signer = await self._signer()
        return {"keys": [signer.jwk] if signer else []}

    async def discovery(self) -> dict[str, Any]:
        """Return the OpenID provider's configuration."""
        signer = await self._signer()
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer.rstrip('/')}{JWKS_PATH}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [signer.algorithm] if signer else [],
        }

    async def _signer(self) -> Signer | None:
        if self._key is None:
            return None
        if self._loading is None or (self._loading.done() and self._loading.exception()):
            self._loading = asyncio.create_task(asyncio.to_thread(Signer.load, self._key))
        return await asyncio.shield(self._loading)

    async def _verified(self, token: str) -> Claims:
        """Return what a token says that was signed here. Raises InvalidToken."""
        signer = await self._signer()
        if signer is None:
            raise InvalidToken("this API server knows no tokens")
        # Times and audiences are checked on every use, not only on this first one.
        said = signer.claims(token, (self.issuer, legacy_tokens.ISSUER))
        try:
            if said["iss"] == legacy_tokens.ISSUER:
                said = legacy_tokens.modern(said, self.audiences, _NEVER)
            return msgspec.convert(said, Claims)
        except (msgspec.ValidationError, ValueError) as error:
            raise unreadable(error) from error

    def _check_time(self, claims: Claims) -> None:
        now = self._now()
        if now >= claims.exp:
            raise InvalidToken("service account token has expired")
        if now < claims.nbf:
            raise InvalidToken("service account token is not valid yet")

    def _check_objects(self, claims: Claims) -> None:
        bound = claims.bound
        namespace = bound.namespace
        self._check_object(SERVICEACCOUNTS, namespace, bound.serviceaccount)
        if bound.pod is not None:
            self._check_object(PODS, namespace, bound.pod)
        elif bound.secret is not None:
            self._check_object(SECRETS, namespace, bound.secret)
        elif bound.node is not None:
            self._check_object(NODES, None, bound.node)

    def _check_listed(self, claims: Claims, token: str) -> None:
        """Check that the Secret, which is there, still holds the token that names it."""
        secret = claims.bound.secret
        assert secret is not None
        data = self._registry.get(SECRETS, claims.bound.namespace, secret.name).object.get("data")
        if base64.b64decode((data or {}).get("token") or "") != token.encode():
            raise InvalidToken("service account token has been invalidated: its secret has another")

    def _check_object(self, resource: Resource, namespace: str | None, named: _Named) -> None:
        try:
            entry = self._registry.get(resource, namespace, named.name)
        except ApiError as error:
            raise InvalidToken(f"service account token has been invalidated: {error}") from error
        if named.uid and entry.uid != named.uid:
            raise InvalidToken(
                f"{resource.singular} UID ({entry.uid}) does not match claim ({named.uid})"
            )
        deleted = entry.meta.deletion_timestamp
        if deleted and self._now() - meta.parse_time(deleted).timestamp() > LEEWAY:
            raise InvalidToken(f"{resource.singular} {named.name} has been deleted")

    def _bound_to(self, bound: tuple[Resource, Entry] | None) -> dict[str, _Named]:
        if bound is None:
            return {}
        resource, entry = bound
        found = {resource.singular: _Named(entry.name, entry.uid)}
        node = entry.object["spec"].get("nodeName") if resource is PODS else None
        if node:
            try:
                found["node"] = _Named(node, self._registry.get(NODES, None, node).uid)
            except ApiError:
                found["node"] = _Named(node)
        return found

    def _remember(self, token: str, claims: Claims) -> None:
        self._checked[token] = claims
        self._checked.move_to_end(token)
        while len(self._checked) > REMEMBERED:
            self._checked.popitem(last=False)

    def _now(self) -> float:
        return self._registry.clock.now().timestamp()


def token_for_secret(key: Path, account: dict[str, Any], secret: str) -> str:
    """Return a token of an account that lives in the Secret of that name and never expires."""
    signer, metadata = Signer.load(key), account["metadata"]
    subject = f"{SERVICE_ACCOUNT_PREFIX}{metadata['namespace']}:{metadata['name']}"
    return signer.sign(dict(legacy_tokens.claims(account, secret, subject)))


def _shown(words: Iterable[str]) -> str:
    return f"[{' '.join(map(quote, words))}]"

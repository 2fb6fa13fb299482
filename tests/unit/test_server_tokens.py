"""ServiceAccount tokens over time, with either kind of key, and without any."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS, SERVICEACCOUNTS
from minikube8s.cluster.authority.keys import ensure_signing_key
from minikube8s.registry import Registry
from minikube8s.server.token_signing import InvalidToken
from minikube8s.server.tokens import LEEWAY, REMEMBERED, Request, ServiceAccountTokens
from tests.support.registries import ManualClock, a_registry, pod

ISSUER = "https://issuer"


def rsa_key(path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))


@asynccontextmanager
async def some_tokens(
    directory: Path, clock: ManualClock | None = None
) -> AsyncIterator[tuple[ServiceAccountTokens, Registry]]:
    key = directory / "sa.key"
    ensure_signing_key(key)
    async with a_registry(clock) as registry:
        await registry.create(SERVICEACCOUNTS, "default", {"metadata": {"name": "robot"}})
        yield ServiceAccountTokens(registry, key, ISSUER), registry


def wanted(registry: Registry, *audiences: str, seconds: int = 600) -> Request:
    return Request(registry.get(SERVICEACCOUNTS, "default", "robot"), audiences, seconds)


async def test_a_token_is_valid_until_the_second_at_which_it_expires(tmp_path: Path) -> None:
    clock = ManualClock()
    async with some_tokens(tmp_path, clock) as (tokens, registry):
        token, expires = await tokens.issue(wanted(registry))
        assert expires == clock.now().timestamp() + 600
        clock.move(599)
        assert await tokens.user(token)
        clock.move(1)
        assert await tokens.user(token) is None
        with pytest.raises(InvalidToken, match="expired"):
            await tokens.check(token, [ISSUER])


async def test_a_token_from_the_future_is_not_valid_yet(tmp_path: Path) -> None:
    clock = ManualClock()
    async with some_tokens(tmp_path, clock) as (tokens, registry):
        token, _ = await tokens.issue(wanted(registry))
        clock.move(-10)
        assert await tokens.user(token) is None


async def test_a_token_outlives_the_mark_of_deletion_by_a_minute(tmp_path: Path) -> None:
    clock = ManualClock()
    async with some_tokens(tmp_path, clock) as (tokens, registry):
        body = pod("p", finalizers=["x.io/wait"])
        entry = await registry.create(PODS, "default", body)
        request = wanted(registry)._replace(bound=(PODS, entry))
        token, _ = await tokens.issue(request)
        await registry.delete(PODS, "default", "p")
        clock.move(LEEWAY)
        assert await tokens.user(token)
        clock.move(1)
        assert await tokens.user(token) is None


async def test_an_rsa_key_signs_too(tmp_path: Path) -> None:
    rsa_key(tmp_path / "sa.key")
    async with some_tokens(tmp_path) as (tokens, registry):
        token, _ = await tokens.issue(wanted(registry))
        assert await tokens.user(token)
        (key,) = (await tokens.keys())["keys"]
        assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
        assert "d" not in key


async def test_published_keys_hold_nothing_private(tmp_path: Path) -> None:
    async with some_tokens(tmp_path) as (tokens, _):
        (key,) = (await tokens.keys())["keys"]
        assert set(key) == {"kty", "crv", "x", "y", "use", "alg", "kid"}


async def test_tokens_of_another_key_or_issuer_are_not_valid(tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    ensure_signing_key(other)
    async with some_tokens(tmp_path) as (tokens, registry):
        token, _ = await tokens.issue(wanted(registry))
        assert await ServiceAccountTokens(registry, other, ISSUER).user(token) is None
        elsewhere = ServiceAccountTokens(registry, tmp_path / "sa.key", "https://x", [ISSUER])
        assert await elsewhere.user(token) is None


async def test_without_a_key_there_are_no_tokens(tmp_path: Path) -> None:
    async with some_tokens(tmp_path) as (tokens, registry):
        token, _ = await tokens.issue(wanted(registry))
        keyless = ServiceAccountTokens(registry, None, ISSUER)
        assert await keyless.user(token) is None
        assert await keyless.keys() == {"keys": []}
        with pytest.raises(ApiError) as caught:
            await keyless.issue(wanted(registry))
        assert caught.value.code == 404


async def test_the_memory_of_checked_tokens_is_bounded(tmp_path: Path) -> None:
    async with some_tokens(tmp_path) as (tokens, registry):
        for _ in range(REMEMBERED + 10):
            token, _ = await tokens.issue(wanted(registry))
            assert await tokens.user(token)
        assert len(tokens._checked) == REMEMBERED


def test_a_signing_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "sa.key"
    ensure_signing_key(path)
    before = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    ensure_signing_key(path)
    assert path.read_bytes() == before

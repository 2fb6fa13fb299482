"""Acting as somebody else: the Impersonate headers, and who may use them.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
"""

from __future__ import annotations

from urllib.parse import unquote

from multidict import CIMultiDictProxy

from minikube8s.api import errors
from minikube8s.api.rbac import Ask
from minikube8s.api.rbac.grants import SERVICE_ACCOUNT_PREFIX
from minikube8s.server.authn import (
    ANONYMOUS,
    AUTHENTICATED,
    SERVICE_ACCOUNTS,
    UNAUTHENTICATED,
    User,
)
from minikube8s.server.authz import Authorizer

_USER, _GROUP, _UID = "Impersonate-User", "Impersonate-Group", "Impersonate-Uid"
_PREFIX, _EXTRA = "impersonate-", "impersonate-extra-"
_LENGTH = len(_PREFIX)
_GROUP_NAME = "authentication.k8s.io"


def acting_user(headers: CIMultiDictProxy[str], user: User, authorizer: Authorizer) -> User:
    """Return the user that a request acts as, `user` without Impersonate headers.

    Raises ApiError: BadRequest when there is no user to act as, Forbidden.
    """
    if not any(header[:_LENGTH].lower() == _PREFIX for header in headers):
        return user
    name, uid = headers.get(_USER, ""), headers.get(_UID, "")
    groups = tuple(headers.getall(_GROUP, ()))
    extra = _extra(headers)
    if not name:
        if groups or uid or extra:
            raise errors.bad_request(
                f"the request impersonates groups, a uid or extra fields without a user: set "
                f"{_USER} too"
            )
        return user
    for ask in _asks(name, groups, uid, extra):
        authorizer.check(user, ask)
    return User(name, _completed(name, groups), uid, tuple(sorted(extra.items())))


def _extra(headers: CIMultiDictProxy[str]) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {}
    for header, value in headers.items():
        if header.lower().startswith(_EXTRA):
            key = unquote(header[len(_EXTRA) :]).lower()
            extra[key] = (*extra.get(key, ()), value)
    return extra


def _asks(
    name: str, groups: tuple[str, ...], uid: str, extra: dict[str, tuple[str, ...]]
) -> list[Ask]:
    account = _account(name)
    asks = [
        Ask("impersonate", "", "serviceaccounts", "", *account)
        if account
        else Ask("impersonate", "", "users", name=name)
    ]
    asks += [Ask("impersonate", "", "groups", name=group) for group in groups]
    asks += [
        Ask("impersonate", _GROUP_NAME, "userextras", key, name=value)
        for key, values in extra.items()
        for value in values
    ]
    if uid:
        asks.append(Ask("impersonate", _GROUP_NAME, "uids", name=uid))
    return asks


def _account(name: str) -> tuple[str, str] | None:
    """Return namespace and name of the ServiceAccount that a user name means."""
    if not name.startswith(SERVICE_ACCOUNT_PREFIX):
        return None
    namespace, _, account = name.removeprefix(SERVICE_ACCOUNT_PREFIX).partition(":")
    return (namespace, account) if namespace and account and ":" not in account else None


def _completed(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return the groups with those that every user of that kind is in."""
    account = _account(name)
    if not groups and account:
        groups = (SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{account[0]}")
    everybody = UNAUTHENTICATED if name == ANONYMOUS else AUTHENTICATED
    if {AUTHENTICATED, UNAUTHENTICATED} & set(groups):
        return groups
    return (*groups, everybody)

"""Secrets of type kubernetes.io/service-account-token: filled with a token that does not expire.

Source: https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minikube8s.api.resources import SECRETS, SERVICEACCOUNTS, Resource
from minikube8s.controllers.actions import NOTHING, Delete, Patch, Plan, ref
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

Object = dict[str, Any]

TYPE = "kubernetes.io/service-account-token"
ACCOUNT_NAME = "kubernetes.io/service-account.name"
ACCOUNT_UID = "kubernetes.io/service-account.uid"

MakeToken = Callable[[Object, str], str]
"""Returns a token of an account, for the Secret of that name."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A Secret of the type, and the account that it names."""

    secret: Object
    account: Object | None


class TokenController:
    """Fills the Secrets of accounts; removes them with their account."""

    name = "serviceaccount-token"
    watches = (SECRETS, SERVICEACCOUNTS)

    def __init__(self, make: MakeToken, root_ca: str) -> None:
        self._make = make
        self._root_ca = root_ca

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[tuple[str, str]]:
        """Return the Secret, or all that name the account which came or went."""
        entry = event.entry
        if resource is SECRETS:
            return [(entry.namespace, entry.name)] if _account_of(entry) else []
        if event.type == "MODIFIED":
            return []
        secrets = reader.list(SECRETS, entry.namespace)
        return [(one.namespace, one.name) for one in secrets if _account_of(one) == entry.name]

    def read(self, reader: Reader, key: tuple[str, str]) -> Snapshot | None:
        """Return the Secret and its account, or None unless it is of the type."""
        entry = reader.find(SECRETS, *key)
        if entry is None or not (name := _account_of(entry)):
            return None
        account = reader.find(SERVICEACCOUNTS, key[0], name)
        return Snapshot(entry.object, None if account is None else account.object)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return what the Secret lacks, or its removal when its account is gone."""
        secret, account = snapshot.secret, snapshot.account
        target = ref(SECRETS, secret)
        metadata, data = secret["metadata"], secret.get("data") or {}
        named = metadata["annotations"].get(ACCOUNT_UID)
        if account is None or (named and named != account["metadata"]["uid"]):
            return Plan(deletes=(Delete(target),))
        wanted = {"namespace": _encoded(metadata["namespace"])}
        if self._root_ca:
            wanted["ca.crt"] = _encoded(self._root_ca)
        lacking = {key: value for key, value in wanted.items() if data.get(key) != value}
        if not data.get("token"):
            lacking["token"] = _encoded(self._make(account, metadata["name"]))
        if not lacking and named:
            return NOTHING
        annotations = {ACCOUNT_UID: account["metadata"]["uid"]}
        patch = {"metadata": {"annotations": annotations}, "data": lacking}
        return Plan(patches=(Patch(target, patch),))


def _account_of(entry: Entry) -> str:
    """Return the account whose token a Secret is to hold, empty for other Secrets."""
    secret = entry.object
    if secret.get("type") != TYPE:
        return ""
    name: str = secret["metadata"]["annotations"][ACCOUNT_NAME]
    return name


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()

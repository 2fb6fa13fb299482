"""`create role`, `clusterrole`, `rolebinding`, `clusterrolebinding`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from minikube8s.cli.changing import subjects
from minikube8s.cli.creating.generator import generator
from minikube8s.cli.errors import CommandError
from minikube8s.cli.making import access
from minikube8s.cli.making.base import Object, one_by_one
from minikube8s.cli.session import Session

_VERBS = click.option("--verb", "verbs", multiple=True, metavar="VERB,…", help="What is allowed.")
_RESOURCES = click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="RESOURCE,…",
    help="Kinds, also as KIND.GROUP or KIND/SUBRESOURCE.",
)
_NAMES = click.option(
    "--resource-name",
    "resource_names",
    multiple=True,
    metavar="NAME",
    help="Only the object of this name.",
)
_USERS = click.option(
    "--user", "users", multiple=True, metavar="NAME", help="A user to give the role to."
)
_GROUPS = click.option(
    "--group", "groups", multiple=True, metavar="NAME", help="A group to give the role to."
)
_ACCOUNTS = click.option(
    "--serviceaccount",
    "accounts",
    multiple=True,
    metavar="NAMESPACE:NAME",
    help="An account to give the role to.",
)


@generator("role")
@_VERBS
@_RESOURCES
@_NAMES
def role(session: Session, name: str, given: dict[str, Any]) -> Object:
    """What is allowed in a namespace: `mk8s create role look --verb=get,list --resource=pods`."""
    return access.role(name, _rules(session, given))


@generator("clusterrole")
@_VERBS
@_RESOURCES
@_NAMES
@click.option(
    "--non-resource-url",
    "urls",
    multiple=True,
    metavar="PATH,…",
    help="Paths of the API that are no objects.",
)
@click.option(
    "--aggregation-rule",
    default="",
    metavar="LABEL=VALUE,…",
    help="Take the rules of all roles with these labels.",
)
def clusterrole(session: Session, name: str, given: dict[str, Any]) -> Object:
    """What is allowed anywhere: `mk8s create clusterrole look --verb=get --resource=nodes`."""
    verbs, urls = one_by_one(given["verbs"]), one_by_one(given["urls"])
    if given["aggregation_rule"]:
        if verbs or urls or given["resources"] or given["resource_names"]:
            raise CommandError(
                "aggregation rule must be specified without nonResourceURLs, verbs, resources or "
                "resourceNames"
            )
        return access.aggregated_role(name, given["aggregation_rule"])
    if not verbs:
        raise CommandError("at least one verb must be specified: --verb=get,list")
    if not urls and not given["resources"]:
        raise CommandError("one of resource or nonResourceURL must be specified")
    url_rules = [access.url_rule(verbs, urls)] if urls else []
    return access.cluster_role(
        name, (_rules(session, given) if given["resources"] else []) + url_rules
    )


@generator("rolebinding")
@click.option("--role", default="", metavar="NAME", help="The role that is given.")
@click.option("--clusterrole", default="", metavar="NAME", help="… or this cluster role.")
@_USERS
@_GROUPS
@_ACCOUNTS
def rolebinding(session: Session, name: str, given: dict[str, Any]) -> Object:
    """Who has a role in a namespace: `mk8s create rolebinding look --role=look --user=jo`."""
    if bool(given["role"]) == bool(given["clusterrole"]):
        raise CommandError("exactly one of clusterrole or role must be specified")
    kind = "Role" if given["role"] else "ClusterRole"
    reference = given["role"] or given["clusterrole"]
    return access.binding("RoleBinding", name, kind, reference, _subjects(given))


@generator("clusterrolebinding")
@click.option("--clusterrole", required=True, metavar="NAME", help="The role that is given.")
@_USERS
@_GROUPS
@_ACCOUNTS
def clusterrolebinding(session: Session, name: str, given: dict[str, Any]) -> Object:
    """Who has a role anywhere: `mk8s create clusterrolebinding ops --clusterrole=x --user=jo`."""
    role_name = given["clusterrole"]
    return access.binding("ClusterRoleBinding", name, "ClusterRole", role_name, _subjects(given))


def _rules(session: Session, given: dict[str, Any]) -> list[Object]:
    verbs = one_by_one(given["verbs"])
    found = access.rules(
        verbs,
        one_by_one(given["resources"]),
        one_by_one(given["resource_names"]),
        session.kinds.by_word,
    )
    _warn(verbs)
    return found


def _warn(verbs: Sequence[str]) -> None:
    for verb in access.unusual(verbs):
        click.echo(f"Warning: '{verb}' is not a standard resource verb", err=True)


def _subjects(given: dict[str, Any]) -> list[Object]:
    flags = ("users", "groups", "accounts")
    return subjects.subjects(*(one_by_one(given[flag]) for flag in flags))

"""`create configmap` and `create secret`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from minikube8s.cli.command import group
from minikube8s.cli.creating.generator import generator
from minikube8s.cli.errors import CommandError
from minikube8s.cli.making import configs, files
from minikube8s.cli.making.base import Object
from minikube8s.cli.session import Session

_FILES = click.option(
    "--from-file",
    "sources",
    multiple=True,
    metavar="[KEY=]PATH",
    help="A file, or all of a folder.",
)
_LITERALS = click.option(
    "--from-literal", "literals", multiple=True, metavar="KEY=VALUE", help="A key and its value."
)
_ENV_FILES = click.option(
    "--from-env-file", "env_files", multiple=True, metavar="PATH", help="Lines of KEY=VALUE."
)
_HASH = click.option(
    "--append-hash", is_flag=True, help="Put a hash of the content behind the name."
)


@generator("configmap")
@_FILES
@_LITERALS
@_ENV_FILES
@_HASH
def configmap(session: Session, name: str, given: dict[str, Any]) -> Object:
    """A ConfigMap: `mk8s create configmap web --from-literal=color=blue --from-file=nginx.conf`."""
    return _ending(configs.config_map(name, _content("ConfigMap", name, given)), given)


@group("secret")
def secret() -> None:
    """A Secret: generic, tls or docker-registry."""


@generator("generic")
@_FILES
@_LITERALS
@_ENV_FILES
@_HASH
@click.option("--type", "type", default="", help="Its type, such as kubernetes.io/basic-auth.")
def generic(session: Session, name: str, given: dict[str, Any]) -> Object:
    """A Secret of files and values: `mk8s create secret generic db --from-literal=password=x`."""
    content = _content("Secret", name, given)
    return _ending(configs.secret(name, content, given["type"]), given)


@generator("tls")
@click.option("--cert", default="", metavar="PATH", help="The certificate, as PEM.")
@click.option("--key", default="", metavar="PATH", help="Its key, as PEM.")
@_HASH
def tls(session: Session, name: str, given: dict[str, Any]) -> Object:
    """A certificate and its key: `mk8s create secret tls web --cert=web.crt --key=web.key`."""
    if not given["cert"] or not given["key"]:
        raise CommandError("key and cert must be specified")
    certificate, key = (files.read(Path(given[flag])) for flag in ("cert", "key"))
    return _ending(configs.tls_secret(name, certificate, key), given)


@generator("docker-registry")
@click.option("--docker-server", default=configs.DOCKER_HUB, metavar="URL", help="The registry.")
@click.option("--docker-username", default="", metavar="NAME", help="Who logs in.")
@click.option("--docker-password", default="", metavar="WORD", help="With this password.")
@click.option("--docker-email", default="", metavar="ADDRESS", help="The user's address.")
@_FILES
@_HASH
def docker_registry(session: Session, name: str, given: dict[str, Any]) -> Object:
    """Who pulls images from a registry: --docker-server, --docker-username, --docker-password."""
    if given["sources"]:
        content = _registry_file(files.content("Secret", name, given["sources"], ()))
        return _ending(configs.secret(name, content, configs.REGISTRY_TYPE), given)
    who = [given[f"docker_{field}"] for field in ("server", "username", "password", "email")]
    if not all(who[:3]):
        raise CommandError(
            "either --from-file or the combination of --docker-username, --docker-password and "
            "--docker-server is required"
        )
    return _ending(configs.registry_secret(name, *who), given)


for _sub_command in (generic, tls, docker_registry):
    secret.add_command(_sub_command)


def _registry_file(content: files.Content) -> files.Content:
    """One file is taken for what docker writes, whatever its name."""
    if len(content) == 1:
        return {".dockerconfigjson": next(iter(content.values()))}
    return content


def _content(kind: str, name: str, given: dict[str, Any]) -> files.Content:
    if given["env_files"]:
        if given["sources"] or given["literals"]:
            raise CommandError("from-env-file cannot be combined with from-file or from-literal")
        return files.variables(kind, name, given["env_files"])
    return files.content(kind, name, given["sources"], given["literals"])


def _ending(obj: Object, given: dict[str, Any]) -> Object:
    """``obj``, with the hash of what it holds behind its name where that is wanted."""
    from minikube8s.cli.kustomizing.naming import content_hash

    if given["append_hash"]:
        name = obj["metadata"]["name"]
        obj["metadata"]["name"] = f"{name}-{content_hash(obj, name, {})}"
    return obj

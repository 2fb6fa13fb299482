"""What of a kubeconfig counts for one call: server, trust, identity, namespace. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig.loading import Entry, Kubeconfig

_FOR_PLUGINS = "client.authentication.k8s.io/exec"
"""The extension of a cluster that is handed on to plugins."""


class Overrides:
    """What the command line says instead of the kubeconfig; empty means nothing."""

    def __init__(
        self,
        *,
        context: str = "",
        cluster: str = "",
        user: str = "",
        namespace: str = "",
        server: str = "",
        tls_server_name: str = "",
        certificate_authority: str = "",
        insecure: bool = False,
        client_certificate: str = "",
        client_key: str = "",
        token: str = "",
        username: str = "",
        password: str = "",
        as_user: str = "",
        as_uid: str = "",
        as_groups: Sequence[str] = (),
    ) -> None:
        self.context = context
        self.cluster = cluster
        self.user = user
        self.namespace = namespace
        self.server = server
        self.tls_server_name = tls_server_name
        self.certificate_authority = certificate_authority
        self.insecure = insecure
        self.client_certificate = client_certificate
        self.client_key = client_key
        self.token = token
        self.username = username
        self.password = password
        self.as_user = as_user
        self.as_uid = as_uid
        self.as_groups = tuple(as_groups)


class Access:
    """How to reach one cluster as one user. Paths are absolute, data are bytes, empty is none.

    `sources` and `named_by` say in errors where all this and the server come from.
    `local`: it is the cluster of this machine's home. `seconds` is how long a request may take, 0
    for as long as is usual; `verbosity` is what `-v` says.
    """

    def __init__(self) -> None:
        self.context = self.cluster = self.user = self.namespace = ""
        self.sources = self.named_by = ""
        self.server = self.ca_file = self.tls_server_name = self.proxy_url = ""
        self.cert_file = self.key_file = self.token = self.token_file = ""
        self.username = self.password = self.as_user = self.as_uid = self.execute_origin = ""
        self.ca_data = self.cert_data = self.key_data = b""
        self.insecure, self.compressed, self.local = False, True, False
        self.seconds, self.verbosity = 0.0, 0
        self.as_groups: tuple[str, ...] = ()
        self.as_extra: dict[str, list[str]] = {}
        self.execute: dict[str, Any] = {}
        self.execute_config: Any = None


def choose(config: Kubeconfig, given: Overrides) -> Access:
    """What `given` and the context it names, or the current one, come to. Raises CommandError."""
    access = Access()
    access.sources = str(config.sources)
    access.context = given.context or config.current
    context = context_of(config, given.context)
    access.cluster = given.cluster or context.text("cluster")
    access.user = given.user or context.text("user")
    access.namespace = given.namespace or context.text("namespace")
    _take_cluster(access, config, given)
    _take_user(access, config, given)
    return access


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean "x"?)` where a known name is like `word`, else nothing."""
    import difflib

    near = difflib.get_close_matches(word, list(known), 1)
    return f' (did you mean "{near[0]}"?)' if near else ""


def context_of(config: Kubeconfig, named: str) -> Entry:
    """The context that is named, else the current one, else an empty one. Raises CommandError."""
    name = named or config.current
    found = config.find("contexts", name) if name else None
    if found is None and name:
        known = config.entries["contexts"]
        raise CommandError(
            f"context was not found for specified context: {name}{nearest(name, known)}. "
            f"{config.sources} has none of this name: see `mk8s config get-contexts`.",
            prefix="Error in configuration: ",
        )
    return found or Entry({}, config.sources.paths[0])


def _take_cluster(access: Access, config: Kubeconfig, given: Overrides) -> None:
    found = config.find("clusters", access.cluster)
    if found is None and not given.server:
        raise CommandError(_no_server(access, config))
    cluster = found or Entry({}, config.sources.paths[0])
    access.server = given.server or cluster.text("server")
    if given.server:
        access.named_by = "--server"
    else:
        access.named_by = f'the cluster "{access.cluster}" in {cluster.origin}'
    if not access.server:
        raise CommandError(f'no server found for cluster "{access.cluster}"')
    access.tls_server_name = given.tls_server_name or (
        "" if given.server else cluster.text("tls-server-name")
    )
    access.proxy_url = cluster.text("proxy-url")
    for extension in cluster.fields.get("extensions") or ():
        if isinstance(extension, dict) and extension.get("name") == _FOR_PLUGINS:
            access.execute_config = extension.get("extension")
    access.compressed = not cluster.fields.get("disable-compression")
    if given.insecure or given.certificate_authority:
        access.insecure, access.ca_file = bool(given.insecure), given.certificate_authority
    else:
        access.insecure = bool(cluster.fields.get("insecure-skip-tls-verify"))
        access.ca_file = cluster.path("certificate-authority")
        access.ca_data = _data(cluster, "certificate-authority-data")
    if access.insecure and (access.ca_file or access.ca_data):
        raise CommandError(
            "specifying a root certificates file with the insecure flag is not allowed"
        )


def _no_server(access: Access, config: Kubeconfig) -> str:
    if access.cluster:
        known = config.entries["clusters"]
        return (
            f'no server found for cluster "{access.cluster}"{nearest(access.cluster, known)}. '
            "See `mk8s config get-clusters`."
        )
    if access.context:
        return f'the context "{access.context}" names no cluster: see `mk8s config set-context`.'
    if not config.entries["contexts"]:
        return (
            f"there is no cluster to talk to: {access.sources} has no contexts. Create a cluster "
            "with `mk8s up`, or name one with --kubeconfig, --home or --server."
        )
    return (
        f"no context is current in {access.sources}: choose one of "
        f"{', '.join(list(config.entries['contexts'])[:5])} with `mk8s config use-context`."
    )


def _take_user(access: Access, config: Kubeconfig, given: Overrides) -> None:
    found = config.find("users", access.user)
    if found is None and access.user:
        known = config.entries["users"]
        raise CommandError(
            f'auth info "{access.user}" does not exist{nearest(access.user, known)}. '
            "See `mk8s config get-users`."
        )
    user = found or Entry({}, config.sources.paths[0])
    access.cert_file = user.path("client-certificate")
    access.cert_data = _data(user, "client-certificate-data")
    access.key_file, access.key_data = user.path("client-key"), _data(user, "client-key-data")
    if given.client_certificate:
        access.cert_file, access.cert_data = given.client_certificate, b""
    if given.client_key:
        access.key_file, access.key_data = given.client_key, b""
    access.token, access.token_file = user.text("token"), user.path("tokenFile")
    access.username, access.password = user.text("username"), user.text("password")
    if given.token or given.username or given.password:
        access.token, access.token_file = given.token, ""
        access.username, access.password = given.username, given.password
    else:
        access.execute = dict(user.fields.get("exec") or {})
        access.execute_origin = str(user.origin.absolute().parent)
        access.token = access.token or _provided(user, access)
    access.as_user = given.as_user or user.text("as")
    access.as_uid = given.as_uid or user.text("as-uid")
    access.as_groups = tuple(given.as_groups or user.fields.get("as-groups") or ())
    access.as_extra = dict(user.fields.get("as-user-extra") or {})
    _check_user(access)


def _check_user(access: Access) -> None:
    methods = [
        name
        for name, used in (
            ("token", access.token or access.token_file),
            ("basicAuth", access.username or access.password),
            ("exec", access.execute),
        )
        if used
    ]
    if len(methods) > 1 and methods[:2] != ["token", "exec"]:
        raise CommandError(
            f"more than one authentication method found for {access.user}; found "
            f"[{' '.join(methods)}], only one is allowed"
        )
    if (access.cert_file or access.cert_data) and not (access.key_file or access.key_data):
        raise CommandError(
            f"client-key-data or client-key must be specified for {access.user} to use the "
            "clientCert authentication method."
        )
    if (access.as_groups or access.as_uid or access.as_extra) and not access.as_user:
        raise CommandError(
            f"requesting uid, groups or user-extra for {access.user} without impersonating a "
            "user: say whom with --as."
        )


def _provided(user: Entry, access: Access) -> str:
    """The token that an auth-provider left in the file. Raises CommandError where there is none."""
    provider = user.fields.get("auth-provider")
    if not provider:
        return ""
    token = (provider.get("config") or {}).get("id-token")
    if provider.get("name") == "oidc" and token:
        return str(token)
    raise CommandError(
        f"the user {access.user} wants the auth-provider {provider.get('name')!r}, which "
        "Kubernetes removed: use an exec plugin instead, see `mk8s config set-credentials --help`."
    )


def _data(entry: Entry, field: str) -> bytes:
    return base64.b64decode(entry.text(field))

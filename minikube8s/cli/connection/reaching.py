"""Which cluster a call means: what its flags name, this machine's own, or a kubeconfig's.

In the order in which they count: `--kubeconfig` alone; the cluster of `--home` or MK8S_HOME, then
KUBECONFIG or ~/.kube/config; without these two, KUBECONFIG alone where it is set; else the cluster
in the usual home, then ~/.kube/config; in a pod that has none of these, its service account. The
kubeconfig of a cluster's home is read like any other: its current context decides unless another
one is named.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minikube8s.cli import durations
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig.choosing import Access, Overrides, choose, context_of
from minikube8s.cli.kubeconfig.loading import Sources, load
from minikube8s.cluster.places import Place

if TYPE_CHECKING:
    from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_FLAGS = {
    "context": "context",
    "cluster": "cluster",
    "user": "user",
    "namespace": "namespace",
    "server": "server",
    "tls_server_name": "tls_server_name",
    "certificate_authority": "certificate_authority",
    "insecure_skip_tls_verify": "insecure",
    "client_certificate": "client_certificate",
    "client_key": "client_key",
    "token": "token",
    "username": "username",
    "password": "password",
    "as": "as_user",
    "as_uid": "as_uid",
    "as_group": "as_groups",
}
"""Flag of the command line -> what it overrides."""


def access_of(flags: Mapping[str, Any]) -> Access:
    """The server and identity that the flags, the home and kubeconfigs come to."""
    sources = sources_of(flags)
    if not any(path.exists() for path in sources.paths) and not flags.get("server"):
        if not sources.explicit and (pods := in_cluster(os.environ)):
            return _with_limits(pods, flags)
        raise CommandError(_nothing(home_of(flags), sources))
    config = load(sources)
    given = {_FLAGS[flag]: value for flag, value in flags.items() if flag in _FLAGS}
    access = choose(config, Overrides(**given))
    found = config.find("clusters", access.cluster)
    own = home_of(flags).kubeconfig
    access.local = found is not None and found.origin == own and not given.get("server")
    return _with_limits(access, flags)


def in_cluster(environment: Mapping[str, str], folder: Path = _SERVICE_ACCOUNT) -> Access | None:
    """A pod's own cluster and service account, where this program runs in a pod."""
    host, port = (environment.get(f"KUBERNETES_SERVICE_{name}") for name in ("HOST", "PORT"))
    token = folder / "token"
    if not host or not port or not token.exists():
        return None
    access = Access()
    access.server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    access.ca_file, access.token_file = str(folder / "ca.crt"), str(token)
    access.sources = access.named_by = f"the service account in {folder}"
    access.namespace = _content(folder / "namespace")
    return access


def _content(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _with_limits(access: Access, flags: Mapping[str, Any]) -> Access:
    access.verbosity = flags.get("v") or 0
    access.seconds = _seconds(str(flags.get("request_timeout") or "0"))
    access.compressed = access.compressed and not flags.get("disable_compression")
    return access


def namespace_of(flags: Mapping[str, Any]) -> str:
    """The context's namespace, also where nothing says which cluster is meant; empty for none."""
    sources = sources_of(flags)
    if not any(path.exists() for path in sources.paths) and (found := in_cluster(os.environ)):
        return found.namespace
    config = load(sources)
    return context_of(config, str(flags.get("context") or "")).text("namespace")


def _seconds(text: str) -> float:
    try:
        return float(text) if text.isdigit() else durations.seconds(text)
    except ValueError:
        raise CommandError(
            "Invalid timeout value. Timeout must be a single integer in seconds, or an integer "
            "followed by a corresponding time unit (e.g. 1s | 2m | 3h)"
        ) from None


def home_of(flags: Mapping[str, Any]) -> Place:
    """The directory of this machine's cluster."""
    return Place.from_environment(flags.get("home"))


def sources_of(flags: Mapping[str, Any]) -> Sources:
    """The kubeconfigs that count."""
    if flags.get("kubeconfig"):
        return Sources.of(str(flags["kubeconfig"]), os.environ)
    users = Sources.of(None, os.environ)
    named = flags.get("home") or os.environ.get("MK8S_HOME")
    if os.environ.get("KUBECONFIG") and not named:
        return users
    home = home_of(flags)
    # another user's home is no more this user's than one that is not there
    with contextlib.suppress(PermissionError):
        if home.exists():
            return Sources(dict.fromkeys([home.kubeconfig, *users.paths]))
    return users


def of_home(home: Home) -> Access:
    """The administrator of the cluster in `home`, whatever a kubeconfig says."""
    try:
        settings = home.load()
    except (ClusterError, OSError) as error:
        raise CommandError(str(error)) from None
    access = Access()
    host = "127.0.0.1" if settings.listen == "0.0.0.0" else settings.listen
    access.server = f"https://{host}:{settings.api_port}"
    access.cluster, access.user, access.local = settings.name, f"{settings.name}-admin", True
    access.sources = access.named_by = str(home.path)
    access.ca_file = str(home.pki / "ca.crt")
    access.cert_file, access.key_file = str(home.pki / "admin.crt"), str(home.pki / "admin.key")
    return access


def of_node(home: Home) -> Access:
    """The node that this machine is in the cluster that it joined. Raises ClusterError."""
    from minikube8s.cluster.membership import joined

    known, files = joined.load(home), joined.files(home)
    if known is None:
        raise CommandError(f"{home.path} is no joined machine's: join first.")
    access = Access()
    access.server, access.cluster = f"https://{known.master}", known.name
    access.user = f"system:node:{known.node_name}"
    access.sources = access.named_by = str(home.path)
    access.ca_file = str(files.ca)
    access.cert_file, access.key_file = str(files.certificate), str(files.key)
    return access


def _nothing(home: Place, sources: Sources) -> str:
    if sources.explicit:
        return f"stat {sources}: no such file or directory. It is named by --kubeconfig."
    try:
        there = home.exists()
    except PermissionError:
        return f"The cluster in {home.path} belongs to root: use sudo, or a kubeconfig of your own."
    if there:
        return f"{home.kubeconfig} is missing: `mk8s up` makes it again."
    if home.is_joined():
        return (
            f"{home.path} is that of a node whose master is elsewhere: ask there, or name a "
            "kubeconfig of that cluster with --kubeconfig or KUBECONFIG."
        )
    return (
        f"There is no cluster in {home.path} and no kubeconfig at {sources}. Create a cluster "
        "with `mk8s up`, or name one with --home or --kubeconfig."
    )

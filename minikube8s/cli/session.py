"""Owns one call of mk8s: the flags that it was given, and the cluster that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikube8s.cli.connection.client import Client
    from minikube8s.cli.kubeconfig.choosing import Access
    from minikube8s.cli.naming.kinds import Kinds
    from minikube8s.cluster.config import Home


class Session:
    """What the global flags say. The client and what it knows are made when first asked for."""

    def __init__(self, flags: dict[str, Any] | None = None) -> None:
        self.flags = {} if flags is None else flags
        self._access: Access | None = None
        self._client: Client | None = None
        self._kinds: Kinds | None = None

    @property
    def client(self) -> Client:
        """The API server that is meant. Raises CommandError where there is none."""
        if self._client is None:
            from minikube8s.cli.connection.client import Client
            from minikube8s.cli.connection.wire import Wire

            self._client = Client(Wire(self.access))
        return self._client

    @property
    def warnings(self) -> int:
        """How many warnings of the server were told."""
        return 0 if self._client is None else self._client.warned

    @property
    def access(self) -> Access:
        """The server and identity that the flags and kubeconfigs come to. Raises CommandError."""
        if self._access is None:
            from minikube8s.cli.connection.reaching import access_of

            self._access = access_of(self.flags)
        return self._access

    @property
    def kinds(self) -> Kinds:
        """The kinds of objects that the server has."""
        if self._kinds is None:
            from minikube8s.cli.naming.kinds import Kinds

            self._kinds = Kinds(lambda: self.client)
        return self._kinds

    @property
    def namespace(self) -> str:
        """The namespace to act in: the one given, else the context's, else ``default``."""
        if self.namespace_given:
            return str(self.flags["namespace"])
        if self._access is None:
            from minikube8s.cli.connection.reaching import namespace_of

            return namespace_of(self.flags) or "default"
        return self._access.namespace or "default"

    @property
    def namespace_given(self) -> bool:
        """Whether the line itself names a namespace."""
        return bool(self.flags.get("namespace"))

    @property
    def home(self) -> Home:
        """The directory of the cluster on this machine."""
        from minikube8s.cluster.config import Home

        return Home.from_environment(self.flags.get("home"))

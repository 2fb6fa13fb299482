"""How the agent dials: TLS from PEM files, and gRPC's options.

Owns the channel's construction only. Reconnecting is `client`'s work, so gRPC's own is kept out.
"""

import ipaddress
from pathlib import Path
from typing import Protocol, TypeAlias

import grpc

MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes of one message. The master splits what is longer than 1 MiB, but not within an object."""

OPTIONS = (
    # A proxy of the environment is meant for the internet, not for the cluster.
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    # Each attempt is a new channel with its own connection: no hidden waiting state is shared.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
    ("grpc.service_config_disable_resolution", 1),
)


Channel: TypeAlias = grpc.aio.Channel


class LinkConfig(Protocol):
    """What the link needs of the agent's configuration; `ca`, `cert`, `key` are PEM files."""

    @property
    def node(self) -> str:
        """The Node's name, as in the certificate."""

    @property
    def master(self) -> str:
        """`host:port` of the master's agent port."""

    @property
    def ca(self) -> str:
        """The file of the cluster's authority."""

    @property
    def cert(self) -> str:
        """The file of the node's certificate."""

    @property
    def key(self) -> str:
        """The file of the certificate's key."""


def target(master: str) -> str:
    """gRPC's name of `host:port`; plain addresses need no resolver."""
    host, _, port = master.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return f"dns:///{master}"
    return f"ipv4:{address}:{port}" if address.version == 4 else f"ipv6:[{address}]:{port}"


def dial(config: LinkConfig) -> Channel:
    """A new channel; it connects with its first call. Raises OSError for unreadable files.

    The files are read each time: a renewed certificate counts from the next connection on.
    """
    ca, key, cert = (Path(one).read_bytes() for one in (config.ca, config.key, config.cert))
    return secured(config.master, ca, key, cert)


def secured(master: str, ca: bytes, key: bytes, cert: bytes) -> Channel:
    """A new channel to `host:port`, with the authority's, the key's and the node's PEM."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=ca, private_key=key, certificate_chain=cert
    )
    return grpc.aio.secure_channel(target(master), credentials, options=OPTIONS)

"""Owns TLS: whom a client trusts and what it shows of itself, and what went wrong in words."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from minikube8s.cli.errors import CommandError

if TYPE_CHECKING:
    from minikube8s.cli.kubeconfig.choosing import Access

_EXPIRED = 10
_NOT_YET_VALID = 9


def context_of(access: Access) -> ssl.SSLContext:
    """The TLS settings for a server and a user. Raises CommandError for what cannot be read."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.insecure:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    else:
        _trust(made, access)
    if access.cert_file or access.cert_data:
        certificate = access.cert_data or _read(access.cert_file, "client-cert", access.user)
        key = access.key_data or _read(access.key_file, "client-key", access.user)
        show(made, certificate, key)
    return made


def show(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Let the client show a certificate, both in PEM. Raises CommandError."""
    try:
        with _as_file(certificate) as one, _as_file(key) as other:
            context.load_cert_chain(one, other, password=_no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CommandError("tls: private key does not match public key") from None
        why = f" ({error.reason})" if error.reason else ""
        raise CommandError(
            f"tls: the client certificate or its key is no PEM that can be used{why}"
        ) from None


def _no_password() -> str:
    raise CommandError(
        "tls: the client key is encrypted: kubeconfigs have no place for its password, so name a "
        "key without one."
    )


def _trust(context: ssl.SSLContext, access: Access) -> None:
    data = access.ca_data or (
        _read(access.ca_file, "certificate-authority", access.cluster) if access.ca_file else b""
    )
    if not data:
        context.load_default_certs()
        return
    try:
        context.load_verify_locations(cadata=data.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError):
        raise CommandError(
            f"unable to load root certificates: those of the cluster {access.cluster or '?'} are "
            f"no PEM certificates ({access.ca_file or 'certificate-authority-data'})."
        ) from None


def _read(path: str, what: str, whose: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CommandError(
            f"unable to read {what} {path} for {whose or 'this call'}: {error.strerror}."
        ) from None


@contextlib.contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """A path to `data` in memory, because OpenSSL wants files: a key never reaches the disk."""
    descriptor = os.memfd_create("mk8s", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def refusal(error: ssl.SSLError, access: Access, host: str, port: int) -> str:
    """Why TLS failed, as a sentence with the way out."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "Unable to connect to the server: tls: failed to verify certificate: x509: " + (
            _unverified(error, access, host, port)
        )
    reason = error.reason or ""
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return (
            f"Unable to connect to the server: {host}:{port} speaks no TLS (http: server gave HTTP "
            "response to HTTPS client). If that is meant, its address begins with http://."
        )
    if ended := client_certificate_end(access):
        return f"Unable to connect to the server: {ended}"
    words = reason.replace("_", " ").lower() or str(error)
    if "alert" in words and (access.cert_file or access.cert_data):
        return (
            "Unable to connect to the server: it does not take the client certificate of user "
            f'"{access.user}" (tls: {words}): it may be that of another cluster, see '
            f"{access.sources}."
        )
    return f"Unable to connect to the server: tls: {words}."


def _unverified(error: ssl.SSLCertVerificationError, access: Access, host: str, port: int) -> str:
    if error.verify_code in {_EXPIRED, _NOT_YET_VALID}:
        return (
            "certificate has expired or is not yet valid: "
            f"{_server_end(host, port)}{renewal(access)}"
        )
    if "mismatch" in error.verify_message.lower():
        return (
            f"the server's certificate is not for {access.tls_server_name or host} "
            f"({error.verify_message.rstrip('.')}). Use a name that it has, with --server or "
            "--tls-server-name."
        )
    return (
        f"certificate signed by unknown authority: {host}:{port} is not the cluster "
        f"{access.cluster or 'that was meant'}, or its certificate-authority in "
        f"{access.sources or 'the kubeconfig'} is that of another one."
    )


def _server_end(host: str, port: int) -> str:
    """When the server's certificate ends, asked for once more, without trusting it."""
    import socket

    from minikube8s.cli.kubeconfig.validity import of_der

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), 5) as plain,
            context.wrap_socket(plain, server_hostname=host) as wrapped,
        ):
            begin, end = of_der(wrapped.getpeercert(binary_form=True) or b"")
    except (OSError, ValueError, IndexError):
        return "the server's certificate is not valid now. "
    return f"the server's certificate is valid from {begin:%FT%TZ} to {end:%FT%TZ}. "


def client_certificate_end(access: Access) -> str:
    """A sentence about the client's certificate where its time is over, else nothing."""
    import datetime

    from minikube8s.cli.kubeconfig.validity import validity

    data = access.cert_data
    if not data and access.cert_file:
        with contextlib.suppress(OSError):
            data = Path(access.cert_file).read_bytes()
    dates = validity(data)
    if dates is None or dates[1] > datetime.datetime.now(datetime.UTC):
        return ""
    return (
        f'the client certificate of user "{access.user}" expired at {dates[1]:%FT%TZ}. '
        f"{renewal(access)}"
    )


def renewal(access: Access) -> str:
    """How somebody gets a certificate that is valid."""
    if access.local:
        return "Renew it with `mk8s up`."
    return (
        f"Get a kubeconfig with a valid one from the cluster's administrator "
        f"({access.sources or 'it came from the command line'})."
    )

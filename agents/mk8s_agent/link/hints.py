"""What gRPC says of a connection that did not come about, in words for people. Pure."""

_HINTS = (
    (
        "certificate is not yet valid",
        "the master's certificate is not valid yet by this machine's clock: set both machines' "
        "clocks right (`timedatectl set-ntp true`)",
    ),
    (
        "certificate has expired",
        "the master's certificate has expired by this machine's clock: see both machines' clocks, "
        "then run `mk8s down` and `mk8s up` on the master",
    ),
    (
        "Hostname Verification Check failed",
        "the master's certificate does not name that host: run `mk8s down` and "
        "`mk8s up --server-names {host}` there",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "who answers there is not the master of this node's cluster: the cluster was made anew, or "
        "another one has that address",
    ),
)


def explained(details: str, master: str) -> str:
    """The details of a failure, with what they mean before them where that is known."""
    host = master.rpartition(":")[0]
    found = (hint for sign, hint in _HINTS if sign in details)
    hint = next(found, "")
    return f"{hint.format(host=host)} ({details})" if hint else details

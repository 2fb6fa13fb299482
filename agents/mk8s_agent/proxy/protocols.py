"""Which protocols the kernel can lead somewhere else: those whose connections it tracks by port."""

from pathlib import Path

_SETTINGS = Path("/proc/sys/net/netfilter")
_ANY = "nf_conntrack_max"
_SCTP = "nf_conntrack_sctp_timeout_established"


def can_lead(protocol: str) -> bool:
    """Whether rules for `protocol` (tcp, udp, sctp) do what they say on this node.

    A kernel without SCTP takes them and ignores the ports. One that tracks nothing yet tells
    nothing: then it is trusted.
    """
    if protocol != "sctp" or not (_SETTINGS / _ANY).exists():
        return True
    return (_SETTINGS / _SCTP).exists()

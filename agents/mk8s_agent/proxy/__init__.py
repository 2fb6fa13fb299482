"""Services as one nftables table: a pure rule builder and one applier.

The only package that knows nftables; `mk8s_agent.network` uses its wrapper for the firewall.
"""

from mk8s_agent.proxy.service_proxy import ServiceProxy

__all__ = ["ServiceProxy"]

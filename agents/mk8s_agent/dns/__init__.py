"""Cluster DNS of one node: names of Services answered here, all others by the host's resolvers."""

from mk8s_agent.dns.service import ClusterDns

__all__ = ["ClusterDns"]

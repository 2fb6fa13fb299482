"""The master's end of the gRPC link, and the life cycle of nodes.

`links.NodeLinks` is what the master starts. This module imports nothing, so that `nodes.config`
costs no gRPC.
"""

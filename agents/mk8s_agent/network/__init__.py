"""Pod networks: links, addresses, routes. The only package that knows netlink.

It works in whatever network namespace the agent was started in: that namespace is the node.
"""

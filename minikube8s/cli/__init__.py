"""The command line `mk8s`: kubectl's grammar and columns, and the cluster's own life cycle.

Imports lazily: `mk8s get pods` answers within 150 ms.
"""

"""The lab: nodes that are network namespaces of one machine, joined by a bridge.

A program of its own, `python -m mk8s_agent.lab`: it makes the kernel agree with a file and ends.
"""

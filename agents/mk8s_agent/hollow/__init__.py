"""Many nodes without machines: real sessions with the master, containers in memory.

A program of its own, for simulated clusters. What a hollow node says to the master, and how it
takes in what it is told, is the ordinary agent's code (`link`, `assignments`, `pods/status`); its
engine is `runtime/fake`. Nothing of the kernel is touched: no network, no volumes, no probes.
"""

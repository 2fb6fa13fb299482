"""Simulated clusters: the real master, and hollow nodes that have no machines.

Their home is like any cluster's, with `simulation.json` beside its settings. Neither Docker nor
root is needed, because nothing of the kernel is touched.
"""

"""Changes of objects that verbs make: pure functions over objects, one module a sort of change.

Only `chosen.py`, `patching.py` and `listing.py` ask the server.
"""

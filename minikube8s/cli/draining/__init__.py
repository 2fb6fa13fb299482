"""Emptying nodes: which pods go, pure in `choice.py`, and how, in `evicting.py`."""

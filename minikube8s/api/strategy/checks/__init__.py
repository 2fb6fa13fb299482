"""Validation of the parts that kinds share. Each check returns causes; empty means valid."""

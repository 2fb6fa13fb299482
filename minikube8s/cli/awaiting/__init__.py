"""Waiting until objects are as somebody wants them: what is wanted, and watching for it."""

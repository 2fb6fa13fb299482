"""Talking to an API server: which one, as whom, over which wire, and what its refusals mean."""

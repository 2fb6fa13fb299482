"""Machines that join another machine's cluster, and leave it."""

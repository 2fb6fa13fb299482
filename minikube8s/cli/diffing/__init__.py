"""Comparing what is in the cluster with what it would be after an apply."""

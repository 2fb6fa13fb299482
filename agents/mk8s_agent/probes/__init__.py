"""Probes: asking containers how they are, and what follows from the answers."""

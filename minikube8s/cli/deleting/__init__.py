"""Deleting objects: what is asked of the server, and waiting until they are gone."""

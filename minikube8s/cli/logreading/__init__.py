"""Logs of containers: which ones are meant, what is asked of the server, and how they are shown."""

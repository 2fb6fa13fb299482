"""Copying files to and from containers, by the tar that is in their image."""

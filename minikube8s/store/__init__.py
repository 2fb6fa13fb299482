"""Revisioned storage and the watch cache above it. The only room that knows SQLite."""

"""Kinds whose objects are made when they are asked for, from something else than the store."""

"""Changing objects in an editor: what it is given, what comes back, and again where that is wrong."""

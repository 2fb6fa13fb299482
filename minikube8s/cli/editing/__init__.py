"""Changing objects in an editor: what it is given, what comes back, again where that is wrong."""

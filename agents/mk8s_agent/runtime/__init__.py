"""The container engine behind one protocol: the only package that knows Docker."""

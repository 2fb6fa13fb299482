"""A way to the API without credentials, for programs on this machine: `mk8s proxy`."""

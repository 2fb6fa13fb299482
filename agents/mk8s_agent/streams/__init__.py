"""exec, attach and port-forward: the master's streams, led into containers and pods."""

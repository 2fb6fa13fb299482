"""Pods that a command line makes: what `mk8s run` sends, and how it talks with what it started."""

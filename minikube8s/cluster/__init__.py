"""Bringing a cluster up and down: settings, certificates, daemons. The only room that starts
processes; it composes the master's parts and knows the agent only as a command line."""

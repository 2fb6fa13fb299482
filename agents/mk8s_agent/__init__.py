"""The agent of one node: pods as Docker containers, their network, the Services' rules."""

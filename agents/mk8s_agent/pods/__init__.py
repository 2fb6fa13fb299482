"""Pods on this node: one worker a pod, which compares what is wanted with what runs."""

"""Kubeconfig files as kubectl reads and writes them: which, merged how, and what they choose.

Form: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.
"""

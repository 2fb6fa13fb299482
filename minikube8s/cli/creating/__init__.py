"""`create KIND NAME`: what the verbs' flags say, made by `cli/making`, sent or printed."""

_HERE = "minikube8s.cli.creating"

GENERATORS = {
    "clusterrole": f"{_HERE}.access",
    "clusterrolebinding": f"{_HERE}.access",
    "configmap": f"{_HERE}.configs",
    "cronjob": f"{_HERE}.workloads",
    "deployment": f"{_HERE}.workloads",
    "ingress": f"{_HERE}.services",
    "job": f"{_HERE}.workloads",
    "namespace": f"{_HERE}.policies",
    "poddisruptionbudget": f"{_HERE}.policies",
    "priorityclass": f"{_HERE}.policies",
    "quota": f"{_HERE}.policies",
    "role": f"{_HERE}.access",
    "rolebinding": f"{_HERE}.access",
    "secret": f"{_HERE}.configs",
    "service": f"{_HERE}.services",
    "serviceaccount": f"{_HERE}.policies",
    "token": f"{_HERE}.tokens",
}
"""Sub-command of `create` -> the module that holds it under its name."""

ALIASES = {
    "cm": "configmap",
    "cj": "cronjob",
    "deploy": "deployment",
    "ing": "ingress",
    "ns": "namespace",
    "pdb": "poddisruptionbudget",
    "pc": "priorityclass",
    "resourcequota": "quota",
    "svc": "service",
    "sa": "serviceaccount",
}

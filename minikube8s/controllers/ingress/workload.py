"""The objects that serve Ingresses: nginx as a Deployment, its configuration, its Service. Pure.

Configuration and certificates carry a hash in their names and never change: a change of the rules
makes new ones, and the Deployment rolls over to them while the old pods go on with theirs.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from minikube8s.controllers.ingress.nginx import CERTIFICATES, HEALTH, HTTP, HTTPS
from minikube8s.controllers.ingress.routing import Pair

NAMESPACE, NAME = "kube-system", "ingress-nginx"
LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/managed-by": "mk8s"}
TEMPLATE = "mk8s.io/template"
"""On the Deployment: the hash of what it was made from."""
TOLD = "mk8s.io/told"
"""On the Deployment: the hash of the problems that were told."""
DRAIN = 5
"""Seconds that a pod goes on accepting connections while it leaves the Service everywhere."""
GRACE = 60
"""Seconds that its last requests may take, the draining included."""
START_SECONDS = 60
"""So long may a pod take to its start, its image's pull included, until the users are told."""
_USER = 101

Json = dict[str, Any]


def config_name(configuration: str) -> str:
    """Return the name of ConfigMap and Secret; the text names certificates by their content."""
    return f"{NAME}-{digest(configuration)}"


def digest(value: Any) -> str:
    """Return a short hash of a JSON value."""
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=5).hexdigest()


def config_map(configuration: str) -> Json:
    """Return the ConfigMap with nginx's configuration."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(config_name(configuration)),
        "immutable": True,
        "data": {"nginx.conf": configuration},
    }


def secret(configuration: str, pairs: Mapping[str, Pair]) -> Json:
    """Return the Secret with certificates and keys."""
    files = {f"{name}.crt": pair.certificate for name, pair in pairs.items()}
    files |= {f"{name}.key": pair.key for name, pair in pairs.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(config_name(configuration)),
        "immutable": True,
        "type": "Opaque",
        "data": {name: b64encode(text.encode()).decode() for name, text in sorted(files.items())},
    }


def account() -> Json:
    """Return the ServiceAccount, which has no rights."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(NAME),
        "automountServiceAccountToken": False,
    }


def service() -> Json:
    """Return the Service by which clients reach nginx."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(NAME),
        "spec": {
            "type": "LoadBalancer",
            "selector": LABELS,
            "ports": [
                {"name": "http", "port": 80, "protocol": "TCP", "targetPort": HTTP},
                {"name": "https", "port": 443, "protocol": "TCP", "targetPort": HTTPS},
            ],
        },
    }


def deployment(image: str, name: str) -> Json:
    """Return the Deployment whose pods use ConfigMap and Secret `name`.

    How many pods there are is left to the users; no old ReplicaSet is kept, because what its pods
    were configured with goes, too.
    """
    spec: Json = {
        "selector": {"matchLabels": LABELS},
        "revisionHistoryLimit": 0,
        "progressDeadlineSeconds": START_SECONDS,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        "template": {"metadata": {"labels": LABELS}, "spec": _pod(image, name)},
    }
    metadata = _metadata(NAME)
    metadata["annotations"] = {TEMPLATE: digest(spec)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def _metadata(name: str) -> Json:
    return {"name": name, "namespace": NAMESPACE, "labels": dict(LABELS)}


def _pod(image: str, name: str) -> Json:
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE,
        "os": {"name": "linux"},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(image)],
        "volumes": [
            {"name": "config", "configMap": {"name": name}},
            {"name": "tls", "secret": {"secretName": name, "defaultMode": 0o440}},
            {"name": "scratch", "emptyDir": {}},
        ],
    }


def _container(image: str) -> Json:
    # Where nginx keeps its temporary files depends on who built it.
    scratch = ("/tmp", "/var/cache/nginx", "/var/lib/nginx")
    return {
        "name": "nginx",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["nginx", "-e", "stderr", "-c", "/etc/mk8s/nginx/nginx.conf"],
        "ports": [
            {"name": "http", "containerPort": HTTP, "protocol": "TCP"},
            {"name": "https", "containerPort": HTTPS, "protocol": "TCP"},
        ],
        "readinessProbe": {
            "httpGet": {"path": "/healthz", "port": HEALTH},
            "periodSeconds": 2,
            "failureThreshold": 3,
        },
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": HEALTH},
            "periodSeconds": 20,
            "timeoutSeconds": 5,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN}}, "stopSignal": "SIGQUIT"},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/mk8s/nginx", "readOnly": True},
            {"name": "tls", "mountPath": CERTIFICATES, "readOnly": True},
            *({"name": "scratch", "mountPath": path} for path in scratch),
        ],
    }

"""Which Kubernetes the server and the command line say they are. Pure."""

from __future__ import annotations

import platform

from minikube8s import __version__

KUBERNETES_MAJOR = "1"
KUBERNETES_MINOR = "36"
GIT_VERSION = f"v{KUBERNETES_MAJOR}.{KUBERNETES_MINOR}.0+mk8s.{__version__}"

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}


def version_document() -> dict[str, str]:
    """Return the answer to /version, in the fields of Kubernetes' version.Info."""
    machine = platform.machine()
    return {
        "major": KUBERNETES_MAJOR,
        "minor": KUBERNETES_MINOR,
        "gitVersion": GIT_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}",
        "compiler": platform.python_implementation(),
        "platform": f"{platform.system().lower()}/{_ARCHITECTURES.get(machine, machine)}",
    }

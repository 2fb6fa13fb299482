"""The files that the agent makes for each pod.

/etc/hosts and /etc/resolv.conf, under its state directory.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from minikube8s.api.views import Pod
from minikube8s.api.views.pods import HostAlias
from mk8s_agent.pods.dns import ClusterDns, resolv_conf
from mk8s_agent.runtime.interface import Mount

_LOCAL_HOSTS = """# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""
_HOST_NETWORK_HEAD = "# Kubernetes-managed hosts file (host network).\n"
_RESOLV_CONF = Path("/etc/resolv.conf")
_RESOLVED_UPSTREAMS = Path("/run/systemd/resolve/resolv.conf")
_NAMES = ("hosts", "resolv.conf")
_STUB = "nameserver 127.0.0.53"


def host_name(pod: Pod) -> str:
    """What `hostname` says in the pod, cut to what the kernel takes."""
    return (pod.spec.hostname or pod.metadata.name)[:63].rstrip("-.")


def hosts_text(pod: Pod, address: str, domain: str, host_file: str) -> str:
    """The pod's /etc/hosts. Pure; `host_file` is the host's, used in the host's network only."""
    if pod.spec.host_network:
        return _HOST_NETWORK_HEAD + host_file + _aliases(pod.spec.host_aliases)
    name = host_name(pod)
    names = name
    if pod.spec.subdomain:
        names = f"{name}.{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{domain}\t{name}"
    return f"{_LOCAL_HOSTS}{address}\t{names}\n{_aliases(pod.spec.host_aliases)}"


def _aliases(aliases: Iterable[HostAlias]) -> str:
    lines = ["\t".join([one.ip, *one.hostnames]) + "\n" for one in aliases]
    return "".join(["\n# Entries added by HostAliases.\n", *lines]) if lines else ""


class PodFiles:
    """The directory of every pod's files below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, pod: Pod, address: str, cluster: ClusterDns) -> None:
        """Make the pod's files, or make them anew. Raises OSError."""
        directory = self._directory(pod.metadata.uid)
        directory.mkdir(parents=True, exist_ok=True)
        hosts = hosts_text(pod, address, cluster.domain, _read(Path("/etc/hosts")))
        (directory / "hosts").write_text(hosts)
        (directory / "resolv.conf").write_text(resolv_conf(pod, cluster, _host_resolv_conf()))

    def mounts(self, uid: str) -> tuple[Mount, ...]:
        """Where the files appear in each of the pod's containers."""
        directory = self._directory(uid)
        return tuple(Mount(source=str(directory / name), target=f"/etc/{name}") for name in _NAMES)

    def remove(self, uid: str) -> None:
        """Remove what was made for the pod; nothing there is success. Raises OSError."""
        directory = self._directory(uid)
        for name in _NAMES:
            (directory / name).unlink(missing_ok=True)
        if directory.exists():
            directory.rmdir()

    def _directory(self, uid: str) -> Path:
        return self._root / uid


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _host_resolv_conf() -> str:
    """The host's resolver, or the one behind its local stub, which no pod could reach."""
    text = _read(_RESOLV_CONF)
    return (_read(_RESOLVED_UPSTREAMS) or text) if _STUB in text else text

"""The files that the agent makes for each pod, and those that it reads for them.

/etc/hosts and /etc/resolv.conf, under its state directory; the node's seccomp profiles.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from minikube8s.api.views import Pod
from minikube8s.api.views.pods import HostAlias
from mk8s_agent.dns.resolvconf import HostResolver
from mk8s_agent.pods.dns import ClusterDns, resolver_of
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.vocabulary import Mount

_LOCAL_HOSTS = """# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""
_HOST_NETWORK_HEAD = "# Kubernetes-managed hosts file (host network).\n"
_KERNEL_NAME_LENGTH = 64
_NAMES = ("hosts", "resolv.conf")


def host_name(pod: Pod, domain: str) -> str:
    """What `hostname` says in the pod, cut to what Kubernetes' names take. Raises RuntimeFault.

    With setHostnameAsFQDN it is the whole name, which is not cut: the kernel may refuse it.
    """
    name, zone = _names(pod, domain)
    if not pod.spec.set_hostname_as_fqdn or not zone:
        return name
    whole = f"{name}.{zone}"
    if len(whole) > _KERNEL_NAME_LENGTH:
        raise RuntimeFault(
            "Failed to construct FQDN from pod hostname and cluster domain, FQDN "
            f"{whole} is too long ({_KERNEL_NAME_LENGTH} characters is the max, "
            f"{len(whole)} characters requested)"
        )
    return whole


def _names(pod: Pod, domain: str) -> tuple[str, str]:
    """The pod's own name, and the zone that it has one in; empty for none."""
    spec = pod.spec
    if spec.hostname_override is not None:
        return spec.hostname_override, ""
    name = (spec.hostname or pod.metadata.name)[:63].rstrip("-.")
    zone = f"{spec.subdomain}.{pod.metadata.namespace}.svc.{domain}" if spec.subdomain else ""
    return name, zone


def hosts_text(pod: Pod, addresses: Iterable[str], domain: str, host_file: str) -> str:
    """The pod's /etc/hosts. Pure; `host_file` is the host's, used in the host's network only."""
    if pod.spec.host_network:
        return _HOST_NETWORK_HEAD + host_file + _aliases(pod.spec.host_aliases)
    name, zone = _names(pod, domain)
    names = f"{name}.{zone}\t{name}" if zone else name
    own = "".join(f"{address}\t{names}\n" for address in addresses)
    return f"{_LOCAL_HOSTS}{own}{_aliases(pod.spec.host_aliases)}"


def _aliases(aliases: Iterable[HostAlias]) -> str:
    lines = ["\t".join([one.ip, *one.hostnames]) + "\n" for one in aliases]
    return "".join(["\n# Entries added by HostAliases.\n", *lines]) if lines else ""


class PodFiles:
    """The directory of every pod's files below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._host = HostResolver()

    def write(self, pod: Pod, addresses: Iterable[str], cluster: ClusterDns) -> tuple[str, ...]:
        """Make the pod's files, or make them anew.

        Returns what people must be told of the pod's resolver. Raises OSError.
        """
        directory = self._directory(pod.metadata.uid)
        directory.mkdir(parents=True, exist_ok=True)
        hosts = hosts_text(pod, addresses, cluster.domain, _read(Path("/etc/hosts")))
        (directory / "hosts").write_text(hosts)
        resolver, complaints = resolver_of(pod, cluster, self._host.read())
        (directory / "resolv.conf").write_text(resolver.text())
        return complaints

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


class SeccompProfiles:
    """The node's own profiles, which an administrator puts below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str) -> str:
        """The profile's JSON; empty for no name. Raises RuntimeFault."""
        if not name:
            return ""
        path = self._root / name
        try:
            return path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise RuntimeFault(
                f'cannot load seccomp profile "{path}": open {path}: {str(why).lower()}'
            ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""

"""What each image is made of: packages, files of its own, and how it runs. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_NGINX_CONFIGURATION = """\
user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log /dev/stderr notice;
events { worker_connections 512; }
http {
    types { text/html html; text/css css; }
    default_type application/octet-stream;
    access_log /dev/stdout;
    server {
        listen 80;
        add_header X-Image-Version "VERSION";
        root /usr/share/nginx/html;
    }
}
"""

_NGINX_PAGE = """\
<!DOCTYPE html>
<html>
<head><title>Welcome to nginx!</title></head>
<body>
<h1>Welcome to nginx!</h1>
<p>This page comes from the image nginx:VERSION.</p>
</body>
</html>
"""


@dataclass(frozen=True)
class Image:
    """One image: ``files`` maps paths to contents, ``links`` paths to targets."""

    packages: tuple[str, ...]
    command: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ("tmp", "proc", "sys", "dev", "run", "root", "var/tmp")
    ports: tuple[int, ...] = ()


def _nginx(version: str) -> Image:
    return Image(
        packages=("nginx-light", "bash", "dash", "coreutils"),
        command=("nginx", "-g", "daemon off;"),
        files={
            "etc/nginx/nginx.conf": _NGINX_CONFIGURATION.replace("VERSION", version),
            "usr/share/nginx/html/index.html": _NGINX_PAGE.replace("VERSION", version),
            "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\n",
            "etc/group": "root:x:0:\nwww-data:x:33:\n",
        },
        folders=(*Image.folders, "var/log/nginx", "var/lib/nginx"),
        ports=(80,),
    )


# answers every TCP connection and UDP packet to port 8080 with `<pod> <client's address>`, and
# gives back on port 8081 what it gets for as long as the client likes
_ECHO = """\
#!/bin/sh
trap 'exit 0' TERM
read -r name </etc/hostname
export name
socat TCP-LISTEN:8080,fork,reuseaddr,backlog=512 'SYSTEM:echo $name $SOCAT_PEERADDR' &
socat UDP-RECVFROM:8080,fork 'SYSTEM:read -r question; echo $name $SOCAT_PEERADDR' &
socat TCP-LISTEN:8081,fork,reuseaddr,backlog=512 PIPE &
wait
"""

# the tutorial's reader types `apt-get install curl -y`: here it is already
_APT_GET = """\
#!/bin/sh
[ "$1" = update ] && echo "apt-get: this image stands in for ubuntu:16.04 and has no lists" && exit
for word; do
    case $word in
    install | -*) ;;
    *) command -v "$word" && continue; echo "apt-get: this stand-in has no $word" >&2; exit 100 ;;
    esac
done
"""

_ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}

CATALOG: Mapping[str, Image] = {
    "nginx:latest": _nginx("latest"),
    "nginx:1.10": _nginx("1.10"),
    "nginx:1.11": _nginx("1.11"),
    "ubuntu:16.04": Image(
        packages=("bash", "coreutils", "curl", "dash", "grep", "sed", "hostname", "procps"),
        command=("/bin/bash",),
        files={**_ACCOUNTS, "usr/bin/apt-get": _APT_GET},
    ),
    "echo:latest": Image(
        packages=("socat", "dash"),
        command=("/bin/sh", "/echo"),
        files={**_ACCOUNTS, "echo": _ECHO},
        ports=(8080, 8081),
    ),
    "busybox:latest": Image(
        packages=("busybox-static",),
        command=("sh",),
        files=_ACCOUNTS,
    ),
}

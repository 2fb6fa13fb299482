"""From what hosts serve to nginx's configuration. Pure.

Hosts, addresses and ports were checked before; paths may hold anything printable and are quoted.
Nothing else of an Ingress comes into the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from minikube8s.controllers.ingress.routing import Host, Pair, Place, Target

HTTP, HTTPS, HEALTH = 8080, 8443, 10254
"""The ports inside the pod: above 1023, so that nobody has to be root."""
CERTIFICATES = "/etc/mk8s/tls"

_HEAD = f"""\
# Written by mk8s from the cluster's Ingresses.
daemon off;
pid /tmp/nginx.pid;
error_log stderr notice;
worker_processes 2;
worker_shutdown_timeout 30s;
events {{ worker_connections 4096; }}
http {{
    access_log /dev/stdout;
    server_tokens off;
    absolute_redirect off;
    server_names_hash_bucket_size 512;
    server_names_hash_max_size 8192;
    variables_hash_bucket_size 128;
    client_max_body_size 0;
    client_header_timeout 30s;
    large_client_header_buffers 4 32k;
    map $http_upgrade $mk8s_connection {{ default upgrade; "" close; }}
    map $http_host $mk8s_host {{ default $http_host; "" $host; }}
    map $scheme $mk8s_port {{ default 80; https 443; }}
    proxy_http_version 1.1;
    proxy_connect_timeout 5s;
    proxy_read_timeout 1h;
    proxy_send_timeout 1h;
    proxy_request_buffering off;
    proxy_max_temp_file_size 0;
    proxy_buffer_size 16k;
    proxy_buffers 8 16k;
    proxy_redirect off;
    proxy_set_header Host $mk8s_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $mk8s_connection;
    proxy_set_header X-Request-ID $request_id;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Host $mk8s_host;
    proxy_set_header X-Forwarded-Port $mk8s_port;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Scheme $scheme;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:mk8s:5m;
    server {{
        listen {HEALTH};
        access_log off;
        location = /healthz {{ return 200; }}
        location / {{ return 404; }}
    }}
"""


def render(hosts: Sequence[Host]) -> str:
    """Return the whole configuration."""
    named = [host for host in hosts if host.name]
    default = next((host for host in hosts if not host.name), Host(""))
    lines = [_line(line) for host in [default, *named] for line in _server(host)]
    return f"{_HEAD}{''.join(lines)}}}\n"


def file_name(pair: Pair) -> str:
    """Return the name, without its ending, of the files of a certificate and its key."""
    return blake2b("\n".join(pair).encode(), digest_size=10).hexdigest()


def _line(text: str) -> str:
    return f"    {text}\n"


def _server(host: Host) -> Iterator[str]:
    mark = "" if host.name else " default_server"
    yield "server {"
    yield f"    listen {HTTP}{mark};"
    if host.pair is not None:
        file = f"{CERTIFICATES}/{file_name(host.pair)}"
        yield f"    listen {HTTPS} ssl http2{mark};"
        yield f'    ssl_certificate "{file}.crt";'
        yield f'    ssl_certificate_key "{file}.key";'
    elif not host.name:
        yield f"    listen {HTTPS} ssl http2{mark};"
        yield "    ssl_reject_handshake on;"
    yield f"    server_name {_server_name(host.name)};"
    yield from _locations(host)
    yield "}"


def _server_name(name: str) -> str:
    """Return how nginx knows the host; its own wildcards would match several labels."""
    if not name:
        return "_"
    if name.startswith("*."):
        return '"~^[^.]+' + name[1:].replace(".", r"\.") + '$"'
    return f'"{name}"'


def _locations(host: Host) -> Iterator[str]:
    exact = {place.path for place in host.places if place.exact}
    root = Place("/", False, host.fallback) if host.fallback is not None else None
    for place in sorted(host.places, key=lambda one: (one.path, not one.exact)):
        if place.path == "/" and not place.exact:
            root = place
        elif place.exact:
            yield _location(f"= {_quoted(place.path)}", place, host)
        else:
            if place.path not in exact:
                yield _location(f"= {_quoted(place.path)}", place, host)
            yield _location(_quoted(f"{place.path}/"), place, host)
    yield _location("/", root, host) if root is not None else "    location / { return 404; }"


def _location(match: str, place: Place, host: Host) -> str:
    redirect = ""
    if place.redirect and host.pair is not None:
        redirect = "if ($scheme = http) { return 308 https://$host$request_uri; } "
    return f"    location {match} {{ {redirect}{_pass(place.target)} }}"


def _pass(target: Target) -> str:
    if not target.address:
        return "return 503;"
    address = f"[{target.address}]" if ":" in target.address else target.address
    return f"proxy_pass http://{address}:{target.port};"


def _quoted(path: str) -> str:
    text = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def pairs(hosts: Iterable[Host]) -> dict[str, Pair]:
    """Return every certificate that the configuration names, by the name of its files."""
    return {file_name(host.pair): host.pair for host in hosts if host.pair is not None}

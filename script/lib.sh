# shellcheck shell=bash
# What every script shares: the machine's packages, the Python environment, the Docker engine.
# Sourced by the scripts beside it; needs bash and nothing else.

set -euo pipefail
self=$(realpath "$0")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '\033[1m%s\033[0m\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Continue as root: the cluster makes network namespaces, routes and firewall rules.
need_root() {
    [ "$(id -u)" -eq 0 ] && return
    command -v sudo >/dev/null || die "this must run as root: network namespaces and nftables need it. Run it in a root shell."
    exec sudo --preserve-env=MK8S_HOME,MK8S_NAME,DOCKER_HOST,CI,XDG_CACHE_HOME "$self" "$@"
}

has() { command -v "$1" >/dev/null; }
has_library() { python3 -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1" 2>/dev/null; }

# Install Debian packages; elsewhere say which pieces are missing. Arguments: package names.
install() {
    [ $# -gt 0 ] || return 0
    if ! has apt-get; then
        die "this distribution has no apt-get. Install what these Debian packages hold, then run again: $*"
    fi
    say "Installing $*"
    apt-get -qq update || die "apt-get update failed: check the network and /etc/apt/sources.list."
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null \
        || die "apt-get could not install: $*"
}

# The packages that this machine lacks to run a cluster, one a line.
missing_for_cluster() {
    has dockerd || engine_answers || echo docker.io
    has_library libnftables.so.1 || echo libnftables1
    has iptables || echo iptables
    if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] && ! has apparmor_parser; then
        echo apparmor
    fi
}

# Make or refresh .venv from a lock file. Argument: requirements.lock or requirements-dev.lock.
environment() {
    packages .venv "$1" "$root $(cat "$1" pyproject.toml | sha256sum)" -e .
    [ -z "$renewed" ] || .venv/bin/python -m compileall -q minikube8s agents
    packages_done .venv
}

# Make or refresh a Python environment; sets `renewed` when it was not yet as it should be, and is so
# from `packages_done` on: when what follows from new packages is done as well. Arguments: its
# directory, the lock file, what tells this content from any other, what pip installs as the project.
packages() {
    local place=$1 lock=$2 stamp=$1/.installed wanted
    need_python
    wanted="$3 $(python3 --version)"
    shift 3
    renewed=
    [ -x "$place/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
    say "Installing the Python packages of $lock"
    if ! "$place/bin/python" -c '' 2>/dev/null; then python3 -m venv --clear "$place"; fi
    rm -f "$stamp"
    "$place/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r "$lock"
    "$place/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall "$@"
    renewed=$wanted
}
packages_done() { [ -z "$renewed" ] || echo "$renewed" >"$1/.installed"; }

# Python, new enough and with what makes environments.
need_python() {
    has python3 || install python3
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
        || die "Python 3.11 or newer is needed; this machine has $(python3 --version)."
    python3 -c 'import ensurepip, venv' 2>/dev/null || install python3-venv
}

engine_answers() {
    python3 - "${DOCKER_HOST:-unix:///var/run/docker.sock}" 2>/dev/null <<'PYTHON'
import socket, sys
scheme, _, place = sys.argv[1].partition("://")
family = socket.AF_UNIX if scheme == "unix" else socket.AF_INET
address = place if scheme == "unix" else (place.partition(":")[0], int(place.partition(":")[2] or 2375))
with socket.socket(family) as s:
    s.settimeout(5)
    s.connect(address)
    s.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
    sys.exit(b"200" not in s.recv(64))
PYTHON
}

# Start a Docker engine when none answers; one that runs is never touched.
engine() {
    engine_answers && return
    [ -z "${DOCKER_HOST:-}" ] || die "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST. Start it, or unset DOCKER_HOST."
    say "Starting the Docker engine"
    if [ -d /run/systemd/system ]; then
        systemctl start docker || die "the Docker engine does not start: see 'journalctl -u docker'."
    else
        # without the lock that a script may hold as its descriptor 9
        setsid dockerd >/var/log/dockerd.log 2>&1 </dev/null 9>&- &
        local started=$!
    fi
    local deadline=$((SECONDS + 60))
    until engine_answers; do
        [ -z "${started:-}" ] || kill -0 "$started" 2>/dev/null \
            || die "the Docker engine ended at once: $(tail -n 1 /var/log/dockerd.log)"
        [ $SECONDS -lt $deadline ] || die "the Docker engine does not answer after 60 s: see /var/log/dockerd.log or 'journalctl -u docker'."
        sleep 0.2
    done
}

#!/usr/bin/env bash
# Brings mk8s and all that it needs onto this Debian or Ubuntu machine: vagrant/install.sh [WHEEL].
# Docker and libraries come from the distribution; Python packages, by the hashes of
# requirements.lock, and this checkout, or the wheel, into /opt/mk8s; the command is
# /usr/local/bin/mk8s. pip's and apt's own settings on this machine count. Running it again changes
# nothing, or installs what has changed and starts the cluster's daemons anew with it; pods go on.
[ $# -eq 0 ] || set -- "$(realpath "$1")"
. "$(dirname "$0")/../script/lib.sh"
need_root "$@"
place=/opt/mk8s

project=${1:-$root}
[ $# -eq 0 ] || [ -f "$project" ] || die "there is no wheel $project."
exec 9>/run/mk8s-install.lock
flock --wait 900 9 || die "another run of this script has not ended within 15 minutes: see what it waits for."

mapfile -t lacking < <(missing_for_cluster)
install "${lacking[@]}"
engine

content() {
    if [ -f "$project" ]; then
        sha256sum <"$project"
    else
        find minikube8s agents -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
    fi
}
packages "$place" requirements.lock "$(content) $(cat requirements.lock pyproject.toml | sha256sum)" "$project"
[ "$(readlink /usr/local/bin/mk8s)" = $place/bin/mk8s ] || ln -sfn $place/bin/mk8s /usr/local/bin/mk8s
if [ -n "$renewed" ]; then
    [ ! -d /run/systemd/system ] || systemctl try-restart 'mk8s-*.service'
    say "mk8s is installed: mk8s --help"
fi
packages_done $place

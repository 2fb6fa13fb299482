#!/usr/bin/env bash
# Makes this machine know others by name: vagrant/names.sh ADDRESS=NAME…
# They stand in a marked block of /etc/hosts, which is written only when it changes. A line that
# leads this machine's own name to its loopback, as installers write it, goes: it has an address.
set -euo pipefail
hosts=/etc/hosts
own=$(hostname)
begin='# mk8s lab: begin' end='# mk8s lab: end'

wanted=$(
    sed "/^$begin\$/,/^$end\$/d" $hosts | awk -v own="$own" '
        $1 ~ /^127\./ && $1 != "127.0.0.1" { for (i = 2; i <= NF; i++) if ($i == own) next }
        { print }'
    echo "$begin"
    for each in "$@"; do
        printf '%s\t%s\n' "${each%%=*}" "${each#*=}"
    done
    echo "$end"
)
[ "$wanted" = "$(cat $hosts)" ] && exit
# the same file goes on: others may have it mounted
printf '%s\n' "$wanted" >$hosts

#!/usr/bin/env bash
# Makes this machine a node of the cluster whose API is at HOST:PORT, with the bootstrap token on
# standard input: vagrant/worker.sh HOST:PORT sha256:CA-HASH [flags of `mk8s join`] <token. Without
# arguments: starts the node of a machine that has joined. It comes back after a reboot; running this
# again changes nothing.
set -euo pipefail
if [ $# -eq 0 ]; then
    mk8s up
else
    mk8s join "$1" --ca-hash "${2:?"the hash of the cluster's CA: worker.sh HOST:PORT sha256:CA-HASH <token"}" --token - "${@:3}"
fi
mk8s install

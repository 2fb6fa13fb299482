#!/usr/bin/env bash
# Makes this machine the master of a cluster: vagrant/master.sh ADDRESS [flags of `mk8s up`].
# It listens at ADDRESS, so that others can join, and comes back after a reboot. The user who runs
# this by sudo gets the cluster's kubeconfig, and kubectl where the distribution has it. Running it again
# changes nothing.
. "$(dirname "$0")/../script/lib.sh"
mk8s up --listen "${1:?"which address others reach it at: master.sh ADDRESS [flags of mk8s up]"}" "${@:2}"
mk8s install
has kubectl || (install kubernetes-client) \
    || say "This distribution packs no kubectl: mk8s takes the same commands, and any kubectl from 1.20 on works."

[ -n "${SUDO_USER:-}" ] || exit 0
folder=$(getent passwd "$SUDO_USER" | cut -d : -f 6)/.kube
KUBECONFIG=$folder/config mk8s kubeconfig --merge
chown "$SUDO_USER:" "$folder" "$folder/config"

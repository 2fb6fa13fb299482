#!/bin/bash
# The first process of a machine of the tests (see systemdmachine.py), already in namespaces of its
# own: makes what a kernel and an initramfs would have made, then becomes systemd.
# machineboot.sh LOWER FOLDER HOSTNAME [SOURCE:TARGET]...
set -euo pipefail
lower=$1 folder=$2 hostname=$3
shift 3
root=$folder/root

# the cable is plugged in from outside
echo made
read -r address gateway

mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work" "$root"
cd "$root"

mount -t proc proc proc
# as systemd-nspawn does it: of the kernel's settings the network's are the machine's own
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
# systemd leaves devices alone where it cannot write here
mount -t sysfs -o ro sysfs sys
cgroups=$(grep ' cgroup rw' /proc/self/mounts | cut -d' ' -f2,4 || true)
if [ -z "$cgroups" ]; then
    mount -t cgroup2 cgroup2 sys/fs/cgroup
else
    mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
    while read -r place options; do
        options=$(tr , '\n' <<<"$options" | grep -Ev '^(rw|relatime|nosuid|nodev|noexec|xattr|release_agent=.*)$' | paste -sd,)
        [[ $options != name=* ]] || options=none,$options
        mkdir -p "sys/fs/cgroup/$(basename "$place")"
        mount -t cgroup -o "$options" cgroup "sys/fs/cgroup/$(basename "$place")"
    done <<<"$cgroups"
    mkdir sys/fs/cgroup/unified
    mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
fi

mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
for bound in "$@"; do
    source=${bound%%:*} target=$root${bound#*:}
    mkdir -p "$(dirname "$target")"
    if [ -d "$source" ]; then mkdir -p "$target"; else touch "$target"; fi
    mount --bind "$source" "$target"
    mount -o remount,bind,ro "$target"
done
# where the engine stacks file systems itself, which it cannot upon an overlay
for kept in var/lib/docker var/lib/containerd; do
    mkdir -p "$folder/kept/$kept" "$kept"
    mount --bind "$folder/kept/$kept" "$kept"
done

hostname "$hostname"
ip link set lo up
if [ -n "$address" ]; then
    ip link set eth0 up
    ip address add "$address" dev eth0
    [ -z "$gateway" ] || ip route add default via "$gateway"
fi

mkdir -p mnt/host
pivot_root . mnt/host
exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    sh -c 'umount -l /mnt/host; exec /sbin/init' </dev/null >/dev/null 2>&1

#!/bin/bash
# boot.sh CGROUP NETNS-PID UPPER LOWER[:LOWER…] [more words of systemd-nspawn] : boots the tree as the boot test needs it, as root.
# The host's own PID 1 need not be systemd. Everything mounted here ends with the process.
set -e
cgroup=$1 net=$2 upper=$3 lower=$4
shift 4
mkdir -p "$cgroup/payload"
echo $$ > "$cgroup/payload/cgroup.procs"
# The cgroup namespace stays the host's: in one of its own systemd finds no controllers.
exec nsenter --net="/proc/$net/ns/net" unshare --mount --propagation private bash -c '
set -e
upper=$0 lower=$1; shift
mkdir -p "$upper.work" "$upper.root"
mount -t overlay overlay -o lowerdir="$lower",upperdir="$upper",workdir="$upper.work" "$upper.root"
umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /run
# Without the last two switches the kernel programs behind IPAddressDeny=, SocketBindDeny= and DeviceAllow= are left out in
# silence, and a test of what they refuse would prove nothing.
exec systemd-nspawn -D "$upper.root" --boot --quiet --register=no --keep-unit --link-journal=no --console=read-only --private-network \
    --system-call-filter=bpf --capability=all --bind=/dev/tty0 --bind=/dev/tty1 "$@"' "$upper" "$lower" "$@"

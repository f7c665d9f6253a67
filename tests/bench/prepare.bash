# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Read by compare and scale: a mount namespace with /run and /sys/fs/cgroup of its own, programs,
# bundles.  Sets $work; HULL names the program, PEERS other runtimes (default: crun runc, if there).
here=$(cd "$(dirname "$0")" && pwd)

if [ "${1:-}" != --inside ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "needs root" >&2
		exit 1
	fi
	HULL=$(realpath "${HULL:-build/hull}")
	export HULL
	exec setsid -w unshare --mount --propagation private -- "$0" --inside "$@"
fi
shift
mount -t tmpfs -o mode=755 tmpfs /run
umount -R -l /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
work=$(mktemp -d /var/tmp/hull-bench-XXXXXX)
trap 'rm -rf "$work"' EXIT
libc=$(command -v musl-gcc || true)
"${CC:-cc}" -O2 -D_GNU_SOURCE -o "$work/rounds" "$here/rounds.c"
"${CC:-cc}" -O2 -D_GNU_SOURCE -static -o "$work/floor" "$here/floor.c"
"${libc:-cc}" -O2 -static -o "$work/nothing" "$here/nothing.c"
"$here/bundles" "$HULL" "$work" "$work/nothing"
runtimes=("$HULL")
for peer in ${PEERS-crun runc}; do
	if peer=$(command -v "$peer"); then
		runtimes+=("$peer")
	fi
done

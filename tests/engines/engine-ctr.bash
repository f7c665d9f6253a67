# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# containerd, driven by its own ctr.  It sets processor shares for every container.

# shellcheck source=tests/engines/containerd.bash
. "$BATS_TEST_DIRNAME/containerd.bash"

start_engine() {
	make_runtime limits
	start_containerd
	make_archive
	ctr images import "$ARCHIVE" >/dev/null
	ctr images tag --force "$(ctr images list -q | grep -vx "$IMAGE")" "$IMAGE" >/dev/null
}

stop_engine() {
	stop_containerd
}

IMAGE=localhost/bb:latest
CLI=(ctr)

e() {
	ctr "$@"
}

# container NAME [options] -- COMMAND...: with the runtime under test
container() {
	local name=$1 options command
	shift
	split "$@"
	ctr run --runc-binary "$WORK/runtime" "${options[@]}" "$IMAGE" "$name" "${command[@]}"
}

remove() {
	local name
	for name; do
		ctr task kill -a -s KILL "$name"
		until_true 10 eval "ctr task rm '$name' || ! ctr task ls -q | grep -qx '$name'"
		ctr container rm "$name"
	done
}

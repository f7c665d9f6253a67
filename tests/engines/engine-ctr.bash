# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# containerd, driven by its own ctr.  It sets processor shares for every container.

start_engine() {
	make_runtime limits
	start_containerd
	make_archive
	ctr images import "$ARCHIVE" >/dev/null
	ctr images tag --force "$(ctr images list -q | grep -vx "$IMAGE")" "$IMAGE" >/dev/null
}

start_containerd() {
	mkdir -p /etc/containerd
	cat >/etc/containerd/config.toml <<'END'
version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
END
	containerd >"$WORK/containerd.log" 2>&1 3>&- &
	echo $! >"$WORK/containerd.pid"
	until_true 60 ctr version >/dev/null 2>&1 || { tail "$WORK/containerd.log"; return 1; }
}

stop_engine() {
	local pid
	read -r pid <"$WORK/containerd.pid"
	kill "$pid"
	until_true 20 eval "! kill -0 $pid 2>/dev/null"
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

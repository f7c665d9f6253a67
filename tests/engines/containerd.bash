# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# containerd, for itself and for docker.

start_containerd() {
	mkdir -p /etc/containerd
	containerd_config >/etc/containerd/config.toml
	containerd >"$WORK/containerd.log" 2>&1 3>&- &
	echo $! >"$WORK/containerd.pid"
	until_true 180 eval 'ctr version >/dev/null 2>&1' || { tail "$WORK/containerd.log"; return 1; }
}

containerd_config() {
	printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
}

stop_containerd() {
	stop_daemon containerd
}

# stop_daemon NAME: whose number is in $WORK/NAME.pid
stop_daemon() {
	local pid
	read -r pid <"$WORK/$1.pid"
	kill "$pid"
	until_true 60 eval "! kill -0 $pid 2>/dev/null"
}

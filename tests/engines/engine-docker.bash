# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# docker, with containerd beside it as Debian's units start them: of one of its own docker expects that it is
# ready in 15 seconds.  EXEC_MISSING: 20.10 knows one status only.

# shellcheck source=tests/engines/containerd.bash
. "$BATS_TEST_DIRNAME/containerd.bash"

CLI=(docker)
[ "$NEWER" = yes ] || EXEC_MISSING=126

start_engine() {
	make_runtime
	make_archive
	sysctl -qw net.ipv4.ip_forward=1
	mkdir -p /etc/docker
	docker_config >/etc/docker/daemon.json
	start_containerd
	start_dockerd
	e load -q -i "$ARCHIVE" >/dev/null
}

docker_config() {
	jq -n --arg path "$WORK/runtime" '{ "default-runtime": "tested", runtimes: { tested: { path: $path } },
		"storage-driver": "overlay2", "live-restore": true, experimental: true }'
}

# Its BuildKit takes the runc of PATH, whatever the default runtime is.
start_dockerd() {
	mkdir -p "$WORK/bin"
	ln -sfn "$WORK/runtime" "$WORK/bin/runc"
	PATH=$WORK/bin:$PATH dockerd --containerd /run/containerd/containerd.sock --exec-opt native.cgroupdriver=cgroupfs \
		>"$WORK/dockerd.log" 2>&1 3>&- &
	echo $! >"$WORK/dockerd.pid"
	until_true 180 e version >/dev/null 2>&1 || { tail "$WORK/dockerd.log"; return 1; }
}

stop_dockerd() {
	stop_daemon dockerd
}

stop_engine() {
	stop_dockerd
	stop_containerd
}

e() {
	docker "$@"
}

remove() {
	e rm -f "$@"
}

healthy() {
	[ "$(e inspect --format '{{.State.Health.Status}}' "$C")" = healthy ]
}

unhealthy() {
	[ "$(e inspect --format '{{.State.Health.Status}}' "$C")" = unhealthy ]
}

enforces_devices() {
	! is_peer || has_all_capabilities
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# podman as root.

# shellcheck source=tests/engines/containers.bash
. "$BATS_TEST_DIRNAME/containers.bash"

start_engine() {
	make_runtime
	make_archive
	image_config
	storage_config
	podman_config 'network_cmd_path = ""' >/etc/containers/containers.conf
	has_controllers || printf 'pids_limit = 0\n' >>/etc/containers/containers.conf
	printf 'containers:1000000:1000000\n' >>/etc/subuid
	printf 'containers:1000000:1000000\n' >>/etc/subgid
	e load -q -i "$ARCHIVE"
}

stop_engine() {
	e rm -f -a -t 0
}

CLI=(podman)

e() {
	podman "$@"
}

# remove NAME...: at once
remove() {
	e rm -f -t 0 "$@"
}

# make_runtime takes them out for peers
enforces_devices() {
	! is_peer || has_all_capabilities
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# podman as root.

start_engine() {
	make_runtime
	make_archive
	mkdir -p /etc/containers
	echo '{ "default": [{ "type": "insecureAcceptAnything" }] }' >/etc/containers/policy.json
	printf 'unqualified-search-registries = []\n' >/etc/containers/registries.conf
	printf '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' \
		>/etc/containers/storage.conf
	podman_config >/etc/containers/containers.conf
	printf 'containers:1000000:1000000\n' >>/etc/subuid
	printf 'containers:1000000:1000000\n' >>/etc/subgid
	e load -q -i "$ARCHIVE"
}

# podman knows runtimes by their names; what it does with crun it shall do with this one.
podman_config() {
	cat <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
network_cmd_path = ""
runtime = "tested"
runtime_supports_json = ["tested"]
runtime_supports_nocgroup = ["tested"]
[engine.runtimes]
tested = ["$TESTED"]
[network]
network_backend = "netavark"
[containers]
log_driver = "k8s-file"
END
	# Without CAP_SYS_RESOURCE podman's own default limits are out of reach.
	has_all_capabilities || printf 'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
	has_controllers || printf 'pids_limit = 0\n'
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

# Without systemd there are no timers: the test takes their part.
healthy() {
	e healthcheck run "$C"
}

unhealthy() {
	! e healthcheck run "$C" || return 1
	[ "$(e inspect --format '{{.State.Health.Status}}' "$C" 2>/dev/null ||
		e inspect --format '{{.State.Healthcheck.Status}}' "$C")" = unhealthy ]
}

# make_runtime takes them out for peers
enforces_devices() {
	! is_peer || has_all_capabilities
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What podman, buildah and skopeo read in /etc/containers, in a folder of the run's own.

# Images from files only.
image_config() {
	mkdir -p /etc/containers
	echo '{ "default": [{ "type": "insecureAcceptAnything" }] }' >/etc/containers/policy.json
	printf 'unqualified-search-registries = []\n' >/etc/containers/registries.conf
}

# Root's own place for them.
storage_config() {
	printf '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' \
		>/etc/containers/storage.conf
}

# podman_config [LINES]: podman knows runtimes by their names; what it does with crun it shall do with this
# one.  LINES go to [engine].
podman_config() {
	cat <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
${1:-}
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
	limits_config
}

# In [containers]: without CAP_SYS_RESOURCE the programs' own default limits are out of reach.
limits_config() {
	has_all_capabilities || printf 'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
}

# podman's checks of health: without systemd there are no timers, and the test takes their part.
healthy() {
	e healthcheck run "$C"
}

unhealthy() {
	! e healthcheck run "$C" || return 1
	[ "$(e inspect --format '{{.State.Health.Status}}' "$C" 2>/dev/null ||
		e inspect --format '{{.State.Healthcheck.Status}}' "$C")" = unhealthy ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Configurations that real engines wrote, run as they are: only the root, the sources of bind mounts,
# paths of namespaces and the cgroup are this machine's.

bats_require_minimum_version 1.5.0
load helpers

CONFIGS=$BATS_TEST_DIRNAME/../data/configs

setup() {
	need_root
	need_controller memory
	make_bundle
	SOURCES=$BATS_TEST_TMPDIR/sources
	mkdir -p "$SOURCES/dir"
	mkdir -p rootfs/{w,mnt/etc,run/secrets,scratch,sbin}
	printf '#!/bin/sh\nshift\nexec "$@"\n' >"$SOURCES/init"
	chmod 755 "$SOURCES/init"
	printf 'a file\n' >"$SOURCES/file"
	chmod 755 "$BATS_TEST_TMPDIR"
}

teardown() {
	clean_up
	[ -z "${HOLDER:-}" ] || kill -9 "$HOLDER" 2>/dev/null || :
	HOLDER=
}

# What is this machine's, at once (jq is slow): the root, the cgroup, the sources of bind mounts.
# shellcheck disable=SC2016 # jq's
OURS='.root.path = "rootfs" | if .linux.cgroupsPath then .linux.cgroupsPath = "/hull-test/" + $id else . end |
	.mounts |= map(if (.type == "bind" or ((.options // []) | index("bind") or index("rbind"))) and
		((.source // "") | startswith("/sys") | not)
	then .source = if .destination == "/w" then $bundle + "/rootfs"
		elif .destination == "/dev/shm" or .destination == "/mnt/etc" then $sources + "/dir"
		elif .destination == "/sbin/docker-init" then $sources + "/init"
		else $sources + "/file" end
	else . end)'

# Its ids on the host for the container's root, how many namespaces have a path, how many idmapped
# mounts, the prestart hook.
FACTS='[([.linux.uidMappings[]? | select(.containerID == 0)][0].hostID // 0),
	([.linux.gidMappings[]? | select(.containerID == 0)][0].hostID // 0),
	([.linux.namespaces[] | select(.path)] | length),
	([.mounts[] | select((.options // []) | index("idmap") or index("ridmap"))] | length),
	(.hooks.prestart[0].path // "-")] | @tsv'

# Namespaces that an engine would have made before, with an interface eth0.
namespaces() {
	unshare -n -i -u sleep 1000 &
	HOLDER=$!
	until_true grep -q sleep "/proc/$HOLDER/comm"
	nsenter -t "$HOLDER" -n ip link add eth0 type veth peer name peer0
	nsenter -t "$HOLDER" -n ip addr add 10.88.0.2/16 dev eth0
	config '.linux.namespaces |= map(if .path then .path = "/proc/\($p)/ns/" + ({network: "net"}[.type] // .type)
		else . end)' --arg p "$HOLDER"
}

# docker up to 27 sets the network up in a prestart hook; the file it names does that here.
prestart_hook() {
	config '.hooks.prestart[0].path = $p' --arg p "$BATS_TEST_TMPDIR/hook"
	cat >"$BATS_TEST_TMPDIR/hook" <<-'HOOK'
		#!/bin/sh
		pid=$(jq .pid)
		nsenter -t "$pid" -n ip link add eth0 type veth peer name peer0
		nsenter -t "$pid" -n ip addr add 172.17.0.2/16 dev eth0
	HOOK
	chmod +x "$BATS_TEST_TMPDIR/hook"
}

# runs CONFIG: and the program ends with 0, or is one that goes on.
runs() {
	local uid gid paths idmapped hook
	cp "$CONFIGS/$1.json" config.json
	config "$OURS" --arg id "$ID" --arg bundle "$BUNDLE" --arg sources "$SOURCES"
	read -r uid gid paths idmapped hook <<<"$(jq -r "$FACTS" config.json)"
	# The root file system belongs to the container's root, as an engine would have seen to.
	chown -Rh "$uid:$gid" rootfs "$SOURCES"
	[ "$idmapped" = 0 ] || idmappable "$BUNDLE/rootfs"
	[ "$paths" = 0 ] || namespaces
	[ "$hook" = - ] || prestart_hook
	run "$BATS_TEST_DIRNAME/as-engine.py" "$HULL" "$STATES" "$BUNDLE" "$ID" 5 </dev/null
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "${2:-exit 0}" ]
	rmdir "$(cgroup_root)/hull-test" 2>/dev/null || [ ! -d "$(cgroup_root)/hull-test" ]
}

@test "config: buildah-run" {
	runs buildah-run
}

@test "config: buildah-tty" {
	runs buildah-tty
}

@test "config: containerd-ctr-annotation" {
	runs containerd-ctr-annotation
}

@test "config: containerd-ctr-seccomp" {
	runs containerd-ctr-seccomp
}

@test "config: containerd-ctr-tty" {
	runs containerd-ctr-tty
}

@test "config: cri-container" {
	runs cri-container running
}

@test "config: cri-pod-sandbox" {
	runs cri-pod-sandbox running
}

@test "config: docker-bridge" {
	runs docker-bridge
}

# What engines hand over for `exec`, in a container of their own.
exec_process() {
	cp "$CONFIGS/$1.json" config.json
	config "$OURS" --arg id "$ID" --arg bundle "$BUNDLE" --arg sources "$SOURCES"
	config '.process.args = ["sleep", "1000"] | .process.terminal = false | .linux.namespaces |= map(del(.path)) | del(.hooks)'
	hull run -d "$ID"
	run -0 hull exec --process "$CONFIGS/$2.json" "$ID"
	echo "$output"
	[ "${lines[0]}" = hi ]
	[[ ${lines[1]} == "uid=0"*"gid=0"* ]]
	hull delete --force "$ID"
	rmdir "$(cgroup_root)/hull-test" 2>/dev/null || [ ! -d "$(cgroup_root)/hull-test" ]
}

@test "process: docker-exec-process" {
	exec_process docker-bridge docker-exec-process
}

@test "process: podman-exec-process" {
	exec_process podman5-true podman-exec-process
}

@test "every file of tests/data/configs is run here" {
	local f name
	for f in "$CONFIGS"/*.json; do
		name=${f##*/}
		name=${name%.json}
		grep -qE "^@test \"(config|process): $name\" \{" "$BATS_TEST_FILENAME" || {
			echo "$name is not"
			return 1
		}
	done
}

@test "config: docker-init" {
	runs docker-init
}

@test "config: docker-privileged" {
	runs docker-privileged
}

@test "config: docker-readonly-tmpfs" {
	runs docker-readonly-tmpfs
}

@test "config: docker-swarm-secret-config" {
	runs docker-swarm-secret-config running
}

@test "config: docker-swarm-task" {
	runs docker-swarm-task running
}

@test "config: docker-tty" {
	runs docker-tty
}

@test "config: docker28-annotation" {
	runs docker28-annotation
}

@test "config: docker28-bridge" {
	runs docker28-bridge running
}

@test "config: kubelet120-container" {
	runs kubelet120-container running
}

@test "config: kubelet120-sandbox" {
	runs kubelet120-sandbox running
}

@test "config: podman-rootful-annotation" {
	runs podman-rootful-annotation
}

@test "config: podman-rootful-bridge" {
	runs podman-rootful-bridge
}

@test "config: podman-rootful-cpus" {
	runs podman-rootful-cpus
}

@test "config: podman-rootful-memory" {
	runs podman-rootful-memory
}

@test "config: podman-rootful-privileged" {
	runs podman-rootful-privileged
}

@test "config: podman-rootful-readonly-tmpfs" {
	runs podman-rootful-readonly-tmpfs
}

# Its program is mkdir, and its profile forbids that: 1 is what shows that it is in force.
@test "config: podman-rootful-seccomp-custom" {
	runs podman-rootful-seccomp-custom "exit 1"
}

@test "config: podman-rootful-sysctl" {
	runs podman-rootful-sysctl
}

@test "config: podman-rootful-tty" {
	runs podman-rootful-tty
}

@test "config: podman-rootful-userns" {
	runs podman-rootful-userns
}

@test "config: podman-rootless-keep-id" {
	runs podman-rootless-keep-id
}

@test "config: podman-rootless" {
	runs podman-rootless
}

@test "config: podman5-hostname" {
	runs podman5-hostname
}

@test "config: podman5-true" {
	runs podman5-true
}

@test "config: umoci-unpack" {
	runs umoci-unpack running
}


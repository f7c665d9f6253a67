#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Annotations of crun's that give the cgroup a place for the container and the filter another source.  Those
# about groups, pidfds and hooks are in behaviours-cli and behaviours-hooks, subgroups of systemd's in systemd.

bats_require_minimum_version 1.5.0
load helpers
load agent

setup() {
	make_bundle
}

teardown() {
	clean_up
	end_agent
}

annotate() {
	config '.annotations[$k] = $v' --arg k "$1" --arg v "$2"
}

# Where the container's init is, from the cgroup root.
place_of() {
	sed -n 's/^0:://p' "/proc/$(pid_of "$1")/cgroup"
}

# raw_filter ACTION: a filter, in base64, that answers mkdir(2) and mkdirat(2) with ACTION and allows the rest.
raw_filter() {
	python3 - "$1" <<'PY'
import base64, os, struct, sys
numbers = {"x86_64": [83, 258], "aarch64": [34]}[os.uname().machine]
code = [(0x20, 0, 0, 0)] + [(0x15, len(numbers) - i, 0, n) for i, n in enumerate(numbers)]
code += [(0x06, 0, 0, 0x7fff0000), (0x06, 0, 0, int(sys.argv[1], 0))]
print(base64.b64encode(b"".join(struct.pack("HBBI", *c) for c in code)).decode())
PY
}

@test "delegate-cgroup: the container is in a cgroup of its own below the one with its limits" {
	config '.linux.cgroupsPath = $p | .linux.resources = {unified: {"cgroup.max.depth": "5"}}' --arg p "/$ID"
	annotate run.oci.delegate-cgroup payload
	program sleep 1000
	hull run -d "$ID"
	[ "$(place_of "$ID")" = "/$ID/payload" ]
	top=$(cgroup_root)/$ID
	[ "$(cat "$top/cgroup.max.depth")" = 5 ]
	[ "$(cat "$top/payload/cgroup.max.depth")" = max ]
	[ "$(cat "$top/payload/cgroup.controllers")" = "$(cat "$top/cgroup.controllers")" ]
	hull exec -d --pid-file exec.pid "$ID" sleep 1000
	grep -qx "0::/$ID/payload" "/proc/$(cat exec.pid)/cgroup"
	run -0 hull ps --format json "$ID"
	[ "$(jq length <<<"$output")" -eq 2 ]
	hull pause "$ID"
	grep -q "frozen 1" "$top/payload/cgroup.events"
	hull resume "$ID"
	hull delete --force "$ID"
	[ ! -e "$top" ]
}

@test "delegate-cgroup: it is what the container sees, and what is given to its root" {
	config '.linux.cgroupsPath = $p | .linux.namespaces |= map(select(.type != "user" and .type != "cgroup")) + [{type: "user"}, {type: "cgroup"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings |
		.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)' --arg p "/$ID"
	chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE"
	annotate run.oci.delegate-cgroup a/b
	program sleep 1000
	hull run -d "$ID"
	[ "$(place_of "$ID")" = "/$ID/a/b" ]
	[ "$(stat -c %u "$(cgroup_root)/$ID/a/b" "$(cgroup_root)/$ID/a" "$(cgroup_root)/$ID" | xargs)" = "100000 0 0" ]
	hull exec "$ID" sh -c 'mkdir /sys/fs/cgroup/mine && echo $$ >/sys/fs/cgroup/mine/cgroup.procs'
	hull exec --cgroup mine "$ID" true
	hull exec "$ID" rmdir /sys/fs/cgroup/mine
}

@test "delegate-cgroup: names that lead elsewhere are refused, and nothing is left" {
	for name in "" .. a/../.. a//b . /a a/; do
		annotate run.oci.delegate-cgroup "$name"
		run hull run "$ID"
		[ "$status" -eq 125 ]
		[[ $output == *"annotations.run.oci.delegate-cgroup: expected the name of a cgroup"* ]]
	done
	annotate run.oci.delegate-cgroup payload
	run hull --cgroup-manager=disabled run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"run.oci.delegate-cgroup: needs a cgroup"* ]]
	annotate run.oci.delegate-cgroup cgroup.procs
	config '.linux.cgroupsPath = $p' --arg p "/$ID/deeper"
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"$ID/deeper/cgroup.procs: not a directory"* ]]
	[ ! -e "$(cgroup_root)/$ID" ]
}

@test "subgroup: without systemd it has no effect, and a debug line says so" {
	annotate run.oci.systemd.subgroup container
	config '.linux.cgroupsPath = $p' --arg p "/$ID"
	program sleep 1000
	hull --debug run -d "$ID" 2>debug
	grep -q "run.oci.systemd.subgroup has no effect" debug
	[ "$(place_of "$ID")" = "/$ID" ]
}

@test "seccomp.receiver: by annotation and by variable, for create, start and exec" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]} |
		.root.readonly = false'
	program sh -c 'mkdir /tmp/made && exec sleep 1000'
	agent "$PWD/agent" sent
	export RUN_OCI_SECCOMP_RECEIVER=$PWD/agent
	timeout 60 "$HULL" --root "$STATES" create "$ID"
	jq -e --arg id "$ID" '.fds == ["seccompFd"] and .state.id == $id' sent
	timeout 60 "$HULL" --root "$STATES" start "$ID"
	until_true test -d rootfs/tmp/made
	rm sent
	timeout 60 "$HULL" --root "$STATES" exec "$ID" mkdir /tmp/second
	test -e sent
	unset RUN_OCI_SECCOMP_RECEIVER
	run hull exec "$ID" true
	[ "$status" -eq 125 ]
	[[ $output == *"SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath"* ]]
	hull delete --force "$ID"
	rm sent
	annotate run.oci.seccomp.receiver "$PWD/agent"
	export RUN_OCI_SECCOMP_RECEIVER=/nothere # the annotation goes first
	timeout 60 "$HULL" --root "$STATES" run -d "$ID"
	until_true test -e sent
	unset RUN_OCI_SECCOMP_RECEIVER
	annotate run.oci.seccomp.receiver agent
	run hull create "$ID-b"
	[ "$status" -eq 125 ]
	[[ $output == *"annotations.run.oci.seccomp.receiver: expected an absolute path, found \"agent\""* ]]
}

@test "seccomp_bpf_data: a filter in base64 takes the place of the profile, for exec too" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_KILL"} | .root.readonly = false'
	annotate run.oci.seccomp_bpf_data "$(raw_filter $((0x50000 + 75)))" # EOVERFLOW
	program sh -c 'mkdir /tmp/made; exec sleep 1000'
	for nnp in true false; do
		config ".process.noNewPrivileges = $nnp"
		hull run -d "$ID" 2>err
		until_true grep -q "Value too large" err
		run hull exec "$ID" mkdir /tmp/other
		[ "$status" -eq 1 ]
		[[ $output == *"Value too large"* ]]
		[ ! -e rootfs/tmp/made ]
		hull delete --force "$ID"
	done
}

@test "seccomp_bpf_data: what is no filter is refused" {
	for bad in "not base64" "AAAA" "" "$(printf 'A%.0s' {1..64})"; do
		annotate run.oci.seccomp_bpf_data "$bad"
		run hull run "$ID"
		[ "$status" -eq 125 ]
		[[ $output == *"seccomp"* ]]
	done
	annotate run.oci.seccomp_bpf_data "$(raw_filter 0x7fc00000)"
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"annotations.run.oci.seccomp_bpf_data: it notifies an agent"* ]]
}

@test "annotations of other runtimes that have no effect are named in the debug log" {
	annotate run.oci.systemd.force_cgroup_v1 /sys/fs/cgroup
	annotate run.oci.timens_offset "monotonic 1 0"
	annotate run.oci.handler wasm
	run -0 hull --debug run "$ID"
	for name in systemd.force_cgroup_v1 timens_offset handler; do
		[[ $output == *"run.oci.$name has no effect"* ]]
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the OCI runtime specification requires and no other file shows; docs/SPEC.md has the whole list.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
}

teardown() {
	clean_up
	[ -z "${HOLDER:-}" ] || { kill -9 "$HOLDER" && wait "$HOLDER"; } 2>/dev/null || :
	HOLDER=
}

@test "process: may be missing at create, is needed by start" {
	config 'del(.process)'
	hull create "$ID"
	has_status "$ID" created
	run hull start "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"process.args: config.json names no program to start"* ]]
	hull delete --force "$ID"
	nothing_left
}

@test "mounts: in the order of the configuration" {
	mkdir -p rootfs/m one/deep two/deep
	echo 1 >one/deep/name
	echo 2 >two/deep/name
	for order in '"one", "two"' '"two", "one"'; do
		config "del(.mounts[] | select(.destination == \"/m\")) |
			.mounts += ([$order] | map({destination: \"/m\", type: \"bind\", source: ., options: [\"bind\"]}))"
		program cat /m/deep/name
		run -0 hull run "$ID"
		last=$(jq -r '.mounts[-1].source' config.json)
		[ "$output" = "$(cat "$last/deep/name")" ]
	done
	# One that is mounted below another comes second, or is hidden.
	config '.mounts |= .[:-2] + [{destination: "/m", type: "bind", source: "one", options: ["bind"]},
		{destination: "/m/deep", type: "tmpfs", source: "tmpfs", options: []}]'
	program ls /m/deep
	run -0 hull run "$ID"
	[ -z "$output" ]
}

@test "mounts: what is bound is said by the options, whatever the type" {
	mkdir -p rootfs/m source
	echo here >source/name
	for type in none tmpfs bind; do
		config 'del(.mounts[] | select(.destination == "/m")) |
			.mounts += [{destination: "/m", type: $t, source: "source", options: ["bind"]}]' --arg t "$type"
		program cat /m/name
		run -0 hull run "$ID"
		[ "$output" = here ]
	done
}

@test "consoleSize: ignored without a terminal" {
	config '.process.consoleSize = {height: 12, width: 34}'
	program sh -c 'stty size; echo ran'
	run -0 hull run "$ID" </dev/null
	[[ $output == *ran* ]]
	[[ $output != *"12 34"* ]]
}

@test "annotations: a key is not empty, a value may be" {
	config '.annotations = {"": "x"}'
	run hull create "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *annotations* ]]
	config '.annotations = {"com.example.empty": ""}'
	hull create "$ID"
	hull state "$ID" | jq -e '.annotations["com.example.empty"] == ""'
}

@test "user namespace: the root file system keeps its owners" {
	userns
	touch rootfs/of-root rootfs/of-user
	shift_rootfs
	chown 0:0 rootfs/of-root
	chown 101000:101000 rootfs/of-user
	SHIFT= # from here on hull alone touches it
	before=$(find rootfs -printf '%p %U %G\n' | sort)
	run -0 hull run "$ID"
	[ "$(find rootfs -printf '%p %U %G\n' | sort)" = "$before" ]
}

@test "hooks: when one fails the container goes and poststop still runs" {
	for stage in prestart createRuntime createContainer startContainer poststart; do
		program sleep 1000
		# shellcheck disable=SC2016 # jq's
		config '.hooks = {($stage): [{path: "/bin/false"}],
			poststop: [{path: "/bin/sh", args: ["sh", "-c", "cat >" + $out]}]}' \
			--arg stage "$stage" --arg out "$BATS_TEST_TMPDIR/stopped"
		rm -f "$BATS_TEST_TMPDIR/stopped"
		run hull run -d "$ID"
		[ "$status" -ne 0 ]
		[[ $output == *"error running $stage hook #0"* ]]
		jq -e --arg id "$ID" '.id == $id and .status == "stopped"' "$BATS_TEST_TMPDIR/stopped"
		nothing_left
	done
}

@test "kill: a created and a running container, no other" {
	program sleep 1000
	hull create "$ID"
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
	run hull kill "$ID" KILL
	[ "$status" -ne 0 ]
	has_status "$ID" stopped
	hull delete "$ID"
	run hull kill "$ID" KILL
	[ "$status" -ne 0 ]
	hull run -d "$ID"
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
}

@test "delete: namespaces that were joined stay" {
	unshare -n -i sleep 1000 3>&- &
	HOLDER=$!
	until_true grep -q sleep "/proc/$HOLDER/comm"
	exec {net}<"/proc/$HOLDER/ns/net" {ipc}<"/proc/$HOLDER/ns/ipc"
	config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user") |
		if .type == "network" then .path = "/proc/\($p)/ns/net" elif .type == "ipc" then
		.path = "/proc/\($p)/ns/ipc" else . end)' --arg p "$HOLDER"
	no_userns
	program sleep 1000
	hull run -d "$ID"
	hull delete --force "$ID"
	kill -0 "$HOLDER"
	[ "$(readlink "/proc/$HOLDER/ns/net")" = "$(readlink "/proc/self/fd/$net")" ]
	nsenter --net="/proc/$HOLDER/ns/net" true
	exec {net}<&- {ipc}<&-
}

@test "the order of device rules is that of the configuration" {
	need_host_ids "device rules need the host's privileges"
	# A number that no driver has: what is allowed is not there, what is not is not permitted.
	config '.linux.devices = [{path: "/dev/none", type: "c", major: 241, minor: 11, fileMode: 438}] |
		.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 241, access: "r"}]'
	program sh -c 'exec 3</dev/none'
	run hull run "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"o such device"* ]]
	config '.linux.resources.devices |= reverse'
	run hull run "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"peration not permitted"* ]]
}

@test "vm: what asks for a virtual machine is never run as a container" {
	config '.vm = {kernel: {path: "/nothere/vmlinuz"}}'
	for command in run create; do
		run hull $command "$ID"
		[ "$status" -ne 0 ]
		nothing_left
	done
	config '.vm.hwConfig = {irqs: [7]}'
	run hull create "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"vm.hwConfig.irqs: not supported"* ]]
	config 'del(.vm) | .annotations = {"dev.hull.isolation": "virtual"}'
	run hull create "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"dev.hull.isolation"* ]]
}

@test "intelRdt: without the file system it is an error, at create and at update" {
	! grep -qw resctrl /proc/self/mountinfo || skip "this machine has a resctrl file system"
	config '.linux.intelRdt = {l3CacheSchema: "L3:0=f"}'
	run hull create "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"linux.intelRdt: no resctrl file system is mounted"* ]]
	nothing_left
	config 'del(.linux.intelRdt)'
	program sleep 1000
	hull run -d "$ID"
	run hull update --mem-bw-schema MB:0=50 "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"has no class of service"* ]]
}

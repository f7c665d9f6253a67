#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Namespaces: new ones, joined ones, user namespaces, sysctls.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
}

teardown() {
	clean_up
	[ -z "${HOLDER:-}" ] || kill -9 "$HOLDER" 2>/dev/null || :
	HOLDER=
}

inside() {
	program sh -c "$1"
	run -0 hull run "$ID"
}

# A process in new namespaces of the given unshare(1) flags; its pid in $HOLDER.
hold() {
	unshare "$@" sleep 1000 &
	HOLDER=$!
	until_true grep -q sleep "/proc/$HOLDER/comm"
}

# In a user namespace, an mqueue of a namespace that is not its own can only be the host's, which may have none.
no_mqueue() {
	! in_userns || config 'del(.mounts[] | select(.type == "mqueue"))'
}

@test "new namespaces of each type differ from the host's, absent ones are inherited" {
	inside 'for n in pid net ipc uts mnt cgroup; do readlink /proc/self/ns/$n; done'
	i=0
	for n in pid net ipc uts mnt cgroup; do
		[ "${lines[$i]}" != "$(readlink /proc/self/ns/$n)" ]
		i=$((i + 1))
	done
	config '.linux.namespaces |= map(select(.type | IN("network", "ipc", "uts") | not)) | del(.hostname)'
	no_mqueue
	inside 'for n in net ipc uts; do readlink /proc/self/ns/$n; done'
	i=0
	for n in net ipc uts; do
		[ "${lines[$i]}" = "$(readlink /proc/self/ns/$n)" ]
		i=$((i + 1))
	done
}

# called_in_chroot PROPAGATION [OPTION]: hull in a chroot; run and exec both arrive in the container, and
# the mounts outside of the chroot stay as they are.
called_in_chroot() {
	local root=$BATS_TEST_TMPDIR/chroot
	mkdir -p "$root" && touch rootfs/only-here
	program sh -c 'test -e /only-here && exec sleep 1000'
	# shellcheck disable=SC2016 # for the other shells
	run -0 unshare --mount --propagation private sh -ec '
		mount --make-r"$1" /
		mount --rbind / "$0"
		hull() { chroot "$0" sh -c "cd \"\$BUNDLE\" && exec \"\$HULL\" --root \"\$STATES\" \"\$@\"" sh "$@"; }
		before=$(wc -l </proc/self/mountinfo)
		hull run -d $2 "$ID" >/dev/null 2>&1 </dev/null
		hull exec "$ID" test -e /only-here
		hull delete --force "$ID"
		echo "mounts: $(($(wc -l </proc/self/mountinfo) - before))"' "$root" "$@"
	[ "$output" = "mounts: 0" ]
}

@test "called in a chroot: run and exec arrive in the container" {
	no_userns
	export BUNDLE STATES ID HULL
	called_in_chroot private
	called_in_chroot shared
}

@test "called in a chroot: with --no-pivot, too" {
	no_userns
	export BUNDLE STATES ID HULL
	called_in_chroot private --no-pivot
}

@test "hostname and domainname" {
	config '.hostname = "boat" | .domainname = "sea"'
	inside 'hostname; cat /proc/sys/kernel/domainname'
	[ "${lines[*]}" = "boat sea" ]
	[ "$(hostname)" != boat ]
	config '.linux.namespaces |= map(select(.type != "uts"))'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *hostname* ]]
}

@test "loopback is up in a new network namespace" {
	inside 'ip addr show lo'
	[[ $output == *"127.0.0.1"* ]]
	[[ $output == *UP* ]]
}

@test "join by path: network, ipc, uts" {
	hold -n -i -u
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/\($p)/ns/net" elif .type == "ipc"
		then .path = "/proc/\($p)/ns/ipc" elif .type == "uts" then .path = "/proc/\($p)/ns/uts" else . end) |
		del(.hostname)' --arg p "$HOLDER"
	no_mqueue
	inside 'for n in net ipc uts; do readlink /proc/self/ns/$n; done'
	i=0
	for n in net ipc uts; do
		[ "${lines[$i]}" = "$(readlink "/proc/$HOLDER/ns/$n")" ]
		i=$((i + 1))
	done
}

@test "join by path: a file that a namespace is mounted on" {
	hold -n
	touch "$BATS_TEST_TMPDIR/ns"
	mount --bind "/proc/$HOLDER/ns/net" "$BATS_TEST_TMPDIR/ns"
	wanted=$(readlink "/proc/$HOLDER/ns/net")
	kill -9 "$HOLDER"
	config '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "$BATS_TEST_TMPDIR/ns"
	! in_userns || config '.mounts |= map(select(.destination != "/sys" and .destination != "/sys/fs/cgroup"))'
	program readlink /proc/self/ns/net
	run hull run "$ID"
	umount "$BATS_TEST_TMPDIR/ns"
	[ "$status" -eq 0 ]
	[ "$output" = "$wanted" ]
}

@test "join by path: another container's namespaces, pid too" {
	program sleep 1000
	hull run -d "$ID"
	first=$ID pid=$(pid_of "$ID")
	config '.linux.namespaces |= map(if .type == "mount" or .type == "cgroup" then . else
		.path = "/proc/\($p)/ns/" + ({network: "net"}[.type] // .type) end) | del(.hostname)' --arg p "$pid"
	program ps
	run -0 hull run "$ID-b"
	[[ $output == *sleep* ]]
	hull delete --force "$first"
}

@test "join by path: the wrong type is an error that names it" {
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/uts" else . end)'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *network* ]]
	config '.linux.namespaces |= map(if .type == "network" then .path = "/nothere" else . end)'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == */nothere*"no such file or directory"* ]]
}

@test "user namespace: maps, ids, devices" {
	userns
	inside 'cat /proc/self/uid_map; id -u; echo x >/dev/null && echo null; touch /dev/x && echo dev; stat -c "%u %g" /dev/pts'
	[[ $(tr -s " " <<<"${lines[0]}") == " 0 100000 65536" ]]
	[ "${lines[1]}" = 0 ]
	[[ $output == *null* ]]
}

@test "user namespace: every default works, also exec and a terminal" {
	userns
	config '.process.terminal = true'
	program sh -c 'tty; id'
	run -0 hull run "$ID" </dev/null
	[[ $output == */dev/pts/0* ]]
	config '.process.terminal = false'
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec "$ID" sh -c 'id -u; readlink /proc/self/ns/user; readlink /proc/1/ns/user'
	[ "${lines[1]}" = "${lines[2]}" ]
	run -0 hull exec -t "$ID" tty </dev/null
	[[ $output == */dev/pts/* ]]
}

@test "user namespace: bind sources behind directories that its user cannot enter" {
	userns
	mkdir -p "$BATS_TEST_TMPDIR/private/data"
	chmod 700 "$BATS_TEST_TMPDIR/private"
	chmod 755 "$BATS_TEST_TMPDIR/private/data"
	echo content >"$BATS_TEST_TMPDIR/private/data/file"
	config '.mounts += [{destination: "/data", type: "bind", source: $s, options: ["bind"]}] | .root.readonly = false' \
		--arg s "$BATS_TEST_TMPDIR/private/data"
	inside 'cat /data/file'
	[ "$output" = content ]
}

@test "user namespace: clearing a locked flag fails, leaving it out inherits it" {
	userns
	config '.root.readonly = false'
	mkdir "$BATS_TEST_TMPDIR/src"
	mount -t tmpfs -o ro,nodev,nosuid,noexec,noatime tmpfs "$BATS_TEST_TMPDIR/src"
	for option in rw dev suid exec strictatime relatime; do
		config '.mounts |= .[:7] + [{destination: "/m", type: "bind", source: $s, options: ["bind", $o]}]' \
			--arg s "$BATS_TEST_TMPDIR/src" --arg o "$option"
		run hull run "$ID"
		[ "$status" -eq 125 ] || break
		[[ $output == *"operation not permitted"* ]] || break
	done
	failed=$status message=$output
	config '.mounts |= .[:7] + [{destination: "/m", type: "bind", source: $s, options: ["bind"]}]' --arg s "$BATS_TEST_TMPDIR/src"
	program grep ' /m ' /proc/self/mountinfo
	run hull run "$ID"
	umount "$BATS_TEST_TMPDIR/src"
	[ "$failed" -eq 125 ]
	[[ $message == *"operation not permitted"* ]]
	[[ $output == *ro,nosuid,nodev,noexec,noatime* ]]
}

@test "user namespace: nor may options for whole trees clear a locked flag" {
	userns
	config '.root.readonly = false'
	local src="$BATS_TEST_TMPDIR/a tree" option results=
	mkdir "$src"
	mount -t tmpfs -o mode=755 tmpfs "$src"
	mkdir "$src/below"
	mount -t tmpfs -o ro,nodev,nosuid,noexec,noatime tmpfs "$src/below"
	for option in rrw rdev rsuid rexec rstrictatime rrelatime rro,rnosuid,rnodev,rnoexec,rnoatime; do
		config '.mounts |= .[:7] + [{destination: "/m", type: "bind", source: $s, options: (["rbind"] + ($o | split(",")))}]' \
			--arg s "$src" --arg o "$option"
		program grep ' /m/below ' /proc/self/mountinfo
		run hull run "$ID"
		results+="$option $status $output"$'\n'
	done
	umount "$src/below" "$src"
	echo "$results"
	[ "$(grep -c '^r[a-z]* 125 .*/m.*operation not permitted' <<<"$results")" -eq 6 ]
	[[ $results == *"rnoatime 0 "*ro,nosuid,nodev,noexec,noatime* ]]
}

@test "user namespace joined by path: its maps are read from it" {
	userns
	program sleep 1000
	hull run -d "$ID"
	pid=$(pid_of "$ID")
	join_userns "$pid"
	program sh -c 'readlink /proc/self/ns/user; id -u'
	run -0 hull run "$ID-b"
	[ "${lines[0]}" = "$(readlink "/proc/$pid/ns/user")" ]
	[ "${lines[1]}" = 0 ]
}

@test "a network namespace that the joined user namespace does not own" {
	userns
	hold -n
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/\($p)/ns/net" else . end)' --arg p "$HOLDER"
	config '.mounts |= map(if .destination == "/sys" then {destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "ro"]} else . end) |
		.mounts |= map(select(.destination != "/sys/fs/cgroup"))'
	inside 'readlink /proc/self/ns/net'
	[ "$output" = "$(readlink "/proc/$HOLDER/ns/net")" ]
}

@test "time namespace: offsets, for exec too" {
	[ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000}}'
	program sleep 1000
	hull run -d "$ID"
	host=$(cut -d. -f1 /proc/uptime)
	[ $(($(hull exec "$ID" cat /proc/uptime | cut -d. -f1) - host)) -ge 999990 ]
	[ "$(hull exec "$ID" readlink /proc/self/ns/time)" = "$(hull exec "$ID" readlink /proc/1/ns/time)" ]
	config '.linux.namespaces |= map(select(.type != "time"))'
	run hull run "$ID-b"
	[ "$status" -eq 125 ]
	[[ $output == *timeOffsets* ]]
}

@test "time namespace: joined alone, and its children and exec have its clocks" {
	[ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 5000}, boottime: {secs: 1000000, nanosecs: 500}}'
	program sleep 1000
	hull create "$ID"
	pid=$(pid_of "$ID")
	run -0 hull exec "$ID" sh -c 'readlink /proc/self/ns/time; readlink /proc/self/ns/time_for_children' # not started yet
	[ "${lines[0]}" = "${lines[1]}" ]
	[ "${lines[0]}" = "$(readlink "/proc/$pid/ns/time")" ]
	[ "${lines[0]}" != "$(readlink /proc/self/ns/time)" ]
	hull start "$ID"
	config 'del(.linux.timeOffsets) | .linux.namespaces |= map(if .type == "time" then .path = $p else . end)' --arg p "/proc/$pid/ns/time"
	program sleep 1000
	hull run -d "$ID-b"
	for ns in time time_for_children; do
		[ "$(readlink "/proc/$(pid_of "$ID-b")/ns/$ns")" = "$(readlink "/proc/$pid/ns/$ns")" ]
	done
	run -0 hull exec "$ID-b" sh -c 'cut -d. -f1 /proc/uptime; tr -s " " </proc/self/timens_offsets'
	[ "${lines[0]}" -ge 1000000 ]
	[ "${lines[*]:1}" = "monotonic 5000 0 boottime 1000000 500" ]
	config '.linux.timeOffsets = {boottime: {secs: 7}}' # not of one that has processes
	run hull run "$ID-c"
	[ "$status" -eq 125 ]
	[[ $output == *timeOffsets* ]]
}

@test "time namespace: in a user namespace; clocks go back as far as the host's, no further" {
	[ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
	in_userns || userns
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: -1}, monotonic: {secs: -2, nanosecs: 5}}'
	program sh -c 'tr -s " " </proc/self/timens_offsets; cut -d. -f1 /proc/uptime'
	run -0 hull run "$ID"
	[ "${lines[*]:0:2}" = "monotonic -2 5 boottime -1 0" ]
	config '.linux.timeOffsets.boottime.secs = -400000000'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"linux.timeOffsets"*"out of range"* ]]
}

@test "sysctl: namespaced ones are set, others refused before anything is written" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000"}'
	inside 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'
	[ "${lines[*]}" = "1 9000" ]
	before=$(cat /proc/sys/kernel/core_pattern)
	for key in kernel.core_pattern kernel.hostname vm.swappiness "kernel.shm_rmid_forced=1+kernel.core_pattern" \
		net/../kernel/core_pattern; do
		config '.linux.sysctl = {($k): "1"}' --arg k "$key"
		run hull run "$ID"
		[ "$status" -eq 125 ]
		[[ $output == *linux.sysctl* ]]
	done
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$before" ]
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))'
	run hull run "$ID"
	[ "$status" -eq 125 ]
}

@test "no mount namespace: the host's, chroot" {
	need_host_ids "without a mount namespace no devices"
	config '.linux.namespaces |= map(select(.type != "mount")) | .mounts = [] | .linux.maskedPaths = [] |
		.linux.readonlyPaths = [] | .root.readonly = false'
	program ls /
	run hull run "$ID"
	[ "$status" -eq 0 ]
	[[ $output == *bin* ]]
	[[ $output != *home* ]]
	printf '#!/bin/sh\ncat >/dev/null\necho "$1" >>"$2"\n' >"$BATS_TEST_TMPDIR/hook"
	chmod +x "$BATS_TEST_TMPDIR/hook"
	cp "$BATS_TEST_TMPDIR/hook" rootfs/bin/hook
	for stage in createRuntime createContainer startContainer; do
		config '.hooks[$s] = [{path: $p, args: ["hook", $s, $o]}]' --arg s "$stage" --arg p "$BATS_TEST_TMPDIR/hook" \
			--arg o "$BATS_TEST_TMPDIR/out"
	done
	config '.hooks.startContainer[0] += {path: "/bin/hook", args: ["hook", "startContainer", "/tmp/out"]}'
	run -0 hull run "$ID"
	[ "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/out")" = "createRuntime createContainer " ]
	[ "$(cat rootfs/tmp/out)" = startContainer ]
}


# Whether init has hull's memory until it executes its program.
shares() {
	strace -f -qq -o trace -e trace=clone3 "$HULL" --root "$STATES" run "$ID"
	grep -q CLONE_PIDFD trace
	grep -q 'CLONE_VM.*CLONE_PIDFD' trace
}

@test "init shares hull's memory only where it is alone and nobody of the container's can see it" {
	need_root
	no_userns
	! sanitized || skip "init never shares the memory of a program with AddressSanitizer"
	[ "$(uname -m)" = x86_64 ] || skip "not on this machine"
	command -v strace >/dev/null || skip "strace is not installed"
	cp config.json plain.json
	shares
	config '.linux.namespaces |= map(select(.type != "network"))'
	shares
	config '.process.user = {uid: 1000, gid: 1000}'
	shares
	echo 1 >dumpable
	mount --bind dumpable /proc/sys/fs/suid_dumpable
	run ! shares
	umount /proc/sys/fs/suid_dumpable
	for hooks in prestart createRuntime createContainer startContainer; do
		cp plain.json config.json
		config ".hooks.$hooks = [{path: \"/bin/true\"}]"
		cp "$BUSYBOX" rootfs/bin/true
		run ! shares
	done
	cp plain.json config.json
	config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.type != "proc"))'
	run ! shares
	cp plain.json config.json
	unshare --pid --fork --kill-child sleep 1000 &
	HOLDER=$!
	until_true pgrep -P "$HOLDER" -x sleep
	config '.linux.namespaces |= map(if .type == "pid" then .path = "/proc/\($p)/ns/pid" else . end)' \
		--arg p "$(pgrep -P "$HOLDER")"
	run ! shares
	cp plain.json config.json
	config '.mounts += [{destination: "/bin", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]'
	run ! shares
	cp plain.json config.json
	userns
	run ! shares
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Mounts and devices: what users of other runtimes rely on and is easily missed.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	SRC=$BATS_TEST_TMPDIR/src
	mkdir "$SRC"
	echo content >"$SRC/file"
	config '.root.readonly = false'
}

teardown() {
	awk -v at="$SRC" 'index($5, at) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r at; do
		umount "$at"
	done
	clean_up
	! grep -q "$BATS_TEST_TMPDIR/bundle" /proc/self/mountinfo
}

inside() {
	program sh -c "$1"
	run -0 hull run "$ID"
}

# mount_entry DESTINATION TYPE SOURCE OPTION...
mount_entry() {
	config_words '.mounts += [{destination: $w[0], type: $w[1], source: $w[2], options: $w[3:]}]' "$@"
}

options_of() {
	awk -v at="$1" '$5 == at { print $6 }' <<<"$output" | tail -1
}

@test "bind: a source that an earlier mount put into the root, recursive too" {
	mount_entry /one bind "$SRC" bind
	mount_entry /one/below tmpfs tmpfs mode=755
	mount_entry /one/below/deep tmpfs mine
	mount_entry /two bind "$BUNDLE/rootfs/one" bind
	mount_entry /three bind rootfs/one rbind
	mkdir "$SRC/below"
	inside 'cat /two/file /three/file; ls /two/below; grep -c " - tmpfs mine" /proc/self/mountinfo; ls -d /three/below/deep'
	[ "${lines[*]}" = "content content 2 /three/below/deep" ]
}

@test "targets: dangling links also among the directories above" {
	ln -s /made/there rootfs/dangling
	ln -s later rootfs/tofile
	mount_entry /dangling/deeper bind "$SRC" bind
	mount_entry /tofile bind "$SRC/file" bind
	inside 'cat /made/there/deeper/file /later'
	[ "${lines[*]}" = "content content" ]
	[ -d rootfs/made/there/deeper ]
	[ -f rootfs/later ]
}

@test "targets: made directories are 0755 and inherit setgid" {
	mkdir rootfs/shared
	chgrp 50 rootfs/shared
	chmod 2777 rootfs/shared
	mount_entry /shared/a/b bind "$SRC" bind
	mount_entry /plain/a/b bind "$SRC" bind
	umask 077
	inside true
	[ "$(stat -c %a:%g rootfs/shared/a)" = "2755:$(host_id 50)" ]
	[ "$(stat -c %a rootfs/plain/a)" = 755 ]
}

@test "procfs keeps its own mode, whatever it covers" {
	chmod 700 rootfs/proc rootfs/sys
	inside 'stat -c %a /proc /sys'
	[ "${lines[*]}" = "555 555" ]
}

@test "tmpfs: every bit of the mode it covers; /dev/shm is 1777" {
	mkdir rootfs/covered
	chmod 7715 rootfs/covered
	mount_entry /covered tmpfs tmpfs
	mount_entry /fresh tmpfs tmpfs
	inside 'stat -c %a /covered /fresh /dev/shm'
	[ "${lines[*]}" = "7715 1777 1777" ]
	[ "$(stat -c %a rootfs/covered)" = 7715 ]
}

@test "/dev read-only: the devices were made first" {
	config '.mounts |= map(if .destination == "/dev" then .options += ["ro"] else . end)'
	inside 'echo x >/dev/null && echo null; readlink /dev/fd; touch /dev/x || echo ro'
	[ "${lines[0]}" = null ]
	[[ $output == *"/proc/self/fd"*ro ]]
}

@test "bind: access times survive other flags; nodiratime is relatime as well" {
	need_host_ids "the source's noatime is locked"
	mount -t tmpfs -o noatime tmpfs "$SRC"
	mount_entry /a bind "$SRC" bind nosuid
	mount_entry /b bind "$SRC" bind relatime
	mount_entry /c bind "$SRC" bind nodiratime
	mount_entry /d bind "$SRC" bind strictatime
	inside 'cat /proc/self/mountinfo'
	[[ ,$(options_of /a), == *,nosuid,*noatime,* ]]
	[[ ,$(options_of /b), == *,relatime,* ]]
	[[ ,$(options_of /c), == *,nodiratime,relatime,* ]]
	[ "$(options_of /d)" = rw ]
}

@test "recursive options and their opposites give definite words" {
	need_host_ids "the source's flags are locked"
	mount -t tmpfs -o ro,nosuid,nodev,noexec,noatime tmpfs "$SRC"
	local n=0 word
	for word in rrw rsuid rdev rexec ratime rstrictatime; do
		mount_entry "/m$n" bind "$SRC" rbind "$word"
		n=$((n + 1))
	done
	inside 'cat /proc/self/mountinfo'
	n=0
	for word in ro nosuid nodev noexec noatime noatime; do
		[[ ,$(options_of "/m$n"), != *,$word,* ]]
		n=$((n + 1))
	done
}

@test "remount: locked flags are kept where they were not mentioned" {
	mount -t tmpfs -o nosuid,nodev,noexec tmpfs "$SRC"
	echo content >"$SRC/file"
	userns
	chmod 755 "$SRC"
	mount_entry /m bind "$SRC" bind ro
	mount_entry /n bind "$SRC" bind rw
	inside 'cat /proc/self/mountinfo'
	[[ ,$(options_of /m), == *,ro,nosuid,nodev,noexec,* ]]
	[[ ,$(options_of /n), == *,rw,nosuid,nodev,noexec,* ]]
}

@test "rootfsPropagation slave: events of the host come in, none leave" {
	mount -t tmpfs tmpfs "$SRC"
	mount --make-shared "$SRC"
	config 'del(.linux.seccomp) | .linux.rootfsPropagation = "slave" | .process.capabilities.bounding += ["CAP_SYS_ADMIN"] |
		.process.capabilities.effective += ["CAP_SYS_ADMIN"] | .process.capabilities.permitted += ["CAP_SYS_ADMIN"]'
	mount_entry /in bind "$SRC" rbind rslave
	mkdir "$SRC/late" "$SRC/own"
	program sleep 1000
	hull run -d "$ID"
	mount -t tmpfs late "$SRC/late"
	run -0 hull exec "$ID" stat -f -c %T /in/late
	grep -q ' /in/late ' "/proc/$(pid_of "$ID")/mountinfo"
	hull exec --cap CAP_SYS_ADMIN "$ID" mount -t tmpfs own /in/own
	! grep -q " $SRC/own " /proc/self/mountinfo
}

@test "--no-pivot: a user namespace inside cannot mount a fresh proc" {
	# The latter, to map the root of a user namespace to that of another (Linux 5.12).
	config '.process.capabilities |= with_entries(select(.key != "ambient" and .key != "inheritable") |
		.value += ["CAP_SYS_ADMIN", "CAP_SETFCAP"]) | del(.linux.seccomp)'
	program sh -c 'unshare -U -r -m -p -f sh -c "echo inside; mount -t proc proc /tmp && echo bare"'
	run hull run --no-pivot "$ID"
	echo "$output"
	[ "${lines[0]}" = inside ]
	[[ ${lines[1]} == "mount: permission denied"* ]]
	[ "${#lines[@]}" -eq 2 ]
}

@test "cgroup mount: read-only is read-only, with and without namespaces of its own" {
	local cgroup network user mount
	no_userns
	cp config.json all.json
	for user in "" user; do for cgroup in "" cgroup; do for network in "" network; do for mount in with without; do
		echo "without the namespaces: $cgroup $network; $user; $mount the mount"
		cp all.json config.json
		[ -z "$user" ] || userns
		config '.linux.namespaces |= map(select(.type != $c and .type != $n))' --arg c "$cgroup" --arg n "$network"
		[ $mount = with ] || config '.mounts |= map(select(.type != "cgroup"))'
		inside 'mkdir /sys/fs/cgroup/x || echo cg-ro; mkdir /sys/x 2>/dev/null; grep " /sys" /proc/self/mountinfo; ls /sys/fs/cgroup/cgroup.procs; true'
		[[ $output == *cg-ro* ]]
		[[ $(options_of /sys) == ro* ]]
		[ $mount = without ] || [[ $(options_of /sys/fs/cgroup) == ro* && $output == */sys/fs/cgroup/cgroup.procs* ]]
	done; done; done; done
}

@test "cgroup mount: options are the kernel's to judge" {
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options += ["flavour=sweet"] else . end)'
	program true
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"/sys/fs/cgroup"*flavour* ]]
}

@test "sysfs in a user namespace without a network namespace: the host's, bound" {
	userns
	config '.linux.namespaces |= map(select(.type != "network"))'
	inside 'test -d /sys/kernel && echo there; grep " /sys " /proc/self/mountinfo; touch /sys/x || echo ro'
	[ "${lines[0]}" = there ]
	[[ $(options_of /sys) == ro* ]]
	# Its cgroups come along.
	config '.mounts |= map(select(.type != "cgroup"))'
	inside 'test -e /sys/fs/cgroup/cgroup.procs && echo there; grep -E "^([^ ]+ ){4}/sys" /proc/self/mountinfo'
	[ "${lines[0]}" = there ]
	awk '$5 ~ "^/sys" && $6 !~ /^ro,/ { print; bad = 1 } END { exit bad }' <<<"$output"
}

@test "masks leave nothing of the runtime's to be seen" {
	config '.linux.maskedPaths = ["/etc", "/proc/keys"]'
	inside 'ls -A /run; ls -A /tmp; ls -A /etc; test -d /etc && echo directory; cut -d" " -f5 /proc/self/mountinfo'
	[ "${lines[0]}" = directory ]
	[[ $output != *hull* ]]
	[ -z "$(ls -A rootfs/run rootfs/tmp | grep -v :)" ]
}

@test "idmap: without a user namespace, many under a low limit of descriptors" {
	no_userns
	local i
	idmappable "$SRC"
	chown 7:8 "$SRC/file"
	for ((i = 0; i < 20; i++)); do
		config_words '.mounts += [{destination: $w[0], type: "bind", source: $w[1], options: ["bind", "idmap"],
			uidMappings: [{containerID: 7, hostID: 1007, size: 1}], gidMappings: [{containerID: 8, hostID: 1008, size: 1}]}]' \
			"m$i" "$SRC"
	done
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 20, hard: 20}]'
	inside 'stat -c %u:%g /m0/file /m19/file; ulimit -n'
	[ "${lines[*]}" = "1007:1008 1007:1008 20" ]
}

@test "idmap: one source with several mappings, its propagation; an id without a mapping cannot write" {
	no_userns
	local to
	idmappable "$SRC"
	chown 7:7 "$SRC/file"
	chmod 777 "$SRC"
	for to in 1007 2007; do
		config_words '.mounts += [{destination: ("/m" + $w[0]), type: "bind", source: $w[1], options: ["bind", "idmap", "shared"],
			uidMappings: [{containerID: 7, hostID: ($w[0] | tonumber), size: 1}],
			gidMappings: [{containerID: 7, hostID: ($w[0] | tonumber), size: 1}]}]' "$to" "$SRC"
	done
	inside 'stat -c %u:%g /m1007/file /m2007/file; touch /m1007/new 2>&1; grep " /m1007 " /proc/self/mountinfo'
	[ "${lines[0]} ${lines[1]}" = "1007:1007 2007:2007" ]
	[[ ${lines[2]} == *"Value too large"* ]] # EOVERFLOW
	[[ ${lines[3]} == *" shared:"* ]]
}

@test "idmap is not recursive, ridmap is; a link as source" {
	no_userns
	idmappable "$SRC"
	mkdir -p "$SRC/sub" "$BATS_TEST_TMPDIR/sub"
	idmappable "$BATS_TEST_TMPDIR/sub"
	mount --bind "$BATS_TEST_TMPDIR/sub" "$SRC/sub"
	touch "$SRC/sub/file"
	ln -s src "$BATS_TEST_TMPDIR/link"
	local word
	for word in idmap ridmap; do
		config_words '.mounts += [{destination: ("/" + $w[0]), type: "bind", source: $w[1], options: ["rbind", $w[0]],
			uidMappings: [{containerID: 0, hostID: 1000, size: 1}], gidMappings: [{containerID: 0, hostID: 1000, size: 1}]}]' \
			"$word" "$BATS_TEST_TMPDIR/link"
	done
	inside 'stat -c %u /idmap/file /idmap/sub/file /ridmap/file /ridmap/sub/file'
	[ "${lines[*]}" = "1000 0 1000 1000" ]
}

@test "idmap: a source that an earlier mount put into the root" {
	no_userns
	idmappable "$SRC"
	chown 7:7 "$SRC/file"
	mount_entry /one bind "$SRC" bind
	config '.mounts += [{destination: "/two", type: "bind", source: "rootfs/one", options: ["bind", "idmap"],
		uidMappings: [{containerID: 7, hostID: 1007, size: 1}], gidMappings: [{containerID: 7, hostID: 1008, size: 1}]}]'
	inside 'stat -c %u:%g /one/file /two/file'
	[ "${lines[*]}" = "7:7 1007:1008" ]
	# There only the parent may map ids, and has no such mount.
	userns
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"mounts[8].source: "*"mounts[7]"* ]]
	# What is in the root itself it can map.
	mkdir rootfs/own rootfs/seen
	touch rootfs/own/file
	idmappable "$BUNDLE/rootfs"
	shift_rootfs
	chown 7:7 rootfs/own/file
	config 'del(.mounts[7]) | .mounts[7] += {destination: "/seen", source: "rootfs/own"} |
		.mounts[7].uidMappings[0].hostID = 100007 | .mounts[7].gidMappings[0].hostID = 100008'
	program stat -c %u:%g /own/file /seen/file
	run -0 "$HULL" --root "$STATES" run "$ID"
	[ "${lines[*]}" = "65534:65534 7:8" ]
}

@test "idmap: bare, it takes the mappings of a user namespace joined by path" {
	userns
	idmappable "$SRC"
	chown 0:0 "$SRC/file"
	program sleep 1000
	hull run -d "$ID"
	join_userns "$(pid_of "$ID")"
	mount_entry /m bind "$SRC" bind idmap
	program stat -c %u:%g /m/file
	run -0 hull run "$ID-b"
	[ "$output" = 0:0 ]
}

@test "devices: repeating the default ones is harmless" {
	config '.linux.devices = [{path: "/dev/tty", type: "c", major: 5, minor: 0, fileMode: 438},
		{path: "/dev/ptmx", type: "c", major: 5, minor: 2, fileMode: 438},
		{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 438}]'
	inside 'stat -c %t:%T /dev/tty /dev/null; test -e /dev/ptmx && echo ptmx'
	[ "${lines[*]}" = "5:0 1:3 ptmx" ]
}

@test "devices: bound from the host in a user namespace, nosuid and noexec" {
	userns
	inside 'cat /proc/self/mountinfo; echo x >/dev/null && echo works'
	[[ ,$(options_of /dev/null), == *,nosuid,* ]]
	[[ ,$(options_of /dev/null), == *,noexec,* ]]
	[ "${lines[-1]}" = works ]
}

@test "devices: mode and owner whatever the umask" {
	need_host_ids "mknod"
	config '.linux.devices = [{path: "/dev/x/y", type: "c", major: 1, minor: 3, fileMode: 438, uid: 7, gid: 8}] |
		.process.user.umask = 63'
	umask 077
	inside 'stat -c %a:%u:%g /dev/x/y; stat -c %a /dev/x /dev/null'
	[ "${lines[*]}" = "666:7:8 755 666" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Mounts, the root file system, masked and read-only paths.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	SRC=$BATS_TEST_TMPDIR/src
	mkdir "$SRC"
	echo content >"$SRC/file"
}

teardown() {
	clean_up
	! grep -q "$BATS_TEST_TMPDIR/bundle" /proc/self/mountinfo
}

inside() {
	program sh -c "$1"
	run -0 hull run "$ID"
}

# mount DESTINATION TYPE SOURCE OPTION...
mount_entry() {
	config_words '.mounts += [{destination: $w[0], type: $w[1], source: $w[2], options: $w[3:]}]' "$@"
}

# The options of the mount at $1 inside.
options_of() {
	awk -v at="$1" '$5 == at { print $6 }' <<<"$output" | tail -1
}

@test "the default mounts" {
	inside 'cat /proc/self/mountinfo'
	for at in / /proc /dev /dev/pts /dev/shm /dev/mqueue /sys /sys/fs/cgroup; do
		[ -n "$(options_of $at)" ]
	done
	[[ $(options_of /sys) == ro,nosuid,nodev,noexec* ]]
	[[ $(options_of /) == ro* ]]
}

@test "bind: file and directory, made when missing; relative and doubled slashes" {
	config '.root.readonly = false'
	mount_entry /data bind "$SRC" rbind
	mount_entry other/file bind "$SRC/file" bind ro
	mount_entry //deep//er/dir bind "$SRC" bind
	inside 'cat /data/file /other/file /deep/er/dir/file; echo no >/other/file || echo ro'
	[ "${lines[*]:0:3}" = "content content content" ]
	[[ $output == *ro ]]
	[ -f rootfs/other/file ]
	[ "$(stat -c %a rootfs/deep)" = 755 ]
}

@test "bind: a source relative to the bundle" {
	mkdir in-bundle
	echo here >in-bundle/file
	mount_entry /mnt bind in-bundle bind
	config '.root.readonly = false'
	cd /
	run -0 hull run -b "$BUNDLE" "$ID"
	cd "$BUNDLE"
	inside 'cat /mnt/file'
	[ "$output" = here ]
}

@test "bind: missing source names the mount" {
	mount_entry /data bind /nothere bind
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"mounts[7]"*"/nothere"*"no such file or directory"* ]]
}

@test "bind: alone keeps the source's flags, a named flag replaces them" {
	need_host_ids "the source's flags are locked"
	mount -t tmpfs -o ro,noexec,nosuid tmpfs "$SRC"
	config '.root.readonly = false'
	mount_entry /a bind "$SRC" bind
	mount_entry /b bind "$SRC" bind rw
	mount_entry /c bind "$SRC" bind nodev
	program cat /proc/self/mountinfo
	run -0 hull run "$ID"
	umount "$SRC"
	[[ $(options_of /a) == ro,nosuid,noexec* ]]
	[ "$(options_of /b)" = rw,relatime ]
	[ "$(options_of /c)" = rw,nodev,relatime ]
}

@test "bind: rbind wins over bind; ro is not recursive, rro is" {
	mkdir "$SRC/sub"
	mount -t tmpfs tmpfs "$SRC/sub"
	config '.root.readonly = false'
	mount_entry /a bind "$SRC" bind rbind ro
	mount_entry /b bind "$SRC" rbind rro
	program sh -c 'touch /a/x || echo a-ro; touch /a/sub/x && echo a-sub-rw; touch /b/sub/x || echo b-sub-ro'
	run -0 hull run "$ID"
	umount "$SRC/sub"
	[[ $output == *a-ro* ]]
	[[ $output == *a-sub-rw* ]]
	[[ $output == *b-sub-ro* ]]
}

@test "every recursive option gives its own word" {
	config '.root.readonly = false'
	local n=0
	for pair in rro:ro rnosuid:nosuid rnodev:nodev rnoexec:noexec rnoatime:noatime rnodiratime:nodiratime \
		rrelatime:relatime; do
		mount_entry "/m$n" bind "$SRC" rbind "${pair%:*}"
		n=$((n + 1))
	done
	inside 'cat /proc/self/mountinfo'
	n=0
	for word in ro nosuid nodev noexec noatime nodiratime relatime; do
		[[ ,$(options_of "/m$n"), == *,$word,* ]]
		n=$((n + 1))
	done
}

@test "nosymfollow and symfollow" {
	ln -s file "$SRC/link"
	config '.root.readonly = false'
	mount_entry /a bind "$SRC" bind nosymfollow
	mount_entry /b bind "$SRC" bind symfollow
	inside 'cat /a/link || echo refused; cat /b/link'
	[[ $output == *refused*content ]]
}

@test "propagation words, per mount and for the root" {
	config '.root.readonly = false'
	mount_entry /a bind "$SRC" bind shared
	mount_entry /b bind "$SRC" rbind rslave
	mount_entry /c bind "$SRC" bind unbindable
	inside 'cat /proc/self/mountinfo'
	grep -q ' /a .* shared:' <<<"$output"
	grep -q ' /c .* unbindable ' <<<"$output"
	config '.linux.rootfsPropagation = "shared"'
	inside 'cat /proc/self/mountinfo'
	awk '$5 == "/" && / shared:/ { n++ } END { exit !n }' <<<"$output"
	config '.linux.rootfsPropagation = "unbindable"'
	inside 'cat /proc/self/mountinfo'
	awk '$5 == "/" && / unbindable / { n++ } END { exit !n }' <<<"$output"
}

@test "targets: symlinks are resolved inside, dangling ones made inside" {
	config '.root.readonly = false'
	canary=$BATS_TEST_TMPDIR/canary
	mkdir "$canary"
	ln -s "$canary/escape" rootfs/out
	ln -s ../../../../../../../"$canary/up" rootfs/up
	ln -s /etc rootfs/link
	mount_entry /out bind "$SRC" bind
	mount_entry /up bind "$SRC" bind
	mount_entry /link/sub bind "$SRC" bind
	inside "cat $canary/escape/file /etc/sub/file"
	[ "${lines[*]}" = "content content" ]
	[ -z "$(ls -A "$canary")" ]
}

@test "targets: a FIFO, a socket, a device" {
	config '.root.readonly = false'
	mkfifo rootfs/fifo
	mknod rootfs/null c 1 3
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("rootfs/socket")'
	mount_entry /fifo bind "$SRC/file" bind
	mount_entry /null bind "$SRC/file" bind
	mount_entry /socket bind "$SRC/file" bind
	inside 'cat /fifo /null /socket'
	[ "${lines[*]}" = "content content content" ]
}

@test "/proc and /sys must be ordinary directories (CVE-2019-19921, CVE-2023-27561)" {
	for d in proc sys; do
		mv "rootfs/$d" "rootfs/real-$d"
		ln -s "real-$d" "rootfs/$d"
		run hull run "$ID"
		[ "$status" -eq 125 ]
		[[ $output == *"must be mounted on ordinary directory"* ]]
		rm "rootfs/$d"
		mv "rootfs/real-$d" "rootfs/$d"
	done
}

@test "mounts over /proc/self and its like are refused" {
	mount_entry /proc/self bind "$SRC" bind
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == */proc/self* ]]
}

@test "tmpfs: the directory's mode unless given; the kernel's 1777 for a new one" {
	mkdir -m 2751 rootfs/old
	chmod 2751 rootfs/old
	config '.root.readonly = false'
	mount_entry /old tmpfs tmpfs
	mount_entry /given tmpfs tmpfs mode=700
	mkdir rootfs/there
	chmod 2751 rootfs/there
	mount_entry /there tmpfs tmpfs mode=710
	for _ in 1 2; do
		inside 'stat -c %a /old /given /there'
		[ "${lines[*]}" = "2751 700 710" ]
	done
	[ "$(stat -c %a rootfs/old rootfs/there | uniq)" = 2751 ]
	mount_entry /new tmpfs tmpfs
	inside 'stat -c %a /new'
	[ "$output" = 1777 ]
}

@test "tmpfs: tmpcopyup takes contents along, also read-only; size= holds" {
	mkdir -p rootfs/seed/dir
	echo seeded >rootfs/seed/dir/file
	chmod 640 rootfs/seed/dir/file
	config '.root.readonly = false'
	mount_entry /seed tmpfs tmpfs tmpcopyup ro size=1m
	inside 'cat /seed/dir/file; stat -c %a /seed/dir/file; touch /seed/x || echo ro; df -k /seed | tail -1'
	[ "${lines[0]} ${lines[1]}" = "seeded 640" ]
	[[ $output == *ro* ]]
	[[ $output == *1024* ]]
}

@test "a bad file-system option: the kernel's own reason" {
	mount_entry /x tmpfs tmpfs flavour=sweet
	config '.root.readonly = false'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"mounts[7] (/x)"*"Unknown parameter 'flavour'"* ]]
}

@test "overlay" {
	mkdir -p ov/{lower,upper,work}
	mount -t tmpfs tmpfs ov/work
	umount ov/work
	echo low >ov/lower/file
	config '.root.readonly = false'
	mount -t tmpfs tmpfs ov
	mkdir -p ov/{lower,upper,work}
	echo low >ov/lower/file
	shift_ids ov
	mount_entry /ov overlay overlay "lowerdir=$PWD/ov/lower" "upperdir=$PWD/ov/upper" "workdir=$PWD/ov/work"
	program sh -c 'cat /ov/file; echo up >/ov/new'
	run hull run "$ID"
	st=$status
	[ "$st" -ne 0 ] || grep -q up ov/upper/new || st=1
	umount ov
	[ "$st" -eq 0 ]
	[ "$output" = low ]
}

@test "read-only root; readonlyPaths keep the parent's flags" {
	inside 'touch /x || echo ro-root; touch /proc/sys/kernel/hostname 2>/dev/null; echo x >/proc/sys/kernel/hostname || echo ro-proc; grep " /proc/sys " /proc/self/mountinfo'
	[[ $output == *ro-root* ]]
	[[ $output == *ro-proc* ]]
	config '.linux.readonlyPaths = ["/data"] | .root.readonly = false'
	mount_entry /data tmpfs tmpfs nosuid nodev noexec
	inside 'cat /proc/self/mountinfo'
	[[ $(options_of /data) == ro,nosuid,nodev,noexec* ]]
}

@test "readonlyPaths: what is mounted on /proc is read-only when /proc comes before it" {
	mount_entry /proc/uptime bind "$SRC/file" bind
	config '.linux.readonlyPaths = ["/proc/fs", "/proc", "/proc/uptime"] | .linux.maskedPaths = []'
	inside 'echo changed >/proc/uptime || echo read-only; cat /proc/uptime'
	[[ $output == *read-only*content ]]
}

@test "maskedPaths: files read empty, directories are empty, one shared read-only tmpfs" {
	mkdir -p rootfs/secret1 rootfs/secret2
	echo x >rootfs/secret1/x
	echo y >rootfs/secret-file
	config '.linux.maskedPaths = ["/secret1", "/secret2", "/secret-file", "/missing", "/secret1"]'
	config '.root.readonly = false'
	inside 'ls -A /secret1 /secret2 && cat /secret-file; stat -c %t:%T /secret-file; stat -c %d /secret1 /secret2 | uniq | wc -l
		touch /secret1/a 2>/dev/null || echo read-only; umount /secret1 2>/dev/null || echo stays; grep -c " /secret1 " /proc/self/mountinfo'
	[ "${lines[*]}" = "/secret1: /secret2: 1:3 1 read-only stays 1" ]
}

@test "masking never uses the container's /dev/null (CVE-2025-31133)" {
	echo secret >rootfs/secret
	echo fake >fake
	# When the devices have been made, something else takes that place.
	config '.linux.maskedPaths = ["/secret"] | .hooks.createContainer = [{path: "/bin/sh",
		args: ["sh", "-c", "cat >/dev/null; mount --bind \($b)/fake \($b)/rootfs/dev/null"], env: ["PATH=/bin:/usr/bin:/sbin"]}]' --arg b "$BUNDLE"
	inside 'cat /dev/null /secret; stat -c %t:%T /secret'
	[ "${lines[*]}" = "fake 1:3" ]
}

@test "no mount of the container's reaches the host" {
	before=$(wc -l </proc/self/mountinfo)
	program sleep 1000
	hull run -d "$ID"
	[ "$(wc -l </proc/self/mountinfo)" -eq "$before" ]
}

@test "default devices and symlinks" {
	inside 'for d in null zero full random urandom tty; do stat -c "%n %t:%T %a" /dev/$d; done; readlink /dev/fd; readlink /dev/stdin; readlink /dev/ptmx; echo gone >/dev/null; head -c 4 /dev/zero | wc -c'
	[[ $output == *"/dev/null 1:3 666"* ]]
	[[ $output == *"/dev/zero 1:5 666"* ]]
	[[ $output == *"/dev/urandom 1:9 666"* ]]
	[[ $output == *"/proc/self/fd"* ]]
	[[ $output == *pts/ptmx* ]]
	[ "${lines[-1]}" = 4 ]
}

@test "linux.devices: mode, owner, FIFO, u; a wrong existing node is an error" {
	need_host_ids "mknod"
	config '.linux.devices = [{path: "/dev/kmsg2", type: "c", major: 1, minor: 11, fileMode: 420, uid: 1000, gid: 5},
		{path: "/dev/pipe/", type: "p", fileMode: 384}, {path: "/dev/u", type: "u", major: 1, minor: 3},
		{path: "/dev/tty", type: "c", major: 5, minor: 0}]'
	inside 'stat -c "%n %F %a %u %g %t:%T" /dev/kmsg2 /dev/pipe; test -c /dev/u'
	[ "${lines[0]}" = "/dev/kmsg2 character special file 644 1000 5 1:b" ]
	[ "${lines[1]}" = "/dev/pipe fifo 600 0 0 0:0" ]
	config '.linux.devices = [{path: "/etc/passwd", type: "c", major: 1, minor: 3}]'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"/etc/passwd"* ]]
}

@test "/dev as a symlink out of the rootfs touches nothing (CVE-2026-41579)" {
	canary=$BATS_TEST_TMPDIR/canary
	mkdir "$canary"
	rmdir rootfs/dev
	ln -s "$canary" rootfs/dev
	run hull run "$ID"
	[ -z "$(ls -A "$canary")" ]
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	run hull run "$ID"
	[ -z "$(ls -A "$canary")" ]
}

@test "device rules: deny all leaves the default devices; mknod is refused" {
	config '.linux.resources.devices = [{allow: false, access: "rwm"}] | .root.readonly = false |
		.process.capabilities.bounding += ["CAP_MKNOD"] | .process.capabilities.effective += ["CAP_MKNOD"] |
		.process.capabilities.permitted += ["CAP_MKNOD"]'
	inside 'echo x >/dev/null && echo null-ok; mknod /tmp/kmsg c 1 11; cat /tmp/kmsg 2>&1 | head -1'
	[[ $output == *null-ok* ]]
	[[ $output == *"not permitted"* ]]
}

@test "--no-pivot: no bare /proc stays reachable" {
	program sh -c 'ls /; cat /proc/1/root/etc/passwd | head -1'
	run -0 hull run --no-pivot "$ID"
	[[ $output == *root:x:0:0:root:/root:/bin/sh* ]]
	[[ $output != *config.json* ]]
}

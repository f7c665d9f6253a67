#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A root with CAP_SYS_ADMIN in the container's own user namespace against what was mounted for it: read-only
# volumes, masks, read-only paths, and what lies below mounts of the host's that came along.

bats_require_minimum_version 1.5.0
load ../system/helpers
load attack

setup() {
	make_bundle
	[ -n "$SHIFT" ] || userns
	all_caps CAP_SYS_ADMIN CAP_SYS_CHROOT CAP_MKNOD CAP_DAC_OVERRIDE CAP_SETFCAP CAP_SETUID CAP_SETGID
	config 'del(.linux.seccomp) | .process.noNewPrivileges = false'
	HOST=$BATS_TEST_TMPDIR/host
	mkdir -p "$HOST"/volume/below "$HOST"/readonly rootfs/{volume,tree,readonly,secret}
	echo secret >"$HOST/volume/below/secret"
	echo secret >rootfs/secret/file
	mount -t tmpfs cover "$HOST/volume/below"
	mount -t tmpfs -o mode=777 readonly "$HOST/readonly"
	mount -o remount,bind,ro "$HOST/readonly"
	chmod 777 "$HOST/volume"
	config '.mounts += [
		{destination: "/volume", type: "bind", source: ($h + "/volume"), options: ["bind", "ro", "nosuid", "nodev", "noexec"]},
		{destination: "/tree", type: "bind", source: ($h + "/volume"), options: ["rbind", "ro"]},
		{destination: "/readonly", type: "bind", source: ($h + "/readonly"), options: ["bind"]},
		{destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["ro"]}] |
		.linux.maskedPaths += ["/secret"] | .root.readonly = true' --arg h "$HOST"
}

teardown() {
	clean_up
	umount "$HOST/volume/below" "$HOST/readonly"
}

# What is tried; says "undone: ..." for each success.
attack() {
	cat <<'SH'
for m in / /volume /tree /readonly /scratch /proc/sys /proc/bus /proc/irq /proc/sysrq-trigger; do
	for o in rw rw,nosuid rw,nosuid,nodev,noexec rw,relatime rw,suid,dev,exec; do
		mount -o remount,bind,$o $m && echo "undone: $m is $o"
	done
	touch $m/made && echo "undone: $m is written to"
done
for m in /volume /tree/below /tree /readonly /scratch /secret /proc/kcore /proc/keys /proc/timer_list /proc/scsi /sys/firmware /proc/sys \
	/proc/bus /proc/irq; do
	umount $m && echo "undone: $m is off"
	umount -l $m && echo "undone: $m is off lazily"
	mkdir -p /dev/shm/to; mount --move $m /dev/shm/to && echo "undone: $m is elsewhere"
done
mkdir -p /dev/shm/again /dev/shm/fresh
mount --bind /secret /dev/shm/again && grep -r secret /dev/shm/again && echo "undone: a bind shows what is masked"
mount --bind / /dev/shm/again && grep -r secret /dev/shm/again/secret && echo "undone: a bind of the root shows what is masked"
mount --bind /tree /dev/shm/again && grep -r secret /dev/shm/again/below && echo "undone: a bind shows what is below"
mount -t proc proc /dev/shm/fresh && echo "undone: a fresh procfs, with nothing masked"
mount -t sysfs sysfs /dev/shm/fresh && [ -n "$(ls /dev/shm/fresh/firmware)" ] && echo "undone: a fresh sysfs, with nothing masked"
grep secret /secret/* /tree/below/* && echo "undone: a secret is read"
mount -t tmpfs tmpfs /dev/shm/fresh && echo can mount
exit 0
SH
}

withstands() {
	echo "$output"
	[[ $output == *"can mount"* ]]
	[[ $output != *undone:* ]]
	[ ! -e "$HOST/volume/made" ]
	[ ! -e "$HOST/readonly/made" ]
}

@test "locked mounts: root of a user namespace undoes no mask and no read-only mount" {
	program sh -c "$(attack)"
	run -0 hull run "$ID"
	withstands
}

@test "locked mounts: nor from a mount namespace or a user namespace further inside" {
	attack >rootfs/attack
	for how in "unshare -m" "unshare -U -r -m" "unshare -m --propagation shared"; do
		program sh -c "$how sh /attack"
		run hull run "$ID"
		echo "$how: $status"
		withstands
	done
}

@test "locked mounts: nor by exec, nor where a user namespace is joined" {
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec "$ID" sh -c "$(attack)"
	withstands
	join_userns "$(pid_of "$ID")"
	program sh -c "$(attack)"
	run -0 hull run "$ID-b"
	withstands
}

@test "locked mounts: nor without pivot_root, and with shared propagation" {
	program sh -c "$(attack)"
	run -0 hull run --no-pivot "$ID"
	withstands
	config '.linux.rootfsPropagation = "shared" | .mounts |= map(if .destination == "/tree" then .options += ["rshared"] else . end)'
	run -0 hull run "$ID"
	withstands
	program grep -E ' (/|/tree|/tree/below) .* shared:' /proc/self/mountinfo
	run -0 hull run "$ID"
	[ "${#lines[@]}" -eq 3 ]
}

@test "locked mounts: the terminal keeps its name, and the root is where exec arrives" {
	command -v script >/dev/null || skip "no script(1) here (Debian: apt-get install bsdutils)"
	config '.process.terminal = true'
	program sh -c 'tty; readlink /proc/self/fd/0; readlink /proc/self/fd/1; ls -l /proc/self/fd/2; echo line >/dev/tty; cat </dev/null; pwd'
	shift_rootfs
	run script -qec "'$HULL' --root '$STATES' run '$ID'" /dev/null
	echo "$output"
	[[ $output == */dev/pts/0*/dev/pts/0*"2 -> /dev/pts/0"*line* ]]
	config '.process.terminal = false'
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec "$ID" sh -c 'pwd; ls -d /volume; ls /proc/1/fd; grep -c . /proc/self/mountinfo'
	[ "${lines[0]} ${lines[1]}" = "/ /volume" ]
	grep -c . "/proc/$(pid_of "$ID")/mountinfo"
	[ "$(grep -c . "/proc/$(pid_of "$ID")/mountinfo")" -lt 60 ]
}


@test "locked mounts: where they cannot be locked, a warning says so" {
	command -v nsenter >/dev/null || skip "no nsenter here (Debian: apt-get install util-linux)"
	program sleep 1000
	hull run -d "$ID"
	pid=$(pid_of "$ID")
	nsenter -U -S 0 -G 0 -t "$pid" sh -c 'echo 0 >/proc/sys/user/max_user_namespaces'
	join_userns "$pid"
	program true
	run -0 hull run "$ID-b"
	[[ $output == *"no user namespace can be made inside of the container's (no space left on device)"* ]]
	all_caps
	config '.process.capabilities[] -= ["CAP_SYS_ADMIN"]' # then there is nobody to lock them for
	run -0 hull run "$ID-b"
	[ -z "$output" ]
}

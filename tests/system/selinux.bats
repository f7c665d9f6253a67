#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Labels of SELinux, with the policy of the test machine (tests/vm/selinux.cil): container_t may not touch
# secret_t, nor what has other categories.

bats_require_minimum_version 1.5.0
load helpers
load labels
load ../security/attack

DOMAIN=system_u:system_r:container_t:s0:c1,c2
OTHER=system_u:system_r:container_t:s0:c3
FILES=system_u:object_r:container_file_t:s0:c1,c2
BASE=system_u:object_r:base_t:s0

setup() {
	[ "${HULL_TEST_LSM:-}" = selinux ] || skip "SELinux is not in force here (tests/vm/run --lsm=selinux)"
	make_bundle
	config 'del(.linux.seccomp) | .process.selinuxLabel = $l | .linux.mountLabel = $f' --arg l "$DOMAIN" --arg f "$FILES"
	echo secret >rootfs/secret
	echo theirs >rootfs/theirs
	echo ours >rootfs/ours
	chmod 666 rootfs/{secret,theirs,ours}
	chcon system_u:object_r:secret_t:s0 rootfs/secret
	chcon system_u:object_r:container_file_t:s0:c3 rootfs/theirs
	chcon "$FILES" rootfs/ours
}

teardown() {
	clean_up
}

# The label of a process, seen from here.
label_of() { # PID
	tr -d '\0' <"/proc/$1/attr/current"
}

# That of a file in the container.
file_label() { # PATH
	stat -c %C "/proc/$(pid_of "$ID")/root$1"
}

# What a program tells about itself: its label, and what it can read.
TELL='tr -d "\0" </proc/self/attr/current; echo; cat /ours /secret /theirs'
confined() { # LABEL
	echo "$output"
	[ "${output%%$'\n'*}" = "$1" ]
	[[ $output == *ours* ]]
	[[ $output == *"'/secret': Permission denied"* ]]
	[[ $output == *"'/theirs': Permission denied"* ]]
}

runs_confined() {
	program sh -c "$TELL"
	run hull run "$ID"
	confined "$DOMAIN"
	config 'del(.process.selinuxLabel)'
	run -0 hull run "$ID"
	[[ $output == *system_u:system_r:kernel_t:s0*secret*theirs* ]]
	config '.process.selinuxLabel = $l' --arg l "$DOMAIN"
}

@test "selinuxLabel: the program has the label, and may do what that may" {
	each_kind runs_confined
}

executes_confined() {
	program sleep 1000
	hull run -d "$ID"
	[ "$(label_of "$(pid_of "$ID")")" = "$DOMAIN" ]
	run hull exec "$ID" sh -c "$TELL"
	confined "$DOMAIN"
	run hull exec --process-label "$OTHER" "$ID" sh -c "$TELL"
	echo "$output"
	[[ $output == "$OTHER"*"'/ours': Permission denied"*theirs ]]
	jq '.process | .selinuxLabel = $l | .args = ["cat", "/proc/self/attr/current", "/theirs"]' --arg l "$OTHER" \
		config.json >p.json
	run -0 hull exec --process p.json "$ID"
	[[ $output == "$OTHER"*theirs* ]]
	jq '.process | del(.selinuxLabel) | .args = ["sh", "-c", $t]' --arg t "$TELL" config.json >p.json
	run hull exec --process p.json "$ID"
	confined "$DOMAIN"
	hull delete --force "$ID"
}

@test "selinuxLabel: exec has the container's, or the one it asks for" {
	each_kind executes_confined
}

@test "selinuxLabel: a program of another user, from create on" {
	config '.process.user = {uid: 1000, gid: 1000}'
	program sh -c "$TELL; exec sleep 1000"
	hull create "$ID" >out 2>&1
	hull start "$ID"
	until_true grep -q theirs out
	output=$(<out)
	confined "$DOMAIN"
}

@test "selinuxLabel: one that the policy does not know fails create, and leaves nothing" {
	config '.process.selinuxLabel = "system_u:system_r:nothere_t:s0"'
	fails_create "join a session keyring: process.selinuxLabel: the policy knows no such label: write \"system_u:system_r:nothere_t:s0\" to /proc/self/attr/keycreate: invalid argument"
	run hull run --no-new-keyring "$ID"
	echo "$output"
	[ "$status" -eq 125 ]
	[[ $output == *"set the label: process.selinuxLabel: the policy knows no such label: "*/attr/exec:* ]]
	nothing_left
	config '.process.selinuxLabel = $l' --arg l "$DOMAIN"
	program sleep 1000
	hull run -d "$ID"
	run hull exec --process-label nonsense "$ID" true
	[ "$status" -eq 125 ]
	[[ $output == *"process.selinuxLabel: the policy knows no such label"* ]]
	has_status "$ID" running
}

@test "selinuxLabel: one that may not be entered is an error" {
	local closed=system_u:system_r:closed_t:s0 gaining=system_u:system_r:gaining_t:s0

	config '.process.selinuxLabel = $l' --arg l "$gaining"
	run hull run "$ID"
	echo "$output"
	[ "$status" -eq 126 ]
	[[ $output == *"$gaining: operation not permitted" ]]
	nothing_left
	config '.process.noNewPrivileges = false'
	program cat /proc/self/attr/current
	run -0 hull run "$ID"
	[ "$output" = "$gaining" ]
	config '.process.selinuxLabel = $l' --arg l "$closed"
	run hull run "$ID"
	echo "$output"
	[ "$status" -eq 126 ]
	[[ $output == *"$closed: permission denied" ]]
	nothing_left
}

@test "selinuxLabel: a user namespace that is joined by path" {
	local pid

	userns
	program sleep 1000
	hull run -d "$ID"
	pid=$(pid_of "$ID")
	join_userns "$pid"
	hull run -d "$ID-b"
	[ "$(readlink "/proc/$(pid_of "$ID-b")/ns/user")" = "$(readlink "/proc/$pid/ns/user")" ]
	[ "$(label_of "$(pid_of "$ID-b")")" = "$DOMAIN" ]
	run hull exec "$ID-b" sh -c "$TELL"
	confined "$DOMAIN"
	hull delete --force "$ID-b"
}

@test "selinuxLabel: hooks of the image have it, those of the runtime do not" {
	run_hooks "{ tr -d '\\0' </proc/self/attr/current; echo; }"
	[ "$(cat "$LABELS")" = "system_u:system_r:kernel_t:s0
system_u:system_r:kernel_t:s0
$DOMAIN
system_u:system_r:kernel_t:s0" ]
}

# KEYCTL_GET_SECURITY of the session's keyring; x86_64.
@test "selinuxLabel: the session keyring has it" {
	need_perl
	program perl -e '$b = "\0" x 256; syscall(250, 17, -3, $b, 256) > 0 or die "$!"; $b =~ s/\0.*//s; print $b'
	run -0 hull run "$ID"
	echo "$output"
	[ "$output" = "$DOMAIN" ]
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec "$ID" perl -e '$b = "\0" x 256; syscall(250, 17, -3, $b, 256) > 0 or die "$!"; $b =~ s/\0.*//s; print $b'
	echo "$output"
	[ "$output" = "$DOMAIN" ]
}

mounts_labelled() { # LABEL, of devices
	local path

	mkdir -p rootfs/masked
	config '.linux.devices = [{path: "/dev/made", type: "c", major: 1, minor: 5}] | .linux.maskedPaths += ["/masked"] | .mounts += [{destination: "/new", type: "tmpfs", source: "tmpfs"},
		{destination: "/own", type: "tmpfs", source: "tmpfs", options: ["context=\"" + $b + ":c0,c3\""]},
		{destination: "/etc/bound", type: "bind", source: $s, options: ["bind"]}]' --arg b "$BASE" --arg s "$BUNDLE/config.json"
	program sh -c 'mkdir /new/dir; echo x >/new/dir/file; echo x >/dev/shm/file; exec sleep 1000'
	hull run -d "$ID"
	until_true test -s "/proc/$(pid_of "$ID")/root/dev/shm/file"
	for path in /dev /dev/pts /dev/shm /dev/shm/file /new /new/dir/file /masked; do
		echo "$path: $(file_label "$path")"
		[ "$(file_label "$path")" = "$FILES" ]
	done
	for path in / /bin/busybox /etc/bound /proc /proc/version /sys /sys/kernel; do
		echo "$path: $(file_label "$path")"
		[ "$(file_label "$path")" = "$BASE" ]
	done
	[ "$(file_label /own)" = "$BASE:c0,c3" ]
	[ "$(file_label /dev/mqueue)" = "$FILES" ]
	[ "$(file_label /dev/null)" = "$1" ]
	[ "$(file_label /dev/made)" = "$FILES" ]
	hull delete --force "$ID"
}

@test "mountLabel: new file systems and what is made there carry it; binds and the kernel's own do not" {
	mounts_labelled "$FILES"
	config 'del(.mounts[-3:])'
	userns # there default devices are bound, with the label that they have on the host
	mounts_labelled "$BASE"
	program true
	run -0 hull run "$ID"
	[ -z "$output" ]
}

@test "mountLabel: a terminal carries it" {
	config '.process.terminal = true'
	program sleep 1000
	python3 - "$BATS_TEST_TMPDIR/sock" <<-'END' 3>&- &
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		c = s.accept()[0]
		fds = socket.recv_fds(c, 4096, 1)
		c.recv(1)
		import time
		time.sleep(1000)
	END
	receiver=$!
	until_true test -S "$BATS_TEST_TMPDIR/sock"
	hull run -d --console-socket "$BATS_TEST_TMPDIR/sock" "$ID"
	[ "$(stat -L -c %C "/proc/$(pid_of "$ID")/fd/0")" = "$FILES" ]
	[ "$(file_label /dev/console)" = "$FILES" ]
	kill "$receiver"
}

@test "mountLabel: one that the policy does not know is an error, and leaves nothing" {
	config '.linux.mountLabel = "system_u:object_r:nothere_t:s0"'
	run hull run "$ID"
	echo "$output"
	[ "$status" -eq 125 ]
	[[ $output == *"mounts["*"context=system_u:object_r:nothere_t:s0: "* ]]
	nothing_left
	config '.mounts = [] | .linux.maskedPaths = ["/tmp"]'
	run hull run "$ID"
	echo "$output"
	[ "$status" -eq 125 ]
	[[ $output == *"context=system_u:object_r:nothere_t:s0: "* ]]
	nothing_left
}

@test "mountLabel: run.oci.mount_context_type says how" {
	for type in context rootcontext; do
		config '.annotations["run.oci.mount_context_type"] = $t' --arg t "$type"
		program sleep 1000
		hull run -d "$ID"
		[ "$(file_label /dev/shm)" = "$FILES" ]
		grep -E " /dev/shm .* - tmpfs .*[ ,]$type=\"?$FILES" "/proc/$(pid_of "$ID")/mountinfo"
		hull delete --force "$ID"
	done
}

@test "mountLabel: mounts that are added later carry it" {
	mkdir rootfs/late rootfs/queue
	program sleep 1000
	hull run -d "$ID"
	echo '[{"destination": "/late", "type": "tmpfs", "source": "tmpfs"}]' | hull mounts add "$ID" -
	[ "$(file_label /late)" = "$FILES" ]
	echo '[{"destination": "/queue", "type": "mqueue", "source": "mqueue"}]' >queue.json
	run hull mounts add "$ID" queue.json
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"mountLabel: an mqueue gets its label at create"* ]]
}

# As podman writes it for mount(8), cut at the commas; also where only the old system call takes the options.
@test "mountLabel: an overlay brings its own, quoted, with commas" {
	local long lower

	long=$BATS_TEST_TMPDIR/$(printf 'x%.0s' {1..200})
	mkdir -p "$long"/{a,b} up work
	echo a >"$long/a/a"
	echo b >"$long/b/b"
	for lower in "$long/a" "$long/a:$long/b"; do
		config '.mounts = (.mounts | map(select(.type != "overlay"))) + [{destination: "/ov", type: "overlay", source: "overlay",
			options: ["lowerdir=" + $l, "upperdir=" + $d + "/up", "workdir=" + $d + "/work",
				"context=\"system_u:object_r:container_file_t:s0:c1", "c2\""]}]' --arg l "$lower" --arg d "$BUNDLE"
		program sh -c 'echo x >/ov/made; cat /ov/a; exec sleep 1000'
		hull run -d "$ID"
		[ "$(file_label /ov)" = "$FILES" ]
		until_true test -s "/proc/$(pid_of "$ID")/root/ov/made"
		[ "$(file_label /ov/made)" = "$FILES" ]
		hull delete --force "$ID"
	done
}

@test "a host with SELinux: apparmorProfile is refused, no label is no label" {
	config '.process.apparmorProfile = "web"'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"process.apparmorProfile: AppArmor is not in force on this host"* ]]
	config 'del(.process.apparmorProfile, .process.selinuxLabel, .linux.mountLabel)'
	program cat /proc/self/attr/current
	run -0 hull run "$ID"
	[ "$output" = system_u:system_r:kernel_t:s0 ]
}

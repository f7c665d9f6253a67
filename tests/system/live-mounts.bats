#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# mounts add and remove: mounts of a container that runs.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	mkdir -p data/sub
	echo here >data/name
	config '.root.readonly = false'
	program sleep 1000
}

teardown() {
	clean_up
}

add() {
	printf '%s' "$1" | hull mounts add "$ID" -
}

remove() {
	printf '%s' "$1" | hull mounts remove "$ID" -
}

bind_of() { # DESTINATION OPTION...
	local to=$1
	shift
	jq -nc --arg s "$PWD/data" --arg d "$to" '[{destination: $d, type: "bind", source: $s, options: (["bind"] + $ARGS.positional)}]' --args "$@"
}

@test "mounts: a directory and a file of the host's come and go" {
	hull run -d "$ID"
	add "$(bind_of /new/place)"
	[ "$(hull exec "$ID" cat /new/place/name)" = here ]
	echo more >data/other
	[ "$(hull exec "$ID" cat /new/place/other)" = more ]
	remove '[{"destination": "/new/place"}]'
	run hull exec "$ID" ls /new/place
	[ -z "$output" ]
	jq -nc --arg s "$PWD/data/name" '[{destination: "/etc/name", type: "bind", source: $s, options: ["bind", "ro"]}]' >file.json
	hull mounts add "$ID" file.json
	[ "$(hull exec "$ID" cat /etc/name)" = here ]
	run hull exec "$ID" sh -c 'echo x >/etc/name'
	[ "$status" -ne 0 ]
	hull mounts remove "$ID" file.json
	[ -z "$(hull exec "$ID" cat /etc/name)" ]
	! grep -q "$BUNDLE/data" /proc/self/mountinfo
}

@test "mounts: flags, recursion and propagation as in config.json" {
	# Where the host's mounts are shared the container would be told of what is unmounted.
	mount --bind data data
	mount --make-private data
	mount -t tmpfs tmpfs data/sub
	echo below >data/sub/name
	hull run -d "$ID"
	add "$(bind_of /flat nosuid,nodev | jq -c '.[0].options = ["bind", "ro", "nosuid", "nodev"]')"
	add "$(bind_of /deep | jq -c '.[0].options = ["rbind", "rro"]')"
	umount data/sub data
	run -0 hull exec "$ID" grep ' /flat ' /proc/self/mountinfo
	[[ $output == *ro,nosuid,nodev* ]]
	[ -z "$(hull exec "$ID" ls /flat/sub)" ]
	[ "$(hull exec "$ID" cat /deep/sub/name)" = below ]
	run hull exec "$ID" sh -c 'echo x >/deep/sub/name'
	[ "$status" -ne 0 ]
	remove '[{"destination": "/deep"}]'
	[ -z "$(hull exec "$ID" ls /deep)" ]
}

@test "mounts: new file systems, in their order; an object with mounts" {
	hull run -d "$ID"
	add '{"mounts": [{"destination": "/tmp/a", "type": "tmpfs", "options": ["size=64k", "ro"]},
		{"destination": "/tmp/b", "type": "tmpfs"}, {"destination": "/tmp/b/c", "type": "tmpfs"}]}'
	run -0 hull exec "$ID" grep ' / /tmp/' /proc/self/mountinfo
	[[ ${lines[0]} == *" /tmp/a ro"*size=64k* ]]
	[[ ${lines[1]} == *" /tmp/b rw"* ]]
	[[ ${lines[2]} == *" /tmp/b/c rw"* ]]
	remove '[{"destination": "/tmp/b"}, {"destination": "/tmp/b/c"}]'
	run hull exec "$ID" grep ' / /tmp/b' /proc/self/mountinfo
	[ -z "$output" ]
}

@test "mounts: all or none" {
	hull run -d "$ID"
	run add "$(jq -nc --arg s "$PWD/data" '[{destination: "/one", type: "bind", source: $s, options: ["bind"]},
		{destination: "/two", type: "tmpfs", options: ["size=nonsense"]}]')"
	[ "$status" -ne 0 ]
	[[ $output == *"mounts[1] (/two)"*nonsense* ]]
	run hull exec "$ID" grep -E ' /(one|two) ' /proc/self/mountinfo
	[ "$status" -ne 0 ]
}

@test "mounts: what cannot be is an error that says why" {
	hull run -d "$ID"
	while IFS='|' read -r what wanted; do
		run add "$what"
		[ "$status" -ne 0 ]
		[[ $output == *"$wanted"* ]]
	done <<-'END'
		[{"destination": "/", "type": "tmpfs"}]|the root of a container that runs stays
		[{"destination": "/x", "type": "ext4", "source": "/dev/vda"}]|only bind mounts, tmpfs
		[{"destination": "/x", "type": "overlay", "options": ["lowerdir=/a:/b"]}]|only bind mounts, tmpfs
		[{"destination": "/sys/fs/cgroup", "type": "cgroup"}]|only bind mounts, tmpfs
		[{"destination": "/tmp", "type": "none", "options": ["remount", "ro"]}]|only bind mounts, tmpfs
		[{"destination": "/x", "type": "bind", "source": "/nothere", "options": ["bind"]}]|/nothere: no such file or directory
		[{"destination": "/proc/self/attr", "type": "tmpfs"}]|inside of proc
		[{"destination": "/x", "type": "bind", "source": "/etc", "options": ["bind", "copy-symlink"]}]|copy-symlink is not possible
		[{"type": "tmpfs"}]|mounts[0].destination: required
		{"mount": []}|mounts: required
		[{]|mounts:1:
	END
	run remove '[{"destination": "/etc"}]'
	[ "$status" -ne 0 ]
	[[ $output == *"mounts[0] (/etc)"*"nothing is mounted there"* ]]
	run hull mounts "$ID" add -
	[ "$status" -ne 0 ]
	[[ $output == *"expected add or remove"* ]]
	run add '[]' # of nothing nothing comes
	[ "$status" -eq 0 ]
	ID=none-$ID run add '[]'
	[ "$status" -ne 0 ]
	[[ $output == *"does not exist"* ]]
}

@test "mounts: into a created and a paused container, not into a stopped one" {
	hull create "$ID"
	add "$(bind_of /early)"
	hull start "$ID"
	[ "$(hull exec "$ID" cat /early/name)" = here ]
	hull pause "$ID"
	add "$(bind_of /late)"
	has_status "$ID" paused
	hull resume "$ID"
	[ "$(hull exec "$ID" cat /late/name)" = here ]
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
	run add "$(bind_of /never)"
	[ "$status" -ne 0 ]
	[[ $output == *"not running"* ]]
}

@test "mounts: a link in the container leads nowhere else" {
	mkdir "$BATS_TEST_TMPDIR/outside"
	hull run -d "$ID"
	hull exec "$ID" ln -s "$BATS_TEST_TMPDIR/outside" /link
	add "$(bind_of /link/x)"
	[ "$(hull exec "$ID" cat /link/x/name)" = here ]
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/outside")" ]
	# Sources are the host's, whatever the container has in that place.
	hull exec "$ID" sh -c "mkdir -p '$PWD/data' && echo false >'$PWD/data/name'"
	add "$(bind_of /again)"
	[ "$(hull exec "$ID" cat /again/name)" = here ]
	remove '[{"destination": "/link/x"}]'
	run hull exec "$ID" ls /link/x
	[ -z "$output" ]
}

@test "mounts: with a user namespace, locked flags and ids" {
	userns
	chmod 755 data
	idmappable data
	hull run -d "$ID"
	add "$(bind_of /plain)"
	[ "$(hull exec "$ID" cat /plain/name)" = here ]
	add "$(bind_of /mapped | jq -c '.[0].options = ["bind", "idmap"]')"
	chown 0:0 data/name
	[ "$(hull exec "$ID" stat -c %u /plain/name)" = 65534 ]
	[ "$(hull exec "$ID" stat -c %u /mapped/name)" = 0 ]
	add '[{"destination": "/new", "type": "tmpfs"}]'
	hull exec "$ID" touch /new/file
	remove '[{"destination": "/new"}, {"destination": "/plain"}]'
}

@test "mounts: not without a mount namespace" {
	need_host_ids "without a mount namespace no devices"
	config '.linux.namespaces |= map(select(.type != "mount")) | .mounts = [] | .linux.maskedPaths = [] |
		.linux.readonlyPaths = []'
	hull run -d "$ID"
	run add "$(bind_of /new)"
	[ "$status" -ne 0 ]
	[[ $output == *"no mount namespace of its own"* ]]
}

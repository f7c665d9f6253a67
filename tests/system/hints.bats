#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Each hint of docs/ERRORS.md is what a command says that fails for that reason.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	need_root
	make_bundle
	no_userns
}

teardown() {
	clean_up
}

# The rows of docs/ERRORS.md: words, errno or nothing, hint, with tabs between.
rows() {
	sed -nE '/`\/proc\/sys/d; s/^\| `([^`]*)`( \(([A-Z]+)\))? \| (.*) \|$/\1\t\3\t\4/p' "$BATS_TEST_DIRNAME/../../docs/ERRORS.md"
}

# Those of the settings: file, value, hint.
settings() {
	sed -nE 's/^\| `(\/proc\/sys\/[^`]*)` \| ([0-9]) \| (.*) \|$/\1\t\2\t\3/p' "$BATS_TEST_DIRNAME/../../docs/ERRORS.md"
}

# hinted WORDS ERRNO: what `run` ran failed with one error that has the words and the hint of that row.
hinted() {
	local wanted

	wanted=$(rows | awk -F '\t' -v w="$1" -v n="$2" '$1 == w && $2 == n { print $3 }')
	echo "$1: status $status, $output"
	[ -n "$wanted" ]
	[ "$status" -eq 125 ] || [ "$status" -eq 127 ] || [ "$status" -eq 1 ]
	jq -e --arg words "$1" '.msg | contains($words)' <<<"$output"
	[ "$(jq -r .hint <<<"$output")" = "$(sed 's/\\\\/\\/g; s/\\|/|/g' <<<"$wanted")" ]
}

json_hull() {
	hull --log-format json "$@"
}

@test "hint: no such container" {
	run json_hull state nothere
	hinted 'does not exist' ''
}

@test "hint: an id that is taken" {
	json_hull create "$ID"
	run json_hull create "$ID"
	hinted 'already exists' ''
}

@test "hint: no config.json" {
	rm config.json
	run json_hull run "$ID"
	hinted 'config.json: ' ENOENT
}

@test "hint: a program that is not in the PATH" {
	program nothere
	run -127 json_hull run "$ID"
	hinted 'executable file not found in $PATH' ''
}

@test "hint: a terminal without a socket for it" {
	config '.process.terminal = true'
	run json_hull create "$ID"
	hinted '--console-socket' ''
}

@test "hint: an option that the file system does not know" {
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nothere=1"]}]'
	run json_hull run "$ID"
	hinted 'Unknown parameter' ''
}

@test "hint: a cgroup that somebody is in" {
	config '.linux.cgroupsPath = $p' --arg p "/hint-$ID"
	mkdir "$(cgroup_root)/hint-$ID"
	sleep 1000 3>&- &
	echo $! >"$(cgroup_root)/hint-$ID/cgroup.procs"
	run json_hull run "$ID"
	kill $!
	wait $! || :
	until_true rmdir "$(cgroup_root)/hint-$ID"
	hinted 'cgroup is not empty' ''
}

@test "hint: a controller that is not there" {
	local controllers
	controllers=$(cat "$(cgroup_root)/cgroup.controllers")
	[[ $controllers != *rdma* ]] || skip "the rdma controller is there"
	config '.linux.resources.rdma = {"mlx5_1": {hcaHandles: 3}}'
	run json_hull run "$ID"
	[[ $output != *'it is not delegated: systemd needs'* ]] || skip "the kernel has it, and nobody uses it"
	hinted 'controller is not' ''
}

@test "hint: a controller that nobody delegated" {
	local root
	root=$(cgroup_root)
	grep -qw pids "$root/cgroup.controllers" || skip "needs the pids controller (the test VM has it)"
	mkdir -p "$root/hint-$ID"
	echo +pids >"$root/cgroup.subtree_control"
	config '.linux.resources.pids.limit = 10 | .linux.cgroupsPath = $p' --arg p "/hint-$ID/c"
	# As for a user whose cgroup's files are root's: what enables controllers there cannot be written.
	: >read-only
	# shellcheck disable=SC2016 # expanded inside
	run unshare --mount sh -c 'mount --bind read-only "$0/cgroup.subtree_control" &&
		mount -o remount,bind,ro "$0/cgroup.subtree_control" && exec "$@"' "$root/hint-$ID" \
		"$HULL" --root "$STATES" --log-format json run "$ID"
	rmdir "$root/hint-$ID"
	hinted 'it is not delegated: systemd needs' ''
}

@test "hint: no right to clone" {
	run setpriv --bounding-set -sys_admin --inh-caps -sys_admin -- \
		"$HULL" --root "$STATES" --cgroup-manager=disabled --log-format json run "$ID"
	hinted "clone the container's init" EPERM
}

@test "hint: no namespaces left" {
	no_userns
	config '.linux.namespaces |= map(select(.type | IN("pid", "mount", "uts")))'
	# shellcheck disable=SC2016 # expanded inside
	run unshare --user --map-root-user --mount sh -c 'echo 0 >/proc/sys/user/max_uts_namespaces
		exec "$0" --root "$1" --cgroup-manager=disabled --log-format json run "$2"' "$HULL" "$STATES" "$ID"
	hinted "clone the container's init" ENOSPC
}

# A mount with ids of its own takes a user namespace to describe them.
idmapped_mount() {
	no_userns
	mkdir data
	config '.linux.namespaces |= map(select(.type | IN("pid", "mount"))) | del(.hostname) | .mounts += [{destination: "/data", type: "bind",
		source: "data", options: ["bind", "idmap"], uidMappings: [{containerID: 0, hostID: 0, size: 1}],
		gidMappings: [{containerID: 0, hostID: 0, size: 1}]}]'
}

@test "hint: user namespaces are refused" {
	idmapped_mount
	mkdir "$BATS_TEST_TMPDIR/again"
	# The kernel refuses them in a chroot.
	# shellcheck disable=SC2016 # expanded inside
	run unshare --mount sh -c 'mount --rbind / "$0" && exec chroot "$0" "$@"' "$BATS_TEST_TMPDIR/again" \
		env -C "$BUNDLE" "$HULL" --root "$STATES" --cgroup-manager=disabled --log-format json run "$ID"
	hinted 'user namespace' EPERM
}

@test "hint: user namespaces are off" {
	idmapped_mount
	# shellcheck disable=SC2016 # expanded inside
	run unshare --user --map-root-user --mount sh -c 'echo 0 >/proc/sys/user/max_user_namespaces
		exec "$0" --root "$1" --cgroup-manager=disabled --log-format json run "$2"' "$HULL" "$STATES" "$ID"
	hinted 'user namespace' ENOSPC
}

# restricted NAME VALUE: an ordinary user's container, which the kernel refuses (in a chroot), where
# /proc/sys/kernel/NAME is VALUE.
restricted() {
	local d=$BATS_TEST_TMPDIR
	cp "$HULL" "$d/hull"
	while [ "$d" != / ]; do
		chmod o+x "$d"
		d=$(dirname "$d")
	done
	rm config.json
	"$HULL" spec --rootless
	config '.process.terminal = false | .linux.uidMappings[0].hostID = 65533 | .linux.gidMappings[0].hostID = 65533'
	mkdir -p kernel again
	cp /proc/sys/kernel/* kernel/ 2>/dev/null || :
	echo "$2" >"kernel/$1"
	install -d -o 65533 -g 65533 users
	# shellcheck disable=SC2016 # expanded inside
	run unshare --mount sh -c 'mount --bind kernel /proc/sys/kernel && mount --rbind / again && exec chroot again env -C "$PWD" \
		setpriv --reuid 65533 --regid 65533 --clear-groups "$0" --root "$PWD/users" --cgroup-manager=disabled --log-format json run "$1"' \
		"$BATS_TEST_TMPDIR/hull" "$ID"
	[ "$status" -eq 125 ]
}

@test "hint: settings that keep ordinary users from their namespaces: the command that changes them" {
	local file value text
	while IFS=$'\t' read -r file value text; do
		restricted "${file##*/}" "$value"
		echo "$file: $output"
		[ "$(jq -r .hint <<<"$output")" = "$(sed 's/\\\\/\\/g; s/\\|/|/g' <<<"$text")" ]
		[[ $text == *"as root"*"sysctl -w kernel.${file##*/}=$((1 - value))"* ]]
		rm "kernel/${file##*/}"
	done < <(settings)
	[ "$(settings | wc -l)" -eq 2 ]
	# Neither is in the way.
	restricted apparmor_restrict_unprivileged_userns 0
	hinted "clone the container's init" EPERM
}

@test "hint: each row of docs/ERRORS.md has a test above" {
	local row words rest
	while read -r row; do
		words=${row%%$'\t'*}
		rest=${row#*$'\t'}
		echo "row: $words (${rest%%$'\t'*})"
		grep "^	hinted " "$BATS_TEST_FILENAME" | tr -d "\"'" |
			grep -qxF "$(printf '\thinted %s %s' "$words" "${rest%%$'\t'*}" | tr -d "'")"
	done < <(rows)
	[ "$(rows | wc -l)" -ge 13 ]
}

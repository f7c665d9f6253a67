#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# As an ordinary user: maps, states, what works without a cgroup.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	U=31000
	cp "$HULL" "$BATS_TEST_TMPDIR/hull"
	HULL=$BATS_TEST_TMPDIR/hull
	mkdir "$STATES" 2>/dev/null || :
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/xdg
	mkdir "$XDG_RUNTIME_DIR"
	# The user has to reach this test's directory.
	local d=$BATS_TEST_TMPDIR
	while [ "$d" != / ]; do
		chmod o+x "$d"
		d=$(dirname "$d")
	done
	rm config.json
	chown -R $U:$U "$BATS_TEST_TMPDIR"
	as_user "$HULL" spec --rootless
	config '.process.terminal = false | .process.args = ["true"]'
	chown $U:$U config.json
}

teardown() {
	cd /
	for id in $(as_user "$HULL" list -q); do
		as_user "$HULL" delete --force "$id"
	done
	[ -z "$(ls -A "$XDG_RUNTIME_DIR/hull" 2>/dev/null)" ]
}

as_user() {
	setpriv --reuid $U --regid $U --clear-groups -- "$@"
}

user_hull() {
	as_user "$HULL" "$@"
}

has_stopped() {
	[ "$(user_hull state "$ID" | jq -r .status)" = stopped ]
}

@test "run, exec, kill, delete; the state is in XDG_RUNTIME_DIR" {
	program sh -c 'id -u; cat /proc/self/uid_map | tr -s " "'
	run user_hull run "$ID"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = " 0 $U 1" ]
	program sleep 1000
	user_hull run -d "$ID"
	[ -e "$XDG_RUNTIME_DIR/hull/$ID/state.json" ]
	[ "$(stat -c %a "$XDG_RUNTIME_DIR/hull/$ID")" = 700 ]
	[ "$(user_hull exec "$ID" id -u)" = 0 ]
	[ "$(user_hull exec -u 0 "$ID" cat /proc/self/status | grep -c NoNewPrivs)" = 1 ]
	user_hull kill "$ID" KILL
	until_true has_stopped
	user_hull delete "$ID"
}

@test "the binary is a sealed copy" {
	user_hull create "$ID" >out 2>&1
	pid=$(user_hull state "$ID" | jq .pid)
	[[ $(readlink "/proc/$pid/exe") == *memfd:* ]]
}

@test "several ids: newuidmap and newgidmap write the maps" {
	command -v newuidmap >/dev/null || skip "newuidmap is missing (Debian: uidmap)"
	# Only this mount namespace sees these; run-native made it.
	echo "user:500000:1000" >subids
	{ cat /etc/passwd; echo "user:x:$U:$U::/:/bin/sh"; } >passwd
	chmod 644 subids passwd
	touch /etc/subuid /etc/subgid
	mount --bind subids /etc/subuid
	mount --bind subids /etc/subgid
	mount --bind passwd /etc/passwd
	config '.linux.uidMappings = [{containerID: 0, hostID: $u, size: 1},
			{containerID: 1, hostID: 500000, size: 1000}]
		| .linux.gidMappings = .linux.uidMappings' --argjson u $U
	program sh -c 'cat /proc/self/uid_map | tr -s " "; touch /tmp/x; chown 5:5 /tmp/x && stat -c %u /tmp/x'
	config '.root.readonly = false | .process.capabilities[] += ["CAP_CHOWN"]'
	run user_hull run "$ID"
	umount /etc/subuid /etc/subgid /etc/passwd
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = " 1 500000 1000" ]
	[ "${lines[2]}" = 5 ]
}

@test "ids that are not the user's are refused, and nothing is left" {
	command -v newuidmap >/dev/null || skip "newuidmap is missing (Debian: uidmap)"
	config '.linux.uidMappings = [{containerID: 0, hostID: 600000, size: 10}]
		| .linux.gidMappings = .linux.uidMappings'
	run user_hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *new?idmap* ]]
	[ -z "$(ls -A "$XDG_RUNTIME_DIR/hull")" ]
}

@test "without XDG_RUNTIME_DIR: a private directory in /tmp, and no other's" {
	unset XDG_RUNTIME_DIR
	[ ! -e /run/user/$U ]
	rm -rf /tmp/hull-$U
	run -0 user_hull list -q
	[ -z "$output" ]
	program sleep 1000
	user_hull run -d "$ID"
	[ "$(stat -c %u:%a /tmp/hull-$U)" = $U:700 ]
	[ "$(user_hull list -q)" = "$ID" ]
	user_hull delete --force "$ID"
	# Somebody else's, one that others may write to, and a link.
	for trap in "install -d -m 700 -o 31001" "install -d -m 770 -o $U" "ln -s $PWD"; do
		rm -rf /tmp/hull-$U
		$trap /tmp/hull-$U
		for c in "list" "state $ID" "create $ID" "delete --force $ID"; do
			# shellcheck disable=SC2086
			run user_hull $c
			[ "$status" -ne 0 ]
			[[ $output == *"/tmp/hull-$U, where states are kept"* ]]
		done
		user_hull spec -f "other-${RANDOM}.json"
	done
	rm -rf /tmp/hull-$U
	# Where a login would have put it.
	mkdir -p /run/user
	install -d -m 700 -o $U /run/user/$U
	user_hull create "$ID"
	[ -e "/run/user/$U/hull/$ID" ]
	user_hull delete --force "$ID"
	rm -r /run/user/$U
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/xdg
}

@test "a terminal, a time namespace, and joining a network namespace of one's own" {
	config '.process.terminal = true | .process.args = ["tty"]'
	run user_hull run "$ID" </dev/null
	[[ $output == /dev/pts/0* ]]
	config '.process.terminal = false | .linux.namespaces += [{type: "time"}]
		| .linux.timeOffsets = {boottime: {secs: 1000000}}
		| .process.args = ["cat", "/proc/uptime"]'
	run user_hull run "$ID"
	[ "$status" -eq 0 ]
	[ "${output%%.*}" -gt 1000000 ]
	config 'del(.linux.timeOffsets) | .linux.namespaces |= map(select(.type != "time"))'
	program sleep 1000
	user_hull run -d "$ID"
	pid=$(user_hull state "$ID" | jq .pid)
	config '.linux.namespaces |= map(if .type == "user" or .type == "network"
			then .path = "/proc/" + $pid + "/ns/" + (if .type == "user" then .type else "net" end)
			else . end)
		| del(.linux.uidMappings, .linux.gidMappings)
		| .process.args = ["readlink", "/proc/self/ns/net"]' --arg pid "$pid"
	run user_hull run "two-$ID"
	[ "$status" -eq 0 ]
	[ "$output" = "$(readlink "/proc/$pid/ns/net")" ]
}

@test "devices are the host's with their mode and owner, and have to be there" {
	config '.linux.devices = [{path: "/dev/full", type: "c", major: 1, minor: 7, fileMode: 384}]'
	program stat -c "%t:%T %a" /dev/full
	run -0 user_hull run "$ID"
	[ "$output" = "1:7 $(stat -c %a /dev/full)" ]
	config '.linux.devices[0] += {path: "/dev/nothing", minor: 12}'
	run user_hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"/dev/nothing"*"the host has no device c 1:12"* ]]
}

@test "streams that cannot change their owner are passed on as they are" {
	program sleep 1000
	user_hull run -d "$ID"
	: >roots
	chown 0:0 roots
	user_hull exec "$ID" echo through >roots
	[ "$(cat roots)" = through ]
	[ "$(stat -c %u roots)" = 0 ]
}

@test "user namespaces that are off: the error says how to turn them on" {
	as_user unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces' ||
		skip "no user namespace to try this in"
	run as_user unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces
		exec "$0" --log-format json run "$1"' "$HULL" "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"no space left on device"* ]]
	jq -e '.hint | test("sysctl -w user.max_user_namespaces=")' <<<"$output"
}

# delegate CONTROLLER...: a cgroup of the user's, where a shell of theirs is in "caller"; with the
# controllers of these that are here.
delegate() {
	local controller root
	root=$(cgroup_root)
	D=$root/user-$ID
	mkdir "$D"
	for controller; do
		! grep -qw "$controller" "$root/cgroup.controllers" ||
			echo "+$controller" >"$root/cgroup.subtree_control"
	done
	mkdir "$D/caller"
	chown $U:$U "$D" "$D/caller" "$D"/{,caller/}cgroup.{procs,threads,subtree_control}
}

# in_delegated ARGS...: hull, from there
in_delegated() {
	# shellcheck disable=SC2016 # expanded inside
	sh -c 'echo $$ >"$0/caller/cgroup.procs" && exec "$@"' "$D" \
		setpriv --reuid $U --regid $U --clear-groups -- "$HULL" "$@"
}

@test "a delegated cgroup: limits, update, pause, exec, ps, and nothing is left" {
	delegate pids memory
	config '.linux.resources = {unified: {"cgroup.max.depth": "3"}}'
	! grep -qw pids "$D/cgroup.controllers" || config '.linux.resources.pids.limit = 20'
	! grep -qw memory "$D/cgroup.controllers" || config '.linux.resources.memory.limit = 67108864'
	program sleep 1000
	in_delegated run -d "$ID"
	pid=$(user_hull state "$ID" | jq .pid)
	cg=$D/hull-$ID
	[ "$(cat "$cg/cgroup.procs")" = "$pid" ]
	[ "$(cat "$cg/cgroup.max.depth")" = 3 ]
	[ ! -e "$cg/pids.max" ] || [ "$(cat "$cg/pids.max")" = 20 ]
	[ ! -e "$cg/memory.max" ] || [ "$(cat "$cg/memory.max")" = 67108864 ]
	echo '{"unified": {"cgroup.max.depth": "4"}}' | in_delegated update -r - "$ID"
	[ "$(cat "$cg/cgroup.max.depth")" = 4 ]
	! grep -qw memory "$D/cgroup.controllers" || {
		in_delegated update --memory 50M "$ID"
		[ "$(cat "$cg/memory.max")" = 52428800 ]
		[ "$(in_delegated events --stats "$ID" | jq .data.memory.usage.limit)" = 52428800 ]
	}
	in_delegated exec -d --pid-file exec.pid "$ID" sleep 1000
	grep -qx "$(cat exec.pid)" "$cg/cgroup.procs"
	[ "$(in_delegated ps --format json "$ID" | jq length)" = 2 ]
	in_delegated pause "$ID"
	grep -qx 'frozen 1' "$cg/cgroup.events"
	[ "$(user_hull state "$ID" | jq -r .status)" = paused ]
	in_delegated resume "$ID"
	in_delegated delete --force "$ID"
	[ ! -e "$cg" ]
	until_true rmdir "$D/caller"
	rmdir "$D"
}

@test "a delegated cgroup: a controller that is not in it is named, with the command" {
	grep -qw pids "$(cgroup_root)/cgroup.controllers" || skip "needs the pids controller (the test VM has it)"
	delegate pids
	mkdir "$D/own"
	chown $U:$U "$D"/own{,/cgroup.{procs,threads,subtree_control}}
	config '.linux.resources.pids.limit = 20 | .linux.cgroupsPath = $p' --arg p "own/$ID"
	# Nobody gave it to this one: what enables controllers above is root's.
	chown 0:0 "$D/cgroup.subtree_control"
	run in_delegated --log-format json run "$ID"
	echo "$output"
	[ "$status" -eq 125 ]
	jq -e '(.msg | contains("linux.resources.pids.limit: the pids controller cannot be enabled")) and
		(.hint | contains("Delegate=cpu cpuset io memory pids"))' <<<"$output"
	[ ! -e "$D/own/$ID" ]
	rmdir "$D/own"
	until_true rmdir "$D/caller"
	rmdir "$D"
}

@test "a limit whose controller is not delegated names it, and the command that delegates it" {
	controllers=$(cat "$(cgroup_root)/cgroup.controllers")
	[[ $controllers != *pids* ]] || skip "the pids controller is there"
	config '.linux.resources.pids = {limit: 10}'
	run user_hull --log-format json run "$ID"
	[ "$status" -eq 125 ]
	jq -e '(.msg | contains("pids controller is not available")) and (.hint | length > 0)' <<<"$output"
}

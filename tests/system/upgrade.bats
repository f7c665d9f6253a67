#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers that an older hull made are managed by this one; those of a later one are refused by name.

bats_require_minimum_version 1.5.0
load helpers

DATA=$BATS_TEST_DIRNAME/../data/states

setup() {
	make_bundle
	program sleep 1000
}

teardown() {
	clean_up
}

state_file() {
	echo "$STATES/$ID/state.json"
}

# as_written_by FILE: the living container's state as that version would have written it
as_written_by() {
	local now
	now=$(state_file)
	sed -e "s|@ID@|$ID|g; s|@BUNDLE@|$BUNDLE|g; s|@BOOT@|$(jq -r .boot_id "$now")|" \
		-e "s|@PID@|$(jq .init.pid "$now")|; s|@START@|$(jq .init.start "$now")|" \
		-e "s|@MOUNT@|$(jq -r .cgroup.mount "$now")|; s|@CGROUP@|$(jq -r .cgroup.path "$now")|" "$1" >old.json
	cp old.json "$now"
}

@test "upgrade: a container of each released version is listed, entered, killed and deleted" {
	local golden pid
	for golden in "$DATA"/*-created.json; do
		hull run -d "$ID"
		pid=$(pid_of "$ID")
		as_written_by "$golden"
		[ "$(hull list -f json | jq -c '.[0] | [.id, .status, .pid]')" = "[\"$ID\",\"running\",$pid]" ]
		[ "$(hull state "$ID" | jq -r .annotations.key)" = value ]
		[ "$(hull exec "$ID" echo inside)" = inside ]
		[ "$(hull ps -f json "$ID" | jq length)" -eq 1 ]
		hull pause "$ID"
		has_status "$ID" paused
		hull resume "$ID"
		hull kill "$ID" KILL
		until_true has_status "$ID" stopped
		hull state --exit "$ID" | jq -e '.usage.from == "cgroup"'
		hull delete "$ID"
		nothing_left
	done
}

@test "upgrade: a container of each released version that waits is started, limited, and leaves a report" {
	local golden
	config '.root.readonly = false'
	program sh -c 'echo began >/began; exec sleep 1000'
	for golden in "$DATA"/*-created.json; do
		rm -f rootfs/began
		hull create "$ID"
		as_written_by "$golden"
		has_status "$ID" created
		hull start "$ID"
		until_true test -e rootfs/began
		has_status "$ID" running
		if grep -qw pids "$(cgroup_root)/cgroup.controllers"; then
			hull update --pids-limit 7 "$ID"
			[ "$(cat "$(jq -r '.cgroup.mount + .cgroup.path' "$(state_file)")/pids.max")" = 7 ]
		fi
		[ "$(hull events --stats "$ID" | jq -r .id)" = "$ID" ]
		hull delete --force --exit-report report.json "$ID"
		[ "$(jq -r .reason report.json)" = unknown ]
		nothing_left
	done
}

@test "upgrade: what an older version was making when it died is cleaned up" {
	local golden
	for golden in "$DATA"/*-creating.json; do
		hull create "$ID"
		as_written_by "$golden"
		has_status "$ID" creating
		hull delete --force "$ID"
		nothing_left
	done
}

@test "upgrade: what this version writes, the newest golden file has" {
	hull run -d "$ID"
	as_written_by "$(printf '%s\n' "$DATA"/*-created.json | sort -V | tail -n 1)"
	hull delete --force "$ID"
	hull run -d "$ID"
	diff <(jq -c 'del(.annotations) | paths' old.json) <(jq -c 'paths' "$(state_file)") ||
		{ echo "the state has changed: add a golden file, see tests/data/states/README.md" >&2; false; }
}

@test "upgrade: a state of a later version is refused by name, and left alone" {
	local now
	hull run -d "$ID"
	now=$(state_file)
	cp "$now" kept.json
	jq -c '.version = 2 | .new_member = {}' kept.json >"$now"
	for command in "state $ID" "exec $ID true" "kill $ID KILL" "delete $ID" "delete --force $ID"; do
		# shellcheck disable=SC2086 # words
		run hull $command
		[ "$status" -ne 0 ]
		[[ $output == *"container \"$ID\": state.json has version 2, made by a later hull; this one understands up to 1"* ]]
	done
	run --separate-stderr hull list -f json
	[ "$status" -eq 0 ]
	[ "$output" = "[]" ]
	[[ $stderr == *"made by a later hull"* ]]
	jq -c 'del(.version)' kept.json >"$now"
	run hull state "$ID"
	[[ $output == *"is damaged: it has no version"* ]]
	# Members that are not known, and those that are missing, are no reason.
	jq -c '.new_member = {} | del(.poststop, .no_new_keyring, .owner)' kept.json >"$now"
	has_status "$ID" running
	cp kept.json "$now"
	has_status "$ID" running
}

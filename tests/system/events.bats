#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# events and stats: what containers use, and when memory ran out.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	need_root
	make_bundle
	program sleep 1000
	ROOT=$(cgroup_root)
	CG=$ROOT/hull/$ID
}

teardown() {
	clean_up
}

# lines FILE N: at least so many lines are there.
lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

@test "events: unknown, stopped and wrong" {
	run hull events --stats nope
	[ "$status" -ne 0 ]
	[[ $output == *'container "nope" does not exist'* ]]
	for interval in 0 0s -1s x 5x 1.s ""; do
		run hull events --interval "$interval" "$ID"
		[ "$status" -ne 0 ]
		[[ $output == *"--interval: expected a time such as 5s, greater than 0"* ]]
	done
	program true
	hull run --keep "$ID"
	for option in --stats --interval=1s; do
		run hull events $option "$ID"
		[ "$status" -ne 0 ]
		[[ $output == *"container not running"* ]]
	done
}

@test "events --stats: one object, with processor times" {
	program sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; exec sleep 1000'
	hull run -d "$ID"
	until_true hull exec "$ID" grep -qs sleep /proc/1/comm
	run -0 --separate-stderr hull events --stats "$ID"
	[ "${#lines[@]}" -eq 1 ]
	[ "$(jq -r '.type, .id' <<<"$output")" = "stats
$ID" ]
	[ "$(jq '.data.cpu.usage.total > 1000000' <<<"$output")" = true ] # nanoseconds
	[ "$(jq '.data | has("cpu") and has("memory") and has("pids") and has("blkio") and has("hugetlb")' <<<"$output")" = true ]
}

@test "events --stats: pressure, where the kernel tells" {
	[ -r /proc/pressure/cpu ] || skip "no pressure information in this kernel"
	hull run -d "$ID"
	[ -r "$CG/cpu.pressure" ] || skip "no pressure information for cgroups in this kernel"
	run -0 --separate-stderr hull events --stats "$ID"
	for where in cpu memory blkio; do
		[ "$(jq ".data.$where.psi | (.some.avg10 | type) + (.full.total | type)" <<<"$output")" = '"numbernumber"' ]
	done
}

@test "events: a line each interval, until the container ends" {
	hull run -d "$ID"
	"$HULL" --root "$STATES" events --interval 100ms "$ID" >out 3>&- &
	until_true lines out 3
	[ "$(jq -r .type out | sort -u)" = stats ]
	hull kill "$ID" KILL
	timeout 10 tail --pid=$! -f /dev/null
	wait $! # with status 0
	[ "$(jq -r .id out | sort -u)" = "$ID" ]
}

@test "events: ends when the container is deleted" {
	hull run -d "$ID"
	"$HULL" --root "$STATES" events --interval 50ms "$ID" >out 3>&- &
	until_true lines out 1
	hull delete --force "$ID"
	timeout 10 tail --pid=$! -f /dev/null
	wait $!
}

@test "events: ends when nobody reads" {
	hull run -d "$ID"
	timeout 60 "$HULL" --root "$STATES" events --interval 50ms "$ID" | head -n 1 >out
	[ "${PIPESTATUS[0]}" -ne 124 ]
	lines out 1
}

# Services ignore the signal.  What is more than stdout's buffer holds, as events are where there are
# controllers (the test machine), has failed before it is flushed.
@test "events, stats: end when nobody reads and no signal says so" {
	local id=$ID-$(printf '%0200d' 0)
	hull run -d "$id"
	trap '' PIPE
	timeout 60 "$HULL" --root "$STATES" events --interval 50ms "$id" 2>err | head -c 1 >out
	[ "${PIPESTATUS[0]}" -eq 1 ]
	grep -q 'nobody reads' err
	timeout 60 "$HULL" --root "$STATES" stats --interval 50ms "$id" "$id" "$id" "$id" "$id" "$id" | head -c 1 >out
	[ "${PIPESTATUS[0]}" -ne 124 ]
	trap - PIPE
	hull delete --force "$id"
}

@test "events: a paused container is still told of" {
	hull run -d "$ID"
	hull pause "$ID"
	hull events --stats "$ID" | jq -e .data
}

@test "events: memory and pids" {
	need_controller memory
	need_controller pids
	config '.linux.resources += {memory: {limit: 67108864}, pids: {limit: 17}}'
	hull run -d "$ID"
	run -0 --separate-stderr hull events --stats "$ID"
	[ "$(jq '.data.memory.usage.limit' <<<"$output")" = 67108864 ]
	[ "$(jq '.data.memory.usage.usage > 0' <<<"$output")" = true ]
	[ "$(jq '.data.memory.raw.anon | type' <<<"$output")" = '"number"' ]
	[ "$(jq -c '[.data.pids.current, .data.pids.limit]' <<<"$output")" = '[1,17]' ]
}

@test "events: out of memory" {
	need_controller memory
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	program sh -c 'while [ ! -e /dev/shm/go ]; do sleep 0.1; done; (tail /dev/zero); exec sleep 1000'
	hull run -d "$ID"
	"$HULL" --root "$STATES" events --interval 1h "$ID" >out 3>&- &
	sleep 1 # until it watches
	hull exec "$ID" touch /dev/shm/go
	until_true lines out 1
	[ "$(jq -c . out | head -n 1)" = "{\"type\":\"oom\",\"id\":\"$ID\"}" ]
	hull delete --force "$ID"
	wait $!
}

@test "stats: a table of those that run" {
	hull run -d "$ID"
	run -0 --separate-stderr hull stats --once
	[[ ${lines[0]} == "ID "*CPU*MEMORY*PIDS*OOM* ]]
	[[ ${lines[1]} == "$ID "*% ]] || [[ ${lines[1]} == "$ID "* ]]
	[ "${#lines[@]}" -eq 2 ]
	run -0 --separate-stderr hull stats "$ID" # no terminal: once
	[ "${#lines[@]}" -eq 2 ]
	run hull stats nope
	[ "$status" -ne 0 ]
	[[ $output == *'container "nope" does not exist'* ]]
	run hull stats --format yaml
	[ "$status" -ne 0 ]
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
	run -0 --separate-stderr hull stats --once
	[ "${#lines[@]}" -eq 1 ]
}

@test "stats: processor time as a percentage" {
	program sh -c 'while :; do :; done'
	hull run -d "$ID"
	hull stats --once "$ID" >out
	percent=$(awk 'NR == 2 { print int($2) }' out)
	[ "$percent" -ge 5 ] && [ "$percent" -le 120 ]
}

@test "stats: JSON as in events" {
	hull run -d "$ID"
	run -0 --separate-stderr hull stats --format json "$ID"
	[ "$(jq -r '.type + " " + .id + " " + (.data.cpu | type)' <<<"$output")" = "stats $ID object" ]
}

@test "stats: with an interval until the container ends" {
	hull run -d "$ID"
	"$HULL" --root "$STATES" stats --interval 100ms "$ID" >out 3>&- &
	until_true lines out 4
	hull kill "$ID" KILL
	timeout 10 tail --pid=$! -f /dev/null
	wait $!
}

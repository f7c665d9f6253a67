#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/TUTORIAL.md: every command, in order.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	need_root
	[ -x "$(type -P umoci)" ] || skip "no umoci here (Debian: apt-get install umoci)"
	STATES=$BATS_TEST_TMPDIR/states
	ID=t$$
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work"
}

teardown() {
	clean_up
}

# Blocks marked with $2... are left out where what they need is not there.
script_of() {
	awk '/^```/ { inside = !inside; kind = substr($0, 4); skip = inside && kind != "" && index(ENVIRON["LEAVE_OUT"], kind); next } inside && !skip' "$1"
}

@test "tutorial: from an image to a container, and back to nothing" {
	local leave=
	grep -qw memory "$(cgroup_root)/cgroup.controllers" && grep -qw pids "$(cgroup_root)/cgroup.controllers" || leave+=limits
	criu check >/dev/null 2>&1 || leave+=" checkpoint"
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$HULL" "$STATES" >"$BATS_TEST_TMPDIR/bin/hull"
	chmod +x "$BATS_TEST_TMPDIR/bin/hull"
	LEAVE_OUT=$leave script_of "$BATS_TEST_DIRNAME/../../docs/TUTORIAL.md" >script
	[ "$(wc -l <script)" -gt 30 ]
	# Appended to, as a log is: criu takes back no other file that has grown meanwhile.
	PATH=$BATS_TEST_TMPDIR/bin:$PATH timeout 600 sh -eux script >>out 2>&1 </dev/null || { cat out; false; }
	grep -q '^hello from inside$' out
	grep -q "^$(printf ticker) .*running" out
	grep -q '^uid=0' out
	grep -q '^paused$' out
	[ "$(tail -n 1 out)" = timeout ]
	grep -q '^status 137$' out
	grep -q tick ticks
	[[ " $leave" == *limits* ]] || grep -q '"type":"stats","id":"ticker"' out
	nothing_left
	# Said only now, when all the rest has been seen to work.
	[ -z "$leave" ] || skip "all but what is missing here: $leave (the test VM has it)"
}

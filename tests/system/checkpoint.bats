#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# checkpoint and restore, by criu.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	program sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/count; sleep 0.1; done'
	config '.root.readonly = false'
	IMAGES=$BATS_TEST_TMPDIR/images
}

teardown() {
	clean_up
}

# What criu itself needs of the kernel.
need_criu() {
	need_root
	command -v criu >/dev/null || skip "criu is not installed"
	criu check >/dev/null 2>&1 || skip "criu check fails on this kernel (the test VM has one that works)"
}

start_detached() {
	hull run -d "$ID" </dev/null >/dev/null 2>&1
	until_true hull exec "$ID" test -s /tmp/count
}

checkpoint() {
	hull checkpoint --image-path "$IMAGES" "$@" "$ID" || { tail -n 30 "$IMAGES/dump.log"; return 1; }
}

restore() {
	hull restore -d --image-path "$IMAGES" "$@" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 ||
		{ cat "$BATS_TEST_TMPDIR/out"; tail -n 30 "$IMAGES/restore.log"; return 1; }
}

count() {
	hull exec "$ID" cat /tmp/count
}

counts_on() {
	[ "$(count)" -gt "$1" ]
}

# ---- what needs no criu ----

@test "checkpoint and restore: engines ask for help to learn whether they are there" {
	run hull checkpoint --help
	[ "$status" -eq 0 ]
	[[ "$output" == *"checkpoint [options] ID"* ]]
	run hull restore --lsm-mount-context
	[ "$status" -ne 0 ]
	[[ "$output" == *"requires an argument"* ]]
}

@test "checkpoint: an unknown container, and one that only was created" {
	run hull checkpoint --image-path "$IMAGES" nobody
	[ "$status" -eq 1 ]
	[[ "$output" == *'container "nobody" does not exist'* ]]
	hull create "$ID" </dev/null >/dev/null 2>&1
	run hull checkpoint --image-path "$IMAGES" "$ID"
	[ "$status" -eq 1 ]
	[[ "$output" == *"cannot checkpoint container \"$ID\" in the created state"* ]]
}

@test "checkpoint and restore: words and numbers are checked" {
	need_root
	command -v criu >/dev/null || skip "criu is not installed"
	start_detached
	run hull checkpoint --image-path "$IMAGES" --manage-cgroups-mode never "$ID"
	[ "$status" -eq 1 ]
	[[ "$output" == *'--manage-cgroups-mode: expected soft, full, strict or ignore, found "never"'* ]]
	run hull checkpoint --image-path "$IMAGES" --network-lock no "$ID"
	[[ "$output" == *'--network-lock: expected iptables or nftables, found "no"'* ]]
	run hull checkpoint --image-path "$IMAGES" --empty-ns pid "$ID"
	[[ "$output" == *'--empty-ns: expected network, found "pid"'* ]]
	[ "$(state_of "$ID")" = running ]
}

# ---- with criu ----

@test "checkpoint and restore, twice in a row" {
	need_criu
	start_detached
	for _ in 1 2; do
		before=$(count)
		checkpoint
		run hull state "$ID"
		[ "$status" -eq 1 ]
		nothing_left
		restore
		[ "$(state_of "$ID")" = running ]
		until_true counts_on "$before"
		rm -rf "$IMAGES"
	done
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
	hull delete "$ID"
}

@test "checkpoint --leave-running" {
	need_criu
	start_detached
	checkpoint --leave-running
	[ "$(state_of "$ID")" = running ]
	until_true counts_on "$(count)"
	hull delete --force "$ID"
	restore
	[ "$(state_of "$ID")" = running ]
}

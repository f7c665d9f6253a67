#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Hooks: those of the host are not the image's, those of the image are not the host's.

bats_require_minimum_version 1.5.0
load ../system/helpers
load attack

setup() {
	need_root
	make_bundle
	config '.root.readonly = false'
	LOG=$BATS_TEST_TMPDIR/log
	install -m 666 /dev/null "$LOG" # createContainer's root is the container's
}

teardown() {
	clean_up
}

hook() { # STAGE PATH ARG0...
	config_words '.hooks[$w[0]] += [{path: $w[1], args: $w[2:]}]' "$@"
}

@test "CVE-2024-21626: no descriptor leaks into a hook" {
	local stage
	for stage in prestart createRuntime createContainer poststart poststop; do
		hook $stage /bin/sh sh -c "cd /proc/self/fd && echo $stage * >>$LOG"
	done
	printf '#!/bin/sh\ncd /proc/self/fd && echo *>/tmp/log\n' >rootfs/bin/hook
	chmod +x rootfs/bin/hook
	hook startContainer /bin/hook hook
	with_fds "$HULL" --root "$STATES" create "$ID"
	with_fds "$HULL" --root "$STATES" start "$ID"
	until_true has_status "$ID" stopped
	with_fds "$HULL" --root "$STATES" delete "$ID"
	[ "$(wc -l <"$LOG")" -eq 5 ]
	run grep -v ' 0 1 2 3$' "$LOG" # 3: the shell's, of the directory
	[ -z "$output" ]
	[ "$(cat rootfs/tmp/log)" = "0 1 10 2 3" ] # 10: its script, 3: the directory
}

@test "CVE-2024-21626: a startContainer hook by descriptor is no program of the host's" {
	make_marker
	local n caller
	for caller in env with_fds; do
		for n in $(seq 3 40); do
			config 'del(.hooks)'
			hook startContainer "/proc/self/fd/$n/$UP$MARKER" echo ESCAPED
			run $caller "$HULL" --root "$STATES" run "$ID"
			[ "$status" -ne 0 ]
			[[ $output != *"ESCAPED"* ]]
		done
	done
}

@test "CVE-2022-1708: a hook's output without end is not kept" {
	hook createRuntime /bin/sh sh -c 'head -c 300000000 /dev/zero; echo the end; exit 1'
	run in_memory 100000 timeout 60 "$HULL" --root "$STATES" create "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"the end"* ]]
	[ "${#output}" -lt 4096 ]
}

@test "a daemon that a hook leaves behind does not hold hull up" {
	hook createRuntime /bin/sh sh -c 'sleep 30 & exit 0'
	SECONDS=0
	timeout 20 "$HULL" --root "$STATES" run "$ID" </dev/null 3>&-
	[ $SECONDS -lt 15 ]
}

@test "CVE-2019-5736: hooks of the host's are never the image's programs" {
	local stage
	mkdir -p rootfs/opt "$BATS_TEST_TMPDIR/opt"
	for stage in prestart createRuntime createContainer poststart poststop; do
		printf '#!/bin/sh\necho host %s >>%s\n' $stage "$LOG" >"$BATS_TEST_TMPDIR/opt/$stage"
		mkdir -p "rootfs$BATS_TEST_TMPDIR/opt"
		printf '#!/bin/sh\necho IMAGE >>/tmp/log; echo IMAGE >>%s\n' "$LOG" >"rootfs$BATS_TEST_TMPDIR/opt/$stage"
		chmod +x "$BATS_TEST_TMPDIR/opt/$stage" "rootfs$BATS_TEST_TMPDIR/opt/$stage"
		hook $stage "$BATS_TEST_TMPDIR/opt/$stage" x
	done
	hull run "$ID"
	[ "$(grep -c ^host "$LOG")" -eq 5 ]
	run ! grep IMAGE "$LOG"
	[ ! -e rootfs/tmp/log ]
}

@test "a startContainer hook has the container's root, namespaces, no_new_privs and filter" {
	printf '#!/bin/sh\ncat /proc/self/status >/tmp/status\nfor n in mnt pid net; do readlink /proc/self/ns/$n; done >/tmp/ns\n' >rootfs/bin/hook
	chmod +x rootfs/bin/hook
	hook startContainer /bin/hook hook
	program sh -c 'cat /proc/self/status >/tmp/status2; for n in mnt pid net; do readlink /proc/self/ns/$n; done >/tmp/ns2'
	hull run "$ID"
	cmp rootfs/tmp/ns rootfs/tmp/ns2
	local word
	for word in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp Uid Gid; do
		[ "$(grep "^$word:" rootfs/tmp/status)" = "$(grep "^$word:" rootfs/tmp/status2)" ]
	done
	grep -q '^Seccomp:.2' rootfs/tmp/status
}

@test "CVE-2026-53488: what a bundle becomes after create adds no hooks" {
	program sleep 1000
	hull create "$ID"
	hook poststart /bin/sh sh -c "echo harm >>$LOG"
	hook poststop /bin/sh sh -c "echo harm >>$LOG"
	hull start "$ID"
	hull delete --force "$ID"
	[ ! -s "$LOG" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Members of config.json that no test of a behaviour shows one by one: each has a value here whose loss
# would be seen.

bats_require_minimum_version 1.5.0
load helpers

STAGES='prestart createRuntime createContainer startContainer poststart poststop'

setup() {
	make_bundle
}

teardown() {
	clean_up
}

inside() {
	program sh -c "$1"
	run -0 hull run "$ID"
}

@test "root: another path, read-only or not" {
	mv rootfs elsewhere
	shift_ids elsewhere
	mkdir rootfs
	config '.root = {path: "elsewhere", readonly: true} | .process.args = ["touch", "/tmp/made"]'
	run hull run "$ID"
	[ "$status" -eq 1 ]
	[[ $output == *"Read-only file system"* ]]
	config '.root.readonly = false'
	run -0 hull run "$ID"
	[ -e elsewhere/tmp/made ]
}

@test "mounts: type and options" {
	mkdir rootfs/m
	config '.mounts += [{destination: "/m", type: "tmpfs", source: "mine", options: ["size=1m", "noexec"]}]'
	inside 'grep " /m " /proc/self/mountinfo'
	[[ $output == *noexec*" - tmpfs mine "*size=1024k* ]]
}

@test "mounts: uidMappings and gidMappings are those of the files" {
	no_userns
	mkdir files rootfs/m
	idmappable "$PWD/files"
	touch files/{a,b,c}
	chown 11:21 files/a
	chown 12:23 files/b
	chown 13:22 files/c
	config '.mounts += [{destination: "/m", type: "bind", source: $s, options: ["bind", "idmap"],
		uidMappings: [{containerID: 11, hostID: 1011, size: 2}], gidMappings: [{containerID: 21, hostID: 2021, size: 3}]}]' \
		--arg s "$PWD/files"
	inside 'stat -c %u:%g /m/a /m/b /m/c'
	[ "${lines[*]}" = "1011:2021 1012:2023 65534:2022" ]
}

@test "process: priorities of input and output" {
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 7}'
	inside ionice
	[ "$output" = "best-effort: prio 7" ]
	config '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}'
	inside ionice
	[[ $output == idle* ]]
}

@test "process: scheduling" {
	need_host_ids "real-time scheduling"
	chrt -f 10 true 2>/dev/null || skip "no real-time scheduling here"
	config '.process.scheduler = {policy: "SCHED_FIFO", priority: 10, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	program sleep 1000
	hull run -d "$ID"
	run -0 chrt -p "$(pid_of "$ID")"
	[[ $output == *"SCHED_FIFO|SCHED_RESET_ON_FORK"*": 10" ]]
	hull delete --force "$ID"
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 5}'
	inside 'awk "{print \$19, \$41}" /proc/self/stat'
	[ "$output" = "5 3" ]
}

@test "process: deadline scheduling" {
	need_host_ids "real-time scheduling"
	chrt -d -T 10000000 -D 20000000 -P 30000000 0 true 2>/dev/null || skip "no deadline scheduling here"
	config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 10000000, deadline: 20000000, period: 30000000}'
	program sleep 1000
	hull run -d "$ID"
	run -0 chrt -p "$(pid_of "$ID")"
	[[ $output == *SCHED_DEADLINE*10000000/20000000/30000000 ]]
}

# A hook of every stage, each a program of its own; startContainer's is in the container.
hook_programs() {
	local s
	for s in $STAGES; do
		printf '#!/bin/sh\ncat >/dev/null\n%s\n' "${1//STAGE/$s}" >"$BATS_TEST_TMPDIR/$s"
		chmod +x "$BATS_TEST_TMPDIR/$s"
	done
	mv "$BATS_TEST_TMPDIR/startContainer" rootfs/bin/
}

# shellcheck disable=SC2016 # the hook's
@test "hooks: path, arguments and environment at every stage" {
	hook_programs 'echo "STAGE $1 $ONLY" >>$OUT'
	for s in $STAGES; do
		config '.hooks[$s] = [{path: $p, args: [$s, "arg-" + $s], env: ["ONLY=env-" + $s, "OUT=" + $o]}]' --arg s "$s" \
			--arg o "$BATS_TEST_TMPDIR/out" --arg p "$BATS_TEST_TMPDIR/$s"
	done
	config '.root.readonly = false | .hooks.startContainer[0] += {path: "/bin/startContainer"} |
		.hooks.startContainer[0].env[1] = "OUT=/tmp/out"'
	: >"$BATS_TEST_TMPDIR/out"
	chmod 666 "$BATS_TEST_TMPDIR/out"
	chmod 777 rootfs/tmp
	run -0 hull run "$ID"
	for s in $STAGES; do
		grep -qx "$s arg-$s env-$s" "$BATS_TEST_TMPDIR/out" rootfs/tmp/out
	done
}

@test "hooks: the timeout at every stage" {
	hook_programs 'exec sleep 15'
	for s in $STAGES; do
		config 'del(.hooks) | .hooks[$s] = [{path: $p, timeout: 1}]' --arg s "$s" --arg p "$BATS_TEST_TMPDIR/$s"
		[ "$s" != startContainer ] || config '.hooks.startContainer[0].path = "/bin/startContainer"'
		run hull run "$ID"
		echo "$output"
		[[ $output == *"$s hook #0"*tim* ]]
	done
}

@test "linux: uidMappings and gidMappings" {
	userns
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65535}, {containerID: 70000, hostID: 300000, size: 3}] |
		.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65534}, {containerID: 80000, hostID: 400000, size: 4}]'
	inside "tr -s ' ' </proc/self/uid_map; tr -s ' ' </proc/self/gid_map"
	[ "${lines[*]}" = " 0 100000 65535  70000 300000 3  0 100000 65534  80000 400000 4" ]
}

@test "linux: offsets of both clocks" {
	[ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000, nanosecs: 11},
		monotonic: {secs: 2000, nanosecs: 22}}'
	inside "tr -s ' ' </proc/self/timens_offsets"
	[ "${lines[*]}" = "monotonic 2000 22 boottime 1000 11" ]
}

# What the kernel says to an open: numbers without a driver give another error than the rules.
@test "resources: every member of a device rule" {
	need_host_ids mknod
	config '.linux.devices = [{path: "/dev/yes", type: "c", major: 240, minor: 5}, {path: "/dev/minor", type: "c", major: 240, minor: 6},
		{path: "/dev/major", type: "c", major: 241, minor: 5}, {path: "/dev/type", type: "b", major: 240, minor: 5}] |
		.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 240, minor: 5, access: "r"}]'
	inside 'for d in yes minor major type; do head -c 1 </dev/$d; done 2>&1; (: >/dev/yes) 2>&1; true'
	[[ ${lines[0]} == *"/dev/yes: No such device"* ]]
	for i in 1 2 3 4; do
		[[ ${lines[$i]} == *"Operation not permitted"* ]]
	done
}

@test "seccomp: what the default is" {
	config '.linux.seccomp.defaultErrnoRet = 28 | .linux.seccomp.syscalls |= map(.names -= ["mkdir", "mkdirat"]) | .root.readonly = false'
	program mkdir /tmp/made
	run hull run "$ID"
	[ "$status" -eq 1 ]
	[[ $output == *"No space left on device"* ]]
}

# The shell's own kill: USR1 is 10, USR2 is 12.
@test "seccomp: every member of a condition" {
	local condition
	for condition in '{index: 1, value: 10, op: "SCMP_CMP_EQ"}' '{index: 1, value: 6, valueTwo: 2, op: "SCMP_CMP_MASKED_EQ"}'; do
		config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"kill\"], action: \"SCMP_ACT_ERRNO\",
			args: [$condition]}]}"
		inside 'trap "echo got1" USR1; trap "echo got2" USR2; kill -USR1 $$ 2>/dev/null; kill -USR2 $$; true'
		[ "$output" = got2 ]
	done
}

# Whether or not the kernel has x32: without the architecture the filter ends the program.
@test "seccomp: calls of another architecture" {
	[ "$(uname -m)" = x86_64 ] || skip "is about x86"
	command -v gcc >/dev/null || skip "needs a C compiler"
	cat >call.c <<-'C'
		#include <stdio.h>
		#include <unistd.h>
		long syscall(long nr, ...);
		int main(void)
		{
			syscall(0x40000000 + 39); /* getpid */
			puts("alive");
			return 0;
		}
	C
	gcc -static -o rootfs/bin/call call.c
	program call
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"],
		syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	run -0 hull run "$ID"
	[ "$output" = alive ]
	config '.linux.seccomp.architectures = ["SCMP_ARCH_X86_64"]'
	run hull run "$ID"
	[ "$status" -eq 159 ] # SIGSYS
}

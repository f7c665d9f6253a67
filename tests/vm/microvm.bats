#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# VM mode in the test machine, where KVM is nested under software emulation: a machine takes its time
# to boot, so most tests here share one.  tests/vm/run --smp=1 --env=HULL=... tests/vm/microvm.bats

bats_require_minimum_version 1.5.0
load ../system/helpers
load microvm

setup_file() {
	need_microvm
	make_machine sh cat echo id touch sleep uname ls ln stty wc head tail dd sync md5sum mount umount chmod rm mkdir
	mkdir ro rootfs/ro
	echo data >ro/file
	config ".process.terminal = false | .root.readonly = false |
		.process.args = [\"sh\", \"-c\", \"trap 'echo got TERM; exit 5' TERM; echo up; while :; do sleep 1; done\"] |
		.linux.resources.memory.limit = 67108864 |
		.hooks.createRuntime = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$M/hook\"]}] |
		.hooks.startContainer = [{path: \"/bin/touch\", args: [\"touch\", \"/tmp/in-guest\"]}] |
		.mounts += [{destination: \"/ro\", source: \"$M/ro\", type: \"bind\", options: [\"rbind\", \"ro\"]},
			{destination: \"/rw\", source: \"$M/rw\", type: \"bind\", options: [\"rbind\"]}]"
	start_machine
}

teardown_file() {
	remove_machines machine
}

@test "vm: the kernel is another one, and the exit code the program's" {
	run inside 'uname -r; cat /proc/cmdline; exit 9'
	[ "$status" -eq 9 ]
	[[ "$output" == *" quiet"* ]]
	[ "$(inside 'cat /proc/sys/kernel/random/boot_id')" != "$(cat /proc/sys/kernel/random/boot_id)" ]
}

@test "vm: state, list, ps and the pid file" {
	[ "$(h state machine | jq -r .status)" = running ]
	[ "$(h state machine | jq .pid)" = "$(cat "$M/pid")" ]
	h list | grep -q '^machine .*running'
	h ps machine | grep -q 'sleep 1'
}

@test "vm: the monitor and its threads have no capabilities, and a filter each" {
	local task pid
	pid=$(cat "$M/pid")
	[ "$(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -d' ' -f1)" = hull-vmm ]
	for task in /proc/"$pid"/task/*; do
		grep -q '^CapEff:	0000000000000000$' "$task/status"
		grep -q '^CapPrm:	0000000000000000$' "$task/status"
		grep -q '^CapBnd:	0000000000000000$' "$task/status"
		grep -q '^NoNewPrivs:	1$' "$task/status"
		grep -q '^Seccomp:	2$' "$task/status"
	done
	run ! grep -E '/dev/kvm|vmlinuz|initramfs|hull$' <(find "/proc/$pid/fd" -type l -printf '%l\n')
}

@test "vm: the broker has file capabilities only, and a filter" {
	local pid found=0
	for pid in $(pidof hull-vmm); do
		[[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" == *"--broker "* ]] || continue
		found=1
		# CHOWN DAC_OVERRIDE FOWNER FSETID SETGID SETUID SETFCAP
		grep -E '^(Cap|NoNew|Seccomp)' "/proc/$pid/status"
		grep -q '^CapEff:	00000000800000db$' "/proc/$pid/status"
		grep -q '^CapBnd:	00000000800000db$' "/proc/$pid/status"
		grep -q '^NoNewPrivs:	1$' "/proc/$pid/status"
		grep -q '^Seccomp:	2$' "/proc/$pid/status"
	done
	[ $found = 1 ]
}

@test "vm: stdin and stdout of exec are whole" {
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	h exec machine cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "vm: exec, detached and with a terminal" {
	h exec -d --pid-file "$BATS_TEST_TMPDIR/pid" machine sleep 300
	kill -0 "$(cat "$BATS_TEST_TMPDIR/pid")"
	h ps machine | grep -q 'sleep 300'
	kill -KILL "$(cat "$BATS_TEST_TMPDIR/pid")"
	run script -qec "'$HULL' --root '$M/states' exec -t machine sh -c 'stty -a | head -1; exit 4'" /dev/null </dev/null
	[ "$status" -eq 4 ]
	[[ "$output" == *speed* ]]
}

@test "vm: newlines, the end of input and the size go through a terminal" {
	local script='trap "stty size; exit 7" WINCH; stty size; while :; do sleep 0.1; done'
	printf 'a\nb\n' >"$BATS_TEST_TMPDIR/wanted"
	h exec -t machine sh -c 'printf "a\nb\n"' </dev/null >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/wanted"
	run -0 timeout 60 "$HULL" --root "$M/states" exec -t machine sh -c 'cat; echo end' <<<hello
	[[ "$output" == *hello*end ]]
	STATES=$M/states run -7 on_terminal exec -t machine sh -c "$script"
	[ "${lines[*]}" = "33 99 44 111" ]
}

@test "vm: volumes are the host's files, read-only where they should be" {
	[ "$(inside cat /ro/file)" = data ]
	run ! inside 'echo x >/ro/file'
	[[ "$output" == *"Read-only file system"* ]]
	run ! inside 'mount -o remount,rw /ro && echo x >/ro/file'
	[ "$(cat "$M/ro/file")" = data ]
	inside 'echo new >/rw/new; ln /rw/new /rw/hard; ln -s nowhere /rw/soft; mkdir /rw/d; chmod 640 /rw/new'
	[ "$(cat "$M/rw/hard")" = new ]
	[ "$(readlink "$M/rw/soft")" = nowhere ]
	[ "$(stat -c '%a %h %u' "$M/rw/new")" = "640 2 0" ]
	inside 'rm -r /rw/d /rw/soft'
	[ ! -e "$M/rw/d" ]
}

@test "vm: data written inside is the data outside" {
	inside 'dd if=/dev/urandom of=/rw/big bs=65536 count=64 2>/dev/null; md5sum </rw/big' >"$BATS_TEST_TMPDIR/sum"
	[ "$(md5sum <"$M/rw/big")" = "$(cat "$BATS_TEST_TMPDIR/sum")" ]
	head -c 3000000 /dev/urandom >"$M/rw/host"
	[ "$(inside 'md5sum </rw/host')" = "$(md5sum <"$M/rw/host")" ]
}

@test "vm: hooks run on their sides" {
	jq -e '.id == "machine"' "$M/hook"
	[ -e "$M/rootfs/tmp/in-guest" ] || inside 'ls /tmp/in-guest'
}

@test "vm: pause and resume" {
	h pause machine
	[ "$(h state machine | jq -r .status)" = paused ]
	h resume machine
	[ "$(inside 'echo back')" = back ]
}

@test "vm: the limit holds inside, and update lowers it" {
	[ "$(inside 'cat /sys/fs/cgroup/memory.max')" = 67108864 ]
	h update --memory 33554432 machine
	[ "$(inside 'cat /sys/fs/cgroup/memory.max')" = 33554432 ]
	run ! h update --memory 1073741824 machine
	[[ "$output" == *"it was made for at most"* ]]
}

@test "vm: stats and events have the guest's memory and the host's processor time" {
	local watcher
	h events --stats machine | jq .data >"$BATS_TEST_TMPDIR/stats"
	cat "$BATS_TEST_TMPDIR/stats"
	jq -e '.memory.usage.limit == 33554432 and .memory.usage.usage < 33554432 and .pids.current > 0 and
		.cpu.usage.total > 0 and .memory.events.oom_kill == 0' "$BATS_TEST_TMPDIR/stats"
	"$HULL" --root "$M/states" events --interval 1s machine >"$BATS_TEST_TMPDIR/events" 3>&- &
	watcher=$!
	run inside 'head -c 100000000 /dev/zero | tail'
	[ "$status" -eq 137 ]
	until_true grep -q '"oom"' "$BATS_TEST_TMPDIR/events"
	kill $watcher
	[ "$(h state machine | jq -r .status)" = running ]
}

@test "vm: TERM reaches the handler, and delete leaves nothing" {
	h kill machine TERM
	for _ in $(seq 60); do
		[ "$(h state machine | jq -r .status)" != stopped ] || break
		sleep 2
	done
	[ "$(h state machine | jq -r .status)" = stopped ]
	grep -q 'got TERM' "$M/out"
	h delete machine
	run ! h state machine
	run ! pidof hull-vmm
}

@test "vm: run gives output and exit code, with a read-only root" {
	cd "$M"
	config '.root.readonly = true | .process.args = ["sh", "-c", "echo out; echo err >&2; touch /x; exit 7"] | del(.hooks)'
	run --separate-stderr h run --isolation=vm once
	[ "$status" -eq 7 ]
	[ "$output" = out ]
	[[ "$stderr" == *"err"*"Read-only file system"* ]]
	run ! pidof hull-vmm
}

@test "vm: run has a terminal of the caller's size" {
	cd "$M"
	config '.process.terminal = true | .process.args = ["sh", "-c", "stty size; exit 3"] | del(.hooks)'
	STATES=$M/states run -3 on_terminal run --isolation=vm once
	[ "${lines[*]}" = "33 99" ]
	config '.process.terminal = false'
}

@test "vm: a process too large is killed in the guest, where engines and hull's reports see it" {
	local cgroup watcher
	cd "$M"
	config '.process.args = ["sh", "-c", "head -c 100000000 /dev/zero | tail"] | .linux.resources.memory.limit = 33554432'
	run h run --isolation=vm --exit-report "$M/report" large
	[ "$status" -eq 137 ]
	cat "$M/report"
	jq -e '.reason == "oom" and .exitCode == 137 and .oom.kills > 0' "$M/report"
	h create --isolation=vm --pid-file "$M/pid" large >"$M/out" 2>&1 </dev/null
	cgroup=/sys/fs/cgroup$(cut -d: -f3 "/proc/$(cat "$M/pid")/cgroup")
	"$HULL" --root "$M/states" events large >"$M/events" 3>&- &
	watcher=$!
	sleep 1
	h start large
	wait $watcher
	cat "$M/events"
	grep -q '"oom"' "$M/events"
	grep -q '^oom_kill [1-9]' "$cgroup/memory.events"
	h delete large
	run ! pidof hull-vmm
}

no_monitor() {
	! pidof hull-vmm
}

# As of a container: its processes live on as soon as its program runs, and end by themselves before.
@test "vm: of a run that was killed nothing stays but what delete --force clears" {
	local after pid was mounts
	cd "$M"
	config '.process.args = ["sleep", "1000"]'
	mounts=$(cat /proc/self/mountinfo)
	for after in 0.02 0.1 0.3 1 2 60; do
		"$HULL" --root "$M/states" run --isolation=vm killed </dev/null >/dev/null 2>&1 3>&- &
		pid=$!
		sleep $after
		kill -KILL $pid
		wait $pid || :
		was=$(h state killed 2>/dev/null | jq -r .status)
		echo "after $after: $was"
		[ "$was" = running ] || until_true no_monitor
		[ -z "$was" ] || h delete --force killed
		no_monitor
		run ! h state killed
		[ -z "$(find /sys/fs/cgroup -depth -type d -name '*killed*')" ]
		[ "$(cat /proc/self/mountinfo)" = "$mounts" ]
	done
	[ "$was" = running ]
}

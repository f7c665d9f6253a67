#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# exec: another program in a living container.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	program sleep 1000
}

teardown() {
	clean_up
}

@test "exec: exit status, stdin and stdout" {
	hull run -d "$ID"
	run hull exec "$ID" sh -c 'exit 7'
	[ "$status" -eq 7 ]
	run hull exec "$ID" sh -c 'kill -9 $$'
	[ "$status" -eq 137 ]
	run -0 bash -c 'echo through | "$0" --root "$1" exec "$2" cat' "$HULL" "$STATES" "$ID"
	[ "$output" = through ]
}

@test "exec: missing, not executable, directory" {
	hull run -d "$ID"
	run hull exec "$ID" nothere
	[ "$status" -eq 127 ]
	[[ $output == *'exec: "nothere": executable file not found in $PATH'* ]]
	run hull exec "$ID" /etc
	[ "$status" -eq 126 ]
	run hull exec -d "$ID" /nothere
	[ "$status" -eq 127 ]
	run hull exec nothere true
	[ "$status" -eq 125 ]
	[[ $output == *'container "nothere" does not exist'* ]]
}

# What only execve itself notices.
@test "exec: a missing interpreter and a broken program, detached or not" {
	printf '#!/nothere\n' >rootfs/bin/script
	printf '\177ELFbroken' >rootfs/bin/broken
	chmod +x rootfs/bin/script rootfs/bin/broken
	hull run -d "$ID"
	for how in "" -d; do
		# shellcheck disable=SC2086
		run -127 hull exec $how "$ID" script
		[ "$output" = "exec /bin/script: no such file or directory" ]
		# shellcheck disable=SC2086
		run -126 hull exec $how "$ID" broken
		[ "$output" = "exec /bin/broken: exec format error" ]
	done
}

@test "exec: joins every namespace and the cgroup" {
	hull run -d "$ID"
	for ns in pid net ipc uts mnt cgroup; do
		[ "$(hull exec "$ID" readlink "/proc/self/ns/$ns")" = "$(hull exec "$ID" readlink "/proc/1/ns/$ns")" ]
	done
	[ "$(hull exec "$ID" cat /proc/self/cgroup | tail -1)" = "$(hull exec "$ID" cat /proc/1/cgroup | tail -1)" ]
}

@test "exec: env adds, user and groups, cwd" {
	config '.process.env += ["OF=config", "BOTH=config"]'
	hull run -d "$ID"
	run -0 hull exec -e A=1 -e TERM=dumb -e BOTH=exec "$ID" sh -c 'echo $A $TERM $OF $BOTH'
	[ "$output" = "1 dumb config exec" ]
	run -0 hull exec -u 1000 "$ID" sh -c 'id -u; id -g'
	[ "${lines[*]}" = "1000 0" ]
	run -0 hull exec -u 1000:1000 -g 5 -g 6 "$ID" sh -c 'id -u; id -g; grep ^Groups /proc/self/status'
	[ "${lines[0]} ${lines[1]}" = "1000 1000" ]
	[[ ${lines[2]} =~ 5\ 6 ]]
	run -0 hull exec --cwd /etc "$ID" pwd
	[ "$output" = /etc ]
}

@test "exec -u: numbers only, strictly (CVE-2026-30892, CVE-2016-3697)" {
	echo '1000:x:0:0::/:/bin/sh' >>rootfs/etc/passwd
	hull run -d "$ID"
	[ "$(hull exec -u 1 "$ID" id -u)" = 1 ]
	[ "$(hull exec -u 1000 "$ID" id -u)" = 1000 ]
	for bad in 1: :1 -1 1x 4294967296 4294967296:0 1:2:3 " 1" 0x1; do
		run hull exec -u "$bad" "$ID" id -u
		[ "$status" -eq 125 ]
	done
}

@test "exec --cap: added, never inheritable without the config's (CVE-2022-29162)" {
	hull run -d "$ID"
	run -0 hull exec --cap CAP_SYS_PTRACE "$ID" grep ^Cap /proc/self/status
	[[ $output == *"CapInh:	0000000000000000"* ]]
	[[ $output == *"CapAmb:	0000000000000000"* ]]
	bnd=$(grep -o 'CapBnd:.*' <<<"$output" | cut -f2)
	((0x$bnd & 1 << 19))
}

@test "exec --process: file and pipe; env only from there, HOME filled in" {
	hull run -d "$ID"
	jq '{terminal: false, user: {uid: 0, gid: 0}, cwd: "/", args: ["/bin/env"], env: ["ONLY=1"]}' <<<'{}' >p.json
	run -0 hull exec -p p.json "$ID"
	[[ $output == *ONLY=1* ]]
	[[ $output == *HOME=/root* ]]
	[[ $output != *PATH=* ]]
	run -0 bash -c '"$0" --root "$1" exec -p /dev/fd/3 "$2" 3< <(cat p.json)' "$HULL" "$STATES" "$ID"
	[[ $output == *ONLY=1* ]]
}

@test "exec --process: errors name the member" {
	hull run -d "$ID"
	echo '{"cwd": "/", "args": ["true"], "user": {"uid": "0"}}' >p.json
	run hull exec -p p.json "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"user.uid"* ]]
}

@test "exec -d: pid file with the host's pid, written only on success" {
	hull run -d "$ID"
	hull exec -d --pid-file "$PWD/pid" "$ID" sleep 900
	[ "$(cat pid)" != "$(pid_of "$ID")" ]
	grep -q sleep "/proc/$(cat pid)/cmdline"
	hull ps -f json "$ID" | jq -e "index($(cat pid))"
	run hull exec -d --pid-file "$PWD/pid2" "$ID" /nothere
	[ ! -e pid2 ]
}

@test "exec: into a created container works and leaves it created" {
	hull create "$ID"
	run -0 hull exec "$ID" echo early
	[ "$output" = early ]
	has_status "$ID" created
}

# The caller asks whether what it cloned lives: here so late that the program has ended.
@test "exec: a program that ends at once runs once" {
	need_root
	command -v strace >/dev/null || skip "strace is not installed"
	hull create "$ID"
	# LeakSanitizer, which this is no test of, gives up on a process that is traced.
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
		strace -f -qq -o trace -e trace=process_mrelease -e inject=process_mrelease:delay_enter=500000 \
		"$HULL" --root "$STATES" exec "$ID" echo once >out 2>&1
	cat out
	[ "$(cat out)" = once ]
}

# Init has the memory of who makes it, and that is shown by strace.
need_sharing() {
	need_root
	no_userns
	! sanitized || skip "init never shares the memory of a program with AddressSanitizer"
	command -v strace >/dev/null || skip "strace is not installed"
}

nobody_comes_in() {
	grep -q 'flags=CLONE_VM|' trace
	run hull exec "$ID" true
	echo "$output"
	[ "$status" -eq 125 ]
	[ "$output" = "cannot exec in container \"$ID\" while it is created" ]
}

# Somebody who may trace could write to hull's memory, through the init that shares it.
@test "exec: nobody comes in before init has executed its program, where that shares hull's memory" {
	need_sharing
	program sleep 1000
	strace -f -qq -o trace -e trace=clone3,execve -e inject=execve:delay_enter=3000000 \
		"$HULL" --root "$STATES" run "$ID" >/dev/null 3>&- &
	until_true has_status "$ID" running
	nobody_comes_in
	until_true hull exec "$ID" true
	hull kill "$ID" KILL
	wait
}

@test "exec: nobody comes in before create has ended, whose memory init has from then on alone" {
	need_sharing
	program sh -c 'echo "$0" "$WHO"' begun
	config '.process.env += ["WHO=alone"]'
	strace -f -qq -o trace -e trace=clone3,exit_group -e inject=exit_group:delay_enter=3000000 \
		"$HULL" --root "$STATES" create "$ID" >out 3>&- &
	until_true has_status "$ID" created
	nobody_comes_in
	until_true hull exec "$ID" true
	hull start "$ID"
	until_true has_status "$ID" stopped
	wait
	[ "$(cat out)" = "begun alone" ]
}

@test "exec: into a stopped container fails" {
	program true
	hull run -d "$ID"
	until_true has_status "$ID" stopped
	run hull exec "$ID" true
	[ "$status" -eq 125 ]
}

@test "exec: a paused container refuses at once, --ignore-paused waits" {
	hull run -d "$ID"
	hull pause "$ID"
	run hull exec "$ID" true
	[ "$status" -eq 125 ]
	[[ $output == *"cannot exec in a paused container"* ]]
	(sleep 1 && hull resume "$ID") &
	run -0 timeout 20 "$HULL" --root "$STATES" exec --ignore-paused "$ID" echo thawed
	[ "$output" = thawed ]
	wait
}

@test "exec --cgroup: a sub-cgroup; .. refused; missing fails" {
	hull run -d "$ID"
	cg=$(cgroup_root)$(awk -F: '$1 == 0 { print $3 }' "/proc/$(pid_of "$ID")/cgroup")
	mkdir "$cg/sub"
	hull exec -d --cgroup sub "$ID" sleep 800
	[ "$(wc -l <"$cg/sub/cgroup.procs")" -eq 1 ]
	run hull exec --cgroup ../x "$ID" true
	[[ $output == *"bad sub cgroup path"* ]]
	run hull exec --cgroup nothere "$ID" true
	[ "$status" -eq 125 ]
	hull delete --force "$ID"
	[ ! -d "$cg" ]
}

@test "exec: nothing above 2 leaks; --preserve-fds" {
	hull run -d "$ID"
	run -0 bash -c 'exec 7</etc/hostname; "$0" --root "$1" exec "$2" ls /proc/self/fd' "$HULL" "$STATES" "$ID"
	[ "${lines[*]}" = "0 1 2 3" ]
	echo kept >kept
	run -0 hull exec --preserve-fds 1 "$ID" sh -c 'cat <&3' 3<kept
	[ "$output" = kept ]
}

@test "exec: the filter, limits and no_new_privs of the container hold" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 99, hard: 99}]'
	hull run -d "$ID"
	run -0 hull exec "$ID" sh -c 'ulimit -n; grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status'
	[ "${lines[0]}" = 99 ]
	[[ $output == *"NoNewPrivs:	1"* ]]
}

@test "exec: an error is reported once" {
	hull run -d "$ID"
	run hull exec --cwd /etc/passwd "$ID" true
	[ "$status" -eq 125 ]
	[ "${#lines[@]}" -eq 1 ]
}

@test "exec: the host's /dev/null keeps its owner" {
	before=$(stat -c %u:%g:%a /dev/null)
	hull run -d "$ID"
	hull exec -u 1000 "$ID" true </dev/null >/dev/null
	[ "$(stat -c %u:%g:%a /dev/null)" = "$before" ]
}

@test "pause, resume, ps" {
	hull run -d "$ID"
	hull pause "$ID"
	has_status "$ID" paused
	run hull ps -f json "$ID"
	[ "$(jq length <<<"$output")" -eq 1 ]
	hull resume "$ID"
	has_status "$ID" running
	run -0 hull ps "$ID"
	[[ ${lines[0]} == UID*PID*PPID*C*STIME*TTY*TIME*CMD ]]
	[[ ${lines[1]} == *sleep* ]]
	run hull pause nothere
	[ "$status" -ne 0 ]
}

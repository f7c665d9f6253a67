#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Namespaces, filters and hooks: what users of other runtimes rely on and is easily missed.

bats_require_minimum_version 1.5.0
load helpers
load agent

setup() {
	make_bundle
}

teardown() {
	clean_up
	end_agent
}

inside() {
	program sh -c "$1"
	run -0 hull run "$ID"
}

# An ordinary user, its bundle and its states; one id is mapped.
need_user() {
	local d=$BUNDLE
	setpriv --reuid=4242 --regid=4242 --clear-groups unshare -U true 2>/dev/null ||
		skip "this kernel lets no ordinary user make a user namespace"
	while [ "$d" != / ]; do
		chmod o+x "$d"
		d=$(dirname "$d")
	done
	mkdir -p "$BATS_TEST_TMPDIR/user-states"
	rm config.json
	"$HULL" spec --rootless
	config '.process.terminal = false | .linux.uidMappings[0].hostID = 4242 | .linux.gidMappings[0].hostID = 4242'
	chown -R 4242:4242 "$BUNDLE" "$BATS_TEST_TMPDIR/user-states"
}

as_user() {
	setpriv --reuid=4242 --regid=4242 --clear-groups env -u XDG_RUNTIME_DIR \
		"$HULL" --root "$BATS_TEST_TMPDIR/user-states" "$@"
}

@test "every namespace of another container: pid, time and cgroup too" {
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000}}'
	program sleep 1000
	hull run -d "$ID"
	pid=$(pid_of "$ID")
	config 'del(.linux.timeOffsets, .hostname) | .linux.namespaces |= map(if .type == "mount" then . else
		.path = "/proc/\($p)/ns/" + ({network: "net"}[.type] // .type) end)' --arg p "$pid"
	program sh -c 'for n in cgroup ipc net pid time uts; do readlink /proc/self/ns/$n; done; cut -d. -f1 /proc/uptime; ps'
	run -0 hull run "$ID-b"
	i=0
	for n in cgroup ipc net pid time uts; do
		[ "${lines[$i]}" = "$(readlink "/proc/$pid/ns/$n")" ]
		i=$((i + 1))
	done
	[ "${lines[6]}" -gt 1000000 ]
	[[ $output == *"sleep 1000"* ]]
}

@test "exec: into a user namespace, the network being the host's" {
	userns
	config '.linux.namespaces |= map(select(.type != "network"))'
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec "$ID" sh -c 'readlink /proc/self/ns/net; readlink /proc/self/ns/user; id -u'
	[ "${lines[0]}" = "$(readlink /proc/self/ns/net)" ]
	[ "${lines[1]}" = "$(readlink "/proc/$(pid_of "$ID")/ns/user")" ]
	[ "${lines[2]}" = 0 ]
}

@test "user namespace joined by path: its root owns the terminal and the devices" {
	userns
	program sleep 1000
	hull run -d "$ID"
	join_userns "$(pid_of "$ID")"
	config '.process.terminal = true | .linux.devices = [{path: "/dev/pipe", type: "p", uid: 5, gid: 6, fileMode: 384}]'
	program sh -c 'stat -c %u:%g "$(tty)" /dev /dev/pts /dev/pipe; stat -c %a /dev/pipe'
	run -0 hull run "$ID-b" </dev/null
	[ "$(tr -d '\r' <<<"$output" | tr '\n' ' ')" = "0:5 0:0 0:0 5:6 600 " ]
}

@test "user namespace: its root owns /dev/mqueue, also where it is joined by path" {
	userns
	inside 'stat -c %u:%g:%a /dev/mqueue; readlink /proc/self/ns/ipc'
	[ "${lines[0]}" = 0:0:1777 ]
	[ "${lines[1]}" != "$(readlink /proc/self/ns/ipc)" ]
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec "$ID" sh -c 'readlink /proc/self/ns/ipc; readlink /proc/1/ns/ipc'
	[ "${lines[0]}" = "${lines[1]}" ]
	join_userns "$(pid_of "$ID")"
	program stat -c %u:%g /dev/mqueue
	run -0 hull run "$ID-b"
	[ "$output" = 0:0 ]
}

@test "user namespace: several ranges, and two ids that change places" {
	userns
	config '.linux.uidMappings = [{containerID: 0, hostID: 100001, size: 1}, {containerID: 1, hostID: 100000, size: 1},
		{containerID: 10, hostID: 200000, size: 5}] | .linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "devpts"))'
	chown -R 100001:100001 rootfs
	inside 'tr -s " " </proc/self/uid_map'
	[ "${lines[*]}" = " 0 100001 1  1 100000 1  10 200000 5" ]
}

# Nobody in a user namespace may make devices: hull does, as root.
@test "user namespace: devices have the numbers, mode and owner of the configuration, with or without one of the host's" {
	need_root
	userns
	# The node is not the host's: nothing is at its path or number there.
	config '.linux.devices = [{path: "/dev/x/blk", type: "b", major: 240, minor: 77, fileMode: 111, uid: 10, gid: 11},
		{path: "/dev/mine", type: "c", major: 1, minor: 5, fileMode: 384, uid: 1000, gid: 1000},
		{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 438}] |
		.process.user = {uid: 1000, gid: 1000}'
	umask 077
	program sh -c 'stat -c "%n %F %t:%T %a %u:%g" /dev/x/blk /dev/mine /dev/null; head -c 3 /dev/mine | wc -c; echo x >/dev/null
		awk "\$5 ~ /^\/dev\/(mine|null)\$/ { print \$6 }" /proc/self/mountinfo; grep -cE "^([^ ]+ ){4}/ " /proc/self/mountinfo'
	cd /root # which the container's root cannot enter
	run -0 hull run -b "$BUNDLE" "$ID"
	echo "$output"
	[ "${lines[0]}" = "/dev/x/blk block special file f0:4d 157 10:11" ]
	[ "${lines[1]}" = "/dev/mine character special file 1:5 600 1000:1000" ]
	[ "${lines[2]}" = "/dev/null character special file 1:3 666 0:0" ]
	[ "${lines[3]}" = 3 ]
	[[ ${lines[4]} == *nosuid*noexec* && ${lines[5]} == *nosuid*noexec* ]]
	[ "${lines[6]}" -eq 1 ] # the file system that they were made in is gone
}

@test "user namespace joined by path: devices have its owners" {
	need_root
	userns
	program sleep 1000
	hull run -d "$ID"
	join_userns "$(pid_of "$ID")"
	config '.linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 5, fileMode: 384, uid: 7, gid: 8}]'
	program stat -c "%F %t:%T %a %u:%g" /dev/mine
	run -0 hull run "$ID-b"
	[ "$output" = "character special file 1:5 600 7:8" ]
	config '.linux.devices[0].uid = 70000'
	run hull run "$ID-b"
	[ "$status" -eq 125 ]
	[[ $output == *"/dev/mine"*"70000:8 is not mapped"* ]]
}

@test "user namespace: every id there is; devices and FIFOs are exact" {
	no_userns
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 4294967295}] |
		.linux.gidMappings = .linux.uidMappings | .linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 3,
		fileMode: 384, uid: 7, gid: 8}, {path: "/dev/pipe", type: "p", fileMode: 458, uid: 5, gid: 6}]'
	umask 077
	inside 'tr -s " " </proc/self/uid_map; stat -c "%t:%T %a %u %g" /dev/null /dev/pipe'
	[ "${lines[*]}" = " 0 0 4294967295 1:3 600 7 8 0:0 712 5 6" ]
}

@test "personality: also under a filter that forbids the call" {
	config '.linux.personality = {domain: "LINUX32"} | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["personality"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	inside 'uname -m'
	[ "$output" = i686 ]
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec "$ID" uname -m
	[ "$output" = i686 ]
}

@test "memory policy: mode and nodes are in force" {
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	program sh -c 'grep -c bind=static:0 /proc/self/numa_maps'
	[ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA (CONFIG_NUMA)"
	run -0 hull run "$ID"
	[ "$output" -gt 0 ]
}

@test "rlimits above the caller's own hard limit" {
	capsh --has-p=cap_sys_resource 2>/dev/null || skip "needs CAP_SYS_RESOURCE"
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 5000, hard: 6000}]'
	program sh -c 'ulimit -Sn; ulimit -Hn'
	run -0 bash -c 'ulimit -n 1000; "$0" --root "$1" run "$2"' "$HULL" "$STATES" "$ID"
	[ "${lines[*]}" = "5000 6000" ]
	program sleep 1000
	hull run -d "$ID"
	run -0 bash -c 'ulimit -n 1000; "$0" --root "$1" exec "$2" sh -c "ulimit -Sn; ulimit -Hn"' "$HULL" "$STATES" "$ID"
	[ "${lines[*]}" = "5000 6000" ]
}

@test "seccomp: rules that say what the default says are no error" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["bdflush", "mkdir"], action: "SCMP_ACT_ALLOW"}, {names: ["nosuchcall"], action: "SCMP_ACT_ERRNO"}]}'
	program echo fine
	hull run "$ID" >out 2>err
	[ "$(cat out)" = fine ]
	# One that nobody knows is skipped, with a warning.
	[ "$(wc -l <err)" -eq 1 ]
	grep -q 'level=warning.*linux.seccomp.syscalls\[1\].names\[0\]: unknown system call .*nosuchcall.*skipped' err
}

@test "seccomp: a call newer than the profile does not exist" {
	program busybox true
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", architectures: ["SCMP_ARCH_X86_64"], syscalls: [
		{names: [$s[]], action: "SCMP_ACT_ALLOW"}]}' --argjson s "$(jq '[.linux.seccomp.syscalls[].names[]] | unique' config.json)"
	cat >call.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		errno = 0;
		syscall(atol(argv[i]));
		printf("%d\n", errno);
	}
	return 0;
}
C
	command -v gcc >/dev/null || skip "needs a C compiler"
	gcc -static -o rootfs/bin/call call.c
	program call 1000 175 # far in the future; init_module, old and not in the list
	run -0 hull run "$ID"
	[ "${lines[*]}" = "38 1" ]
}

@test "seccomp: startContainer hooks run under the filter" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"],
		action: "SCMP_ACT_KILL_PROCESS"}]} | .root.readonly = false |
		.hooks.startContainer = [{path: "/bin/mkdir", args: ["mkdir", "/tmp/made"]}]'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"error running startContainer hook #0"*"bad system call"* ]]
	[ ! -d rootfs/tmp/made ]
}

# sent_for PID STATUS: what the agent was sent is about the process PID of our container, which is in that state.
sent_for() {
	jq -e --arg id "$ID" --argjson of "$1" --argjson pid "$pid" --arg status "$2" --arg bundle "$PWD" '
		keys == ["fds", "metadata", "ociVersion", "pid", "state"] and .ociVersion == "1.3.0" and
		.fds == ["seccompFd"] and .metadata == "meta" and .pid == $of and (.state |
		.id == $id and .status == $status and .pid == $pid and .bundle == $bundle and
		.annotations == {some: "thing"} and (.ociVersion | startswith("1.")))' sent || {
		cat sent
		return 1
	}
}

@test "seccomp: the listener goes to the agent with the state; exec too" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $l, listenerMetadata: "meta",
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]} | .root.readonly = false |
		.annotations = {some: "thing"}' --arg l "$PWD/agent"
	agent "$PWD/agent" sent
	program sh -c 'mkdir /tmp/made && exec sleep 1000'
	timeout 60 "$HULL" --root "$STATES" create "$ID" </dev/null >/dev/null 2>&1
	pid=$(pid_of "$ID")
	sent_for "$pid" creating
	rm sent
	# Of an exec the process is another, and the container's state is its own.
	timeout 60 "$HULL" --root "$STATES" exec -d --pid-file first "$ID" sh -c 'mkdir /tmp/first && exec sleep 1000' \
		</dev/null >/dev/null 2>&1
	until_true test -d rootfs/tmp/first
	sent_for "$(cat first)" created
	rm sent
	hull start "$ID"
	until_true test -d rootfs/tmp/made
	timeout 60 "$HULL" --root "$STATES" exec "$ID" mkdir /tmp/second
	sent_for "$(jq .pid sent)" running
	[ "$(jq .pid sent)" != "$pid" ]
	hull delete --force "$ID"
}

@test "seccomp: who sends the listener is gone before the program begins, which may mind its children" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $l,
		syscalls: [{names: ["getppid"], action: "SCMP_ACT_NOTIFY"}]}' --arg l "$PWD/agent"
	agent "$PWD/agent" sent
	program sleep 1000
	hull run -d "$ID"
	timeout 60 sh -c 'while :; do :; done' 3>&- & # without load it is gone early anyhow
	for _ in $(seq 60); do
		timeout 20 "$HULL" --root "$STATES" exec "$ID" sh -c 'for f in /proc/[0-9]*/stat; do
			read -r pid name state parent rest <$f; [ "$parent" != $$ ] || echo "$name $state"; done' >>children
	done
	kill $! || : # the minute may be over
	end_agent
	[ ! -s children ] || {
		cat children
		return 1
	}
}

# nobody_waits CALL...: create, start and exec under a filter that asks about these calls, which are asked about.
nobody_waits() {
	local step nnp id
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $l, syscalls: [{names: $n, action: "SCMP_ACT_NOTIFY"}]}' \
		--arg l "$PWD/agent" --argjson n "$(json_array "$@")"
	agent "$PWD/agent" sent
	printf '#!/bin/sh\nread x </etc/passwd\necho "$x"\n' >rootfs/bin/reads # execve, openat, fcntl, read, close
	chmod +x rootfs/bin/reads
	program sh -c 'reads; exec sleep 1000'
	for nnp in true false; do
		config ".process.noNewPrivileges = $nnp"
		id=$ID-$nnp
		for step in "create $id" "start $id" "exec $id reads"; do
			: >sent.calls
			# shellcheck disable=SC2086 # words
			timeout 60 "$HULL" --root "$STATES" $step >out || {
				echo "$step: status $?"
				return 1
			}
			[ "${step%% *}" = create ] || until_true test -s sent.calls
		done
		[[ $(<out) == root:* ]]
		hull delete --force "$id"
	done
	end_agent
}

@test "seccomp: a filter that asks about execve does not block create, start or exec" {
	nobody_waits execve execveat
}

@test "seccomp: a filter that asks about openat does not block create, start or exec" {
	nobody_waits openat open openat2
}

@test "seccomp: a filter that asks about read does not block create, start or exec" {
	nobody_waits read readv pread64 recvmsg
}

@test "seccomp: a filter that asks about close does not block create, start or exec" {
	nobody_waits close close_range
}

@test "seccomp: a filter that asks about fcntl does not block create, start or exec" {
	nobody_waits fcntl dup2 dup3
}

@test "seccomp: a filter that asks about nearly every call does not block create, start or exec" {
	nobody_waits execve execveat open openat openat2 read readv recvmsg sendmsg close fcntl dup dup2 ioctl mmap poll prctl \
		capset setuid setgid setgroups setresuid setresgid chdir fchdir getcwd rt_sigaction rt_sigprocmask fstat newfstatat \
		clone clone3 wait4 kill exit exit_group prlimit64 seccomp
}

@test "seccomp: listenerPath without a rule that notifies is ignored; write cannot notify" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nothere", syscalls: [
		{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	inside 'echo fine'
	[[ $output == *fine ]]
	config '.linux.seccomp.syscalls = [{names: ["write"], action: "SCMP_ACT_NOTIFY"}]'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"SCMP_ACT_NOTIFY cannot be used for the write syscall"* ]]
	config '.linux.seccomp.syscalls = [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}] | del(.linux.seccomp.listenerPath)'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *listenerPath* ]]
}

@test "seccomp: no listener leaks into startContainer hooks" {
	printf '#!/bin/sh\ncat >/dev/null\nls /proc/self/fd >/tmp/fds\n' >rootfs/bin/hook
	chmod +x rootfs/bin/hook
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $l, syscalls: [
		{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]} | .root.readonly = false |
		.hooks.startContainer = [{path: "/bin/hook"}]' --arg l "$PWD/agent"
	agent "$PWD/agent" sent
	program true
	run -0 timeout 20 "$HULL" --root "$STATES" run "$ID"
	[ "$(tr "\n" " " <rootfs/tmp/fds)" = "0 1 2 3 " ]
}

@test "hooks: argv[0] may differ from the path" {
	config '.hooks.createRuntime = [{path: "/bin/bash", args: ["another", "-c", "cat >/dev/null; echo $0 >" + $o, "zero"]},
		{path: "/bin/bash", args: ["another", "-c", "tr \"\\0\" \" \" </proc/$$/cmdline >" + $p]}]' --arg o "$PWD/one" --arg p "$PWD/two"
	hull run "$ID"
	[ "$(cat one)" = zero ]
	[[ $(cat two) == "another "* ]]
}

@test "rootless: no limits and no path, no cgroup; a limit explains itself" {
	need_user
	config 'del(.linux.resources, .linux.cgroupsPath)'
	program id -u
	run -0 as_user run "$ID"
	[ "${lines[-1]}" = 0 ]
	config '.linux.resources = {unified: {"cgroup.max.depth": "3"}}'
	run as_user run "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"rootless needs no limits + no cgrouppath when no permission is granted for cgroups"* ]]
}

@test "rootless: kill and delete without a cgroup; a shared pid namespace warns" {
	need_user
	config 'del(.linux.resources, .linux.cgroupsPath)'
	program sleep 1000
	as_user run -d "$ID"
	pid=$(as_user state "$ID" | jq .pid)
	config 'del(.linux.uidMappings, .linux.gidMappings, .hostname) | .linux.namespaces |= map(if .type == "user" or .type == "pid" then
		.path = "/proc/\($p)/ns/\(.type)" else . end)' --arg p "$pid"
	as_user create "$ID-b" 2>err
	grep -q "Such configuration is strongly discouraged" err
	as_user start "$ID-b"
	as_user kill "$ID-b" KILL
	until_true sh -c "[ \"\$(setpriv --reuid=4242 --regid=4242 --clear-groups '$HULL' --root '$BATS_TEST_TMPDIR/user-states' state '$ID-b' | jq -r .status)\" = stopped ]"
	as_user delete "$ID-b"
	as_user delete --force "$ID"
	until_true sh -c "! grep -q '^State:.[^ZX]' /proc/$pid/status 2>/dev/null"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Hooks and filters, and exec in detail: what users of other runtimes rely on and is easily missed.

bats_require_minimum_version 1.5.0
load helpers
load agent
load ../security/attack

setup() {
	make_bundle
	program sleep 1000
}

teardown() {
	clean_up
	end_agent
}

# script NAME: a program of the host's from stdin.
script() {
	{ printf '#!/bin/bash\nstate=$(cat)\n'; cat; } >"$BATS_TEST_TMPDIR/$1"
	chmod +x "$BATS_TEST_TMPDIR/$1"
}

@test "hooks: several of a stage run in their order" {
	config '[range(5)] as $n | .hooks = (["prestart", "createRuntime", "createContainer", "poststart", "poststop"] |
		map({key: ., value: [. as $stage | $n[] | {path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null; echo \($stage) \(.) >>\($log)"]}]}) | from_entries)' \
		--arg log "$PWD/log"
	program true
	install -m 666 /dev/null log # createContainer's root is the container's
	hull run "$ID"
	for stage in prestart createRuntime createContainer poststart poststop; do
		for i in 0 1 2 3 4; do
			echo "$stage $i"
		done
	done >wanted
	cmp log wanted
}

@test "hooks: without env they have the runtime's" {
	script hook <<<"env >$PWD/env"
	config '.hooks.createRuntime = [{path: $p}]' --arg p "$BATS_TEST_TMPDIR/hook"
	program true
	CALLERS_OWN=yes hull run "$ID"
	grep -q CALLERS_OWN=yes env
}

@test "hooks: the state is plain JSON with unescaped slashes and the bundle" {
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "cat >" + $p]}] | .annotations = {"a/b": "c/d"}' --arg p "$PWD/state"
	program true
	hull run "$ID"
	grep -qF "\"bundle\":\"$BUNDLE\"" state
	grep -qF '"a/b":"c/d"' state
	jq -e '.ociVersion == "1.3.0" and .pid > 0' state
}

@test "hooks: createRuntime changes the container's mounts from outside" {
	mkdir rootfs/inject
	script hook <<-'SH'
		pid=$(jq .pid <<<"$state")
		root=$(jq -r .bundle <<<"$state")/rootfs
		[ "$(readlink /proc/self/ns/mnt)" != "$(readlink "/proc/$pid/ns/mnt")" ] || exit 1
		nsenter -t "$pid" -m sh -c "mount -t tmpfs tmpfs '$root/inject' && echo injected >'$root/inject/lib'"
	SH
	config '.hooks.createRuntime = [{path: $p}]' --arg p "$BATS_TEST_TMPDIR/hook"
	program cat /inject/lib
	run -0 hull run "$ID"
	[ "$output" = injected ]
	[ ! -e rootfs/inject/lib ]
}

@test "hooks: createContainer runs in the container's mount namespace, with the host's paths and a writable root" {
	script hook <<-SH
		readlink /proc/self/ns/mnt >"$PWD/ns"
		echo made >"$BUNDLE/rootfs/tmp/by-hook"
	SH
	config '.hooks.createContainer = [{path: $p}] | .root.readonly = true' --arg p "$BATS_TEST_TMPDIR/hook"
	program sh -c 'cat /tmp/by-hook; readlink /proc/self/ns/mnt; touch /tmp/x 2>/dev/null || echo read-only'
	run -0 hull run "$ID"
	[ "${lines[0]}" = made ]
	[ "${lines[1]}" = "$(cat ns)" ]
	[ "${lines[2]}" = read-only ]
}

@test "hooks: annotations say where they print to, at every stage" {
	config '.annotations = {"run.oci.hooks.stdout": "out", "run.oci.hooks.stderr": $e} |
		.hooks = (["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"] |
		map({key: ., value: [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null; echo \(.); echo \(.) error >&2"]}]}) | from_entries)' \
		--arg e "$PWD/err"
	for how in run create; do
		rm -f out err
		if [ $how = run ]; then
			program true
			run -0 hull run "$ID"
			[ -z "$output" ]
		else
			program sleep 1000
			hull create "$ID"
			[ "$(tr '\n' ' ' <out)" = "prestart createRuntime createContainer " ]
			hull start "$ID"
			hull delete --force "$ID"
		fi
		[ "$(tr '\n' ' ' <out)" = "prestart createRuntime createContainer startContainer poststart poststop " ]
		[ "$(grep -c ' error$' err)" -eq 6 ]
	done
	config '.annotations["run.oci.hooks.stdout"] = "/nothere/out"'
	run hull create "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"run.oci.hooks.stdout"*"no such file or directory"* ]]
	nothing_left
}

@test "seccomp: unknown system calls are an error where an annotation says so" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "nosuchcall"], action: "SCMP_ACT_ERRNO"}]}'
	program true
	run -0 hull run "$ID"
	config '.annotations["run.oci.seccomp_fail_unknown_syscall"] = "1"'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"linux.seccomp.syscalls[0].names[1]"*nosuchcall* ]]
	config '.linux.seccomp.syscalls[0].names = ["mkdir"]'
	run -0 hull run "$ID"
}

@test "seccomp: the flags that are used are in the debug log" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	program true
	flags() {
		run -0 hull --debug run "$ID"
		[[ $output == *"seccomp filter flags: $1"* ]]
	}
	flags 4 # SPEC_ALLOW
	config '.linux.seccomp.flags = []'
	flags 0
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"]'
	flags 2
}

@test "seccomp: an exec whose agent is gone is an error; no abstract socket" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $l,
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]}' --arg l "$PWD/agent"
	python3 - "$PWD/agent" <<'PY' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(1)
c, _ = s.accept()
kept = c.recvmsg(65536, socket.CMSG_SPACE(4))
time.sleep(1000)
PY
	AGENT=$!
	until_true test -S agent
	timeout 20 "$HULL" --root "$STATES" run -d "$ID"
	kill "$AGENT"
	wait "$AGENT" || :
	run timeout 20 "$HULL" --root "$STATES" exec "$ID" mkdir /tmp/x
	[ "$status" -eq 125 ] # the agent is not there for the exec's own filter
	[[ $output == *listenerPath* ]]
	config '.linux.seccomp.listenerPath = "@abstract"'
	run hull run "$ID-b"
	[ "$status" -eq 125 ]
	[[ $output == *listenerPath* ]]
}

@test "seccomp: without its agent a call that waits for it does not exist" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $l,
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]} | .root.readonly = false' --arg l "$PWD/agent"
	python3 - "$PWD/agent" <<'PY' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(1)
c, _ = s.accept()
c.recvmsg(65536, socket.CMSG_SPACE(4))
PY
	AGENT=$!
	until_true test -S agent
	program sh -c 'sleep 1; mkdir /tmp/x 2>/tmp/why; echo $? >/tmp/done'
	timeout 20 "$HULL" --root "$STATES" run -d "$ID"
	wait "$AGENT"
	until_true test -s rootfs/tmp/done
	grep -q "Function not implemented" rootfs/tmp/why
	AGENT=
}

@test "exec: filter and no_new_privs are those of the container" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"],
		action: "SCMP_ACT_ERRNO", errnoRet: 28}]} | .process.noNewPrivileges = false'
	hull run -d "$ID"
	run hull exec "$ID" sh -c 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status; mkdir /tmp/x'
	[[ $output == *"Seccomp:	2"* ]]
	[[ $output == *"NoNewPrivs:	0"* ]]
	[[ $output == *"No space left on device"* ]]
	run -0 hull exec --no-new-privs "$ID" grep ^NoNewPrivs: /proc/self/status
	[ "$output" = "NoNewPrivs:	1" ]
}

@test "exec: the memory policy is that of the container" {
	[ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA (CONFIG_NUMA)"
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
	hull run -d "$ID"
	run -0 hull exec "$ID" grep -c bind:0 /proc/self/numa_maps
	[ "$output" -gt 0 ]
}

@test "exec: a session of its own, values with newlines and groups" {
	config '.process.user = {uid: 0, gid: 0, additionalGids: [7, 8]}'
	hull run -d "$ID"
	run -0 hull exec "$ID" sh -c 'cut -d" " -f1,5,6 /proc/self/stat; echo $$'
	read -r _ group session <<<"${lines[0]}"
	[ "$group" -gt 0 ]
	[ "$session" -eq "${lines[1]}" ]
	run -0 hull exec -e "MULTI=one
two" "$ID" sh -c 'echo "$MULTI"'
	[ "${lines[*]}" = "one two" ]
	run -0 hull exec -g 5 "$ID" sh -c 'grep ^Groups /proc/self/status | cut -f2'
	[ "${output% }" = 5 ]
}

# keyctl(2) of x86_64: KEYCTL_DESCRIBE what is the session's keyring, after KEYCTL_GET_KEYRING_ID of it.
KEYRING='$| = 1; $b = "\0" x 256; $id = syscall(250, 0, -3, 0); syscall(250, 6, -3, $b, 256) > 0 or die "$!";
	$b =~ s/\0.*//s; $b =~ s/.*;//; print "$id $b\n"; $b eq "_ses.$ARGV[0]" or exit 1;'
keyring_shared() {
	rm -f "$BATS_TEST_TMPDIR/keyring"
	program perl -e "$KEYRING sleep 1000" "$ID"
	hull run -d "$ID" >"$BATS_TEST_TMPDIR/keyring"
	until_true test -s "$BATS_TEST_TMPDIR/keyring"
	run -0 hull exec "$ID" perl -e "$KEYRING" "$ID"
	echo "$output"
	[ "$output" = "$(cat "$BATS_TEST_TMPDIR/keyring")" ]
	hull delete --force "$ID"
}

@test "exec: joins the container's session keyring, not the caller's" {
	need_perl
	config 'del(.linux.seccomp)'
	keyring_shared
	userns
	ID+=-u keyring_shared
	config '.process.user = {uid: 0, gid: 0}'
	program sleep 1000
	hull run -d --no-new-keyring "$ID"
	run -1 hull exec "$ID" perl -e "$KEYRING" "$ID"
}

@test "exec: failures of its own are 125, as runc 255" {
	hull run -d "$ID"
	run hull exec -d --pid-file /nothere/pid "$ID" sleep 900
	[ "$status" -eq 125 ]
	[[ $output == *pid-file* ]]
	until_true sh -c "[ \$('$HULL' --root '$STATES' ps -f json '$ID' | jq length) -eq 1 ]"
	ln -s "$HULL" "$BATS_TEST_TMPDIR/runc"
	for args in "--pid-file /nothere/pid $ID true" "$ID /nothere" "--cwd /etc/passwd $ID true"; do
		# shellcheck disable=SC2086
		run -255 "$BATS_TEST_TMPDIR/runc" --root "$STATES" exec $args
	done
	run -3 "$BATS_TEST_TMPDIR/runc" --root "$STATES" exec "$ID" sh -c 'exit 3'
}

@test "exec --process: what engines write, with --detach, --pid-file and --preserve-fds" {
	hull run -d "$ID"
	jq -n '{terminal: false, user: {uid: 1000, gid: 1000, additionalGids: [9]}, cwd: "/tmp", args: ["sh", "-c", "id -u; pwd; cat <&3; sleep 900"],
		env: ["PATH=/bin"], capabilities: {}, noNewPrivileges: true, rlimits: [{type: "RLIMIT_NOFILE", soft: 77, hard: 88}]}' >p.json
	echo third >third
	hull exec --pid-file "$PWD/pid" --process p.json --detach --preserve-fds 1 "$ID" 3<third >out
	until_true grep -q third out
	[ "$(tr '\n' ' ' <out)" = "1000 /tmp third " ]
	[ "$(awk '/^Max open files/ {print $4, $5}' "/proc/$(cat pid)/limits")" = "77 88" ]
	! hull exec --process nothere.json "$ID"
}

@test "exec: initial affinity alone" {
	[ "$(nproc --all)" -gt 1 ] || skip "needs two processors"
	config '.process.execCPUAffinity = {initial: "0"}'
	hull run -d "$ID"
	run -0 hull exec "$ID" sh -c 'cat /sys/fs/cgroup/cpuset.cpus.effective; grep Cpus_allowed_list /proc/self/status'
	# What counts after the move into the cgroup is the kernel's choice (config.md, execCPUAffinity):
	# before 6.2 all that the cpuset has, where there is one.
	if [ "${lines[0]}" != "${lines[-1]#*	}" ] || [ "$(printf '%s\n' 6.2 "$(uname -r)" | sort -V | head -1)" = 6.2 ]; then
		[[ ${lines[-1]} == *"	0" ]]
	fi
}

@test "a runtime without internet sockets works" {
	command -v gcc >/dev/null || skip "needs a C compiler"
	cat >wrap.c <<'C'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { sizeof(f) / sizeof(*f), f };
	if (argc < 2 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) < 0)
		return 99;
	if (socket(AF_INET, SOCK_DGRAM, 0) >= 0)
		return 98;
	execv(argv[1], argv + 1);
	return 97;
}
C
	gcc -o wrap wrap.c
	program sh -c 'ip link show lo | head -1'
	run -0 ./wrap "$HULL" --root "$STATES" run "$ID"
	[[ $output == *LOOPBACK,UP* ]]
}

@test "hooks: a failure counts, also when the caller ignores SIGCHLD; and so does the program's status" {
	ignoring() {
		python3 -c 'import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])' \
			"$HULL" --root "$STATES" "$@"
	}
	shift_rootfs
	program sh -c 'exit 7'
	run -7 ignoring run "$ID"
	config '.hooks.createRuntime = [{path: "/bin/false"}]'
	run ignoring run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"error running createRuntime hook #0: /bin/false: exit status 1"* ]]
	nothing_left
}

@test "hooks: a startContainer hook that fails fails start, under a filter that notifies as well" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $l, syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]} |
		.hooks.startContainer = [{path: "/bin/false"}]' --arg l "$PWD/agent"
	agent "$PWD/agent" sent
	for nnp in true false; do
		config ".process.noNewPrivileges = $nnp"
		run timeout 60 "$HULL" --root "$STATES" run "$ID"
		[ "$status" -eq 125 ]
		[[ $output == *"error running startContainer hook #0: /bin/false: exit status 1"* ]]
	done
}

@test "log: what a hook prints is UTF-8 in the log, whatever it was" {
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null; printf \"ok \\303\\244 \\377\\300\\257\\355\\240\\200\\303\"; exit 1"]}]'
	for format in json text; do
		run hull --log log --log-format "$format" run "$ID"
		[ "$status" -eq 125 ]
		python3 -c 'import sys; text = open(sys.argv[1], "rb").read().decode(); sys.exit("ok \u00e4 \ufffd" not in text)' log
		[ "$format" = text ] || jq -e .msg log
		rm log
	done
}

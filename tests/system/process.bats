#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the container's program sees of itself: ids, capabilities, limits, environment, directory.

bats_require_minimum_version 1.5.0
load helpers

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

@test "user: uid, gid, groups exactly as given" {
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [5, 6]}'
	inside 'id -u; id -g; grep ^Groups /proc/self/status'
	[ "${lines[0]}" = 1000 ]
	[ "${lines[1]}" = 1000 ]
	[[ ${lines[2]} =~ ^Groups:[[:space:]]+5\ 6\ ?$ ]]
	config '.process.user = {uid: 0, gid: 0}'
	inside 'grep ^Groups /proc/self/status'
	[[ ${lines[0]} =~ ^Groups:[[:space:]]*$ ]]
}

@test "umask: 022 unless given" {
	inside umask
	[ "$output" = 0022 ]
	config '.process.user.umask = 63'
	inside umask
	[ "$output" = 0077 ]
}

@test "capabilities: the five sets as given" {
	config '.process.capabilities = {bounding: ["CAP_KILL", "CAP_CHOWN"], permitted: ["CAP_KILL"],
		effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]}'
	inside 'grep ^Cap /proc/self/status'
	[[ $output == *"CapInh:	0000000000000020"* ]]
	[[ $output == *"CapPrm:	0000000000000020"* ]]
	[[ $output == *"CapEff:	0000000000000020"* ]]
	[[ $output == *"CapBnd:	0000000000000021"* ]]
	[[ $output == *"CapAmb:	0000000000000020"* ]]
}

@test "capabilities: none given, none held" {
	config 'del(.process.capabilities)'
	inside 'grep ^Cap /proc/self/status | cut -f2 | sort -u'
	[ "$output" = 0000000000000000 ]
}

@test "capabilities: a user other than root holds only ambient ones" {
	config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {bounding: ["CAP_KILL"],
		permitted: ["CAP_KILL"], effective: ["CAP_KILL"]}'
	inside 'grep ^CapEff /proc/self/status'
	[[ $output == *0000000000000000 ]]
	config '.process.capabilities.inheritable = ["CAP_KILL"] | .process.capabilities.ambient = ["CAP_KILL"]'
	inside 'grep ^CapEff /proc/self/status'
	[[ $output == *0000000000000020 ]]
}

@test "capabilities: unknown names and impossible ambient ones warn" {
	config '.process.capabilities.bounding += ["CAP_FLY"]'
	program true
	run -0 hull run "$ID"
	[[ $output == *CAP_FLY* ]]
	config '.process.capabilities = {bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"],
		ambient: ["CAP_KILL"]}'
	run -0 hull run "$ID"
	[[ $output == *"can't raise ambient capability CAP_KILL"* ]]
}

@test "no_new_privs as asked" {
	inside 'grep ^NoNewPrivs /proc/self/status'
	[[ $output == *1 ]]
	config '.process.noNewPrivileges = false'
	inside 'grep ^NoNewPrivs /proc/self/status'
	[[ $output == *0 ]]
}

@test "seccomp: a filter is in force, and answers as the profile says" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28}]} | .root.readonly = false'
	inside 'grep ^Seccomp: /proc/self/status; mkdir /tmp/x; test ! -d /tmp/x'
	[[ $output == *"Seccomp:	2"* ]]
	[[ $output == *"No space left on device"* ]]
	config '.linux.seccomp.syscalls[0].action = "SCMP_ACT_KILL_PROCESS" | del(.linux.seccomp.syscalls[0].errnoRet)'
	program sh -c 'mkdir /tmp/x'
	run hull run "$ID"
	[ "$status" -eq 159 ]
}

@test "seccomp: hull itself needs nothing that a filter blocks" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["close_range", "fsopen", "fsconfig",
		"fspick", "openat2", "open_tree", "move_mount", "mount_setattr", "personality"],
		action: "SCMP_ACT_KILL_PROCESS"}]}'
	config '.hooks.startContainer = [{path: "/bin/true"}]'
	for nnp in true false; do
		config ".process.noNewPrivileges = $nnp"
		program echo alive
		run -0 hull run "$ID"
		[ "$output" = alive ]
		program sleep 1000
		hull create "$ID"
		hull start "$ID"
		run -0 hull exec "$ID" echo alive
		[ "$output" = alive ]
		run -0 hull exec -t "$ID" echo alive </dev/null
		[[ $output == alive* ]]
		hull delete --force "$ID"
	done
}

@test "rlimits as given, exact" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200},
		{type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	inside 'ulimit -Sn; ulimit -Hn; ulimit -c'
	[ "${lines[*]}" = "100 200 0" ]
}

@test "an unknown, duplicate or inverted rlimit is refused" {
	config '.process.rlimits = [{type: "RLIMIT_FLY", soft: 1, hard: 1}]'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *process.rlimits* ]]
	config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 1}, {type: "RLIMIT_CORE", soft: 1, hard: 1}]'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 2, hard: 1}]'
	run hull run "$ID"
	[ "$status" -eq 125 ]
}

@test "environment: as given; the last of duplicates wins; newlines survive" {
	config '.process.env = ["PATH=/bin", "A=1", "B=x\ny", "A=2"]'
	inside 'env | grep -c ^A=; echo $A; echo "$B"'
	[ "${lines[0]}" = 1 ]
	[ "${lines[1]}" = 2 ]
	[ "${lines[2]}" = x ]
	[ "${lines[3]}" = y ]
}

@test "HOME: from /etc/passwd when missing or empty, / without an entry" {
	inside 'echo $HOME'
	[ "$output" = /root ]
	config '.process.env += ["HOME="]'
	inside 'echo $HOME'
	[ "$output" = /root ]
	config '.process.user.uid = 4242'
	inside 'echo $HOME'
	[ "$output" = / ]
	config '.process.env += ["HOME=/mine"]'
	inside 'echo $HOME'
	[ "$output" = /mine ]
}

@test "HOME: /etc/passwd may be a symlink, which stays inside" {
	mv rootfs/etc/passwd rootfs/etc/real
	ln -s /etc/real rootfs/etc/passwd
	inside 'echo $HOME'
	[ "$output" = /root ]
}

@test "cwd: made when missing, entered when root's user may not" {
	config '.root.readonly = false | .process.cwd = "/new/dir"'
	inside pwd
	[ "$output" = /new/dir ]
	mkdir -m 700 rootfs/private
	config '.process.cwd = "/private" | .process.user = {uid: 1000, gid: 1000}'
	program pwd
	run hull run "$ID"
	[ "$status" -eq 0 ]
	[ "$output" = /private ]
}

@test "cwd through /proc/self/fd never reaches the host" {
	for fd in 3 4 5 6 7 8 9 10 11 12 15 20; do
		config ".process.cwd = \"/proc/self/fd/$fd\""
		program sh -c 'cat ../../../../etc/hostname ../../../../../../etc/shadow; pwd; ls'
		run hull run "$ID"
		[[ $output != *root:* ]]
		[[ $output != *config.json* ]]
	done
}

@test "a relative program with a slash is relative to cwd" {
	cp rootfs/bin/busybox rootfs/root/busybox
	config '.process.cwd = "/root"'
	program ./busybox echo relative
	run -0 hull run "$ID"
	[ "$output" = relative ]
}

@test "descriptors: nothing above 2 leaks, --preserve-fds passes on" {
	program sh -c 'ls /proc/self/fd | tr "\n" " "'
	exec 5</etc/hostname 9</etc/hostname
	run -0 hull run "$ID"
	[ "$output" = "0 1 2 3 " ]
	program sh -c 'cat <&3'
	echo kept >kept
	run -0 hull run --preserve-fds 1 "$ID" 3<kept
	[ "$output" = kept ]
}

@test "oom_score_adj, only when given" {
	config '.process.oomScoreAdj = 500'
	inside 'cat /proc/self/oom_score_adj'
	[ "$output" = 500 ]
	config 'del(.process.oomScoreAdj)'
	inside 'cat /proc/self/oom_score_adj'
	[ "$output" = "$(cat /proc/self/oom_score_adj)" ]
}

@test "scheduler, ioPriority, personality, memory policy" {
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 5}'
	inside 'awk "{print \$19, \$41}" /proc/self/stat'
	[ "$output" = "5 3" ]
	config 'del(.process.scheduler) | .process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	inside 'ionice'
	[[ $output == idle* ]]
	config 'del(.process.ioPriority) | .linux.personality = {domain: "LINUX32"}'
	inside 'uname -m'
	[ "$output" = i686 ]
}

@test "signals: the program starts with none blocked or ignored" {
	program sh -c 'grep -E "^Sig(Blk|Ign)" /proc/self/status | cut -f2 | sort -u'
	# bats itself runs tests with some ignored
	run -0 hull run "$ID"
	[ "$output" = 0000000000000000 ]
}

@test "session: the program leads its own" {
	inside 'cut -d" " -f6 /proc/self/stat | grep -qv ^0; echo $$'
	[ "$output" = 1 ]
}

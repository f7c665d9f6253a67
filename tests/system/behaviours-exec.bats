#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# exec, kill, ps and state: what users of other runtimes rely on and is easily missed.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	program sleep 1000
}

teardown() {
	clean_up
	[ -z "${RECEIVER:-}" ] || kill "$RECEIVER" 2>/dev/null || :
}

cgroup_dir() {
	echo "$(cgroup_root)$(awk -F: '$1 == 0 { print $3 }' "/proc/$(pid_of "$ID")/cgroup")"
}

# Writes the pid behind the pidfd that comes to socket $1 into file $2.
receive_pidfd() {
	python3 - "$1" "$2" <<'PY' &
import array, re, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(1)
c, _ = s.accept()
_, anc, _, _ = c.recvmsg(64, socket.CMSG_SPACE(4))
fd = array.array("i", anc[0][2])[0]
text = open("/proc/self/fdinfo/%d" % fd).read()
open(sys.argv[2], "w").write(re.search(r"^Pid:\s*(-?\d+)", text, re.M).group(1))
PY
	RECEIVER=$!
	until_true test -S "$1"
}

@test "pidfd-socket: create and exec send a pidfd of their process" {
	receive_pidfd "$PWD/one" pid1
	hull create --pidfd-socket "$PWD/one" "$ID"
	until_true test -s pid1
	[ "$(cat pid1)" = "$(pid_of "$ID")" ]
	hull start "$ID"
	receive_pidfd "$PWD/two" pid2
	hull exec -d --pidfd-socket "$PWD/two" --pid-file pid "$ID" sleep 900
	until_true test -s pid2
	[ "$(cat pid2)" = "$(cat pid)" ]
}

@test "ps: processes of a sub-cgroup too; empty after the container stopped" {
	hull run -d "$ID"
	cg=$(cgroup_dir)
	mkdir "$cg/sub"
	hull exec -d --cgroup sub --pid-file pid "$ID" sleep 900
	hull ps -f json "$ID" | jq -e "index($(cat pid))"
	run -0 hull ps "$ID" -e -o pid,args
	[[ $output == *"sleep 900"* ]]
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
	run -0 hull ps -f json "$ID"
	[ "$(jq -c . <<<"$output")" = '[]' ]
}

@test "kill KILL and delete: processes left by a dead init go" {
	need_host_ids "a procfs without a pid namespace of its own"
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	program sh -c 'sleep 1000 & sleep 1000 & exit 0'
	hull run -d "$ID"
	until_true has_status "$ID" stopped
	pids=$(hull ps -f json "$ID" | jq -r '.[]')
	[ "$(wc -w <<<"$pids")" -eq 2 ]
	hull kill "$ID" KILL
	for pid in $pids; do
		until_true sh -c "! grep -q '^State:.[^ZX]' /proc/$pid/status 2>/dev/null"
	done
	hull delete "$ID"
	nothing_left
}

@test "list: the default root may be missing" {
	run -0 env -u XDG_RUNTIME_DIR unshare -m sh -c 'mount -t tmpfs tmpfs /run && "$0" list && "$0" list -q' "$HULL"
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == ID*CREATED* ]]
	run -0 unshare -m sh -c 'mount -t tmpfs tmpfs /run && "$0" list -f json' "$HULL"
	[[ $output == "null" || $output == "[]" ]]
}

@test "delete: nested sub-cgroups, threaded ones too" {
	hull run -d "$ID"
	cg=$(cgroup_dir)
	mkdir -p "$cg/a/b" "$cg/t"
	echo threaded >"$cg/t/cgroup.type"
	hull delete --force "$ID"
	[ ! -d "$cg" ]
	nothing_left
}

@test "exec --cap: inheritable and ambient only if the config has inheritable ones" {
	config '.process.capabilities |= (.bounding = ["CAP_KILL"] | .permitted = ["CAP_KILL"] |
		.effective = ["CAP_KILL"] | .inheritable = ["CAP_KILL"] | .ambient = [])'
	hull run -d "$ID"
	run -0 hull exec --cap CAP_SYS_PTRACE "$ID" grep ^Cap /proc/self/status
	inheritable=$(grep -o 'CapInh:.*' <<<"$output" | cut -f2)
	ambient=$(grep -o 'CapAmb:.*' <<<"$output" | cut -f2)
	((0x$inheritable & 1 << 19))
	((0x$ambient & 1 << 19))
}

@test "exec: goes to init's cgroup when the container's cannot take processes" {
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	program sh -c 'mkdir /sys/fs/cgroup/in && echo 1 >/sys/fs/cgroup/in/cgroup.procs && echo ready >/tmp/ready; exec sleep 1000'
	config '.root.readonly = false'
	hull run -d "$ID"
	until_true test -e rootfs/tmp/ready
	cg=$(cgroup_root)$(awk -F: '$1 == 0 { print $3 }' "/proc/$(pid_of "$ID")/cgroup")
	[[ $cg == */in ]]
	top=${cg%/in}
	controller=$(cut -d' ' -f1 "$top/cgroup.controllers")
	[ -n "$controller" ] || skip "no controller in cgroup v2 here (the test VM has them)"
	for controller in $(cat "$top/cgroup.controllers"); do
		echo "+$controller" >"$top/cgroup.subtree_control"
	done
	run -0 hull exec "$ID" cat /proc/self/cgroup
	[[ $output == *0::/in ]]
	# "/" asks for the top and for nothing else.
	run hull exec --cgroup / "$ID" true
	[ "$status" -eq 125 ]
}

@test "exec: goes to init's cgroup when the container's was removed" {
	hull run -d "$ID"
	cg=$(cgroup_dir)
	mkdir "$cg-moved"
	cat "$cg/cgroup.procs" >"$cg-moved/cgroup.procs"
	rmdir "$cg"
	run hull exec --pid-file pid "$ID" true
	st=$status
	hull kill "$ID" KILL
	until_true rmdir "$cg-moved"
	[ "$st" -eq 0 ]
}

@test "run and exec: the caller's affinity is reset" {
	[ "$(nproc --all)" -gt 1 ] || skip "needs two processors"
	all=$(grep Cpus_allowed_list /proc/self/status)
	program sh -c 'grep Cpus_allowed_list /proc/self/status; exec sleep 1000'
	taskset -c 0 "$HULL" --root "$STATES" run -d "$ID" >out
	until_true test -s out
	[ "$(cat out)" = "$all" ]
	run -0 taskset -c 0 "$HULL" --root "$STATES" exec "$ID" grep Cpus_allowed_list /proc/self/status
	[ "$output" = "$all" ]
}

@test "exec: execCPUAffinity is in force, and only for it" {
	[ "$(nproc --all)" -gt 1 ] || skip "needs two processors"
	config '.process.execCPUAffinity = {initial: "1", final: "0"}'
	hull run -d "$ID"
	run -0 hull exec "$ID" grep Cpus_allowed_list /proc/self/status
	[[ $output == *"	0" ]]
	run -0 grep Cpus_allowed_list "/proc/$(pid_of "$ID")/status"
	[ "$output" = "$(grep Cpus_allowed_list /proc/self/status)" ]
}

# What counts in the end, the last affinity, hides the first: the calls show it.
@test "exec: execCPUAffinity.initial is in force before the cgroup is entered, final afterwards" {
	[ "$(nproc --all)" -gt 1 ] || skip "needs two processors"
	command -v strace >/dev/null || skip "strace is not installed"
	config '.process.execCPUAffinity = {initial: "1", final: "0"}'
	hull run -d "$ID"
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
		strace -f -qq -o trace -e trace=sched_setaffinity,clone3 "$HULL" --root "$STATES" exec "$ID" true
	cat trace
	# The end of a call may stand on a line of its own.
	[ "$(sed -n 's/.*sched_setaffinity([^[]*\[\([0-9]*\).*/\1/p; s/.*CLONE_INTO_CGROUP.*/cgroup/p' trace | uniq | tr '\n' ' ')" = \
		"1 cgroup 0 " ]
	run ! grep -q ' = -1 ' trace
}

@test "exec: enters a directory that only root or only the user may enter" {
	mkdir -m 700 rootfs/users rootfs/roots
	chown 1000:1000 rootfs/users
	hull run -d "$ID"
	run -0 hull exec -u 1000:1000 --cwd /users "$ID" pwd
	[ "$output" = /users ]
	run -0 hull exec -u 1000:1000 --cwd /roots "$ID" readlink /proc/self/cwd
	[ "$output" = /roots ]
	run hull exec -u 1000:1000 --cwd / "$ID" ls /roots
	[ "$status" -ne 0 ]
}

@test "run and exec: enter a directory that is out of root's reach and not of the user's" {
	userns
	mkdir -m 700 rootfs/users
	shift_rootfs
	chown 101000:0 rootfs/users # a group that the container has not: its root has no power over that
	SHIFT=
	config '.process.user = {uid: 1000, gid: 1000} | .process.cwd = "/users"'
	program readlink /proc/self/cwd
	run -0 hull run "$ID"
	[ "$output" = /users ]
	config '.process.user = {uid: 0, gid: 0} | .process.cwd = "/"'
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec -u 1000:1000 --cwd /users "$ID" readlink /proc/self/cwd
	[ "$output" = /users ]
	run hull exec --cwd /users "$ID" true
	[ "$status" -eq 125 ]
	[[ $output == *"/users: permission denied"* ]]
}

@test "exec: pipes and files given as streams belong to the user" {
	need_host_ids "a file of the host's cannot change its owner"
	hull run -d "$ID"
	: >out
	hull exec -u 1000 "$ID" sh -c 'echo again >/proc/self/fd/1' >out
	[ "$(cat out)" = again ]
	[ "$(stat -c %u out)" = 1000 ]
	[ "$(hull exec -u 1000 "$ID" sh -c 'stat -L -c %F:%u /proc/self/fd/1; echo again >/proc/self/fd/1' | cat)" = "fifo:1000
again" ]
}

@test "exec: HOME of the user, also when it is empty" {
	hull run -d "$ID"
	run -0 hull exec -u 1000 -e HOME= "$ID" sh -c 'echo $HOME'
	[ "$output" = /home/user ]
	run -0 hull exec -u 4242 "$ID" sh -c 'echo $HOME'
	[ "$output" = / ]
	run -0 hull exec -e A=1 -e A=2 "$ID" sh -c 'cat /proc/self/environ | tr "\0" "\n" | grep ^A='
	[ "$output" = A=2 ]
}

@test "exec --process: the priorities of the document" {
	hull run -d "$ID"
	jq -n '{user: {uid: 0, gid: 0}, cwd: "/", args: ["/bin/ionice"], ioPriority: {class: "IOPRIO_CLASS_IDLE"}}' >p.json
	run -0 hull exec -p p.json "$ID"
	[[ $output == idle* ]]
	jq -n '{user: {uid: 0, gid: 0}, cwd: "/", args: ["/bin/awk", "{print $41}", "/proc/self/stat"],
		scheduler: {policy: "SCHED_BATCH"}}' >p.json
	run -0 hull exec -p p.json "$ID"
	[ "$output" = 3 ]
}

@test "exec: the personality, priorities, umask and oom score of the container" {
	config '.linux.personality = {domain: "LINUX32"} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 7} |
		.process.user.umask = 63 | .process.oomScoreAdj = 321 | .process.scheduler = {policy: "SCHED_BATCH", nice: 3}'
	hull run -d "$ID"
	run -0 hull exec "$ID" sh -c 'uname -m; ionice; umask; cat /proc/self/oom_score_adj; awk "{print \$19, \$41}" /proc/self/stat'
	[ "${lines[0]}" = i686 ]
	[[ ${lines[1]} == best-effort*7 ]]
	[ "${lines[2]}" = 0077 ]
	[ "${lines[3]}" = 321 ]
	[ "${lines[4]}" = "3 3" ]
}

@test "deadline scheduling: in force, or the error names it; parameters are checked" {
	config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 10000000, deadline: 20000000, period: 30000000,
		flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	program awk '{print $41}' /proc/self/stat
	run hull run "$ID"
	if [ "$status" -eq 0 ]; then
		[ "$output" = 6 ]
	else
		# The kernel admits none where processors are not balanced as a whole (cpusets), nor from a
		# user namespace.
		[[ $output == *scheduler*"operation not permitted"* || $output == *scheduler*busy* ]]
		in_userns || run ! chrt -d -T 10000000 -D 20000000 -P 30000000 0 true
	fi
	config '.process.scheduler.runtime = 40000000'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *process.scheduler* ]]
}

@test "a program that only CAP_DAC_OVERRIDE lets be executed" {
	cp rootfs/bin/busybox rootfs/bin/odd
	mkdir -m 700 rootfs/roots
	cp rootfs/bin/busybox rootfs/roots/echo
	config '.process.user.uid = 1000 | .process.user.gid = 1000 |
		.process.capabilities = ((["bounding", "permitted", "effective", "inheritable", "ambient"] |
			map({key: ., value: ["CAP_DAC_OVERRIDE"]}) | from_entries))'
	program /roots/echo through
	run -0 hull run "$ID"
	[ "$output" = through ]
	config '.process.capabilities = {}'
	run hull run "$ID"
	[ "$status" -eq 126 ]
	[[ $output == *"permission denied"* ]]
}

@test "permitted capabilities are within the bounding ones" {
	config '.process.capabilities = {bounding: ["CAP_KILL"], permitted: ["CAP_KILL", "CAP_CHOWN"],
		effective: ["CAP_KILL", "CAP_CHOWN"]}'
	program grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status
	run -0 hull run "$ID"
	[ "$(grep -c '0000000000000020$' <<<"$output")" -eq 3 ]
}

@test "annotations are kept, unknown members ignored, an invalid version refused" {
	config '.annotations = {"any.thing": "kept"} | .unheardOf = {a: 1}'
	hull create "$ID"
	[ "$(hull state "$ID" | jq -r '.annotations["any.thing"]')" = kept ]
	config '.ociVersion = "one"'
	run hull create "$ID-b"
	[ "$status" -eq 125 ]
	[[ $output == *ociVersion* ]]
}

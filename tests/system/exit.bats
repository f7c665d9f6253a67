#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The exit report: why a container ended, from everywhere it can be had, and as its schema says.

bats_require_minimum_version 1.5.0
load helpers

SCHEMA=$BATS_TEST_DIRNAME/../../docs/exit-report.schema.json

setup() {
	make_bundle
}

teardown() {
	clean_up
}

# follows_schema FILE
follows_schema() {
	python3 -c 'import json, sys, jsonschema
jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(json.load(open(sys.argv[2])))' \
		"$SCHEMA" "$1"
}

# reported JQ-CONDITION: of the last report, in report.json
reported() {
	follows_schema report.json
	jq -e "$1" report.json >/dev/null || {
		cat report.json >&2
		return 1
	}
}

# run_is CODE ARGS...: hull run with a report exits with it
run_is() {
	local wanted=$1 code=0
	shift
	rm -f report.json
	hull run --exit-report report.json "$@" "$ID" || code=$?
	[ "$code" -eq "$wanted" ]
}

@test "exit report: exit code, time and cpu" {
	program sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; exit 7'
	run_is 7
	reported '.version == 1 and .reason == "exited" and .exitCode == 7 and .signal == null'
	reported '.id == "'"$ID"'" and .error == null and .ended > .created'
	reported '.usage | .wallUsec > 0 and .cpu.usec > 0 and .cpu.usec < 60000000 and .from == "cgroup"'
	reported '.usage.memory.maxRssBytes > 10000 and .oom.cgroup == null'
}

@test "exit report: without a cgroup it is the process that tells" {
	program sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
	rm -f report.json
	hull --cgroup-manager=disabled run --exit-report report.json "$ID"
	reported '.reason == "exited" and .exitCode == 0 and .usage.from == "process" and .oom.kills == null'
	reported '.usage.cpu.usec > 0 and .usage.memory.peakBytes == null and .usage.memory.maxRssBytes > 0'
}

@test "exit report: signals by number and name" {
	program sleep 1000
	hull run --exit-report report.json "$ID" &
	until_true has_status "$ID" running
	hull kill "$ID" KILL
	wait $! || true
	reported '.reason == "signaled" and .exitCode == 137 and .signal == {"number": 9, "name": "SIGKILL"}'
}

@test "exit report: a time limit" {
	program sh -c 'trap "" TERM; sleep 1000'
	run_is 137 --time-limit 500ms
	reported '.reason == "timeout" and .timeLimitMs == 500 and .usage.wallUsec >= 500000'
	program sh -c 'exit 3'
	run_is 3 --time-limit 1m
	reported '.reason == "exited" and .timeLimitMs == 60000'
	for bad in 0 x -1 5y ''; do
		run hull run --time-limit="$bad" "$ID"
		[ "$status" -eq 125 ]
		[[ $output == *"--time-limit: expected a time"* ]]
	done
	run hull run --detach --time-limit 5 "$ID"
	[[ $output == *"nobody waits for a container in the background"* ]]
}

no_processes() {
	[[ $(hull ps --format json "$ID") =~ ^(\[\]|null)$ ]]
}

@test "exit report: a time limit ends what init leaves behind" {
	need_host_ids "a procfs without a pid namespace of its own"
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	program sh -c 'sleep 1000 & sleep 1000'
	run_is 137 --time-limit 300ms --keep
	reported '.reason == "timeout"'
	until_true no_processes # they are killed when run returns, and gone a moment later
}

@test "exit report: a call that the filter answers with death" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["sethostname"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	program hostname x
	run_is 159
	reported '.reason == "seccomp" and .signal.name == "SIGSYS"'
	# The same signal without a filter is only a signal.
	config 'del(.linux.seccomp)'
	program sleep 1000
	hull run --exit-report report.json "$ID" &
	until_true has_status "$ID" running
	hull kill "$ID" SYS
	sleep 0.3
	hull kill "$ID" KILL || true
	wait $! || true
	reported '.reason == "signaled"'
}

@test "exit report: limits of a process" {
	config '.process.rlimits = [{type: "RLIMIT_CPU", soft: 1, hard: 1}] | .linux.namespaces |= map(select(.type != "pid"))'
	need_host_ids "a procfs without a pid namespace of its own"
	program sh -c 'while :; do :; done'
	run_is 137
	reported '.reason == "limit" and .limit == "RLIMIT_CPU" and .usage.cpu.usec >= 700000'
	config '.process.rlimits = [{type: "RLIMIT_FSIZE", soft: 4096, hard: 4096}] | .root.readonly = false'
	program dd if=/dev/zero of=/big bs=8192 count=2
	run_is 153
	reported '.reason == "limit" and .limit == "RLIMIT_FSIZE" and .signal.name == "SIGXFSZ"'
}

@test "exit report: memory that ran out, in the container or in a cgroup below it" {
	need_controller memory
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	program sh -c 'exec tail -c 100m /dev/zero'
	run_is 137
	reported '.reason == "oom" and .oom == {"kills": 1, "cgroup": "/"}'
	reported '.usage.memory.peakBytes > 30000000 and .usage.memory.peakBytes <= 33554432 and .usage.memory.limited > 0'
	# A shell that survives its program says 137 for it.
	program sh -c 'tail -c 100m /dev/zero; exit $?'
	run_is 137
	reported '.reason == "oom" and .signal == null'
	program sh -c 'tail -c 100m /dev/zero; exit 0'
	run_is 0
	reported '.reason == "exited" and .oom.kills == 1'
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	program sh -c 'cd /sys/fs/cgroup && mkdir in leaf && echo 1 >in/cgroup.procs && echo +memory >cgroup.subtree_control &&
		echo 16m >leaf/memory.max && (sh -c "echo \$\$ >/sys/fs/cgroup/leaf/cgroup.procs; exec tail -c 100m /dev/zero"; exit $?)'
	run_is 137
	reported '.oom.cgroup == "/leaf"'
}

@test "exit report: processes, and forks that were refused" {
	need_controller pids
	config '.linux.resources.pids.limit = 3'
	program sh -c 'sleep 5 & sleep 5 & sleep 5 & true'
	hull run --exit-report report.json "$ID" || true
	reported '.usage.pids.limited >= 1'
	[ ! -e "$(cgroup_root)/pids.peak" ] && [ "$(jq .usage.pids.peak report.json)" = null ] || reported '.usage.pids.peak == 3'
}

@test "exit report: bytes and operations of a disk" {
	local major minor
	need_controller io
	[ -b "${HULL_TEST_DISK:-}" ] || skip "no disk to use here (the test VM has one)"
	major=$((0x$(stat -c %t "$HULL_TEST_DISK"))) minor=$((0x$(stat -c %T "$HULL_TEST_DISK")))
	config '.linux.devices = [{path: "/dev/disk", type: "b", major: $a, minor: $i}] |
		.linux.resources.devices = [{allow: true, type: "b", major: $a, minor: $i, access: "rwm"}]' --argjson a $major --argjson i $minor
	program sh -c 'dd if=/dev/zero of=/dev/disk bs=64k count=16 oflag=direct && dd if=/dev/disk of=/dev/null bs=16k count=8 iflag=direct'
	run_is 0
	reported '.usage.io == {"readBytes": 131072, "writtenBytes": 1048576, "reads": 8, "writes": 16}'
	program true
	run_is 0
	reported '.usage.io == {"readBytes": 0, "writtenBytes": 0, "reads": 0, "writes": 0}'
}

@test "exit report: without the controller nobody knows what was read and written" {
	! grep -qw io "$(cgroup_root)/cgroup.controllers" || skip "there is an io controller here"
	program true
	run_is 0
	reported '.usage.from == "cgroup" and ([.usage.io[]] | length == 4 and all(. == null))'
}

@test "exit report: kept with the container" {
	program sh -c 'exit 4'
	run hull run --keep "$ID"
	[ "$status" -eq 4 ]
	hull state --exit "$ID" >report.json
	reported '.reason == "exited" and .exitCode == 4 and .usage.wallUsec > 0'
	hull delete "$ID"
	run hull state --exit "$ID"
	[ "$status" -eq 1 ]
	[[ $output == *"does not exist"* ]]
}

@test "exit report: of a container that hull did not wait for" {
	program sleep 1000
	hull create "$ID"
	hull start "$ID"
	run hull state --exit "$ID"
	[ "$status" -eq 1 ]
	[[ $output == *"container \"$ID\" has not ended: it is running"* ]]
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
	hull state --exit "$ID" >report.json
	reported '.reason == "unknown" and .exitCode == null and .ended == null and .usage.cpu.usec > 0'
	hull delete --exit-report report.json "$ID"
	reported '.reason == "unknown" and .usage.cpu.usec > 0 and .usage.from == "cgroup"'
	hull create "$ID"
	hull start "$ID"
	hull delete --force --exit-report report.json "$ID"
	reported '.reason == "unknown" and .usage.cpu.usec > 0'
	nothing_left
}

@test "exit report: to a descriptor, which the container does not get" {
	program sh -c 'ls /proc/self/fd; echo >&7'
	run hull run --exit-report fd:7 "$ID" 7>report.json
	[[ $output != *7* ]] || [[ $output == *"Bad file descriptor"* ]] || [[ $output == *"bad file descriptor"* ]]
	reported '.reason == "exited" and .exitCode != 0'
	run hull run --exit-report fd:9 "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"--exit-report fd:9: bad file descriptor"* ]]
	run hull run --exit-report fd:3 --preserve-fds 1 "$ID" 3>report.json
	[[ $output == *"fd:3: the descriptor is one of --preserve-fds"* ]]
	run hull run --exit-report fd:7 "$ID" 7</dev/null
	[[ $output == *"open for reading only"* ]]
}

@test "exit report: of a program that never ran" {
	program /nothere
	run_is 127
	reported '.reason == "failed" and .exitCode == null and (.error | contains("/nothere"))'
	config '.process.cwd = "not/absolute"'
	run_is 125
	reported '.reason == "failed" and (.error | contains("cwd"))'
	nothing_left
}

@test "exit report: a place that cannot be written to is an error before anything happens" {
	program touch /tmp/ran
	config '.root.readonly = false'
	run hull run --exit-report /nowhere/report.json "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"--exit-report /nowhere/report.json: no such file or directory"* ]]
	[ ! -e rootfs/tmp/ran ]
	mkfifo nobody-reads
	run timeout 20 "$HULL" --root "$STATES" run --exit-report nobody-reads "$ID"
	[ "$status" -eq 125 ]
	run hull run --detach --exit-report report.json "$ID"
	[[ $output == *"nobody waits"* ]]
	nothing_left
	program sleep 1000
	hull run --detach "$ID"
	run hull delete --force --exit-report /nowhere/report.json "$ID"
	[ "$status" -eq 1 ]
	has_status "$ID" running
	run hull delete --exit-report report.json "$ID" other
	[[ $output == *"--exit-report goes with one ID"* ]]
}

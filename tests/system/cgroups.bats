#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The container's cgroup: where it is, what limits it, what is left of it.  Limits are looked at from
# inside and from outside.  Those whose controller is not in cgroup v2 here skip; the test VM has all.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	need_root
	make_bundle
	program sleep 1000
	ROOT=$(cgroup_root)
	TOP=hull-test-$ID
}

teardown() {
	clean_up
	[ ! -d "$ROOT/$TOP" ] || find "$ROOT/$TOP" -depth -type d -exec rmdir {} +
}

# The host's directory of container $1's cgroup.
cgroup_of() {
	echo "$ROOT$(sed -n 's/^0:://p' "/proc/$(pid_of "$1")/cgroup")"
}

# inside FILE: reads a file of the container's cgroup through its own mount.
inside() {
	hull exec "$ID" cat "/sys/fs/cgroup/$1"
}

# both FILE TEXT: inside and outside say the same.
both() {
	[ "$(cat "$(cgroup_of "$ID")/$1")" = "$2" ]
	[ "$(inside "$1")" = "$2" ]
}

limits() {
	config ".linux.resources += $1"
}

# A container that may write to its cgroups.
writable_cgroups() {
	config '(.mounts[] | select(.type == "cgroup") | .options) -= ["ro"]'
}

@test "cgroup: by default below /hull, named by the id, gone afterwards" {
	hull run -d "$ID"
	[ "$(cgroup_of "$ID")" = "$ROOT/hull/$ID" ]
	hull delete --force "$ID"
	[ ! -e "$ROOT/hull/$ID" ]
}

@test "cgroup: an absolute path is below the mount; parents are made, only the leaf is removed" {
	config '.linux.cgroupsPath = $p' --arg p "/$TOP/a/b"
	hull run -d "$ID"
	[ "$(cgroup_of "$ID")" = "$ROOT/$TOP/a/b" ]
	hull delete --force "$ID"
	[ ! -e "$ROOT/$TOP/a/b" ]
	[ -d "$ROOT/$TOP/a" ]
}

@test "cgroup: a relative path works as well" {
	config '.linux.cgroupsPath = $p' --arg p "$TOP/relative"
	hull run -d "$ID"
	[ "$(cgroup_of "$ID")" = "$ROOT/$TOP/relative" ]
}

@test "cgroup: a path that goes up or is the root is refused" {
	for path in "/../x" "a/../../b" "/"; do
		config '.linux.cgroupsPath = $p' --arg p "$path"
		run hull run -d "$ID"
		[ "$status" -ne 0 ]
		[[ $output == *"cgroupsPath"* ]]
		run hull state "$ID"
		[ "$status" -ne 0 ]
	done
}

@test "cgroup: all controllers of the root are there inside" {
	config '.linux.cgroupsPath = $p' --arg p "/$TOP/deep/down"
	hull run -d "$ID"
	both cgroup.controllers "$(cat "$ROOT/cgroup.controllers")"
}

@test "cgroup: the container sees its own and nothing above" {
	program sh -c 'sed -n s/^0:://p /proc/self/cgroup; ls -d /sys/fs/cgroup/hull* 2>/dev/null; cat /sys/fs/cgroup/cgroup.procs'
	run -0 hull run "$ID"
	[ "${lines[0]}" = / ]
	[[ ${lines[1]} =~ ^[0-9]+$ ]]
}

@test "cgroup: read-only unless the mount says otherwise" {
	program sh -c 'mkdir /sys/fs/cgroup/x'
	run hull run "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"ead-only file system"* ]]
	writable_cgroups
	run -0 hull run "$ID"
}

@test "cgroup: one with processes is refused, and they live" {
	mkdir -p "$ROOT/$TOP/used"
	sleep 1000 3>&- &
	echo $! >"$ROOT/$TOP/used/cgroup.procs"
	config '.linux.cgroupsPath = $p' --arg p "/$TOP/used"
	for command in run create; do
		run hull $command "$ID"
		[ "$status" -ne 0 ]
		[[ $output == *"container's cgroup is not empty"* ]]
	done
	kill -0 $!
	kill -9 $!
	wait $! || :
	[ -d "$ROOT/$TOP/used" ]
}

@test "cgroup: a frozen one is refused in place of hanging" {
	mkdir -p "$ROOT/$TOP/cold"
	echo 1 >"$ROOT/$TOP/cold/cgroup.freeze"
	config '.linux.cgroupsPath = $p' --arg p "/$TOP/cold"
	run timeout 20 "$HULL" --root "$STATES" run -d "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"container's cgroup unexpectedly frozen"* ]]
	config '.linux.cgroupsPath = $p' --arg p "/$TOP/cold/below"
	run timeout 20 "$HULL" --root "$STATES" run -d "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"container's cgroup unexpectedly frozen"* ]]
	[ ! -e "$ROOT/$TOP/cold/below" ]
}

@test "cgroup: one that was there before stays, its processes do not" {
	mkdir -p "$ROOT/$TOP/given"
	config '.linux.cgroupsPath = $p' --arg p "/$TOP/given"
	hull run -d "$ID"
	hull delete --force "$ID"
	[ -d "$ROOT/$TOP/given" ]
	[ -z "$(cat "$ROOT/$TOP/given/cgroup.procs")" ]
	hull run -d "$ID" # and can be used again
	hull exec "$ID" true
}

# Linux 6.14 and newer kill at birth what is cloned into such a cgroup; it is moved there instead.
@test "cgroup: one that was killed as a whole before works" {
	mkdir -p "$ROOT/$TOP/killed"
	echo 1 >"$ROOT/$TOP/killed/cgroup.kill"
	config '.linux.cgroupsPath = $p' --arg p "/$TOP/killed"
	hull run -d "$ID"
	[ "$(cgroup_of "$ID")" = "$ROOT/$TOP/killed" ]
	run -0 hull exec "$ID" sed -n 's/^0:://p' /proc/self/cgroup
	[ "$output" = / ]
}

@test "cgroup: delete removes what was nested inside, threaded ones too" {
	writable_cgroups
	program sh -c 'cd /sys/fs/cgroup && mkdir -p a/b/c t/1 && echo threaded >t/1/cgroup.type &&
		{ sleep 1000 & echo $! >a/b/c/cgroup.procs; } &&
		{ sleep 1000 & echo $! >t/cgroup.procs; echo $! >t/1/cgroup.threads; } && exec sleep 1000'
	hull run -d "$ID"
	path=$ROOT/hull/$ID
	until_true grep -qs . "$path/t/1/cgroup.threads"
	hull delete --force "$ID"
	[ ! -e "$path" ]
}

@test "cgroup: ps lists those who moved into a cgroup below" {
	writable_cgroups
	program sh -c 'mkdir /sys/fs/cgroup/sub && echo $$ >/sys/fs/cgroup/sub/cgroup.procs
		sleep 999 & exec sleep 998'
	hull run -d "$ID"
	until_true grep -qs . "$ROOT/hull/$ID/sub/cgroup.procs"
	until_true eval '[ -z "$(cat "$ROOT/hull/$ID/cgroup.procs")" ]'
	run -0 hull ps "$ID"
	[[ $output == *"sleep 999"* && $output == *"sleep 998"* ]]
}

@test "cgroup: exec --cgroup joins one below and never goes up" {
	writable_cgroups
	hull run -d "$ID"
	hull exec "$ID" mkdir /sys/fs/cgroup/sub
	run -0 hull exec --cgroup sub "$ID" sed -n 's/^0:://p' /proc/self/cgroup
	[ "$output" = /sub ]
	run hull exec --cgroup ../.. "$ID" true
	[ "$status" -ne 0 ]
	[[ $output == *"bad sub cgroup path"* ]]
	run hull exec --cgroup missing "$ID" true
	[ "$status" -ne 0 ]
}

@test "cgroup: delegated to the container's root with a user namespace and a writable mount" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .root.readonly = false'
	chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE"
	config '.linux.namespaces |= unique_by(.type) |
		if any(.linux.namespaces[]; .type == "cgroup") then . else .linux.namespaces += [{type: "cgroup"}] end'
	hull run -d "$ID"
	[ "$(stat -c %u:%g "$(cgroup_of "$ID")/cgroup.procs")" = 0:0 ]
	hull delete --force "$ID"
	writable_cgroups
	hull run -d "$ID"
	path=$(cgroup_of "$ID")
	[ "$(stat -c %u:%g "$path")" = 100000:200000 ]
	[ "$(stat -c %u:%g "$path/cgroup.procs")" = 100000:200000 ]
	[ "$(stat -c %u:%g "$path/cgroup.freeze")" = 0:0 ]
	hull exec "$ID" sh -c 'mkdir /sys/fs/cgroup/mine && echo $$ >/sys/fs/cgroup/mine/cgroup.procs'
}

@test "cgroup: without a manager the container stays where the caller is, and a limit is an error" {
	hull --cgroup-manager=disabled run -d "$ID"
	[ "$(cgroup_of "$ID")" = "$ROOT$(sed -n 's/^0:://p' /proc/self/cgroup)" ]
	hull delete --force "$ID"
	limits '{hugepageLimits: [{pageSize: "2MB", limit: 0}]}'
	run hull --cgroup-manager=disabled run "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"linux.resources.hugepageLimits[0]"* && $output == *disabled* ]]
}

# hybrid COMMAND...: where cgroup v1 is mounted as well, as systemd's hybrid hierarchy has it.
hybrid() {
	unshare --mount --propagation private sh -ec 'umount -l /sys/fs/cgroup
		mount -t tmpfs cgroup /sys/fs/cgroup
		mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
		mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
		mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
		exec "$@"' sh "$@"
}

@test "cgroup: beside cgroup v1 a container runs in the unified hierarchy" {
	program grep ^0:: /proc/self/cgroup
	config 'del(.linux.namespaces[] | select(.type == "cgroup"))'
	run -0 hybrid "$HULL" --root "$STATES" run "$ID"
	[ "$output" = "0::/hull/$ID" ]
	[ ! -e "$ROOT/hull/$ID" ]
}

@test "kill and delete: everybody in the cgroup goes, also without a pid namespace" {
	need_host_ids "a procfs without a pid namespace of its own"
	config '.linux.namespaces |= map(select(.type != "pid"))'
	program sh -c 'sleep 1000 & sleep 1000 & exec sleep 1000'
	hull run -d "$ID"
	path=$(cgroup_of "$ID")
	until_true eval '[ "$(wc -l <"$path/cgroup.procs")" -eq 3 ]'
	hull kill "$ID" KILL
	until_true eval '[ -z "$(cat "$path/cgroup.procs")" ]'
	hull delete "$ID"
	[ ! -e "$path" ]
}

@test "delete: kills what is left when the first process has ended" {
	need_host_ids "a procfs without a pid namespace of its own"
	config '.linux.namespaces |= map(select(.type != "pid"))'
	program sh -c 'sleep 1000 & exit 0'
	hull create "$ID" </dev/null >/dev/null 2>&1
	path=$(cgroup_of "$ID")
	hull start "$ID"
	until_true has_status "$ID" stopped
	[ -n "$(cat "$path/cgroup.procs")" ]
	hull delete "$ID"
	[ ! -e "$path" ]
}

@test "pause: nothing runs, delete --force works" {
	hull run -d "$ID"
	path=$(cgroup_of "$ID")
	hull pause "$ID"
	has_status "$ID" paused
	grep -qx 'frozen 1' "$path/cgroup.events"
	hull resume "$ID"
	grep -qx 'frozen 0' "$path/cgroup.events"
	hull pause "$ID"
	hull delete --force "$ID"
	[ ! -e "$path" ]
}

# ---- devices ----

@test "devices: all but the default ones are denied" {
	need_host_ids "mknod"
	config '.linux.resources.devices = [{allow: false, access: "rwm"}] | .root.readonly = false |
		.process.capabilities |= with_entries(.value += ["CAP_MKNOD", "CAP_SYSLOG"])'
	program sh -c 'for d in null zero full random urandom tty; do [ -e /dev/$d ] || exit 9; done
		echo >/dev/null && head -c 1 /dev/zero >/dev/null && head -c 1 /dev/urandom >/dev/null || exit 8
		mknod /run/kmsg c 1 11 && ! head -c 1 /run/kmsg'
	run -0 hull run "$ID"
	[[ $output == *"peration not permitted"* ]]
}

@test "devices: a rule allows one, in part" {
	need_host_ids "mknod"
	config '.linux.resources.devices = [{allow: false, access: "rwm"},
			{allow: true, type: "c", major: 1, minor: 11, access: "r"}] | .root.readonly = false |
		.process.capabilities |= with_entries(.value += ["CAP_MKNOD", "CAP_SYSLOG"])'
	program sh -c 'mknod /run/kmsg c 1 11 && dd if=/run/kmsg bs=8192 count=1 of=/dev/null && ! echo >/run/kmsg'
	run -0 hull run "$ID"
	[[ $output == *"peration not permitted"* ]]
}

@test "devices: the last rule that matches decides" {
	need_host_ids "mknod"
	config '.linux.resources.devices = [{allow: true, access: "rwm"},
			{allow: false, type: "c", major: 1, access: "w"},
			{allow: true, type: "c", major: 1, minor: 7, access: "w"}] | .root.readonly = false |
		.process.capabilities |= with_entries(.value += ["CAP_MKNOD", "CAP_SYSLOG"])'
	program sh -c 'mknod /run/kmsg c 1 11 && ! echo >/run/kmsg; dd if=/run/kmsg bs=8192 count=1 of=/dev/null'
	run -0 hull run "$ID"
}

# ---- limits ----

@test "a limit whose controller is missing is an error that says where and why" {
	controller=$(for c in memory cpu pids io cpuset; do grep -qw $c "$ROOT/cgroup.controllers" || echo $c; done | head -n 1)
	[ -n "$controller" ] || skip "every controller is in cgroup v2 here"
	limits "{unified: {\"$controller.max\": \"1\"}}"
	run hull run "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"linux.resources.unified.$controller.max: the $controller controller is not available in $ROOT ("*")"* ]]
	[ ! -e "$ROOT/hull/$ID" ]
}

@test "limits of zero, as engines send them, are no limits" {
	limits '{memory: {limit: 0, reservation: 0, kernel: 0}, cpu: {shares: 0, quota: 0, period: 0}, blockIO: {weight: 0}}'
	hull run -d "$ID"
}

@test "memory: limit, reservation, swap" {
	need_controller memory
	limits '{memory: {limit: 67108864, reservation: 33554432, swap: 100663296}}'
	hull run -d "$ID"
	both memory.max 67108864
	both memory.low 33554432
	both memory.swap.max 33554432
}

@test "memory: the limit is in force" {
	need_controller memory
	limits '{memory: {limit: 33554432, swap: 33554432}}'
	program sh -c 'tail /dev/zero'
	run hull run "$ID"
	[ "$status" -eq 137 ]
	[ ! -e "$ROOT/hull/$ID" ]
}

@test "memory: a container starts within 192 KiB, 20 times of 20" {
	need_controller memory
	program true
	limits '{memory: {limit: 196608, swap: 196608}}'
	for i in {1..20}; do
		hull run "$ID"
	done
}

@test "memory: unlimited" {
	need_controller memory
	limits '{memory: {limit: -1}}'
	hull run -d "$ID"
	both memory.max max
	both memory.swap.max max
}

@test "cpu: weight, quota, period, burst" {
	need_controller cpu
	limits '{cpu: {shares: 1024, quota: 50000, period: 200000, burst: 10000}}'
	hull run -d "$ID"
	both cpu.weight 100
	both cpu.max "50000 200000"
	both cpu.max.burst 10000
}

@test "cpu: one of quota and period, idle" {
	need_controller cpu
	limits '{cpu: {period: 50000, idle: 1}}'
	hull run -d "$ID"
	both cpu.max "max 50000"
	both cpu.idle 1
	hull delete --force "$ID"
	limits '{cpu: {quota: 20000}}'
	hull run -d "$ID"
	both cpu.max "20000 100000"
}

@test "cpuset: processors and nodes" {
	need_controller cpuset
	limits '{cpu: {cpus: "0", mems: "0"}}'
	hull run -d "$ID"
	both cpuset.cpus.effective 0
	both cpuset.mems.effective 0
	run -0 hull exec "$ID" grep Cpus_allowed_list /proc/self/status
	[[ $output == *0 ]]
}

@test "pids: a limit, zero, none" {
	need_controller pids
	limits '{pids: {limit: 5}}'
	program sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 10 & done'
	run hull run "$ID"
	[[ $output == *"can't fork"* ]]
	limits '{pids: {limit: 0}}'
	program sleep 1000
	hull run -d "$ID"
	[ "$(cat "$(cgroup_of "$ID")/pids.max")" = 1 ]
	both pids.max 1 # a process that is moved there counts without asking
	hull delete --force "$ID"
	limits '{pids: {limit: -1}}'
	hull run -d "$ID"
	both pids.max max
}

@test "block devices: throttling, the last of duplicates" {
	need_controller io
	[ -b "${HULL_TEST_DISK:-}" ] || skip "no disk to limit here (the test VM has one)"
	device=$((0x$(stat -c %t "$HULL_TEST_DISK"))):$((0x$(stat -c %T "$HULL_TEST_DISK")))
	limits "{blockIO: {
		throttleReadBpsDevice: [{major: ${device%:*}, minor: ${device#*:}, rate: 1000000},
			{major: ${device%:*}, minor: ${device#*:}, rate: 2000000}],
		throttleWriteIOPSDevice: [{major: ${device%:*}, minor: ${device#*:}, rate: 50}]}}"
	hull run -d "$ID"
	both io.max "$device rbps=2000000 wbps=max riops=max wiops=50"
}

@test "huge pages: limit and reservation" {
	need_controller hugetlb
	limits '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	hull run -d "$ID"
	both hugetlb.2MB.max 4194304
	both hugetlb.2MB.rsvd.max 4194304
	hull delete --force "$ID"
	limits '{hugepageLimits: [{pageSize: "3MB", limit: 4194304}]}'
	run hull run "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"linux.resources.hugepageLimits[0]: this kernel has no hugetlb.3MB.max"* ]]
}

# A device that is made of software, where this kernel has that.
@test "rdma: limits of a device; one that is missing is an error" {
	need_controller rdma
	program sleep 1000
	limits '{rdma: {"rxe0": {hcaHandles: 3, hcaObjects: 100}}}'
	run hull run -d "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *'linux.resources.rdma.rxe0: write "rxe0 hca_handle=3 hca_object=100" to '*"/rdma.max: no such device"* ]]
	rdma link add rxe0 type rxe netdev lo || return 0
	hull run -d "$ID"
	local file
	file=$(cgroup_of "$ID")/rdma.max
	cat "$file"
	grep -q '^rxe0 hca_handle=3 hca_object=100' "$file"
	echo '{"rdma": {"rxe0": {"hcaHandles": 5}}}' | hull update -r - "$ID"
	grep -q '^rxe0 hca_handle=5 hca_object=100' "$file"
	hull delete --force "$ID"
	rdma link delete rxe0
}

@test "unified: any file, after the others" {
	need_controller hugetlb
	limits '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}],
		unified: {"hugetlb.2MB.max": "2097152", "cgroup.max.depth": "7"}}'
	hull run -d "$ID"
	both hugetlb.2MB.max 2097152
	both hugetlb.2MB.rsvd.max 4194304
	both cgroup.max.depth 7
}

@test "unified: several lines" {
	need_controller io
	[ -b "${HULL_TEST_DISK:-}" ] || skip "no disk to limit here (the test VM has one)"
	device=$((0x$(stat -c %t "$HULL_TEST_DISK"))):$((0x$(stat -c %T "$HULL_TEST_DISK")))
	config '.linux.resources.unified = {"io.max": $v}' --arg v "$device rbps=1000000
$device wiops=7"
	hull run -d "$ID"
	both io.max "$device rbps=1000000 wbps=max riops=max wiops=7"
}

@test "unified: wrong names and values say what is wrong" {
	while IFS='|' read -r file value words; do
		config '.linux.resources.unified = {($f): $v}' --arg f "$file" --arg v "$value"
		run hull run "$ID"
		[ "$status" -ne 0 ]
		[[ $output == *"$words"* ]]
		[ ! -e "$ROOT/hull/$ID" ]
	done <<-'END'
		memory|1|CONTROLLER.VALUE
		../memory.max|1|CONTROLLER.VALUE
		nonsense.max|1|the nonsense controller is not available
		cgroup.nonsense|1|this kernel has no cgroup.nonsense
		cgroup.max.depth|x|write "x" to
		cgroup.procs|1|belongs to the runtime
	END
}

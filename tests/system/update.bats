#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# update: other limits for a container that lives.  Those whose controller is not in cgroup v2 here
# skip; the test VM has all.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	need_root
	make_bundle
	program sleep 1000
	ROOT=$(cgroup_root)
	CG=$ROOT/hull/$ID
}

teardown() {
	clean_up
}

# says FILE TEXT: what the container's cgroup has in a file.
says() {
	[ "$(cat "$CG/$1")" = "$2" ] || {
		echo "$1: expected $2, found $(cat "$CG/$1")"
		return 1
	}
}

limits() {
	config ".linux.resources += $1"
}

refused() {
	local words=$1
	shift
	run hull update "$@"
	[ "$status" -ne 0 ]
	[[ $output == *"$words"* ]]
}

# ---- what every machine can show ----

@test "update: the options are those of other runtimes" {
	run -0 hull update --help
	for option in resources memory memory-reservation memory-swap cpu-share cpu-quota cpu-period \
		cpu-burst cpu-idle cpu-rt-period cpu-rt-runtime cpuset-cpus cpuset-mems pids-limit \
		blkio-weight l3-cache-schema mem-bw-schema; do
		[[ $output == *"--$option "* ]] || { echo "$option"; return 1; }
	done
	[[ $output == *"-r, --resources"* ]]
}

@test "update: unknown and stopped containers" {
	refused 'container "nope" does not exist' --memory 50M nope
	program true
	hull run --keep "$ID"
	refused "container not running" --memory 50M "$ID"
}

@test "update: values that are none name their option" {
	hull run -d "$ID"
	while read -r option value; do
		refused "update: --$option: expected" "--$option" "$value" "$ID"
	done <<-'END'
		memory 50X
		memory 1.M
		memory -2
		memory 0x10
		memory-reservation M
		memory-swap 9223372036854775808
		cpu-share -1
		cpu-quota 1.5
		cpu-period ten
		cpu-burst -5
		cpu-idle x
		pids-limit 10x
		blkio-weight -1
	END
	refused 'cpu.period: expected 1000 to 1000000 microseconds, found 100' --cpu-period 100 "$ID"
	refused 'cpu.quota: expected at least 1000 microseconds, found 999' --cpu-quota 999 "$ID"
	refused 'cpu.idle: ' --cpu-idle 2 "$ID"
	refused 'cpu.idle: ' --cpu-idle -1 "$ID"
	refused 'cgroup v2 has no' --cpu-rt-period 1000 --cpu-rt-runtime 500 "$ID"
	refused 'no class of service' --l3-cache-schema L3:0=f "$ID"
}

@test "update: --resources from a file, from standard input, and what is wrong in it" {
	hull run -d "$ID"
	echo '{"unified": {"cgroup.max.depth": "5"}}' >limits.json
	hull update --resources limits.json "$ID"
	says cgroup.max.depth 5
	echo '{"unified": {"cgroup.max.depth": "6"}}' | hull update -r - "$ID"
	says cgroup.max.depth 6
	echo '{"unified": {"cgroup.max.depth": "7"}}' | hull update --resources=- "$ID"
	says cgroup.max.depth 7
	refused "no such file or directory" -r missing.json "$ID"
	echo '{"memory": {"limit": "50M"}}' >limits.json
	refused "memory.limit: expected an integer" -r limits.json "$ID"
	echo '{' >limits.json
	refused "resources:" -r limits.json "$ID"
	refused "goes without options of single limits" -r limits.json --memory 50M "$ID"
	says cgroup.max.depth 7
}

# Some roots have no /dev/stdin.
@test "update: --resources - reads descriptor 0, not /dev/stdin" {
	hull run -d "$ID"
	echo '{"unified": {"cgroup.max.depth": "9"}}' |
		unshare --mount sh -c 'mount -t tmpfs tmpfs /dev && exec "$0" --root "$1" update -r - "$2"' \
			"$HULL" "$STATES" "$ID"
	says cgroup.max.depth 9
}

@test "update: zeros, as engines send them, change nothing" {
	hull run -d "$ID"
	echo '{"memory":{"limit":0,"reservation":0,"kernel":0},"cpu":{"shares":0,"quota":0,"period":0},"blockIO":{"weight":0}}' |
		hull update --resources - "$ID"
	hull update --kernel-memory 50M --kernel-memory-tcp 50M "$ID"
}

@test "update: a container that was not started yet" {
	hull create "$ID" </dev/null >/dev/null 2>&1
	echo '{"unified": {"cgroup.max.depth": "5"}}' | hull update -r - "$ID"
	says cgroup.max.depth 5
	has_status "$ID" created
	hull start "$ID"
}

@test "update: a paused container stays paused" {
	hull run -d "$ID"
	hull pause "$ID"
	echo '{"unified": {"cgroup.max.depth": "5"}, "devices": [{"allow": false, "access": "rwm"}]}' |
		hull update -r - "$ID"
	says cgroup.max.depth 5
	has_status "$ID" paused
	grep -qx 'frozen 1' "$CG/cgroup.events"
	hull resume "$ID"
	has_status "$ID" running
}

@test "update: without a cgroup it is refused" {
	hull --cgroup-manager=disabled run -d "$ID"
	refused "it has no cgroup" --memory 50M "$ID"
}

@test "update: a missing controller is an error that names it" {
	controller=$(for c in memory pids; do grep -qw $c "$ROOT/cgroup.controllers" || echo $c; done | head -n 1)
	[ -n "$controller" ] || skip "every controller is in cgroup v2 here"
	hull run -d "$ID"
	case $controller in
	memory) refused "linux.resources.memory.limit: the memory controller is not available" --memory 50M "$ID" ;;
	pids) refused "linux.resources.pids.limit: the pids controller is not available" --pids-limit 5 "$ID" ;;
	esac
}

# ---- devices ----

kmsg_container() {
	need_host_ids "mknod"
	config '.root.readonly = false |
		.process.capabilities |= with_entries(.value += ["CAP_MKNOD", "CAP_SYSLOG"])'
}

@test "update: device rules are replaced; without any they stay" {
	kmsg_container
	hull run -d "$ID"
	hull exec "$ID" mknod /run/kmsg c 1 11
	run hull exec "$ID" head -c 0 /run/kmsg
	[ "$status" -ne 0 ]
	echo '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]}' |
		hull update -r - "$ID"
	hull exec "$ID" sh -c ': </run/kmsg'
	run hull exec "$ID" sh -c ': >/run/kmsg'
	[ "$status" -ne 0 ]
	hull exec "$ID" sh -c 'echo >/dev/null'
	echo '{"unified": {"cgroup.max.depth": "5"}}' | hull update -r - "$ID"
	hull exec "$ID" sh -c ': </run/kmsg'
	echo '{"devices": []}' | hull update -r - "$ID"
	run hull exec "$ID" sh -c ': </run/kmsg'
	[ "$status" -ne 0 ]
}

# Whoever opens all the while must never be let in where no rule does, nor be kept out of /dev/null.
@test "update: device rules are never wrong for a moment" {
	kmsg_container
	program sh -c 'mknod /run/kmsg c 1 11; : >/run/ready
		while [ ! -e /run/stop ]; do
			(: </run/kmsg) 2>/dev/null && echo "let in"
			(: </dev/null) 2>/dev/null || echo "kept out"
		done; echo done'
	hull run "$ID" >out 2>&1 3>&- &
	until_true hull exec "$ID" test -e /run/ready
	for i in $(seq 30); do
		echo '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": '"$i"', "access": "r"}]}' |
			hull update -r - "$ID"
	done
	hull exec "$ID" sh -c ': >/run/stop'
	wait $!
	[ "$(cat out)" = done ]
}

# ---- limits that need their controller ----

@test "update: memory, with sizes as people write them" {
	need_controller memory
	limits '{memory: {limit: 33554432, reservation: 25165824}}'
	hull run -d "$ID"
	hull update --memory 50M "$ID"
	says memory.max 52428800
	says memory.low 25165824
	hull update --memory-reservation 32MiB "$ID"
	says memory.low 33554432
	hull update --memory 0.5g "$ID"
	says memory.max 536870912
	hull update --memory 67108864 "$ID"
	says memory.max 67108864
	hull update --memory -1 "$ID"
	says memory.max max
}

@test "update: memory above and below the old swap, swap alone" {
	need_controller memory
	limits '{memory: {limit: 33554432, swap: 67108864}}'
	hull run -d "$ID"
	says memory.swap.max 33554432
	hull update --memory 96M --memory-swap 128M "$ID"
	says memory.max 100663296
	says memory.swap.max 33554432
	hull update --memory 50M --memory-swap 50M "$ID"
	says memory.max 52428800
	says memory.swap.max 0
	hull update --memory-swap 60M "$ID"
	says memory.max 52428800
	says memory.swap.max 10485760
	hull update --memory-swap -1 "$ID"
	says memory.swap.max max
	refused "memory.swap" --memory 50M --memory-swap 40M "$ID"
	hull update --memory -1 --memory-swap -1 "$ID"
	refused "unable to set swap limit without memory limit" --memory-swap 60M "$ID"
}

@test "update: checkBeforeUpdate refuses what would kill" {
	need_controller memory
	program sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=24 && exec sleep 1000'
	hull run -d "$ID"
	until_true eval '[ "$(cat "$CG/memory.current")" -gt 25000000 ]'
	echo '{"memory": {"limit": 8388608, "checkBeforeUpdate": true}}' >limits.json
	refused "rejecting memory limit 8388608 < usage" -r limits.json "$ID"
	says memory.max max
	has_status "$ID" running
}

@test "update: a limit that is too small kills the container, and hull does not hang" {
	need_controller memory
	program sh -c 'tail -c 30000000 /dev/zero | sleep 1000'
	hull run -d "$ID"
	until_true eval '[ "$(cat "$CG/memory.current")" -gt 10000000 ]'
	timeout 60 "$HULL" --root "$STATES" update --memory-swap 100k --memory 100k "$ID" || [ $? -ne 124 ]
	timeout 60 "$HULL" --root "$STATES" state "$ID"
	hull delete --force "$ID"
}

@test "update: cpu, one at a time; the others stay" {
	need_controller cpu
	limits '{cpu: {shares: 1024, quota: 50000, period: 100000, burst: 10000}}'
	hull run -d "$ID"
	hull update --cpu-period 200000 "$ID"
	says cpu.max "50000 200000"
	hull update --cpu-quota 60000 "$ID"
	says cpu.max "60000 200000"
	says cpu.max.burst 10000
	hull update --cpu-burst 20000 "$ID"
	says cpu.max.burst 20000
	hull update --cpu-share 2 "$ID"
	says cpu.weight 1
	says cpu.max "60000 200000"
	hull update --cpu-burst 0 "$ID"
	hull update --cpu-quota -1 "$ID"
	says cpu.max "max 200000"
	hull update --cpu-quota 50000 --cpu-period 50000 --cpu-burst 50000 "$ID"
	says cpu.max "50000 50000"
	says cpu.max.burst 50000
	hull update --cpu-quota 10000 --cpu-burst 1000 "$ID"
	says cpu.max "10000 50000"
	says cpu.max.burst 1000
}

@test "update: cpu.idle; a wrong value leaves the old" {
	need_controller cpu
	hull run -d "$ID"
	hull update --cpu-idle 1 "$ID"
	says cpu.idle 1
	refused 'cpu.idle: ' --cpu-idle 2 "$ID"
	says cpu.idle 1
	hull update --cpu-idle 0 "$ID"
	says cpu.idle 0
}

@test "update: cpuset" {
	need_controller cpuset
	limits '{cpu: {cpus: "0-1"}}'
	hull run -d "$ID"
	hull update --cpuset-cpus 1 --cpuset-mems 0 "$ID"
	says cpuset.cpus.effective 1
	says cpuset.mems.effective 0
	refused "linux.resources.cpu.cpus" --cpuset-cpus 4095 "$ID"
	says cpuset.cpus.effective 1
}

@test "update: pids: a number, none, zero" {
	need_controller pids
	limits '{pids: {limit: 20}}'
	hull run -d "$ID"
	hull update --pids-limit 10 "$ID"
	says pids.max 10
	hull update --cpuset-cpus "" "$ID"
	says pids.max 10
	hull update --pids-limit -1 "$ID"
	says pids.max max
	hull update --pids-limit 0 "$ID"
	says pids.max 1
}

@test "update: share of disk time" {
	need_controller io
	hull run -d "$ID"
	file=$(ls "$CG"/io.bfq.weight "$CG"/io.weight 2>/dev/null | head -n 1)
	[ -n "$file" ] || skip "neither io.weight nor io.bfq.weight is in this kernel"
	hull update --blkio-weight 750 "$ID"
	case $file in
	*bfq*) says io.bfq.weight "default 750" ;;
	*) says io.weight "default 7475" ;;
	esac
	refused "expected a weight from 10 to 1000" --blkio-weight 5 "$ID"
}

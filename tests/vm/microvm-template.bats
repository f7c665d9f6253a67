#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Templates of virtual machines, in the test machine as microvm.bats: one is made, and all that follows
# is restored from it.  tests/vm/run --smp=1 --env=HULL=... tests/vm/microvm-template.bats

bats_require_minimum_version 1.5.0
load ../system/helpers
load microvm

STORE=/var/cache/hull/templates

setup_file() {
	need_microvm
	make_machine sh cat echo head date hostname sleep uname md5sum free ls
	mkdir -p /etc/hull
	# 192 MiB and the guest's own 64
	config ".process.terminal = false | .hostname = \"restored\" | .linux.resources.memory.limit = 201326592 |
		.mounts += [{destination: \"/rw\", source: \"$M/rw\", type: \"bind\", options: [\"rbind\"]}]"
	echo 'vm.template = use' >/etc/hull/hull.conf
}

teardown_file() {
	rm -f /etc/hull/hull.conf
	remove_machines one two cold
}

keys() {
	find $STORE -mindepth 1 -maxdepth 1 -type d -printf '%f\n'
}

# What the words of the monitor of container ID were.
monitor_of() {
	tr '\0' ' ' <"/proc/$(h state "$1" | jq .pid)/cmdline"
}

@test "template: two that make one at once make one" {
	h vm template build --memory 256 --cpus 1 >"$M/first" &
	h vm template build --memory 256 --cpus 1 >"$M/second"
	wait $!
	[ "$(cat "$M/first")" = "$(cat "$M/second")" ]
	[ "$(keys | wc -l)" = 1 ]
	[[ "$(keys)" == "$(cat "$M/first")"* ]]
	[ "$(stat -c '%a %u' $STORE)" = "700 0" ]
	[ "$(stat -c '%a %u' $STORE/"$(keys)"/* | sort -u)" = "600 0" ]
	run ! pidof hull-vmm
	[ ! -e /sys/fs/cgroup/hull-template ]
}

@test "template: it is sparse, listed, and what it was when it was made" {
	run h vm template list
	echo "$output"
	[[ "$output" == "$(cat "$M/first")  "*"256 MiB   1 CPU  ok" ]]
	h vm template verify
	h vm --json template list | jq -e '.[0].ok and .[0].memory == 256 and (.[0].facts | contains("kernel"))'
	du -k $STORE/*/* >&3
	[ "$(du -k $STORE/*/memory | cut -f1)" -lt 131072 ]
}

@test "template: a container in a restored machine is as in any" {
	cd "$M"
	config '.process.args = ["sh", "-c", "hostname; uname -r; date +%s; echo data >/rw/file; echo err >&2; exit 7"]'
	local began=$EPOCHREALTIME
	run --separate-stderr h run --isolation=vm one
	echo "# restored and run: $began to $EPOCHREALTIME" >&3
	echo "$output / $stderr"
	[ "$status" -eq 7 ]
	[ "${lines[0]}" = restored ]
	[[ "${lines[1]}" == *.*.* ]]
	[ $(($(date +%s) - lines[2])) -lt 100 ]
	[ $(($(date +%s) - lines[2])) -ge 0 ]
	[ "$stderr" = err ]
	[ "$(cat rw/file)" = data ]
	run ! pidof hull-vmm
}

@test "template: two that are restored at the same time draw other randomness" {
	local id
	cd "$M"
	config '.process.args = ["sh", "-c", "cat /proc/sys/kernel/random/boot_id /proc/sys/kernel/random/uuid; head -c 32 /dev/urandom | md5sum; sleep 1000"]'
	h create --isolation=vm one >one.out 2>one.err </dev/null &
	h create --isolation=vm two >two.out 2>two.err </dev/null
	wait $!
	for id in one two; do
		[[ "$(monitor_of $id)" == *" --state-fd="*" --key=$(keys) "* ]]
		[ ! -s $id.err ]
	done
	h start one
	h start two
	for _ in $(seq 60); do
		[ "$(cat one.out two.out | wc -l)" -lt 6 ] || break
		sleep 1
	done
	cat one.out two.out
	[ "$(cat one.out two.out | wc -l)" = 6 ]
	[ "$(cat one.out two.out | sort -u | wc -l)" = 6 ]
	[ "$(h exec one echo "inside")" = inside ]
	[ "$(h exec one cat /proc/sys/kernel/random/uuid)" != "$(h exec two cat /proc/sys/kernel/random/uuid)" ]
	h delete --force one
	h delete --force two
}

@test "template: a damaged one is not used, and the machine boots" {
	local file began
	cd "$M"
	config '.process.args = ["sh", "-c", "echo up"]'
	file=$(echo $STORE/*/state)
	printf x | dd of="$file" bs=1 seek=5000 conv=notrunc 2>/dev/null
	run -1 h vm template verify
	[[ "$output" == *damaged* ]]
	began=$EPOCHREALTIME
	run --separate-stderr h run --isolation=vm cold
	echo "# booted and run: $began to $EPOCHREALTIME" >&3
	echo "$output / $stderr"
	[ "$status" -eq 0 ]
	[ "$output" = up ]
	[[ "$stderr" == *"template $(cat "$M/first"): damaged: the digest does not fit; the machine boots"* ]]
}

@test "template: remove takes it away" {
	h vm template remove "$(cat "$M/first")"
	[ -z "$(keys)" ]
	run ! h vm template remove "$(cat "$M/first")"
	[[ "$output" == *"there is no template"* ]]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# hull sandbox: limits of cgroups, each hit and reported, as root, as a user with a delegated cgroup, and the
# error of one without.  In a root file system of busybox, so that it needs nothing of the kernel's overlay.

bats_require_minimum_version 1.5.0
load helpers
load sandbox

setup() {
	sandbox_setup
	need_static_init
	make_rootfs "$WORK/rootfs"
	chmod 755 "$WORK" "$WORK/rootfs"
}

teardown() {
	sandbox_teardown
}

# For WHO: root; and session, a user with a session of systemd's (in the test machine with --user-session).
who_may() {
	echo root
	[ "${HULL_TEST_USER_SESSION:-}" != yes ] || echo session
}

# limited OPTIONS -- CMD...: in the root file system, with a report in $WORK/report.
limited() {
	local out result=0
	rm -f report
	if [ "$WHO" = session ]; then
		out=$(mktemp -d)
		chown "$HULL_TEST_USER" "$out"
		# shellcheck disable=SC2086 # words
		$HULL_TEST_AS_USER "$HULL" sandbox --strict --root "$WORK/rootfs" --overlay none --report "$out/report" "$@" || result=$?
		cp "$out/report" report && rm -r "$out"
		return $result
	fi
	box --strict --root rootfs --overlay none --report report "$@"
}

@test "sandbox: --mem ends what uses more, and the report says so" {
	need_controller memory
	for WHO in $(who_may); do
		run limited --mem 32M -- dd if=/dev/zero of=/dev/null bs=64M count=1
		[ "$status" -eq 137 ]
		[ "$(report .verdict)" = memory ]
		[ "$(report '.mem_events.oom_kill >= 1')" = true ]
		[ "$(report '[.limits.memory.asked, .limits.memory.enforced, .limits.memory.by, .mem_from] | join(" ")')" = "33554432 33554432 cgroup cgroup" ]
		[ "$(report '.mem_peak <= 33554432')" = true ]
		# Of several processes together, each within it.
		run limited --mem 32M -- sh -c 'for i in 1 2 3; do (dd if=/dev/zero bs=16M count=1 of=/dev/null; sleep 3) & done; dd if=/dev/zero bs=24M count=2 of=/tmp/x'
		[ "$(report .verdict)" = memory ]
		run limited --mem 32M -- true
		[ "$(report .verdict)" = ok ]
	done
}

@test "sandbox: memory that was touched is reported within 2 MiB" {
	local n peak
	! sanitized || skip "AddressSanitizer's own memory counts as well"
	for WHO in $(who_may); do
		for n in 16 64; do
			run limited -- dd if=/dev/zero of=/dev/null bs=${n}M count=1
			[ "$status" -eq 0 ]
			peak=$(report .mem_peak)
			echo "$WHO touched $n MiB, reported $((peak / 1024)) KiB from $(report .mem_from)"
			[ "$peak" -ge $((n << 20)) ]
			[ "$peak" -le $(((n + 2) << 20)) ]
		done
	done
}

@test "sandbox: --swap is what it may use beyond --mem, none if it is not given" {
	need_controller memory
	[ "$(tail -n +2 /proc/swaps)" ] || skip "no swap here"
	for WHO in $(who_may); do
		run limited --mem 32M --swap 64M -- dd if=/dev/zero of=/dev/null bs=48M count=1
		[ "$status" -eq 0 ]
		[ "$(report '[.limits.swap.enforced, .limits.swap.by] | join(" ")')" = "67108864 cgroup" ]
		run limited --mem 32M --swap 8M -- dd if=/dev/zero of=/dev/null bs=64M count=1
		[ "$(report .verdict)" = memory ]
	done
}

@test "sandbox: --pids refuses more, and the report says so" {
	need_controller pids
	for WHO in $(who_may); do
		run limited --pids 5 -- sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait; exit 1'
		[ "$status" -ne 0 ]
		[ "$(report .verdict)" = pids ]
		[ "$(report '.pids_refused >= 1 and .pids_peak <= 6')" = true ]
		[ "$(report '[.limits.pids.asked, .limits.pids.enforced, .limits.pids.by] | join(" ")')" = "5 6 cgroup" ]
	done
}

@test "sandbox: a fork bomb meets --pids, and the verdict says so" {
	need_controller pids
	for WHO in $(who_may); do
		run limited --pids 20 --wall 60s -- sh -c 'f() { f | f & f; }; f'
		[ "$status" -ne 0 ]
		[ "$(report .verdict)" = pids ]
		[ "$(report '.pids_refused >= 1 and .pids_peak == 21')" = true ] || { cat report && false; }
	done
}

@test "sandbox: with its controllers the profile judge enforces every limit" {
	need_controller memory
	need_controller cpu
	need_controller pids
	for WHO in $(who_may); do
		run limited --profile judge -- true
		[ "$status" -eq 0 ]
		[ "$(report '.runtime.degraded | length')" = 0 ]
		[ "$(report '[.limits[].enforced] | index(null)')" = null ]
		[ "$(report '[.limits[].by] | unique | join(" ")')" = "cgroup rlimit tmpfs watched" ]
	done
}

@test "sandbox: --cpus is a share, and --cpu-time counts what is used" {
	need_controller cpu
	for WHO in $(who_may); do
		# Half a processor for two seconds is one second of processor time, however fast the machine.
		run limited --cpus 0.5 --wall 2s -- sh -c 'while :; do :; done'
		[ "$(report .verdict)" = wall_time ]
		[ "$(report '.cpu_user_ns + .cpu_sys_ns <= 1400000000')" = true ] || { cat report && false; }
		[ "$(report '[.limits.cpus.enforced, .limits.cpus.by] | join(" ")')" = "500 cgroup" ]
		run limited --cpu-time 500ms --wall 60s -- sh -c 'spin() { while :; do :; done; }; spin & spin & wait'
		[ "$(report .verdict)" = cpu_time ]
		[ "$(report '.cpu_user_ns + .cpu_sys_ns >= 500000000')" = true ]
		[ "$(report .limits.cpuTimeMs.by)" = cgroup ]
	done
}

@test "sandbox: --cpuset keeps it on those processors" {
	need_controller cpuset
	[ "$(nproc)" -gt 1 ] || skip "one processor"
	WHO=root
	run limited --cpuset 1 -- sh -c 'grep Cpus_allowed_list /proc/self/status; taskset 1 true'
	[[ $output == *"Cpus_allowed_list:"*1* ]]
	[ "$status" -ne 0 ]
	[ "$(report '[.limits.cpuset.asked, .limits.cpuset.enforced, .limits.cpuset.by] | join(" ")')" = "1 1 cgroup" ]
}

@test "sandbox: without delegation --strict names the controller" {
	local option controller
	WHO=user
	while read -r option value controller; do
		run -125 limited "$option" "$value" -- true
		[[ $output == *"${option#--} cannot be enforced"*"$controller controller"* ]] || { echo "$output" && false; }
		[ "$(report .verdict)" = setup_error ]
	done <<-'END'
		--mem 64M memory
		--swap 1M memory
		--cpus 1 cpu
		--cpuset 0 cpuset
	END
}

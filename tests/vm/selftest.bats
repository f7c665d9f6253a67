#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The test machine, seen from inside: tests/vm/run [--init=systemd [--user-session]] tests/vm/selftest.bats

bats_require_minimum_version 1.5.0

setup() {
	[ -n "${HULL_TEST_VM:-}" ] || skip "not in the test machine (tests/vm/run)"
}

needs_systemd() {
	[ "$HULL_TEST_VM" = systemd ] || skip "needs --init=systemd"
}

needs_user_session() {
	needs_systemd
	[ "$HULL_TEST_USER_SESSION" = yes ] || skip "needs --user-session"
}

# The cgroup that this test may make children in: the root, or the one systemd delegated.
own_cgroup() {
	echo "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)"
}

@test "cgroups: version 2 alone, mounted with nsdelegate" {
	[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]
	grep -q '^[^ ]* /sys/fs/cgroup cgroup2 [^ ]*nsdelegate' /proc/mounts
	run ! grep -q '^[^ ]* [^ ]* cgroup ' /proc/mounts
}

@test "cgroups: every controller is there" {
	local name

	for name in cpu cpuset io memory pids hugetlb rdma misc; do
		grep -qw "$name" /sys/fs/cgroup/cgroup.controllers
	done
}

@test "cgroups: every controller can be used in a child of the root" {
	local name dir=/sys/fs/cgroup/selftest

	for name in $(</sys/fs/cgroup/cgroup.controllers); do
		[ "$HULL_TEST_VM" = systemd ] || grep -qw "$name" /sys/fs/cgroup/cgroup.subtree_control
		echo "+$name" >/sys/fs/cgroup/cgroup.subtree_control
	done
	mkdir $dir
	for name in cpu.max cpu.weight cpuset.cpus io.max io.weight memory.max memory.swap.max pids.max \
		hugetlb.2MB.max rdma.max misc.max cgroup.kill cgroup.freeze; do
		[ -e $dir/$name ] || break
	done
	rmdir $dir
	echo "last file looked at: $name"
	[ "$name" = cgroup.freeze ]
}

@test "capabilities: all that the kernel knows" {
	local last wanted

	last=$(cat /proc/sys/kernel/cap_last_cap)
	wanted=$(printf '%016x' $(((1 << (last + 1)) - 1)))
	[ "$(awk '/^CapEff/ { print $2 }' /proc/self/status)" = "$wanted" ]
	[ "$(awk '/^CapBnd/ { print $2 }' /proc/self/status)" = "$wanted" ]
}

@test "kvm: runs a guest" {
	cc -O1 -Wall -Werror -o "$BATS_TEST_TMPDIR/kvm-probe" "$BATS_TEST_DIRNAME/kvm-probe.c"
	run timeout 60 "$BATS_TEST_TMPDIR/kvm-probe"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "a guest ran" ]
}

@test "kvm: an ordinary user may open it" {
	setpriv --reuid 2000 --regid 2000 --clear-groups bash -c 'exec <>/dev/kvm'
}

@test "memory: two nodes, both with pages" {
	[ "$(cat /sys/devices/system/node/has_memory)" = 0-1 ]
	[ "$(cat /sys/fs/cgroup/cpuset.mems.effective)" = 0-1 ]
}

@test "memory: huge pages are reserved" {
	[ "$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages)" -ge 16 ]
}

@test "memory: a cgroup over its limit swaps" {
	local dir

	[ "$(wc -l </proc/swaps)" -ge 2 ]
	dir=/sys/fs/cgroup/selftest-swap
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir $dir
	echo 16M >$dir/memory.max
	bash -c "echo 0 >$dir/cgroup.procs; exec perl -e '\$x = \"x\" x (32 << 20); print length \$x'" >"$BATS_TEST_TMPDIR/length"
	cat $dir/memory.events $dir/memory.swap.peak || true
	[ "$(cat "$BATS_TEST_TMPDIR/length")" = $((32 << 20)) ]
	[ "$(awk '/^max / { print $2 }' $dir/memory.events)" -gt 0 ]
	[ "$(awk '/^oom_kill / { print $2 }' $dir/memory.events)" = 0 ]
	rmdir $dir
}

@test "disk: a block device whose reads io.max slows down" {
	local dir=/sys/fs/cgroup/selftest-io started

	[ -b "$HULL_TEST_DISK" ]
	echo +io >/sys/fs/cgroup/cgroup.subtree_control
	mkdir $dir
	echo "$(lsblk -dno MAJ:MIN "$HULL_TEST_DISK" | tr -d ' ') rbps=1048576" >$dir/io.max
	started=$SECONDS
	bash -c "echo 0 >$dir/cgroup.procs; exec dd if=$HULL_TEST_DISK of=/dev/null bs=64k count=48 iflag=direct"
	rmdir $dir
	[ $((SECONDS - started)) -ge 2 ]
}

@test "devices: the links to file descriptors" {
	[ "$(echo abc | cat /dev/fd/0)" = abc ]
	[ "$(echo abc | cat /dev/stdin)" = abc ]
	[ "$(bash -c 'echo abc >/dev/stdout')" = abc ]
	[ "$(bash -c 'echo abc >/dev/stderr' 2>&1)" = abc ]
}

@test "devices: fuse, tun and loop come up on use" {
	bash -c "exec <>/dev/fuse && exec <>/dev/net/tun && exec <>/dev/loop-control"
	[ -d /sys/module/fuse ]
	[ -d /sys/module/tun ]
	[ -d /sys/module/loop ]
}

@test "modules: a network device's type loads its own" {
	ip link add selftest0 type veth peer name selftest1
	ip link del selftest0
}

@test "files: the root can be written and stays here" {
	echo changed >"/usr/selftest.$$"
	[ "$(cat "/usr/selftest.$$")" = changed ]
	[ "$(findmnt -no FSTYPE /)" = overlay ]
}

@test "files: temporary ones are on tmpfs, not on the overlay" {
	[ "$(stat -fc %T "$BATS_TEST_TMPDIR")" = tmpfs ]
}

@test "mounts: the root is shared, as a system's is" {
	[ "$(findmnt -no PROPAGATION /)" = shared ]
}

@test "test user: is known and has subordinate ids" {
	[ "$(id -u "$HULL_TEST_USER")" = 2000 ]
	grep -qx "$HULL_TEST_USER:200000:65536" /etc/subuid
	grep -qx "$HULL_TEST_USER:200000:65536" /etc/subgid
	[ "$("$HULL_TEST_AS_USER" id -un)" = "$HULL_TEST_USER" ]
}

@test "systemd: is PID 1 and content" {
	needs_systemd
	[ "$(cat /proc/1/comm)" = systemd ]
	run systemctl is-system-running
	echo "$output"
	[[ $output == running || $output == starting ]]
	[ -z "$(systemctl --failed --no-legend)" ]
}

@test "systemd: answers on D-Bus and makes a scope" {
	needs_systemd
	busctl get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 \
		org.freedesktop.systemd1.Manager Version | grep -q '^s "'
	# shellcheck disable=SC2016 # expanded in the scope
	run systemd-run --quiet --scope --unit=selftest -p MemoryMax=64M -p TasksMax=50 \
		bash -c 'd=/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup); cat $d/memory.max $d/pids.max'
	echo "$output"
	[ "$output" = "$(printf '67108864\n50')" ]
}

@test "systemd: the command's own cgroup is delegated" {
	needs_systemd
	mkdir "$(own_cgroup)/selftest"
	rmdir "$(own_cgroup)/selftest"
}

@test "user session: its service manager runs" {
	needs_user_session
	run "$HULL_TEST_AS_USER" systemctl --user is-system-running
	echo "$output"
	[ "$output" = running ]
}

@test "user session: memory, pids and cpu are delegated" {
	needs_user_session
	cat >"$BATS_TEST_TMPDIR/delegated" <<-'END'
		set -eu
		dir=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
		mkdir "$dir/inside" "$dir/child"
		echo $$ >"$dir/inside/cgroup.procs"
		echo "+memory +pids +cpu" >"$dir/cgroup.subtree_control"
		echo 32M >"$dir/child/memory.max"
		echo 20 >"$dir/child/pids.max"
		echo "50000 100000" >"$dir/child/cpu.max"
		cat "$dir/child/memory.max" "$dir/child/pids.max" "$dir/child/cpu.max"
	END
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	run "$HULL_TEST_AS_USER" bash "$BATS_TEST_TMPDIR/delegated"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "$(printf '33554432\n20\n50000 100000')" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What is written to /proc goes to the kernel's, not to what the container has in its place.

bats_require_minimum_version 1.5.0
load ../system/helpers
load attack

setup() {
	need_root
	make_bundle
	config '.root.readonly = false | del(.linux.seccomp) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
}

teardown() {
	clean_up
}

# A container whose root has covered /proc with files of its own.
fake_proc() {
	all_caps CAP_SYS_ADMIN
	program sh -c 'mkdir /tmp/keep && mount -t tmpfs fake /proc && for d in self thread-self 1; do
		mkdir -p /proc/$d/attr/apparmor; for f in oom_score_adj attr/exec attr/keycreate attr/apparmor/exec status; do : >/proc/$d/$f; done; done
		mkdir -p /proc/sys; echo >/proc/ready; echo >/tmp/ready; exec sleep 1000'
	hull run -d "$ID"
	until_true test -e rootfs/tmp/ready
}

unwritten() {
	run -0 hull exec "$ID" sh -c 'find /proc -type f ! -name ready -size +0'
	[ -z "$output" ]
}

@test "CVE-2019-16884, CVE-2025-52881: oom_score_adj of an exec is the kernel's, /proc being covered" {
	fake_proc
	jq -n '{cwd: "/", args: ["/bin/sleep", "900"], user: {uid: 0, gid: 0}, oomScoreAdj: 345}' >p.json
	hull exec -d -p p.json --pid-file pid "$ID"
	[ "$(cat "/proc/$(cat pid)/oom_score_adj")" = 345 ]
	unwritten
}

# CVE-2025-62596 as well.
@test "CVE-2019-16884, CVE-2023-28642: a label goes to the kernel's attr file, /proc being covered" {
	grep -qs Y /sys/module/apparmor/parameters/enabled || skip "AppArmor is not in force here"
	fake_proc
	run hull exec --apparmor no-such-profile "$ID" true
	[ "$status" -eq 125 ] # the kernel knows none such; a fake would have taken it
	run -0 hull exec --apparmor unconfined "$ID" true
	unwritten
}

@test "CVE-2019-16884, CVE-2023-28642: SELinux: a label goes to the kernel's attr files, /proc being covered" {
	[ "${HULL_TEST_LSM:-}" = selinux ] || skip "SELinux is not in force here (tests/vm/run --lsm=selinux)"
	fake_proc
	run hull exec --process-label system_u:system_r:nothere_t:s0 "$ID" true
	[ "$status" -eq 125 ]
	hull exec -d --pid-file pid --process-label system_u:system_r:container_t:s0:c1 "$ID" sleep 1000
	[ "$(tr -d '\0' <"/proc/$(cat pid)/attr/current")" = system_u:system_r:container_t:s0:c1 ]
	unwritten
}

@test "CVE-2019-16884: a label that cannot be given is an error, not left out" {
	[ ! -e /sys/module/apparmor ] || skip "AppArmor may be in force here"
	[ ! -e /sys/fs/selinux/enforce ] || skip "SELinux may be in force here"
	config '.process.apparmorProfile = "container-default"'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *process.apparmorProfile* ]]
	config 'del(.process.apparmorProfile) | .process.selinuxLabel = "system_u:system_r:container_t:s0"'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *process.selinuxLabel* ]]
	config 'del(.process.selinuxLabel)'
	program sleep 1000
	hull run -d "$ID"
	run hull exec --apparmor container-default "$ID" true
	[ "$status" -eq 125 ]
	run hull exec --process-label system_u:system_r:container_t:s0 "$ID" true
	[ "$status" -eq 125 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Profiles of AppArmor, really loaded: who is confined by them, from when on, and what if there is none.

bats_require_minimum_version 1.5.0
load helpers
load labels
load ../security/attack

setup() {
	need_root
	grep -qs Y /sys/module/apparmor/parameters/enabled || skip "AppArmor is not in force here"
	command -v apparmor_parser >/dev/null || skip "needs apparmor_parser (Debian: apt-get install apparmor)"
	make_bundle
	PROFILE=hull-test-$$
	load_profile "$PROFILE" 'deny /forbidden rw,'
	config 'del(.linux.seccomp) | .process.apparmorProfile = $p' --arg p "$PROFILE"
	echo secret >rootfs/forbidden
	echo ours >rootfs/ours
	chmod 666 rootfs/{forbidden,ours}
}

teardown() {
	clean_up
	[ -z "${PROFILE:-}" ] || unload_profile "$PROFILE"
}

load_profile() { # NAME RULES
	printf 'profile %s flags=(attach_disconnected,mediate_deleted) {\n\tfile,\n\tcapability,\n\tsignal,\n\tumount,\n\tmount,\n\t%s\n}\n' \
		"$1" "$2" | apparmor_parser -r -K
}

unload_profile() { # NAME
	printf 'profile %s {\n}\n' "$1" | apparmor_parser -R
}

# What a program tells about itself: its profile, and what it can read.
TELL='cat /proc/self/attr/current /ours /forbidden'
confined() {
	echo "$output"
	[ "${lines[0]}" = "$PROFILE (enforce)" ]
	[[ $output == *ours* ]]
	[[ $output == *"'/forbidden': Permission denied"* ]]
}

runs_confined() {
	program sh -c "$TELL"
	run hull run "$ID"
	confined
	config 'del(.process.apparmorProfile)'
	run -0 hull run "$ID"
	[[ $output == unconfined*secret ]]
	config '.process.apparmorProfile = $p' --arg p "$PROFILE"
}

@test "apparmorProfile: the program is confined by it" {
	each_kind runs_confined
}

executes_confined() {
	program sleep 1000
	hull run -d "$ID"
	[ "$(cat "/proc/$(pid_of "$ID")/attr/current")" = "$PROFILE (enforce)" ]
	run hull exec "$ID" sh -c "$TELL"
	confined
	run -0 hull exec --apparmor unconfined "$ID" sh -c "$TELL"
	[[ $output == unconfined*secret ]]
	jq '.process | .apparmorProfile = "unconfined" | .args = ["sh", "-c", $t]' --arg t "$TELL" config.json >p.json
	run -0 hull exec --process p.json "$ID"
	[[ $output == unconfined*secret ]]
	jq '.process | del(.apparmorProfile) | .args = ["sh", "-c", $t]' --arg t "$TELL" config.json >p.json
	run hull exec --process p.json "$ID"
	confined
	config 'del(.process.apparmorProfile)'
	hull delete --force "$ID"
	hull run -d "$ID"
	run hull exec --apparmor "$PROFILE" "$ID" sh -c "$TELL"
	confined
	config '.process.apparmorProfile = $p' --arg p "$PROFILE"
	hull delete --force "$ID"
}

@test "apparmorProfile: exec has the container's, or the one it asks for" {
	each_kind executes_confined
}

@test "apparmorProfile: a program of another user, from create on, with a filter" {
	config '.process.user = {uid: 1000, gid: 1000} | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["openat2", "fsopen", "open_tree", "mount_setattr"], action: "SCMP_ACT_ERRNO"}]}'
	for privileges in true false; do
		config '.process.noNewPrivileges = $p' --argjson p "$privileges"
		program sh -c "$TELL; exec sleep 1000"
		hull create "$ID" >out 2>&1
		hull start "$ID"
		until_true grep -q forbidden out
		output=$(<out)
		lines=("$(head -n 1 out)")
		confined
		hull delete --force "$ID"
	done
}

@test "apparmorProfile: one that is not loaded fails create, and leaves nothing" {
	config '.process.apparmorProfile = "hull-test-nothere"'
	fails_create "set the label: process.apparmorProfile: no such profile is loaded: write \"exec hull-test-nothere\" to /proc/self/attr/apparmor/exec: no such file or directory"
	config '.process.apparmorProfile = $p' --arg p "$PROFILE"
	program sleep 1000
	hull run -d "$ID"
	run hull exec --apparmor hull-test-nothere "$ID" true
	[ "$status" -eq 125 ]
	[[ $output == *"process.apparmorProfile: no such profile is loaded"* ]]
	has_status "$ID" running
}

@test "apparmorProfile: hooks of the image are confined, those of the runtime are not" {
	run_hooks "cat /proc/self/attr/current"
	[ "$(cat "$LABELS")" = "unconfined
unconfined
$PROFILE (enforce)
unconfined" ]
}

# Nothing of the image's, and nothing that config.json puts on /proc, is where the profile is asked for.
@test "CVE-2019-16884, CVE-2025-52881: apparmorProfile: whatever the image has in the place of /proc" {
	local id

	for id in self thread-self 1; do
		mkdir -p "rootfs/proc/$id/attr/apparmor"
		for file in attr/exec attr/current attr/apparmor/exec; do
			: >"rootfs/proc/$id/$file"
		done
	done
	chmod -R a+rwX rootfs/proc
	echo secret >rootfs/forbidden
	for id in none masked readonly; do
		case $id in
		none) config '.mounts |= map(select(.type != "proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []' ;;
		masked) config '.linux.maskedPaths = ["/proc"]' ;;
		readonly) config '.linux.maskedPaths = [] | .linux.readonlyPaths = ["/proc"]' ;;
		esac
		program sleep 1000
		hull run -d "$ID"
		[ "$(cat "/proc/$(pid_of "$ID")/attr/current")" = "$PROFILE (enforce)" ]
		run hull exec "$ID" cat /forbidden
		[[ $output == *"Permission denied"* ]]
		hull delete --force "$ID"
	done
	[ -z "$(find rootfs/proc -type f -size +0)" ]
}

# The steps that set the label and those that lock mounts share a procfs.
@test "apparmorProfile: in a user namespace with CAP_SYS_ADMIN mounts are locked as without it" {
	userns
	all_caps CAP_SYS_ADMIN
	mkdir rootfs/masked
	echo secret >rootfs/masked/file
	config '.linux.maskedPaths += ["/masked"]'
	program sh -c 'umount /masked; cat /proc/self/attr/current /masked/file; mount -t tmpfs x /tmp && echo can mount'
	run hull run "$ID"
	echo "$output"
	[[ $output == *"$PROFILE (enforce)"*"can mount"* ]]
	[[ $output != *secret* ]]
	[[ $output != *"can undo"* ]]
}

@test "a host with AppArmor: selinuxLabel is refused, unconfined is no profile" {
	config '.process.selinuxLabel = "a:b:c:s0" | .process.apparmorProfile = "unconfined"'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"process.selinuxLabel: SELinux is not in force on this host"* ]]
	config 'del(.process.selinuxLabel)'
	program cat /proc/self/attr/current
	run -0 hull run "$ID"
	[ "$output" = unconfined ]
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every system test stands on.  HULL names the program (default: hull in build/).
#
#	load helpers
#	setup() { make_bundle; }
#	teardown() { clean_up; }
#	@test "run: the exit status is the program's" {
#		config '.process.args = ["sh", "-c", "exit 7"]'
#		run hull run "$ID"
#		[ "$status" -eq 7 ]
#	}

HULL=${HULL:-$BATS_TEST_DIRNAME/../../build/hull}
BUSYBOX=${BUSYBOX:-/bin/busybox}

# hull ARGS...: with a directory of states of this test's own.
hull() {
	"$HULL" --root "$STATES" "$@"
}

# A bundle in $BUNDLE with a busybox root file system, the default config.json without a terminal,
# and an id in $ID; the test's current directory is the bundle.
make_bundle() {
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	STATES=$BATS_TEST_TMPDIR/states
	ID=t$$-$BATS_TEST_NUMBER
	mkdir -p "$BUNDLE"
	make_rootfs "$BUNDLE/rootfs"
	cd "$BUNDLE" || return 1
	"$HULL" spec
	config '.process.terminal = false | .process.args = ["true"]'
}

make_rootfs() {
	local d=$1 applet
	mkdir -p "$d"/{bin,dev,etc,proc,root,sys,tmp,run,var}
	cp "$BUSYBOX" "$d/bin/busybox"
	for applet in $("$BUSYBOX" --list); do
		[ -e "$d/bin/$applet" ] || ln -s busybox "$d/bin/$applet"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$d/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' >"$d/etc/group"
}

# config JQ-FILTER [jq options]: changes config.json.
config() {
	local filter=$1
	shift
	jq "$filter" config.json "$@" >config.json.new && mv config.json.new config.json
}

# program ARGS...: what the container runs.
program() {
	config '.process.args = $ARGS.positional' --args -- "$@"
}

state_of() {
	hull state "$1" | jq -r .status
}

pid_of() {
	hull state "$1" | jq -r .pid
}

# until_true COMMAND...: tries for ten seconds.
until_true() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

has_status() {
	[ "$(state_of "$1")" = "$2" ]
}

cgroup_root() {
	awk '$9 == "cgroup2" || $10 == "cgroup2" { print $5; exit }' <(sed 's/ - / - /' /proc/self/mountinfo)
}

# Skips unless controller $1 can be used here; the test VM has them all.
need_controller() {
	grep -qw "$1" "$(cgroup_root)/cgroup.controllers" ||
		skip "no $1 controller in cgroup v2 here (the test VM has it)"
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

# After each test nothing may be left: no state, no cgroup, no process of ours.
clean_up() {
	local id left
	cd / || return
	[ -d "$STATES" ] || return 0
	for id in $(hull list -q); do
		hull delete --force "$id"
	done
	left=$(ls -A "$STATES")
	[ -z "$left" ] || echo "left in $STATES: $left" >&2
	[ -z "$left" ]
}

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

# The root file system is made once per run and copied for each test.
make_rootfs() {
	local applet first=$BATS_RUN_TMPDIR/rootfs
	if [ ! -d "$first" ]; then
		mkdir -p "$first.new"/{bin,dev,etc,proc,root,sys,tmp,run,var}
		cp "$BUSYBOX" "$first.new/bin/busybox"
		for applet in $("$BUSYBOX" --list); do
			[ "$applet" = busybox ] || ln -s busybox "$first.new/bin/$applet"
		done
		printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$first.new/etc/passwd"
		printf 'root:x:0:\nuser:x:1000:\n' >"$first.new/etc/group"
		mv "$first.new" "$first"
	fi
	cp -a "$first" "$1"
}

# config JQ-FILTER [jq options]: changes config.json.
config() {
	jq "$@" <config.json >config.json.new && mv config.json.new config.json
}

# json_array WORDS...: as JSON (jq would take words that begin with "-" as its options).
json_array() {
	local word out=
	for word; do
		word=${word//\\/\\\\}
		word=${word//\"/\\\"}
		word=${word//$'\n'/\\n}
		word=${word//$'\t'/\\t}
		out+=,\"$word\"
	done
	printf '[%s]' "${out#,}"
}

# program ARGS...: what the container runs.
program() {
	config '.process.args = $args' --argjson args "$(json_array "$@")"
}

# config_words JQ-FILTER WORDS...: the words are $w in the filter.
config_words() {
	local filter=$1
	shift
	config "$filter" --argjson w "$(json_array "$@")"
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

# Cgroups and processes whose cgroup carries this test's id, and what lies in its directory of states.
leftovers() {
	ls -A "$STATES" 2>/dev/null
	find "$(cgroup_root)" -depth -type d -name "*$ID*" 2>/dev/null
	grep -l "0::.*$ID\$" /proc/[0-9]*/cgroup 2>/dev/null # not of zombies: "(deleted)"
	return 0
}

nothing_left() {
	[ -z "$(leftovers)" ]
}

# After each test nothing may be left: no state, no cgroup, no process of ours.
clean_up() {
	local id
	cd / || return
	[ -d "$STATES" ] || return 0
	for id in $(ls -A "$STATES"); do
		hull delete --force "$id"
	done
	nothing_left || leftovers >&2
	nothing_left
}

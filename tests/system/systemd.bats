#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The cgroup manager "systemd": scopes, their properties, reloads, what delete leaves.  Runs in the test
# VM with --init=systemd (and --user-session for the user's own systemd).

bats_require_minimum_version 1.5.0
load helpers

setup() {
	[ "${HULL_TEST_VM:-}" = systemd ] || skip "systemd is not PID 1 here (tests/vm/run --init=systemd)"
	helper=$(dirname "$HULL")/hull-systemd
	[ -x "$helper" ] || skip "hull-systemd was not built: libsystemd is missing"
	# The machine's file system has that of whoever installed hull here.
	cmp -s "$helper" /usr/local/libexec/hull/hull-systemd || install -D "$helper" /usr/local/libexec/hull/hull-systemd
	make_bundle
	program sleep 1000
	UNIT=hull-$ID.scope
	config '.linux.cgroupsPath = $p' --arg p ":hull:$ID"
}

teardown() {
	[ -z "${STATES:-}" ] || clean_up
}

limits() {
	config ".linux.resources += $1"
}

shull() {
	hull --systemd-cgroup "$@"
}

# property NAME TEXT: what systemd says of the scope.
property() {
	local found
	found=$(systemctl show -P "$1" "$UNIT")
	[ "$found" = "$2" ] || {
		echo "$1: expected $2, found $found"
		return 1
	}
}

cgroup_of() {
	echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of "$1")/cgroup")"
}

says() {
	[ "$(cat "$(cgroup_of "$ID")/$1")" = "$2" ] || {
		echo "$1: expected $2, found $(cat "$(cgroup_of "$ID")/$1")"
		return 1
	}
}

unit_gone() {
	[ "$(systemctl show -P LoadState "$UNIT")" = not-found ]
}

@test "systemd: a scope in system.slice, kill, delete" {
	shull run -d "$ID"
	[ "$(cgroup_of "$ID")" = "/sys/fs/cgroup/system.slice/$UNIT" ]
	property ActiveState active
	property Slice system.slice
	property Delegate yes
	run -0 hull exec "$ID" cat /proc/self/cgroup # without the option: the state knows
	[ "$output" = "0::/" ]
	run -0 hull ps --format json "$ID"
	[ "$output" = "[$(pid_of "$ID")]" ]
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
	hull delete "$ID"
	unit_gone
	[ ! -e "/sys/fs/cgroup/system.slice/$UNIT" ]
}

@test "systemd: slices of others, nested; names without a prefix; --cgroup-manager=systemd" {
	config '.linux.cgroupsPath = $p' --arg p "a$$-b.slice:pre:$ID"
	hull --cgroup-manager=systemd run -d "$ID"
	[ "$(cgroup_of "$ID")" = "/sys/fs/cgroup/a$$.slice/a$$-b.slice/pre-$ID.scope" ]
	hull delete --force "$ID"
	config '.linux.cgroupsPath = $p' --arg p "machine.slice::$ID"
	hull --cgroup-manager=systemd run -d "$ID"
	[ "$(cgroup_of "$ID")" = "/sys/fs/cgroup/machine.slice/$ID.scope" ]
	hull delete --force "$ID"
	config '.linux.cgroupsPath = $p' --arg p "/a/path"
	run hull --cgroup-manager=systemd run "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *'linux.cgroupsPath: expected "slice:prefix:name" for systemd'* ]]
}

@test "systemd: limits are properties and values of files" {
	limits '{memory: {limit: 67108864, reservation: 33554432, swap: 100663296},
		cpu: {shares: 1024, quota: 50000, period: 100000, cpus: "0", mems: "0"}, pids: {limit: 42},
		unified: {"memory.high": "50331648", "memory.min": "1048576"}}'
	shull run -d "$ID"
	property MemoryMax 67108864
	property MemoryLow 33554432
	property MemorySwapMax 33554432
	property MemoryHigh 50331648
	property MemoryMin 1048576
	property CPUWeight 100
	property CPUQuotaPerSecUSec 500ms
	property TasksMax 42
	property AllowedCPUs 0
	property AllowedMemoryNodes 0
	says memory.max 67108864
	says memory.swap.max 33554432
	says memory.high 50331648
	says cpu.max "50000 100000"
	says pids.max 42
	says cpuset.cpus 0
}

@test "systemd: limits that this systemd has no property for are in the files" {
	limits '{unified: {"memory.zswap.max": "1M", "memory.max": "64M"}}'
	[ -e "$(cgroup_root)/system.slice/memory.zswap.max" ] || limits '{unified: {"memory.max": "64M"}}'
	shull run -d "$ID"
	property MemoryMax 67108864
	says memory.max 67108864
	[ ! -e "$(cgroup_of "$ID")/memory.zswap.max" ] || says memory.zswap.max 1048576
	systemctl daemon-reload
	says memory.max 67108864
}

# A job waits for those of the units that it has to come after.
@test "systemd: a job that does not end: what was waited for is named, and the unit does not come later" {
	systemd-run --quiet --no-block --unit="slow-$ID" -p Type=oneshot sleep 1000
	until_true eval '[ "$(systemctl show -P ActiveState "slow-$ID")" = activating ]'
	config '.annotations = {"org.systemd.property.After": "['"'slow-$ID.service'"']"}'
	run shull --timeout=4s run -d "$ID"
	systemctl stop "slow-$ID"
	echo "$output"
	[ "$status" -eq 125 ]
	[[ $output == *"start $UNIT: waited 4 s (--timeout) for systemd to finish "* ]]
	until_true unit_gone
	until_true nothing_left
}

@test "systemd: a reload changes neither limits nor device rules" {
	limits '{memory: {limit: 67108864}, pids: {limit: 42}, cpu: {quota: 12345, period: 100000}}'
	config '.linux.resources.devices = [{allow: false, access: "rwm"}] | .root.readonly = false |
		.process.capabilities |= with_entries(.value += ["CAP_MKNOD", "CAP_SYSLOG"])'
	shull run -d "$ID"
	property CPUQuotaPerSecUSec 130ms # whole percents, rounded up
	says cpu.max "13000 100000"
	systemctl daemon-reload
	systemctl set-property --runtime "$UNIT" Description=changed
	says memory.max 67108864
	says pids.max 42
	says cpu.max "13000 100000"
	hull exec "$ID" mknod /run/kmsg c 1 11
	run hull exec "$ID" sh -c ': </run/kmsg'
	[ "$status" -ne 0 ]
	[[ $output == *"peration not permitted"* ]]
	hull exec "$ID" sh -c ': </dev/null'
	run -0 hull exec -t "$ID" sh -c 'echo open >/dev/tty' </dev/null
	[[ $output == open* ]]
	property NeedDaemonReload no
}

@test "systemd: update changes properties and files, a paused container stays paused" {
	limits '{memory: {limit: 67108864}, cpu: {quota: 50000, period: 100000}}'
	shull run -d "$ID"
	hull pause "$ID"
	hull update --memory 50M --pids-limit 10 --cpu-share 2 --cpu-period 50000 "$ID"
	property MemoryMax 52428800
	property TasksMax 10
	property CPUWeight 1
	property CPUQuotaPerSecUSec 1s
	says memory.max 52428800
	says cpu.max "50000 50000"
	has_status "$ID" paused
	hull update --cpu-quota -1 --memory -1 "$ID"
	property CPUQuotaPerSecUSec infinity
	property MemoryMax infinity
	# To systemd a unit without a quota has no period of its own.
	hull update --cpu-quota 12345 "$ID"
	property CPUQuotaPerSecUSec 130ms
	says cpu.max "13000 100000"
	hull update --cpuset-cpus 1 "$ID"
	property AllowedCPUs 1
	systemctl daemon-reload
	says memory.max max
	says pids.max 10
	has_status "$ID" paused
	hull resume "$ID"
	has_status "$ID" running
}

@test "systemd: idle and a weight exclude each other" {
	limits '{cpu: {shares: 1024, idle: 1}}'
	shull run -d "$ID" >out 2>&1
	grep -q "unable to apply both" out
	says cpu.idle 1
	property CPUWeight idle || property CPUWeight 0
}

@test "systemd: properties by annotation" {
	config '.annotations = {"org.systemd.property.TimeoutStopUSec": "uint64 7000000",
		"org.systemd.property.KillSignal": "15", "org.systemd.property.CollectMode": "'"'inactive'"'",
		"org.systemd.property.After": "['"'sysinit.target'"']",
		"org.systemd.property.RuntimeMaxSec": "1234"}'
	shull run -d "$ID"
	property TimeoutStopUSec 7s
	property KillSignal 15
	property CollectMode inactive
	property RuntimeMaxUSec "20min 34s"
	[[ $(systemctl show -P After "$UNIT") == *sysinit.target* ]]
	hull delete --force "$ID"
	while IFS='|' read -r name value words; do
		config '.annotations = {("org.systemd.property." + $n): $v}' --arg n "$name" --arg v "$value"
		run shull run -d "$ID"
		[ "$status" -ne 0 ]
		[[ $output == *"$words"* ]]
		unit_gone
	done <<-'END'
		TimeoutStopUSec|uint64|org.systemd.property.TimeoutStopUSec: expected
		TimeoutStopUSec|'x|without its closing quote
		No Such|1|is not the name of a property
		Nonsense|1|Nonsense
	END
}

@test "systemd: one whose processes run already, and one that failed" {
	shull run -d "$ID"
	cp -a "$BUNDLE" "$BUNDLE.2"
	run shull run -d -b "$BUNDLE.2" "$ID-b"
	[ "$status" -ne 0 ]
	[[ $output == *"$UNIT"* ]]
	hull delete --force "$ID"
	# A scope that failed keeps its name until it is reset.
	systemd-run --quiet --scope --unit="$UNIT" -p RuntimeMaxSec=1 sleep 100 || :
	until_true eval '[ "$(systemctl show -P ActiveState "$UNIT")" = failed ]'
	shull run -d "$ID"
	hull delete --force "$ID"
	unit_gone
}

@test "systemd: out of memory leaves no failed unit after delete" {
	limits '{memory: {limit: 33554432, swap: 33554432}}'
	config '.annotations = {"org.systemd.property.CollectMode": "'"'inactive'"'"}'
	program tail /dev/zero
	run shull run --keep "$ID"
	[ "$status" -eq 137 ]
	hull delete "$ID"
	unit_gone
}

@test "systemd: what is nested goes along" {
	config '(.mounts[] | select(.type == "cgroup") | .options) -= ["ro"]'
	program sh -c 'mkdir -p /sys/fs/cgroup/a/b && { sleep 1000 & echo $! >/sys/fs/cgroup/a/b/cgroup.procs; } && exec sleep 1000'
	shull run -d "$ID"
	until_true grep -qs . "$(cgroup_of "$ID")/a/b/cgroup.procs"
	hull delete --force "$ID"
	unit_gone
	[ ! -e "/sys/fs/cgroup/system.slice/$UNIT" ]
}

@test "systemd: a failure in create leaves nothing" {
	program /no/such
	run -127 shull run "$ID"
	unit_gone
	limits '{unified: {"memory.max": "nonsense"}}'
	run shull run "$ID"
	[ "$status" -ne 0 ]
	unit_gone
}

@test "systemd: subgroup and delegate-cgroup: the container is below its scope, which has the limits" {
	limits '{pids: {limit: 50}}'
	config '.annotations = {"run.oci.systemd.subgroup": "container", "run.oci.delegate-cgroup": "payload"}'
	shull run -d "$ID"
	[ "$(cgroup_of "$ID")" = "/sys/fs/cgroup/system.slice/$UNIT/container/payload" ]
	[ "$(cat "/sys/fs/cgroup/system.slice/$UNIT/pids.max")" = 50 ]
	says pids.max max
	property TasksMax 50
	hull exec -d --pid-file exec.pid "$ID" sleep 1000
	grep -qx "0::/system.slice/$UNIT/container/payload" "/proc/$(cat exec.pid)/cgroup"
	hull update --pids-limit 60 "$ID"
	[ "$(cat "/sys/fs/cgroup/system.slice/$UNIT/pids.max")" = 60 ]
	says pids.max max
	hull pause "$ID"
	hull resume "$ID"
	hull delete --force "$ID"
	unit_gone
	[ ! -e "/sys/fs/cgroup/system.slice/$UNIT" ]
	config '.annotations = {"run.oci.systemd.subgroup": ""}'
	shull run -d "$ID"
	[ "$(cgroup_of "$ID")" = "/sys/fs/cgroup/system.slice/$UNIT" ]
}

@test "systemd: the program is missing" {
	hull features | jq -e '.linux.cgroup | .systemd and .systemdUser'
	hull check --json | jq -e '.checks[] | select(.name == "manager systemd") | .state == "ok"'
	mv /usr/local/libexec/hull/hull-systemd /usr/local/libexec/hull/away
	hull features | jq -e '.linux.cgroup | .systemd == false and .systemdUser == false'
	hull check --json >check.json || :
	jq -e '.checks[] | select(.name == "manager systemd") | .state == "no" and .found == "hull-systemd is missing"' check.json
	run shull run "$ID"
	mv /usr/local/libexec/hull/away /usr/local/libexec/hull/hull-systemd
	[ "$status" -eq 125 ]
	[[ $output == *"/usr/local/libexec/hull/hull-systemd is missing"* ]]
}

@test "hull-systemd: a bus that does not work: it asks systemd itself" {
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
while True:
    s.accept()[0].close()' "$PWD/bad" 3>&- &
	until_true test -S bad
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/bad run /usr/local/libexec/hull/hull-systemd --timeout=20 stop "none-$ID.scope"
	kill $!
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "hull-systemd: says what it waited for, and how long" {
	[ "${HULL_TEST_USER_SESSION:-}" = yes ] || skip "no user session (tests/vm/run --user-session)"
	pid=$(systemctl show -P MainPID user@2000.service)
	kill -STOP "$pid"
	run setpriv --reuid 2000 --regid 2000 --clear-groups env XDG_RUNTIME_DIR=/run/user/2000 \
		DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/2000/bus /usr/local/libexec/hull/hull-systemd --user --timeout=2 stop x.scope
	kill -CONT "$pid"
	[ "$status" -eq 1 ]
	[[ $output == *"x.scope: the user's systemd did not answer within 2 s"* ]]
	run /usr/local/libexec/hull/hull-systemd --timeout=0 stop x.scope
	[ "$status" -eq 1 ]
	[[ $output == "usage: "* ]]
}

# A bundle and states of the user who has a session; u runs the user's hull.
user_session() {
	[ "${HULL_TEST_USER_SESSION:-}" = yes ] || skip "no user session (tests/vm/run --user-session)"
	local d=$BATS_TEST_TMPDIR
	while [ "$d" != / ]; do
		chmod o+x "$d"
		d=$(dirname "$d")
	done
	rm config.json
	cp "$HULL" "$BATS_TEST_TMPDIR/hull"
	HULL=$BATS_TEST_TMPDIR/hull
	chown -R "$HULL_TEST_USER" "$BATS_TEST_TMPDIR"
	"$HULL_TEST_AS_USER" "$HULL" spec --rootless
	config '.process.terminal = false | .process.args = ["sleep", "1000"]'
	chown "$HULL_TEST_USER" config.json
}

u() {
	"$HULL_TEST_AS_USER" "$HULL" --root "$BATS_TEST_TMPDIR/ustates" "$@"
}

@test "systemd: an ordinary user's own" {
	user_session
	config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 30}}'
	u --systemd-cgroup run -d "$ID"
	path=$(sed -n 's/^0:://p' "/proc/$(u state "$ID" | jq .pid)/cgroup")
	[[ $path == /user.slice/user-2000.slice/user@2000.service/user.slice/hull-$ID.scope ]]
	[ "$(cat "/sys/fs/cgroup$path/memory.max")" = 67108864 ]
	[ "$(cat "/sys/fs/cgroup$path/pids.max")" = 30 ]
	u exec "$ID" true
	# It was given memory and pids, not io.
	run -0 u events --stats --format text "$ID"
	[[ $output == *" memory  "*"B of 64.0MiB"*" read        -  written        -" ]]
	config '.annotations = {"run.oci.systemd.subgroup": "container"}'
	u --systemd-cgroup run -d "$ID-sub"
	u exec -d --pid-file exec.pid "$ID-sub" sleep 1000
	grep -qx "0::/user.slice/user-2000.slice/user@2000.service/user.slice/hull-$ID-sub.scope/container" "/proc/$(cat exec.pid)/cgroup"
	u delete --force "$ID-sub"
	u update --memory 50M "$ID"
	[ "$(cat "/sys/fs/cgroup$path/memory.max")" = 52428800 ]
	[ "$("$HULL_TEST_AS_USER" systemctl --user show -P MemoryMax "hull-$ID.scope")" = 52428800 ]
	u pause "$ID"
	u resume "$ID"
	u delete --force "$ID"
	[ ! -e "/sys/fs/cgroup$path" ]
}

@test "systemd: an ordinary user's own: a controller that it was not given is named, with the command" {
	user_session
	config '.linux.resources = {cpu: {cpus: "0"}}'
	run u --systemd-cgroup --log-format json run "$ID"
	echo "$output"
	[ "$status" -eq 125 ]
	jq -e '(.msg | test("^linux.resources.cpu.cpus: the cpuset controller (is not available|cannot be enabled)")) and
		(.hint | contains("Delegate=cpu cpuset io memory pids"))' <<<"$output"
	[ "$("$HULL_TEST_AS_USER" systemctl --user show -P LoadState "hull-$ID.scope")" = not-found ]
}

@test "systemd: an ordinary user without it: a cgroup beside the caller's, where systemd gave it one" {
	user_session
	config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 30}}'
	u run -d "$ID"
	path=$(sed -n 's/^0:://p' "/proc/$(u state "$ID" | jq .pid)/cgroup")
	[[ $path == /user.slice/user-2000.slice/user@2000.service/app.slice/hull-$ID ]]
	[ "$(cat "/sys/fs/cgroup$path/memory.max")" = 67108864 ]
	[ "$(cat "/sys/fs/cgroup$path/pids.max")" = 30 ]
	u exec "$ID" true
	u update --pids-limit 20 "$ID"
	[ "$(cat "/sys/fs/cgroup$path/pids.max")" = 20 ]
	u delete --force "$ID"
	[ ! -e "/sys/fs/cgroup$path" ]
}

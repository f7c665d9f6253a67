#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# create, start, state, kill, delete, list: what each leaves behind, and when each refuses.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	program sleep 1000
}

teardown() {
	clean_up
}

# Succeeds when hull fails with $1 in its message.
fails_with() {
	local what=$1
	shift
	run hull "$@"
	[ "$status" -ne 0 ]
	[[ $output == *"$what"* ]]
}

@test "create, start, kill, delete" {
	program sh -c 'echo ran >/tmp/ran; exec sleep 1000'
	config '.root.readonly = false'
	hull create "$ID"
	has_status "$ID" created
	[ ! -e rootfs/tmp/ran ]
	hull start "$ID"
	until_true test -e rootfs/tmp/ran
	has_status "$ID" running
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
	[ "$(pid_of "$ID")" = 0 ]
	hull delete "$ID"
	fails_with "container \"$ID\" does not exist" state "$ID"
	nothing_left
}

@test "an id cannot be used twice, and can again after delete" {
	hull create "$ID"
	pid=$(pid_of "$ID")
	fails_with "container \"$ID\" already exists" create "$ID"
	[ "$(pid_of "$ID")" = "$pid" ]
	has_status "$ID" created
	hull delete --force "$ID"
	hull create "$ID"
}

@test "ids: what is allowed" {
	program true
	for id in a A9 _x +x x.y "$ID.z-_+"; do
		hull run -- "$id"
	done
	for id in . .. .x a/b 'a b' 'a*' ä "$(printf 'x%.0s' {1..256})"; do
		run hull run -- "$id"
		[ "$status" -ne 0 ]
		[[ $output == *id* ]]
	done
	run hull create ''
	[ "$status" -ne 0 ]
	[ -z "$(leftovers)" ]
}

@test "start: only once, and only what was created" {
	hull create "$ID"
	hull start "$ID"
	fails_with running start "$ID"
	has_status "$ID" running
	hull kill "$ID" 9
	until_true has_status "$ID" stopped
	fails_with "container not running: no such process" start "$ID"
	fails_with "does not exist" start "no-$ID"
}

@test "start: of two at the same time one wins" {
	hull create "$ID"
	hull start "$ID" &
	first=$!
	hull start "$ID" 2>/dev/null && second=0 || second=1
	wait "$first" && first=0 || first=1
	[ $((first + second)) -eq 1 ]
	has_status "$ID" running
}

@test "start: a program that is missing is an error of start" {
	program /nothere
	run hull create "$ID"
	[ "$status" -ne 0 ] || run hull start "$ID"
	[ "$status" -eq 127 ]
	[[ $output == *'"/nothere"'*"no such file or directory"* ]]
	# One whose interpreter is missing is only noticed by execve itself.
	printf '#!/nothere\n' >rootfs/bin/script
	chmod +x rootfs/bin/script
	program /bin/script
	hull create "two-$ID"
	run hull start "two-$ID"
	[ "$status" -eq 127 ]
	until_true has_status "two-$ID" stopped
	hull delete "two-$ID"
}

@test "kill: by name and number; a stopped container is not running" {
	program sh -c 'trap "exit 0" USR1; while :; do sleep 0.1; done'
	for signal in USR1 SIGUSR1 10; do
		hull run -d "$ID"
		sleep 0.2
		hull kill "$ID" "$signal"
		until_true has_status "$ID" stopped
		fails_with "container not running: no such process" kill "$ID" "$signal"
		fails_with "container not running: no such process" kill "$ID" 0
		hull kill --all "$ID" 0
		hull delete "$ID"
	done
	hull run -d "$ID"
	run hull kill "$ID" NOTHING
	[ "$status" -ne 0 ]
	has_status "$ID" running
}

@test "kill KILL: without a pid namespace of its own all of its processes end" {
	need_host_ids "a procfs without a pid namespace of its own"
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	program sh -c 'sleep 1000 & sleep 1000 & wait'
	hull run -d "$ID"
	until_true sh -c "[ \$('$HULL' --root '$STATES' ps -f json '$ID' | jq length) -eq 3 ]"
	pids=$(hull ps -f json "$ID" | jq -r '.[]')
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
	for pid in $pids; do
		until_true sh -c "! grep -q '^State:.[^ZX]' /proc/$pid/status 2>/dev/null"
	done
}

@test "delete: what init left behind goes as well" {
	need_host_ids "a procfs without a pid namespace of its own"
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	program sh -c 'sleep 1000 & exit 0'
	hull run -d "$ID"
	until_true has_status "$ID" stopped
	hull delete "$ID"
	nothing_left
}

@test "delete: refuses what is not stopped; --force kills, and knows no unknown id" {
	hull create "$ID"
	fails_with "that is not stopped" delete "$ID"
	has_status "$ID" created
	hull start "$ID"
	fails_with "that is not stopped" delete "$ID"
	has_status "$ID" running
	hull delete --force "$ID"
	nothing_left
	hull delete --force "$ID"
	fails_with "container \"$ID\" does not exist" delete "$ID"
}

@test "delete --force: paused" {
	hull run -d "$ID"
	hull pause "$ID"
	has_status "$ID" paused
	hull delete --force "$ID"
	nothing_left
}

@test "pause and resume: unknown ids fail" {
	fails_with "does not exist" pause "no-$ID"
	fails_with "does not exist" resume "no-$ID"
	hull run -d "$ID"
	fails_with "running" resume "$ID"
	hull pause "$ID"
	fails_with "paused" pause "$ID"
	hull resume "$ID"
	has_status "$ID" running
}

@test "state: members in the order that scripts know" {
	config '.annotations = {"a.b": "c", "d": "e"}'
	hull create "$ID"
	[ "$(hull state "$ID" | jq -c keys_unsorted)" = \
		'["ociVersion","id","pid","status","bundle","rootfs","created","annotations","owner"]' ]
	[ "$(hull state "$ID" | jq -r '.ociVersion, .id, .status' | xargs)" = "1.3.0 $ID created" ]
	[ "$(hull state "$ID" | jq -r .bundle)" = "$BUNDLE" ]
	[ "$(hull state "$ID" | jq -r .rootfs)" = "$BUNDLE/rootfs" ]
	[ "$(hull state "$ID" | jq -r .owner)" = root ]
	[ "$(hull state "$ID" | jq -r '.annotations["a.b"]')" = c ]
	[[ $(hull state "$ID" | jq -r .created) =~ ^20[0-9-]+T[0-9:]+\.[0-9]+Z$ ]]
	kill -0 "$(pid_of "$ID")"
}

@test "list: sorted, one line of JSON, ids only" {
	for n in b c a; do
		hull create "$n-$ID"
	done
	[ "$(hull list -q | tr '\n' ' ')" = "a-$ID b-$ID c-$ID " ]
	[ "$(hull list -f json | jq -c '.[0] | keys_unsorted')" = \
		'["ociVersion","id","pid","status","bundle","rootfs","created","owner"]' ]
	[ "$(hull list -f json | wc -l)" -le 1 ]
	[[ $(hull list | head -n 1) =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED ]]
	[ "$(hull list | wc -l)" -eq 4 ]
}

@test "list: a root directory that is given must exist" {
	run "$HULL" --root "$STATES/none" list
	[ "$status" -ne 0 ]
	[[ $output == *"no such file or directory"* ]]
}

@test "relative paths are the caller's" {
	mkdir -p "$BATS_TEST_TMPDIR/elsewhere"
	cd "$BATS_TEST_TMPDIR/elsewhere"
	"$HULL" --root ../states create -b ../bundle --pid-file pid "$ID"
	[ "$(cat pid)" = "$(pid_of "$ID")" ]
	[ "$(tail -c 1 pid | tr -d 0-9)" = "" ]
}

@test "root.path may be ." {
	cp config.json rootfs/
	cd rootfs
	config '.root.path = "." | .process.args = ["cat", "/config.json"]'
	run -0 hull run "$ID"
	[[ $output == *ociVersion* ]]
}

@test "root.path may be a link" {
	mkdir real
	mv rootfs real/
	ln -s real/rootfs rootfs
	config '.process.args = ["sh", "-c", "ls -d /bin && ! ls /config.json 2>/dev/null"]'
	[ "$(hull run "$ID")" = /bin ]
	# What is put on it does not leave this namespace, wherever the link leads.
	mount --bind real real
	mount --make-shared real
	config '.linux.rootfsPropagation = "shared"'
	[ "$(hull run "$ID")" = /bin ]
	hull create "$ID"
	[ "$(grep -c " $PWD/real" /proc/self/mountinfo)" -eq 1 ]
	hull delete --force "$ID"
	umount real
}

@test "the configuration is the one that was there at create" {
	config '.root.readonly = false | .process.args = ["touch", "/tmp/old"]'
	hull create "$ID"
	config '.process.args = ["touch", "/tmp/new"]'
	hull start "$ID"
	until_true test -e rootfs/tmp/old
	[ ! -e rootfs/tmp/new ]
}

@test "run: deletes at the end; --keep keeps the stopped container and its cgroup" {
	program true
	hull run "$ID"
	nothing_left
	hull run --keep "$ID"
	has_status "$ID" stopped
	[ -n "$(find "$(cgroup_root)" -type d -name "*$ID*")" ]
	hull delete "$ID"
	nothing_left
}

@test "run: signals go to the program" {
	program sh -c 'trap "echo got it; exit 5" TERM; echo ready; while :; do sleep 0.1; done'
	hull run "$ID" >out &
	runner=$!
	until_true grep -q ready out
	# The function's shell is the job; hull is its child.
	kill -TERM "$(pgrep -P "$runner" -f "run $ID" || echo "$runner")"
	wait "$runner" && status=0 || status=$?
	grep -q 'got it' out
	[ "$status" -eq 5 ]
}

@test "a failure of create leaves nothing" {
	mkdir -p "$STATES"
	tries=(
		'.mounts += [{destination: "/x", type: "none", source: "/nothere", options: ["bind"]}]'
		'.mounts += [{destination: "/x", type: "nothere", source: "x"}]'
		'.linux.namespaces += [{type: "user", path: "/proc/self/ns/net"}]'
		'.hooks.createRuntime = [{path: "/bin/false"}]'
		'.hooks.createContainer = [{path: "/bin/false"}]'
		'.root.path = "nothere"'
		'.process.apparmorProfile = "nothere"'
		'.linux.sysctl = {"net.ipv4.nothere": "1"}'
		'.process.terminal = true'
		'.process.args = ["/nothere"]'
		'.hooks.startContainer = [{path: "/bin/false"}]'
		'.hooks.poststart = [{path: "/bin/false"}]'
	)
	cp config.json good.json
	mounts=$(wc -l </proc/self/mountinfo)
	for filter in "${tries[@]}"; do
		cp good.json config.json
		config "$filter"
		run hull run -d --pid-file pid "$ID"
		[ "$status" -ne 0 ] || echo "no failure: $filter"
		[ "$status" -ne 0 ]
		nothing_left || leftovers
		nothing_left
		[ ! -e pid ]
		[ "$(wc -l </proc/self/mountinfo)" -eq "$mounts" ]
	done
}

@test "a pid file that cannot be written fails create and leaves nothing" {
	fails_with pid-file create --pid-file /nothere/pid "$ID"
	nothing_left
}

@test "hull killed at any moment: delete --force leaves nothing" {
	for i in $(seq 1 60); do
		# With a hook hull writes down init's number before it is created, without it does not.
		case $i in
		1) config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "sleep 0.02"]}]' ;;
		31) config 'del(.hooks)' ;;
		esac
		"$HULL" --root "$STATES" create "$ID" 2>/dev/null &
		hull=$!
		sleep "0.0$(printf %02d $((i % 60)))"
		kill -KILL "$hull" 2>/dev/null || :
		wait "$hull" 2>/dev/null || :
		if [ $((i % 3)) -eq 0 ] && has_status "$ID" created 2>/dev/null; then
			"$HULL" --root "$STATES" start "$ID" 2>/dev/null &
			hull=$!
			sleep "0.00$((i % 10))"
			kill -KILL "$hull" 2>/dev/null || :
			wait "$hull" 2>/dev/null || :
		fi
		hull delete --force "$ID"
		nothing_left || { sleep 1; leftovers; }
		nothing_left
	done
}

@test "a start that is killed can be repeated, or has done its work" {
	config '.root.readonly = false'
	program sh -c 'echo ran >>/tmp/ran; sleep 1000'
	for i in $(seq 1 20); do
		rm -f rootfs/tmp/ran
		hull create "$ID"
		"$HULL" --root "$STATES" start "$ID" 2>/dev/null &
		start=$!
		sleep "0.000$((i % 10))"
		kill -KILL "$start" 2>/dev/null || :
		wait "$start" 2>/dev/null || :
		if has_status "$ID" created; then
			sleep 0.1
			! has_status "$ID" created || hull start "$ID"
		fi
		until_true test -s rootfs/tmp/ran
		[ "$(wc -l <rootfs/tmp/ran)" -eq 1 ]
		hull delete --force "$ID"
	done
}

@test "delete --force while create runs hooks" {
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "sleep 10"]}]'
	"$HULL" --root "$STATES" create "$ID" 2>err &
	create=$!
	until_true has_status "$ID" creating
	fails_with creating start "$ID"
	fails_with creating delete "$ID"
	hull delete --force "$ID"
	wait "$create" && status=0 || status=$?
	[ "$status" -ne 0 ]
	nothing_left
}

@test "between create and start init holds only what it needs" {
	exec 7<config.json
	hull create "$ID"
	exec 7<&-
	ls -l "/proc/$(pid_of "$ID")/fd"
	for fd in /proc/"$(pid_of "$ID")"/fd/*; do
		[ "${fd##*/}" -le 2 ] || [[ $(readlink "$fd") == "$STATES/$ID"/@(start|status).fifo ]]
	done
}

@test "a state of a later version is refused, not misread" {
	hull create "$ID"
	jq -c '.version = 99' "$STATES/$ID/state.json" >new
	cp "$STATES/$ID/state.json" old
	cp new "$STATES/$ID/state.json"
	fails_with "later hull" state "$ID"
	cp old "$STATES/$ID/state.json"
}

# receive_notify SOCKET FILE: plays the service manager.
receive_notify() {
	python3 - "$1" "$2" <<'PY' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
data = s.recv(4096)
open(sys.argv[2], "wb").write(data)
PY
	until_true test -S "$1"
}

@test "NOTIFY_SOCKET: start waits for READY=1 and passes it on with the pid" {
	receive_notify "$BATS_TEST_TMPDIR/manager" got
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/manager
	program sh -c 'echo "$NOTIFY_SOCKET"; test -S "$NOTIFY_SOCKET" && echo socket; exec sleep 1000'
	hull create "$ID" >out
	hull start "$ID" &
	until_true grep -q socket out
	grep -qx /run/notify/notify.sock out
	sleep 0.2
	[ ! -e got ]
	kill -0 $!
	python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"STATUS=x\nREADY=1\n", sys.argv[1])' \
		"$STATES/$ID/notify/notify.sock"
	wait $!
	until_true grep -q READY=1 got
	grep -qx "MAINPID=$(pid_of "$ID")" got
}

@test "LISTEN_FDS: sockets pass on" {
	program sh -c 'echo "$LISTEN_FDS $LISTEN_PID"; cat <&3'
	echo passed >file
	LISTEN_FDS=1 run hull run "$ID" 3<file
	[ "$output" = "1 1
passed" ]
	[ "$status" -eq 0 ]
}

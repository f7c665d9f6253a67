#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line itself: help, version, logs, errors, exit statuses.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
}

teardown() {
	clean_up
}

@test "version: name, commit and spec on lines 1 to 3" {
	run "$HULL" --version
	[ "$status" -eq 0 ]
	[[ ${lines[0]} =~ ^hull\ version\ [0-9]+\.[0-9]+\.[0-9]+ ]]
	[[ ${lines[1]} == "commit: "* ]]
	[ "${lines[2]}" = "spec: 1.3.0" ]
	ln -s "$HULL" "$BATS_TEST_TMPDIR/crun"
	run "$BATS_TEST_TMPDIR/crun" -v
	[[ ${lines[0]} == "crun version "* ]]
}

@test "help: every command has a page that names it" {
	run "$HULL" --help
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "NAME:" ]
	for c in create delete exec features kill list pause plan ps resume run spec start state validate; do
		[[ $output == *"   $c "* ]]
		for help in -h --help; do
			run -0 "$HULL" "$c" "$help"
			[ "${lines[0]}" = "NAME:" ]
			[[ $output == *"hull $c"* ]]
			[ "$(awk 'length > 100' <<<"$output")" = "" ]
		done
		run "$HULL" --help
	done
}

@test "an unknown command or option says so, with what may have been meant" {
	run "$HULL" foo -h
	[ "$status" -ne 0 ]
	[[ $output == *"No help topic for 'foo'"* ]]
	run "$HULL" strat x
	[[ $output == *"did you mean 'start'"* ]]
	run "$HULL" delete --forec x
	[ "$status" -ne 0 ]
	[[ $output == *"did you mean --force"* ]]
	run "$HULL" create --bundle
	[ "$status" -ne 0 ]
	[[ $output == *"requires an argument"* ]]
}

@test "commands without an id fail" {
	for c in create start state kill delete pause resume ps exec; do
		run hull "$c"
		[ "$status" -ne 0 ]
	done
}

@test "log: a failure is exactly one JSON object, warnings inside" {
	run hull --log "$BATS_TEST_TMPDIR/log" --log-format json start nothere
	[ "$status" -ne 0 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/log")" -eq 1 ]
	[ "$(jq -r .level "$BATS_TEST_TMPDIR/log")" = error ]
	[[ $(jq -r .msg "$BATS_TEST_TMPDIR/log") == *'container "nothere" does not exist'* ]]
	jq -r .time "$BATS_TEST_TMPDIR/log" | grep -qE '^[0-9-]{10}T[0-9:.]+Z$'
}

@test "log: debug goes to stderr, with --log only to the file" {
	run hull --debug run "$ID"
	[ "$status" -eq 0 ]
	[[ $output == *level=debug* ]]
	run hull --debug --log "$BATS_TEST_TMPDIR/log" run "$ID"
	[ "$status" -eq 0 ]
	[[ $output != *level=debug* ]]
	grep -q level=debug "$BATS_TEST_TMPDIR/log"
	rm "$BATS_TEST_TMPDIR/log"
	run hull --debug --log "$BATS_TEST_TMPDIR/log" --log-format json run "$ID"
	jq -e 'select(.level == "debug")' "$BATS_TEST_TMPDIR/log" >/dev/null
}

@test "log: an unknown kind or format fails on any command" {
	for c in "list" "state x" "features"; do
		# shellcheck disable=SC2086
		run hull --log nope:x $c
		[ "$status" -ne 0 ]
		[[ $output == *"unknown kind"* ]]
		# shellcheck disable=SC2086
		run hull --log-format xml $c
		[ "$status" -ne 0 ]
		[[ $output == *"text or json"* ]]
	done
}

# What journald and syslog are sent by these commands, a line each.  Both sockets have fixed names.
heard() {
	unshare --mount --propagation private bash -ec 'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /dev
		mkdir -p /run/systemd/journal && exec "$@"' bash python3 -c '
import os, select, socket, subprocess, sys
hull, states = sys.argv[1:3]
sockets = []
for path in "/run/systemd/journal/socket", "/dev/log":
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    sockets.append(s)
for words in sys.argv[3:]:
    done = subprocess.run([hull, "--root", states, *words.split()], stdin=0, capture_output=True, text=True)
    print(done.returncode, repr(done.stderr))
    while True:
        ready = select.select(sockets, [], [], 0)[0]
        if not ready:
            break
        for s in ready:
            print(repr(s.recv(65536)))
os.unlink("/run/systemd/journal/socket")
print(subprocess.run([hull, "--log=journald:x", "list"], stdin=0, capture_output=True, text=True).stderr)
' "$HULL" "$STATES" "$@" </etc/hostname
}

@test "log: to journald and to syslog, by name or as hull" {
	need_root
	run -0 heard "--log=journald:me state nothere" "--log=syslog:me state nothere" "--log journald: state nothere" \
		"--log syslog: state nothere" "--debug --log journald:me state nothere" "--log=journald:me --log-format=json state nothere"
	echo "$output"
	local plain='container "nothere" does not exist'
	[ "$(grep -cxF "1 '$plain\n'" <<<"$output")" -eq 6 ] # the caller hears it as well
	[ "$(grep -cxF "b'PRIORITY=3\nSYSLOG_IDENTIFIER=me\nMESSAGE=$plain\n'" <<<"$output")" -eq 3 ]
	[ "$(grep -cxF "b'PRIORITY=3\nSYSLOG_IDENTIFIER=hull\nMESSAGE=$plain\n'" <<<"$output")" -eq 1 ]
	[ "$(grep -cE "^b'<27>.* me\[[0-9]+\]: $plain" <<<"$output")" -eq 1 ]
	[ "$(grep -cE "^b'<27>.* hull\[[0-9]+\]: $plain" <<<"$output")" -eq 1 ]
	[[ $output == *"--log: journald: connect /run/systemd/journal/socket: no such file or directory"* ]]
}

@test "log: with --debug a profile: each step, and how long it took" {
	config '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "0.3"]}]'
	run -0 hull --debug run "$ID"
	echo "$output"
	[ "$(grep -c 'level=debug' <<<"$output")" -eq "$(grep -cE 'level=debug msg="[^"]* \(\+[0-9]+ us\)"$' <<<"$output")" ]
	# What docs/ARCHITECTURE.md says init does, in that order.
	steps=$(sed -n 's/.*msg="step: \(.*\) (+[0-9]* us)"$/\1/p' <<<"$output")
	for step in "prepare the process" "open the root" "mount filesystems" "make devices" "wait for the runtime's hooks" \
		"mask paths" "change the root" "close descriptors" "find the program" "set ids" "set capabilities" "execute"; do
		grep -qxF "$step" <<<"$steps"
		steps=$(sed "0,/^$step\$/d" <<<"$steps")
	done
	# The hook is what took long.
	next=$(grep -A1 "step: wait for the runtime's hooks" <<<"$output" | tail -1)
	[[ $next =~ \(\+([0-9]+)\ us\) ]]
	[ "${BASH_REMATCH[1]}" -ge 250000 ]
}

@test "a program that cannot be executed: one line, and 127 or 126" {
	program /nothere
	run hull run "$ID"
	[ "$status" -eq 127 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"no such file or directory"* ]]
	program nothere
	run hull run "$ID"
	[ "$status" -eq 127 ]
	[[ $output == *'exec: "nothere": executable file not found in $PATH'* ]]
	program /etc
	run hull run "$ID"
	[ "$status" -eq 126 ]
	[[ $output == *'"/etc": is a directory'* ]]
	touch rootfs/plain
	program /plain
	run hull run "$ID"
	[ "$status" -eq 126 ]
	[[ $output == *"permission denied"* ]]
	run hull create "$ID"
	[ "$status" -eq 126 ]
	[ "$output" = 'exec: "/plain": permission denied' ]
	program plain
	config '.process.env = ["PATH=/bin:/"]'
	run hull create "$ID"
	[ "$status" -eq 126 ]
	[ "$output" = 'exec: "plain": permission denied' ]
	config '.process.env = ["PATH=/bin"]'
	printf '#!/no/such/interpreter\n' >rootfs/run.sh
	chmod +x rootfs/run.sh
	program /run.sh
	run hull run "$ID"
	[ "$status" -eq 127 ]
	[ "$output" = "exec /run.sh: no such file or directory" ]
}

@test "hull's own failures: 125 where the program's status is expected" {
	run hull run -b /nothere "$ID"
	[ "$status" -eq 125 ]
	config '.hostname = 7'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"config.json:"*": hostname: expected a string, found 7"* ]]
}

@test "called runc: 1 for run, 255 for exec" {
	ln -s "$HULL" "$BATS_TEST_TMPDIR/runc"
	run "$BATS_TEST_TMPDIR/runc" --root "$STATES" run -b /nothere "$ID"
	[ "$status" -eq 1 ]
	run "$BATS_TEST_TMPDIR/runc" --root "$STATES" exec nothere true
	[ "$status" -eq 255 ]
}

@test "exit statuses: the program's, 128+n for a signal" {
	program sh -c 'exit 42'
	run hull run "$ID"
	[ "$status" -eq 42 ]
	program sleep 1000
	hull run "$ID" &
	until_true has_status "$ID" running
	hull kill "$ID" KILL
	status=0
	wait $! || status=$? # not by run: its subshell has no such child
	[ "$status" -eq 137 ]
}

@test "run --rootfs: a command without a bundle" {
	cd /
	run -0 hull run --rootfs "$BUNDLE/rootfs" -- echo hello
	[ "$output" = hello ]
	run -0 hull run --rootfs "$BUNDLE/rootfs" "$ID" -- hostname
	run hull run --rootfs "$BUNDLE/rootfs"
	[ "$status" -eq 125 ]
}

@test "validate prints every error at once, with line, column and path" {
	run -0 hull validate
	config '.hostname = 7 | .process.args = [1] | .linux.namespaces[0].type = "netwrok"'
	run hull validate
	[ "$status" -eq 1 ]
	[[ $output == *"hostname: expected a string, found 7"* ]]
	[[ $output == *"process.args[0]: expected a string, found 1"* ]]
	[[ $output == *"linux.namespaces[0].type: expected one of "*netwrok* ]]
	[[ $output == *"3 errors"* ]]
}

@test "spec: the config runs, is not overwritten, and has what users expect" {
	mkdir new
	run -0 "$HULL" spec -b new
	run "$HULL" spec -b new
	[ "$status" -ne 0 ]
	[ "$(jq -c '[.process.terminal, .root.readonly, .process.noNewPrivileges]' new/config.json)" = "[true,true,true]" ]
	run -0 "$HULL" spec -b new -f other.json --rootless
	jq -e '.linux.namespaces[] | select(.type == "user")' new/other.json
}

@test "features: JSON on stdout, nothing on stderr" {
	"$HULL" features >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
	[ "$(jq -r .ociVersionMax "$BATS_TEST_TMPDIR/out")" = 1.3.0 ]
	jq -e '.mountOptions | index("rro") and index("nosymfollow") and index("lazytime")' "$BATS_TEST_TMPDIR/out"
}

@test "a full stdout is an error" {
	run bash -c '"$1" features >/dev/full' - "$HULL"
	[ "$status" -ne 0 ]
}

@test "plan: needs no privileges and touches nothing" {
	run -0 hull plan --json
	jq -e .mounts <<<"$output" >/dev/null
	[ ! -e "$STATES" ]
}

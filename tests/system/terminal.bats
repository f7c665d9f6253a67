#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Terminals: the caller's, a console socket's, and none.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	config '.process.terminal = true'
}

teardown() {
	clean_up
	[ -z "${RECEIVER:-}" ] || kill "$RECEIVER" 2>/dev/null || :
}

# Takes the master from a console socket and copies its output into the file $2.
receive_console() {
	python3 - "$1" "$2" <<'PY' &
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(1)
c, _ = s.accept()
_, anc, _, _ = c.recvmsg(64, socket.CMSG_SPACE(4))
fd = array.array("i", anc[0][2])[0]
with open(sys.argv[2], "wb", buffering=0) as out:
    while True:
        try:
            data = os.read(fd, 4096)
        except OSError:
            break
        if not data:
            break
        out.write(data)
PY
	RECEIVER=$!
	until_true test -S "$1"
}

@test "terminal in the foreground: works with stdin from /dev/null and stdout a pipe" {
	program sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && echo all; echo to-tty >/dev/tty'
	run -0 hull run "$ID" </dev/null
	[[ $output == */dev/pts/0* ]]
	[[ $output == *all* ]]
	[[ $output == *to-tty* ]]
}

@test "terminal in the foreground: under a terminal of the caller's" {
	program sh -c 'echo size $(stty size); read x; echo got $x'
	run -0 script -qec "stty rows 33 cols 99; echo hello | '$HULL' --root '$STATES' run $ID" /dev/null
	[[ $output == *"got hello"* ]]
}

@test "terminal in the foreground: the size is the caller's, also when that changes" {
	local script='trap "stty size; exit 7" WINCH; stty size; while :; do sleep 0.1; done'
	program sh -c "$script"
	run -7 on_terminal run "$ID"
	[ "${lines[*]}" = "33 99 44 111" ]
	config '.process.terminal = false'
	program sleep 1000
	hull run -d "$ID"
	run -7 on_terminal exec -t "$ID" sh -c "$script"
	[ "${lines[*]}" = "33 99 44 111" ]
}

@test "terminal in the foreground: newlines come out of a pipe as they were written" {
	program printf 'a\nb\n'
	printf 'a\nb\n' >wanted
	hull run "$ID" </dev/null >out
	cmp out wanted
	config '.process.terminal = false'
	program sleep 1000
	hull run -d "$ID"
	for _ in $(seq 20); do # what a quick program prints as well
		hull exec -t "$ID" printf 'a\nb\n' </dev/null >out
		cmp out wanted
	done
}

@test "terminal: the last bytes arrive" {
	program sh -c 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo -n end'
	run -0 hull run "$ID" </dev/null
	[[ $output == *"line 1999"*end ]]
}

@test "consoleSize is in force before the program starts" {
	config '.process.consoleSize = {height: 12, width: 34}'
	program stty size
	run -0 hull run "$ID" </dev/null
	[[ $output == *"12 34"* ]]
	config '.process.consoleSize = {height: 0, width: 70000}'
	run hull run "$ID" </dev/null
	[ "$status" -eq 0 ]
}

@test "detached: needs --console-socket, and says so" {
	run hull run -d "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *--console-socket* ]]
	run hull create "$ID"
	[[ $output == *--console-socket* ]]
	config '.process.terminal = false'
	run hull create --console-socket "$PWD/s" "$ID"
	[ "$status" -eq 125 ]
}

@test "console socket: gets the master" {
	program sh -c 'tty; echo from-container'
	receive_console "$PWD/s" "$PWD/out"
	hull run -d --console-socket "$PWD/s" "$ID"
	until_true grep -q from-container out
	grep -q /dev/pts/0 out
}

@test "console: owner, group and /dev/console" {
	config '.process.user = {uid: 1000, gid: 1000}'
	program sh -c 'stat -c "%u %g %a" /dev/pts/0; stat -c %t:%T /dev/console /dev/pts/0; ls -l /proc/self/fd/0'
	run -0 hull run "$ID" </dev/null
	[[ ${lines[0]} == "1000 5 620"* ]]
	[ "${lines[1]}" = "${lines[2]}" ]
	[[ ${lines[3]} == */dev/pts/0* ]]
}

@test "exec -t: a terminal of its own; a console socket" {
	config '.process.terminal = false'
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec -t -u 1000 "$ID" sh -c 'tty; stat -c "%u %g %a" "$(tty)"; readlink /proc/self/fd/1' </dev/null
	[ "$(tr -d '\r' <<<"$output" | tr '\n' ' ')" = "/dev/pts/0 1000 5 620 /dev/pts/0 " ]
	receive_console "$PWD/s" "$PWD/out"
	hull exec -d -t --console-socket "$PWD/s" "$ID" echo by-socket
	until_true grep -q by-socket out
}

@test "the host's terminal is not changed" {
	program true
	run -0 script -qec "stty -g >before; '$HULL' --root '$STATES' run $ID; stty -g >after" /dev/null
	cmp before after
}

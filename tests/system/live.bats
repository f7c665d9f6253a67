#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# list, ps, stats and events on a terminal, and that programs get what they always got.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	program sleep 1000
	unset COLUMNS LINES NO_COLOR
	export TERM=xterm
	ESC=$(printf '\033')
}

teardown() {
	clean_up
}

# screen COLUMNS ROWS KEYS ARGUMENTS...: hull on a terminal of that size, into the file `screen`.
# KEYS are typed as soon as something is drawn twice; @SIGNAL: that is sent to hull. The last lines
# are the terminal's settings before and after, and hull's exit status.
screen() {
	local columns=$1 rows=$2 keys=$3
	shift 3
	python3 - "$columns" "$rows" "$keys" "$HULL" --root "$STATES" "$@" >screen <<'PY'
import fcntl, os, pty, select, signal, struct, sys, termios, time
columns, rows, keys, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    before = termios.tcgetattr(0)
    child = os.fork()
    if child == 0:
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open("pid", "w") as f:
        f.write(str(child))
    status = os.waitpid(child, 0)[1]
    print("\nsettings", "kept" if termios.tcgetattr(0) == before else "changed")
    print("status", os.waitstatus_to_exitcode(status), flush=True)
    os._exit(0)
seen, sent, end = b"", not keys, time.monotonic() + 60
while time.monotonic() < end:
    if not select.select([master], [], [], 1)[0]:
        continue
    try:
        data = os.read(master, 65536)
    except OSError:
        break
    if not data:
        break
    seen += data
    if not sent and seen.count(b"\033[H") >= 2:
        sent = True
        if keys.startswith("@"):
            os.kill(int(open("pid").read()), getattr(signal, keys[1:]))
        elif keys.startswith("!"):
            os.system(keys[1:])
        else:
            os.write(master, keys.encode().decode("unicode_escape").encode())
else:
    print("never ended")
    os.kill(pid, signal.SIGKILL)
sys.stdout.buffer.write(seen.replace(b"\r", b""))
PY
}

restored() { # that the last thing said to the terminal was how to be as before
	[[ $(cat screen) == *"${ESC}[?1049h${ESC}[?25l${ESC}[?7l"*"${ESC}[?7h${ESC}[?25h${ESC}[?1049l"* ]]
	grep -q '^settings kept$' screen
}

@test "live: stats on a terminal is drawn in place, until q" {
	hull run -d "$ID"
	screen 120 20 q stats --interval 200ms
	grep -qF "${ESC}[H${ESC}[1mID " screen
	grep -qF "${ESC}[K" screen
	grep -q "^$ID .*%" screen
	restored
	grep -q '^status 0$' screen
	# What was last seen stays.
	sed "1,/${ESC}\[?1049l/d" screen | grep -q "^$ID "
}

@test "live: Ctrl-C ends it as q does, a signal as signals do; the terminal is as before" {
	hull run -d "$ID"
	screen 120 20 '\x03' stats --interval 200ms "$ID"
	restored
	grep -q '^status 0$' screen
	screen 120 20 @SIGTERM list --watch --interval 200ms
	restored
	grep -q '^status -15$' screen
}

@test "live: stats and ps end with the container" {
	for command in stats "ps --watch"; do
		hull run -d "$ID"
		screen 120 20 "!'$HULL' --root '$STATES' delete --force $ID" $command --interval 200ms "$ID"
		restored
		grep -q '^status 0$' screen
	done
}

@test "live: list --watch shows who comes and goes" {
	screen 120 20 q list --watch --interval 200ms
	run ! grep -q "^$ID" screen
	hull run -d "$ID"
	screen 120 20 q list -w --interval 200ms
	grep -q "$ID .*running .*s ago" screen
	restored
}

@test "live: a narrow terminal gets whole columns, a low one counts what it has no room for" {
	hull run -d "$ID"
	hull run -d "$ID-another-with-a-long-name-0123456789"
	hull run -d "$ID-third"
	screen 60 3 q stats --interval 200ms
	grep -q '(2 more)' screen
	grep -qF "PIDS$ESC" screen
	run ! grep -q 'READ\|OOM' screen
	run ! grep -q 0123456789 screen
	COLUMNS=200 screen 60 9 q stats --interval 200ms
	grep -q 'WAIT:IO  OOM' screen
	grep -q 0123456789 screen
	COLUMNS=12 screen 60 9 q list --watch --interval 200ms
	grep -F "${ESC}[H" screen >titles
	[ "$(wc -l <titles)" -ge 2 ]
	grep -qF "${ESC}[1mID " titles
	run ! grep STATUS titles
	for name in another-with-a-long-name-0123456789 third; do
		hull delete --force "$ID-$name"
	done
	# With short names there is room behind PIDS, not enough for the next: 44 up to PIDS, 10 for READ.
	screen $((${#ID} + 53)) 9 q stats --interval 200ms
	grep -qF "PIDS$ESC" screen
}

@test "live: NO_COLOR means no bold, TERM=dumb no drawing" {
	hull run -d "$ID"
	NO_COLOR=1 screen 120 20 q stats --interval 200ms
	run ! grep -qF "${ESC}[1m" screen
	grep -qF "${ESC}[H" screen
	TERM=dumb screen 120 20 "" stats --once "$ID"
	run ! grep -qF "$ESC" screen
	run -0 script -qec "TERM=dumb timeout 5 '$HULL' --root '$STATES' stats --interval 200ms || :" /dev/null </dev/null
	[[ $output != *"$ESC"* ]]
	[ "$(grep -c '^ID ' <<<"$output")" -ge 2 ]
}

@test "live: without a terminal there is no drawing, one table below the other" {
	hull run -d "$ID"
	for command in "stats" "list --watch" "ps --watch"; do
		[[ $command == list* ]] && who= || who=$ID
		timeout 5 "$HULL" --root "$STATES" $command --interval 200ms $who >out </dev/null || :
		run ! grep -qF "$ESC" out
		[ "$(grep -c '^ID \|^UID' out)" -ge 2 ]
	done
	timeout 5 "$HULL" --root "$STATES" list --watch --interval 200ms --format json >out </dev/null || :
	[ "$(jq -r '.[0].status' out | sort -u)" = running ]
	[ "$(wc -l <out)" -ge 2 ]
	timeout 5 "$HULL" --root "$STATES" ps --interval 200ms --format json "$ID" >out </dev/null || :
	[ "$(jq length out | sort -u)" = 1 ]
	[ "$(wc -l <out)" -ge 2 ]
}

@test "live: list tells people how long ago, programs when" {
	hull run -d "$ID"
	screen 120 20 "" list
	grep -q "^$ID  .*  running  .*s ago  .*$PWD" screen
	run ! grep -qF "$ESC" screen
	run -0 hull list
	[[ ${lines[0]} == "ID "*" BUNDLE "*" CREATED "*" OWNER" ]]
	[[ ${lines[1]} == "$ID "*running*T*Z* ]]
}

@test "live: events for people on a terminal, JSON elsewhere, --format decides" {
	hull run -d "$ID"
	screen 120 20 "" events --stats "$ID"
	grep -qE "^[0-9-]{10}T[0-9:]{8}Z  $ID  cpu +-  memory .*  pids .*  read .*  written " screen
	screen 120 20 "" events --stats --format json "$ID"
	grep -q '^{"type":"stats"' screen
	run -0 --separate-stderr hull events --stats "$ID"
	[ "$(jq -r .type <<<"$output")" = stats ]
	run -0 --separate-stderr hull events --stats --format text "$ID"
	[[ $output == *"$ID  cpu "* ]]
	run hull events --format table "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"--format: expected json or text"* ]]
	timeout 5 "$HULL" --root "$STATES" events --format text --interval 300ms "$ID" >out || :
	[ "$(grep -c '  cpu .*[0-9]%' out)" -ge 1 ]
}

@test "live: events for people tell of memory that ran out" {
	need_controller memory
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	program sh -c 'while [ ! -e /dev/shm/go ]; do sleep 0.1; done; (tail /dev/zero); exec sleep 1000'
	hull run -d "$ID"
	"$HULL" --root "$STATES" events --format text --interval 1h "$ID" >out 3>&- &
	sleep 1 # until it watches
	hull exec "$ID" touch /dev/shm/go
	until_true grep -q "$ID  out of memory" out
	hull delete --force "$ID"
	wait $!
}

@test "live: what is no time is refused" {
	for command in list ps stats; do
		[ "$command" = list ] && who=() || who=("$ID")
		for interval in 0 -1s x ""; do
			run hull "$command" --interval "$interval" "${who[@]}"
			[ "$status" -ne 0 ]
			[[ $output == *"$command: --interval: expected a time such as 2s"* ]]
		done
	done
}

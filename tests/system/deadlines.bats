#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What others can hold up ends in time, and the error names it.

bats_require_minimum_version 1.5.0
load helpers
load sandbox

setup() {
	make_bundle
	HUNG=
	COVERED=
}

teardown() {
	[ -z "$HUNG" ] || kill "$HUNG"
	[ -z "$COVERED" ] || umount "$COVERED"
	clean_up
}

# in_time COMMAND...: hull --timeout 1 COMMAND fails, and long before it would otherwise end
in_time() {
	shift_rootfs
	run timeout --signal=KILL 60 "$HULL" --root "$STATES" --timeout 1 "$@"
	[ "$status" -ne 0 ]
	[ "$status" -ne 137 ]
}

@test "deadline: a hook that hangs, of each kind" {
	local stage
	printf '#!/bin/sh\nexec sleep 1000\n' >hook
	chmod +x hook
	cp hook rootfs/bin/hook
	for stage in prestart createRuntime createContainer; do
		config '.hooks = {($s): [{path: $p}]}' --arg s "$stage" --arg p "$BUNDLE/hook"
		in_time create "$ID"
		[[ $output == *"$stage hook #0: $BUNDLE/hook: killed: it took longer than --timeout of 1 s"* ]]
		nothing_left
	done
	config '.hooks = {startContainer: [{path: "/bin/hook"}]}'
	in_time run "$ID"
	[[ $output == *"startContainer hook #0: /bin/hook: killed: it took longer than --timeout of 1 s"* ]]
	nothing_left
	config '.hooks = {poststart: [{path: $p}]}' --arg p "$BUNDLE/hook"
	program sleep 1000
	in_time run -d "$ID"
	[[ $output == *"poststart hook #0: $BUNDLE/hook: killed: it took longer than --timeout of 1 s"* ]]
	nothing_left
	# A hook's own timeout counts, whatever the command says.
	config '.hooks = {createRuntime: [{path: "/bin/sleep", args: ["sleep", "3"], timeout: 20}]}'
	program true
	timeout 60 "$HULL" --root "$STATES" --timeout 1 run "$ID"
}

@test "deadline: a mount source on a file system that does not answer" {
	need_root
	[ -c /dev/fuse ] || skip "no /dev/fuse here"
	no_userns
	mkdir hung
	# In a mount namespace of its own, which ends with it.
	cat >fuse.py <<'END'
import ctypes, os, sys
fd = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"hung", sys.argv[1].encode(), b"fuse", 0, b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[2], sys.argv[2:]) if os.fork() == 0 else os.waitpid(-1, 0)
END
	config '.mounts += [{destination: "/data", type: "bind", source: $s, options: ["bind"]}]' --arg s "$BUNDLE/hung/dir"
	in_step "mount filesystems"
	# There the caller opens it.
	userns
	in_step "open mount sources"
}

in_step() {
	run timeout --signal=KILL 60 unshare --mount --propagation private python3 fuse.py hung \
		"$HULL" --root "$STATES" --timeout 1 run "$ID"
	echo "$output"
	[[ $output != *"Operation not permitted"* ]] || skip "FUSE cannot be mounted here" # a kernel without it
	[[ $output == *"$1: /data: it takes longer than 1 s (--timeout)"* ]]
	nothing_left
}

@test "deadline: start of a container whose init is stopped" {
	program sh -c 'echo began >/tmp/began'
	config '.root.readonly = false'
	hull create "$ID"
	kill -STOP "$(pid_of "$ID")"
	in_time start "$ID"
	[[ $output == *"has not begun its program after 1 s (--timeout): it is stopped"* ]]
	[ ! -e rootfs/tmp/began ]
	# It is still there, and goes on when it may.
	kill -CONT "$(pid_of "$ID")"
	until_true test -e rootfs/tmp/began
}

@test "deadline: exec into a container that is frozen" {
	program sleep 1000
	hull run -d "$ID"
	hull pause "$ID"
	in_time exec --ignore-paused "$ID" true
	[[ $output == *"has not begun its program after 1 s (--timeout): it is stopped or frozen"* ]]
	hull resume "$ID"
	hull exec "$ID" true
}

@test "deadline: a lock that somebody keeps" {
	program sleep 1000
	hull run -d "$ID"
	flock "$STATES/$ID" sleep 1000 3>&- &
	HUNG=$!
	until_true sh -c "! flock -n '$STATES/$ID' true"
	in_time delete "$ID"
	[[ $output == *"container \"$ID\" is busy: another command works on it (waited 1 s for its lock)"* ]]
	# By force it goes all the same.
	timeout --signal=KILL 60 "$HULL" --root "$STATES" --timeout 1 delete --force "$ID"
	[ ! -e "$STATES/$ID" ]
}

@test "deadline: a cgroup that cannot be thawed" {
	need_root
	config '.linux.cgroupsPath = $p' --arg p "/deadline-$ID/inner"
	program sleep 1000
	hull run -d "$ID"
	hull pause "$ID"
	echo 1 >"$(cgroup_root)/deadline-$ID/cgroup.freeze"
	in_time resume "$ID"
	echo 0 >"$(cgroup_root)/deadline-$ID/cgroup.freeze"
	[[ $output == *"/deadline-$ID/inner stays frozen (waited 1 s, --timeout): a cgroup above it is"* ]]
	has_status "$ID" running
	hull delete --force "$ID"
	rmdir "$(cgroup_root)/deadline-$ID" 2>/dev/null || :
}

# hold PID: keeps a process from ending when it is killed, as one does that hangs in the kernel: it is
# stopped at its exit until its tracer, $HUNG, is gone.
hold() {
	echo "$1" >victim
	hold_victim
	until_true test -e held
}

# The same for the process whose pid will be in the file `victim`.
hold_victim() {
	python3 -c 'import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
open("ready", "w").close()
while not os.path.exists("victim"):
    time.sleep(0.05)
if libc.ptrace(0x4206, int(open("victim").read()), None, 0x40): # PTRACE_SEIZE, PTRACE_O_TRACEEXIT
    sys.exit(os.strerror(ctypes.get_errno()))
open("held", "w").close()
time.sleep(1000)' 3>&- &
	HUNG=$!
	until_true test -e ready || until_true test -e ready
}

let_go() {
	kill "$HUNG"
	HUNG=
	hull delete --force "$ID"
	[ ! -e "$STATES/$ID" ]
}

@test "deadline: an init that does not end when it is killed" {
	program sleep 1000
	hull run -d "$ID"
	hold "$(pid_of "$ID")"
	in_time delete --force "$ID"
	[[ $output == *"process $(pid_of "$ID") did not end within 1 s of SIGKILL (--timeout): it hangs in the kernel"* ]]
	[ -e "$STATES/$ID" ]
	let_go
}

@test "deadline: another process of its cgroup that does not end when it is killed" {
	need_root
	no_userns # which may mount a procfs only of a PID namespace of its own
	config '.linux.namespaces |= map(select(.type != "pid"))'
	program sh -c 'sleep 1000 & echo $! >/dev/shm/pid; wait'
	hull run -d "$ID"
	until_true hull exec "$ID" test -s /dev/shm/pid
	hold "$(hull exec "$ID" cat /dev/shm/pid)"
	in_time delete --force "$ID"
	[[ $output == *"some processes did not end within 1 s of SIGKILL (--timeout): they hang in the kernel"* ]]
	[ -e "$STATES/$ID" ]
	let_go
}

@test "deadline: run, when a process of its cgroup does not end" {
	need_root
	no_userns # which may mount a procfs only of a PID namespace of its own
	config '.linux.namespaces |= map(select(.type != "pid"))'
	program sh -c 'sleep 1000 & echo $! >/dev/shm/pid; while [ ! -e /dev/shm/go ]; do sleep 0.1; done'
	"$HULL" --root "$STATES" --timeout 1 run "$ID" >out 2>&1 3>&- &
	local run=$!
	until_true hull exec "$ID" test -s /dev/shm/pid
	hold "$(hull exec "$ID" cat /dev/shm/pid)"
	hull exec "$ID" touch /dev/shm/go
	wait "$run" && false
	[[ $(<out) == *"some processes did not end within 1 s of SIGKILL (--timeout): they hang in the kernel"* ]]
	let_go
}

@test "deadline: create that fails, when its init does not end" {
	local code=0
	cat >hook <<-'END'
		#!/bin/sh
		cd "${0%/*}" && jq .pid >pid && mv pid victim || exit 2
		while [ ! -e held ]; do sleep 0.1; done
		date +%s >failed
		exit 3
	END
	chmod +x hook
	config '.hooks = {createRuntime: [{path: $p, timeout: 60}]}' --arg p "$BUNDLE/hook"
	hold_victim
	shift_rootfs
	# Into a file: init keeps its end of a pipe open.
	timeout --signal=KILL 120 "$HULL" --root "$STATES" --timeout 1 --log-format json create "$ID" >out 2>&1 || code=$?
	[ "$code" -eq 125 ]
	[ $(($(date +%s) - $(<failed))) -lt 9 ] # a wait that --timeout does not bound takes ten
	[[ $(<out) == *"createRuntime hook #0: $BUNDLE/hook: "* ]]
	[[ $(<out) == *"did not end within 1 s of SIGKILL (--timeout): it hangs in the kernel"* ]]
	let_go
}

@test "deadline: exec with a terminal into a container that is frozen" {
	program sleep 1000
	hull run -d "$ID"
	hull pause "$ID"
	in_time exec --ignore-paused --tty "$ID" true
	[[ $output == *"has not opened its terminal after 1 s (--timeout): it is stopped or frozen"* ]]
	hull resume "$ID"
	hull exec "$ID" true
}

@test "deadline: sockets at which nobody accepts" {
	# Its queue takes one connection, and that is the program's own.
	python3 -c 'import socket, sys, time
s, c = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(0)
c.connect(sys.argv[1])
open("full", "w").close()
time.sleep(1000)' sock 3>&- &
	HUNG=$!
	until_true test -e full
	program sleep 1000
	in_time create --pidfd-socket "$PWD/sock" "$ID"
	[[ $output == *"--pidfd-socket: nobody accepts at $PWD/sock: waited 1 s (--timeout)"* ]]
	nothing_left
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $p, syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}' \
		--arg p "$PWD/sock"
	in_time create "$ID"
	[[ $output == *"linux.seccomp.listenerPath: nobody accepts at $PWD/sock: waited 1 s (--timeout)"* ]]
	nothing_left
	config 'del(.linux.seccomp) | .process.terminal = true'
	in_time create --console-socket "$PWD/sock" "$ID"
	[[ $output == *"--console-socket: nobody accepts at $PWD/sock: waited 1 s (--timeout)"* ]]
	nothing_left
	config '.process.terminal = false'
	hull run -d "$ID"
	in_time exec --tty --console-socket "$PWD/sock" "$ID" true
	[[ $output == *"--console-socket: nobody accepts at $PWD/sock: waited 1 s (--timeout)"* ]]
}

@test "deadline: a program of the host's that hangs: ps, criu" {
	need_root
	program sleep 1000
	hull run -d "$ID"
	mkdir programs
	printf '#!/bin/sh\nexec sleep 1000\n' | tee programs/ps >programs/criu
	chmod +x programs/*
	PATH=$PWD/programs:$PATH in_time ps "$ID"
	[[ $output == *"ps: it takes longer than 1 s (--timeout)"* ]]
	PATH=$PWD/programs:$PATH in_time checkpoint --image-path images "$ID"
	[[ $output == *"criu has said nothing for 1 s (--timeout)"* ]]
	has_status "$ID" running
}

@test "deadline: a sandbox, when another clears up without end" {
	need_root
	# root's bundles are in /run, whatever --root says; here it is another.
	run timeout --signal=KILL 60 unshare --mount --propagation private sh -c 'mount -t tmpfs tmpfs /run && mkdir /run/hull.sandbox &&
		flock /run/hull.sandbox "$0" --timeout 1 sandbox -- true' "$HULL"
	[ "$status" -eq 125 ]
	[[ $output == *"/run/hull.sandbox is busy: another sandbox clears it up (waited 1 s, --timeout)"* ]]
}

@test "deadline: the network of a sandbox, when pasta hangs" {
	need_root
	[ -x "$(type -P nft)" ] || skip "no nft here (Debian: apt-get install nftables)"
	[ -x "$(type -P pasta)" ] || skip "no pasta here (Debian: apt-get install passt)"
	[ -x "$(dirname "$HULL")/hull-net" ] || skip "hull-net was not built"
	install_helpers "$HULL"
	# The caller's PATH is not asked.
	printf '#!/bin/sh\nexec sleep 1000\n' >pasta
	chmod +x pasta
	COVERED=$(realpath "$(type -P pasta)")
	mount --bind pasta "$COVERED"
	in_time sandbox --net 192.0.2.1 -- true
	[[ $output == *"net: hull-net has not made the network after 1 s (--timeout)"* ]]
}

@test "deadline: a D-Bus that does not answer" {
	need_root
	[ -x "$(dirname "$HULL")/hull-systemd" ] || skip "hull-systemd was not built: libsystemd is missing"
	install_helpers "$HULL"
	# It takes connections, and no more.
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(9)
time.sleep(1000)' "$PWD/bus" 3>&- &
	HUNG=$!
	until_true test -S bus
	program sleep 1000
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/bus
	in_time --systemd-cgroup run -d "$ID"
	[[ $output == *"hull-$ID.scope: systemd did not answer within 1 s (--timeout)"* ]]
	[ -z "$(ls -A "$STATES")" ]
}

@test "deadline: what is no time is refused" {
	for bad in 0 x -1 5y '' 99999999999; do
		run "$HULL" --root "$STATES" --timeout="$bad" list
		[ "$status" -eq 1 ]
		[[ $output == *"--timeout: expected a time such as 30, 2m or 500ms, found \"$bad\""* ]]
	done
	"$HULL" --root "$BATS_TEST_TMPDIR" --timeout=1m30s list
}

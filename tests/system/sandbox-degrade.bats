#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# hull sandbox where no namespaces can be had: the diagnosis, and --degrade.

bats_require_minimum_version 1.5.0
load helpers
load sandbox

setup() {
	sandbox_setup
	command -v python3 >/dev/null || skip "no python3 here"
	cp "$BATS_TEST_DIRNAME/refuse-userns.py" "$BATS_TEST_TMPDIR/refuse.py"
	chmod 644 "$BATS_TEST_TMPDIR/refuse.py"
}

teardown() {
	rm -rf /opt/hull-test.$$
	sandbox_teardown
}

# refused HOW COMMAND...: as $WHO, where namespaces are refused: "max" by user.max_user_namespaces, "filter"
# by a seccomp filter like docker's.
refused() {
	local how=$1
	shift
	python3 "$BATS_TEST_TMPDIR/refuse.py" "$how" "$([ "${WHO:-root}" = root ] && echo 0 || echo $U)" "$@"
}

# bare OPTIONS -- CMD...: hull sandbox --degrade where $HOW refuses namespaces.
bare() {
	refused "${HOW:-max}" "$HULL" sandbox --degrade "$@"
}

need_landlock() {
	bare -- true 2>said || { grep -q "neither namespaces" said && skip "no Landlock here"; }
}

# Landlock's scopes: signals stay within.
need_scopes() {
	need_landlock
	bare --report report -- true
	[ "$(report '.runtime.degraded | any(.what == "signals")')" = false ] || skip "this kernel's Landlock has no scopes"
	rm report
}

lost() {
	report "[.runtime.degraded[].what] | index(\"$1\") != null"
}

@test "sandbox --degrade: without it the error names cause and fix" {
	for WHO in root user; do
		run -125 refused max "$HULL" sandbox --report report -- touch ran
		[[ $output == *"no namespaces can be had here: user.max_user_namespaces is 0 (as root: sysctl -w user.max_user_namespaces=10000); --degrade does with"* ]]
		[ "$(report .verdict)" = setup_error ]
		[[ "$(report .error)" == *max_user_namespaces* ]]
		rm report
		run -125 refused filter "$HULL" sandbox -- touch ran
		[[ $output == *"no namespaces can be had here: a seccomp filter refuses them"*"--security-opt seccomp="* ]]
	done
	[ ! -e ran ]
}

@test "sandbox --degrade: where namespaces can be had nothing is lost" {
	need_overlay
	for WHO in root user; do
		box --degrade --report report -- true
		[ "$(report .runtime.mode)" = ns ]
		[ "$(report '.runtime.degraded | length')" = 0 ]
		rm report
	done
}

@test "sandbox --degrade: the program runs, and the report lists each protection that is lost" {
	need_landlock
	for WHO in root user; do
		for HOW in max filter; do
			run --separate-stderr bare --report report -- sh -c 'cat; id -u; exit 7' <<<through
			[ "$status" -eq 7 ]
			[ "${lines[0]}" = through ]
			[ "${lines[1]}" = "$([ $WHO = root ] && echo 65534 || echo $U)" ]
			[[ $stderr == *"there are no namespaces, but only Landlock, seccomp and limits of processes: "* ]]
			[ "$(report '[.verdict, .exit_code, .runtime.mode] | join(" ")')" = "exit 7 landlock" ]
			for what in namespaces overlay tmp processes hidden times hostname loopback mem-total; do
				[ "$(lost $what)" = true ]
			done
			[[ "$(report .runtime.degraded[0].why)" == *"user.max_user_namespaces is 0"* || $HOW = filter ]]
			rm report
		done
		run -127 bare -- no-such-program
		run -126 bare -- /etc/passwd
		run -137 bare -- sh -c 'kill -KILL $$'
	done
}

@test "sandbox --degrade: with --strict, as in every profile, it is an error that names the cause" {
	need_landlock
	for WHO in root user; do
		run -125 bare --strict -- touch ran
		[[ $output == *"namespaces cannot be enforced: user.max_user_namespaces is 0 (as root: "* ]]
		run -125 bare --profile agent -- touch ran
		[[ $output == *"namespaces cannot be enforced"* ]]
		[ ! -e ran ]
	done
	WHO=user bare --profile agent --no-strict --mem 1G -- touch ran
	[ -e ran ]
}

@test "sandbox --degrade: what needs namespaces is an error" {
	need_landlock
	mkdir -p r kept
	while read -r words; do
		# shellcheck disable=SC2086 # words
		WHO=user run -125 bare $words -- touch ran
		[[ $output == *"needs namespaces, also with --degrade: user.max_user_namespaces is 0"* ]]
	done <<-'END'
		--root r
		--overlay ./kept
		--changes list
		--tmpfs /opt
		--keep
		--ro r:/opt
		--file r:/opt
		--net 10.0.0.0/8
		--seccomp ./own.json
	END
	[ ! -e ran ]
}

@test "sandbox --degrade: the host's files are read, none is written, secrets are neither" {
	local dir=/opt/hull-test.$$ tmp
	tmp=$(mktemp -d /tmp/hull-test.XXXXXX) # $WORK need not be in /tmp
	need_landlock
	mkdir -p $dir/{shown,written,home/.ssh,home/sub,home/src}
	echo old >$dir/home/file
	echo SECRET >$dir/home/.ssh/id
	echo SECRET >$dir/home/sub/hidden
	echo source >$dir/home/src/file
	ln -s ../.ssh $dir/home/src/link
	echo text >$tmp/shown
	cat >$dir/try.sh <<-'END'
		try() { "$@" 2>/dev/null && echo "DONE $*"; }
		head -c 5 /etc/passwd
		cd "$1/home"
		cat file src/file "$2/shown" && ls src
		for f in /etc/new /usr/new new src/new /tmp/new /run/new /dev/shm/new /var/tmp/new; do try touch $f; done
		try sh -c "echo new >file"
		[ "$3" = true ] || try truncate -s 0 file
		try rm file
		try mv file "$TMPDIR/"
		try ln file "$TMPDIR/file"
		try chmod 777 file
		try chown 1 file
		try setfattr -n user.x -v y file
		try cat .ssh/id
		try cat src/link/id
		try cat sub/hidden
		try ls .ssh
		try ls .
		try cat "$2/hidden"
		try sh -c "echo x >'$2/shown'"
		echo mine >"$TMPDIR/mine" && cat "$TMPDIR/mine"
		cd "$1/written"
		echo w >w && mkdir d && mv w d/w
		try chmod 4755 d/w
		echo "$TMPDIR" >tmp
	END
	echo SECRET >$tmp/hidden
	chown -R $U:$U $dir $tmp
	chmod 777 $dir/written
	chmod -R a+rX $dir $tmp
	export HOME=$dir/home
	bare --report report -- true
	truncates=$(lost truncation) # this kernel's Landlock
	rm report
	for WHO in root user; do
		run bare --ro $tmp/shown --rw $dir/written --hide $dir/home/sub/hidden --cwd / -- sh $dir/try.sh $dir $tmp "$truncates"
		echo "$output"
		[[ $output != *DONE* && $output != *SECRET* ]] || break
		[[ $output == *"root:"*"old"*"source"*"text"*"file"*"link"*"mine"* ]] || break
		[ "$(cat $dir/home/file)" = old ]
		[ "$(cat $dir/written/d/w)" = w ]
		[ ! -e "$(cat $dir/written/tmp)" ]
		rm -r $dir/written/*
	done
	[ -z "$(ls $dir/written)" ]
	rm -r $dir $tmp
}

@test "sandbox --degrade: what is written where it may is no place for keys" {
	need_landlock
	mkdir home
	chown $U:$U home
	export HOME=$WORK/home
	WHO=user run bare --rw home -- sh -c 'mkdir -p ~/.ssh && echo key >~/.ssh/authorized_keys'
	[ "$status" -ne 0 ]
	[ -z "$(ls -A home)" ]
}

@test "sandbox --degrade: no signal and no trace reaches a process outside, its environment is not seen" {
	need_scopes
	SECRET=token sleep 543 &
	local outside=$! mine
	as_user env SECRET=token sleep 5431 3>&- &
	until_true pgrep -f '^sleep 5431'
	mine=$(pgrep -f '^sleep 5431')
	as_user cat /proc/$mine/environ | grep -q token
	for WHO in root user; do
		for HOW in max filter; do
			run bare -- sh -c "kill -9 $outside $mine; kill -STOP \$PPID; cat /proc/$mine/environ /proc/$mine/maps /proc/\$PPID/environ; kill -9 -1"
			[[ $output != *token* ]]
			kill -0 $outside
			kill -0 $mine
		done
	done
	cat >attack.py <<-END
		import ctypes
		libc = ctypes.CDLL(None)
		if libc.ptrace(16, $mine, 0, 0) == 0 or libc.syscall(302, $mine, 7, 0, 0) == 0 or libc.setpriority(0, $mine, 19) == 0:
		    print("ESCAPED")
	END
	run bare -- python3 - <attack.py
	[[ $output != *ESCAPED* ]]
	kill $outside $mine
}

@test "sandbox --degrade: what it starts ends with it, whatever it ignores" {
	need_landlock
	for WHO in root user; do
		run bare -- sh -c '(trap "" HUP TERM INT QUIT; setsid sh -c "setsid sleep 764 & sleep 764" &) & sleep 0.3; exit 3'
		[ "$status" -eq 3 ]
		run ! pgrep -f 'sleep 764'
		run -137 bare --wall 700ms --report report -- sh -c 'trap "" TERM INT HUP; (setsid sleep 986 &); (sleep 986 &) ; sleep 986'
		[ "$(report '[.verdict, .signal] | join(" ")')" = "wall_time 9" ]
		run ! pgrep -f 'sleep 986'
		run bare --wall 2s --report report -- sh -c 'f() { f | f & f; }; ulimit -u 200; f'
		[ "$status" -ne 0 ]
		rm report
	done
}

@test "sandbox --degrade: it dies with hull" {
	need_landlock
	for WHO in root user; do
		bare -- sh -c 'setsid sleep 875 & sleep 875' &
		until_true pgrep -f '^sleep 875'
		# Of hull and its supervisor, the older one.
		kill -KILL "$(pgrep -o -f 'hull sandbox --degrade -- sh -c setsid sleep 875')"
		until_true eval '! pgrep -f "^sleep 875"'
		wait
		bare -- true # clears away what was left
	done
}

@test "sandbox --degrade: no network, not even the host's sockets with names" {
	need_landlock
	host_listens 39472 "$WORK/s" "@hull-degrade-$$" "dgram:$WORK/d"
	cat >reach.py <<-END
		import socket
		for family, name in ((1, "$WORK/s"), (1, "\0hull-degrade-$$"), (2, ("127.0.0.1", 39472))):
		    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
		        try:
		            socket.socket(family, kind).connect(name); print("REACHED", family)
		        except OSError:
		            pass
		socket.socketpair()
		try: # one that is there, connected anew
		    socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].connect("$WORK/d"); print("REACHED 1")
		except OSError:
		    pass
	END
	for WHO in root user; do
		run bare --ro reach.py --ro . -- python3 "$WORK/reach.py"
		[ "$status" -eq 0 ]
		[ -z "$(grep REACHED <<<"$output")" ]
		run bare --net host --ro . -- python3 "$WORK/reach.py"
		[[ $output == *"REACHED 2"* ]]
		[[ $output != *"REACHED 1"* ]]
	done
	kill $LISTENER
}

@test "sandbox --degrade: no shared memory, queue or semaphore of the host's" {
	need_landlock
	cat >ipc.py <<-'END'
		import ctypes
		libc = ctypes.CDLL(None)
		for call in (lambda: libc.shmget(4711, 4096, 0o1600), lambda: libc.msgget(4711, 0o1600), lambda: libc.semget(4711, 1, 0o1600),
		             lambda: ctypes.CDLL("librt.so.1").mq_open(b"/hull-test", 0o102, 0o600, None)):
		    if call() >= 0:
		        print("ESCAPED")
	END
	for WHO in root user; do
		run bare --ro . -- python3 "$WORK/ipc.py"
		[ "$status" -eq 0 ]
		[[ $output != *ESCAPED* ]]
	done
}

@test "sandbox --degrade: limits of processes, time and output are enforced, the others are named" {
	need_landlock
	! sanitized || skip "the address space limit leaves no room for AddressSanitizer"
	for WHO in root user; do
		run -137 bare --output 1000 --report report -- yes
		[ "$(report '[.verdict, .output_bytes.stdout] | join(" ")')" = "output 1000" ]
		run bare --fsize 10K --report report -- sh -c 'exec head -c 100000 /dev/zero >$TMPDIR/a'
		[ "$(report .verdict)" = disk ]
		[ "$(bare --nofile 50 -- sh -c 'ulimit -n')" = 50 ]
		run bare --cpu-time 1s --report report -- sh -c 'while :; do :; done'
		[ "$(report '[.verdict, .limits.cpuTimeMs.by] | join(" ")')" = "cpu_time rlimit" ]
		run bare --mem 300M --pids 5 --cpus 1 --cpuset 0 --swap 1M --disk 1M --report report -- \
			python3 -c 'b = bytearray(400 << 20)'
		[ "$status" -eq 1 ]
		for what in mem pids cpus cpuset swap disk; do
			[ "$(lost $what)" = true ]
		done
		[ "$(report '[.limits[].enforced] | unique | join(" ")')" = "" ]
		rm report
	done
}

@test "sandbox --degrade: a terminal of the caller's is not in its hands" {
	need_landlock
	local command="sandbox --degrade -- sh -c 'test -t 0 || echo pipe; (: </dev/tty) || echo none'"
	WHO=user run script -qec "python3 $BATS_TEST_TMPDIR/refuse.py filter $U $HULL $command" /dev/null </dev/null
	echo "$output"
	[[ $output == *pipe*none* ]]
}

@test "sandbox --degrade: --explain says it in words" {
	need_landlock
	for WHO in root user; do
		run bare --explain --rw . -- true
		[[ $output == *"namespaces: none (user.max_user_namespaces is 0"* ]]
		[[ $output == *"degraded: processes: "* ]]
		[[ $output == *"writable: $WORK"* ]]
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a program in a sandbox tries against the host, other processes and hull.

bats_require_minimum_version 1.5.0
load ../system/helpers
load ../system/sandbox

setup() {
	sandbox_setup
	need_overlay
}

teardown() {
	sandbox_teardown
}

# python LINES: of a program that prints ESCAPED where it got through.
box_python() {
	command -v python3 >/dev/null || skip "no python3 here"
	cat >attack.py
	chmod 644 attack.py
	run box --file attack.py:/tmp/attack.py "$@" -- python3 /tmp/attack.py
	[[ $output != *ESCAPED* ]] || { echo "$output"; false; }
}

@test "sandbox: a fork bomb ends with its limits, and nothing of it is left" {
	for WHO in root user; do
		run box --wall 2s --pids 30 --report report -- sh -c 'f() { f | f & f; }; f'
		[ "$status" -ne 0 ]
		[ "$(report '.wall_ns < 60000000000')" = true ]
		# A limit of processes refuses forks, too, but only a cgroup counts them.
		case $(report '.limits.pids.by + " " + .verdict') in
		"cgroup pids" | "rlimit exit" | *" wall_time") ;;
		*) cat report && false ;;
		esac
		rm report
	done
}

@test "sandbox: a double fork, a session of its own and ignored signals do not outlive it" {
	for WHO in root user; do
		run box -- sh -c '(trap "" HUP TERM INT QUIT; setsid sh -c "setsid sleep 765 & sleep 765" &) & exit 0'
		[ "$status" -eq 0 ]
		run ! pgrep -f 'sleep 765'
	done
}

@test "sandbox: a flood of output and a disk filler end at their limits" {
	for WHO in root user; do
		run box --output 100K --report report -- yes
		[ "$(report .verdict)" = output ]
		run box --disk 4M --report report -- sh -c 'while :; do head -c 100000 /dev/zero >>/var/tmp/x || exit 1; done'
		[ "$(report .verdict)" = disk ]
		rm report
	done
}

@test "sandbox: no signal and no trace reaches a process outside" {
	sleep 543 &
	local outside=$!
	for WHO in root user; do
		run box -- sh -c "kill -9 $outside; kill -9 -1; cat /proc/$outside/environ"
		kill -0 $outside
	done
	box_python <<-END
		import ctypes, os
		libc = ctypes.CDLL(None)
		for pid in (1, $outside):
		    if libc.ptrace(16, pid, 0, 0) == 0:
		        print("ESCAPED")
		    try:
		        open(f"/proc/{pid}/mem", "rb"); print("ESCAPED")
		    except OSError:
		        pass
	END
	kill $outside
}

@test "sandbox: its first process cannot be traced, read or killed by the program" {
	for WHO in root user; do
		run box -- sh -c 'kill -9 1; ls -l /proc/1/fd /proc/1/exe; cat /proc/1/environ; echo alive'
		[ "${lines[-1]}" = alive ]
		run box --report report -- sh -c 'for fd in /proc/1/fd/*; do printf "\0\0\0\0\0\0\0\0" >$fd && echo ESCAPED; done; exit 9'
		[ "$status" -eq 9 ]
		[[ $output != *ESCAPED* ]]
		[ "$(report .exit_code)" = 9 ]
		rm report
	done
}

@test "sandbox: writes to /proc and /sys change nothing" {
	for WHO in root user; do
		run box -- sh -c 'for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/kernel/hostname /proc/sys/vm/drop_caches /sys/kernel/uevent_helper /sys/power/state; do { echo x >$f; } 2>/dev/null && echo ESCAPED; done; cat /proc/kcore | head -c 1; echo done'
		[[ $output != *ESCAPED* ]]
	done
}

@test "sandbox: no raw sockets, namespaces, mounts, keys, BPF or io_uring" {
	for WHO in root user; do
		box_python <<-'END'
			import ctypes, socket
			for family, kind in ((socket.AF_INET, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW), (38, socket.SOCK_SEQPACKET), (40, socket.SOCK_STREAM)):
			    try:
			        socket.socket(family, kind, 1 if family == 2 else 0); print("ESCAPED", family)
			    except OSError:
			        pass
			libc = ctypes.CDLL(None, use_errno=True)
			for number in (272, 165, 321, 425, 250, 246, 304): # unshare mount bpf io_uring_setup keyctl kexec_load open_by_handle_at
			    if libc.syscall(number, 0x10000000, 0, 0, 0, 0) >= 0:
			        print("ESCAPED", number)
		END
	done
}

@test "sandbox: the sockets of engines, D-Bus and abstract ones are out of reach" {
	local dir=/var/lib/hull-test.$$
	mkdir -p /run/hull-test.$$ $dir
	host_listens 39471 "/run/hull-test.$$/s" "$dir/s" "@hull-test-$$"
	for WHO in root user; do
		box_python <<-END
			import socket
			for family, name in ((1, "/run/hull-test.$$/s"), (1, "$dir/s"), (1, "\0hull-test-$$"), (2, ("127.0.0.1", 39471)), (1, "/run/docker.sock"), (1, "/run/dbus/system_bus_socket")):
			    try:
			        s = socket.socket(family); s.connect(name); print("ESCAPED", name)
			    except OSError:
			        pass
		END
	done
	kill $LISTENER
	rm -r /run/hull-test.$$ $dir
}

@test "sandbox: TIOCSTI puts nothing into the caller's terminal" {
	cat >sti.py <<-'END'
		import fcntl, os
		for fd in (0, 1, 2):
		    try:
		        fcntl.ioctl(fd, 0x5412, b"X")
		    except OSError:
		        pass
	END
	for WHO in root user; do
		run script -qec "$(declare -f box as_user); WHO=$WHO U=$U HULL=$HULL; box --file sti.py:/tmp/sti.py -- python3 /tmp/sti.py; read -t 1 -n 1 c; echo got:\$c." /dev/null </dev/null
		[[ $output == *got:.* ]]
	done
}

@test "sandbox: nothing that is written to the host can lend its owner's rights" {
	mkdir out
	local owner profile
	# Profiles of the user's own that allow it all, by the default and by name.
	echo '{ "defaultAction": "SCMP_ACT_ALLOW" }' >all.json
	jq '.linux.seccomp | del(.defaultErrnoRet) | .defaultAction = "SCMP_ACT_LOG" | .syscalls += [{ names: ["io_uring_setup"], action: "SCMP_ACT_ALLOW" }]' \
		< <(box --print-bundle -- true) >named.json
	while read -r owner WHO profile <&9; do
		chown "$owner" out
		box_python --rw out:/out --seccomp "$profile" <<-'END'
			import os, ctypes
			libc = ctypes.CDLL(None)
			open("/out/a", "w").write("x")
			fd = os.open("/out/a", os.O_RDWR)
			for call in (lambda: os.chmod("/out/a", 0o4755), lambda: os.fchmod(fd, 0o2755),
			             lambda: os.open("/out/b", os.O_CREAT | os.O_WRONLY, 0o4755),
			             lambda: os.mknod("/out/c", 0o104755)):
			    try:
			        call()
			    except OSError:
			        pass
			libc.syscall(452, -100, b"/out/a", 0o4755, 0)
			# io_uring_setup, with which files can be made past any filter
			if libc.syscall(425, 1, ctypes.create_string_buffer(120)) >= 0:
			    print("ESCAPED")
		END
		[ -e out/a ]
		[ -z "$(find out -perm /6000)" ]
		rm -f out/*
	done 9< <(for profile in default ./all.json ./named.json; do
		printf '%s\n' "0 root $profile" "$U root $profile" "$U user $profile"
	done)
	run box --rw out:/out -- sh -c 'chmod 755 /out && touch /out/x && chmod 640 /out/x && mkdir /out/d'
	[ "$status" -eq 0 ]
}

@test "sandbox: hull's own binary and helper are out of reach" {
	local before
	before=$(sha256sum "$HULL" /usr/local/libexec/hull/hull-init)
	for WHO in root user; do
		run box -- sh -c 'for f in /proc/1/exe /dev/.hull-init /proc/self/exe; do { echo x >>$f; } 2>/dev/null && echo ESCAPED; rm -f $f; done'
		[[ $output != *ESCAPED* ]]
	done
	[ "$(sha256sum "$HULL" /usr/local/libexec/hull/hull-init)" = "$before" ]
}

@test "sandbox: the processor time of killed and orphaned children is counted" {
	command -v python3 >/dev/null || skip "no python3 here"
	! sanitized || skip "AddressSanitizer's own time counts as well"
	cat >burn.py <<-'END'
		import os, resource, signal, time
		def used(who):
		    usage = resource.getrusage(who)
		    return int((usage.ru_utime + usage.ru_stime) * 1000000)
		# Each burns until its own clock says so, and says what it has used.
		def burn(w):
		    while time.process_time() < 1.2:
		        pass
		    os.write(w, b"%d\n" % used(resource.RUSAGE_SELF))
		burnt, w = os.pipe()
		orphan, v = os.pipe()
		if os.fork() == 0: # an ordinary child
		    burn(w); os._exit(0)
		if os.fork() == 0: # its child outlives it: nobody here waits for that one
		    if os.fork() == 0:
		        burn(v); os._exit(0)
		    os._exit(0)
		killed = os.fork()
		if killed == 0:
		    burn(w); time.sleep(100)
		others = int(os.read(orphan, 100))
		told = b""
		while told.count(b"\n") < 2:
		    told += os.read(burnt, 100)
		os.kill(killed, signal.SIGKILL)
		while True:
		    try:
		        os.wait()
		    except ChildProcessError:
		        break
		# With what ending took, which nobody can say of themselves.
		os.write(1, b"%d\n" % (others + used(resource.RUSAGE_SELF) + used(resource.RUSAGE_CHILDREN)))
		os._exit(0)
	END
	for WHO in root user; do
		run --separate-stderr box --report report --file burn.py:/tmp/burn.py -- python3 /tmp/burn.py
		sum=$output
		reported=$(report '(.cpu_user_ns + .cpu_sys_ns) / 1000 | floor')
		echo "$WHO: reported $reported from $(report .cpu_from), measured $sum"
		rm report
		# The end of two processes comes after the last look at the clock.
		[ $((reported - sum)) -lt $((sum / 50 > 5000 ? sum / 50 : 5000)) ]
		[ $((sum - reported)) -lt $((sum / 50 > 5000 ? sum / 50 : 5000)) ]
	done
}

@test "sandbox: 200 in a row leave nothing behind" {
	local i before after
	before=$(find /run/hull /run/hull.sandbox "$XDG_RUNTIME_DIR" "$(cgroup_root)" -maxdepth 3 2>/dev/null | grep -c sandbox- || :)
	mounts=$(wc -l </proc/self/mountinfo)
	for ((i = 0; i < 100; i++)); do
		WHO=root box -- true
		WHO=user box -- true
	done
	after=$(find /run/hull /run/hull.sandbox "$XDG_RUNTIME_DIR" "$(cgroup_root)" -maxdepth 3 2>/dev/null | grep -c sandbox- || :)
	[ "$after" -le "$before" ]
	[ "$(wc -l </proc/self/mountinfo)" = "$mounts" ]
	! pgrep -f '^/dev/.hull-init'
}

@test "sandbox: changes are applied through no link, and where no secret lies" {
	local dir=/opt/hull-test.$$ outside=$WORK/outside
	for WHO in root user; do
		rm -rf $dir
		mkdir -p $dir/sub "$outside"
		echo safe >"$outside/file"
		echo in >$dir/sub/file
		[ $WHO = root ] && chown -R 65534:65534 $dir || chown -R $U:$U $dir
		chown -R $U:$U "$outside"
		# The program makes a link of a directory, and names that would talk to a terminal.
		box --changes apply --yes -- sh -c "cd $dir && rm -r sub && ln -s $outside sub && mkdir d && ln -s $outside/file d/l && printf x >d/\$(printf 'a\\033[31m\\nb')" 2>list
		[ "$(cat "$outside/file")" = safe ]
		[ "$(readlink $dir/sub)" = "$outside" ]
		run ! grep -q $'\033' list
		# Now the host has the link, and a second program sees and writes through it, in the sandbox only.
		box --changes apply --yes -- sh -c "rm $dir/sub; mkdir $dir/sub && echo evil >$dir/sub/file" 2>list
		[ "$(cat "$outside/file")" = safe ]
		[ -f $dir/sub/file ]
		[ ! -L $dir/sub ]
		# A place of secrets that is not there yet.
		mkdir -p $dir/home
		[ $WHO = root ] && chown 65534:65534 $dir/home || chown $U:$U $dir/home
		HOME=$dir/home box --changes apply --yes --report report -- sh -c "mkdir -p $dir/home/.ssh && echo key >$dir/home/.ssh/authorized_keys; echo ok >$dir/home/ok"
		[ ! -e $dir/home/.ssh ]
		[ -e $dir/home/ok ]
		[ "$(report '.files.left_out | length')" = 2 ]
		rm report
	done
	rm -r $dir
}

@test "sandbox: changes are not applied through a link that somebody made meanwhile" {
	local dir=/opt/hull-test.$$ outside=$WORK/outside
	WHO=root
	mkdir -p $dir/sub "$outside" shared
	chown -R 65534:65534 $dir shared
	box --changes apply --yes --rw shared:/inside -- sh -c "echo evil >$dir/sub/file; touch /inside/written; while [ ! -e /inside/go ]; do sleep 0.1; done" 2>list &
	local pid=$!
	until_true test -e shared/written
	rmdir $dir/sub
	ln -s "$outside" $dir/sub
	touch shared/go
	wait $pid || status=$?
	[ "$status" -eq 125 ]
	[ -z "$(ls -A "$outside")" ]
	grep -q "apply changes: $dir/sub: it is no directory any more" list
	rm -r $dir
}

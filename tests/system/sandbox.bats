#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# hull sandbox: what the program sees and may use, how it ends, the report.

bats_require_minimum_version 1.5.0
load helpers
load sandbox

setup() {
	sandbox_setup
	need_overlay
}

teardown() {
	[ -z "${CHANGED:-}" ] || rm -rf "$CHANGED"
	sandbox_teardown
}

@test "sandbox: the exit status is the program's; 126, 127 and 125" {
	for WHO in root user; do
		run box -- sh -c 'exit 7'
		[ "$status" -eq 7 ]
		run box -- sh -c 'kill -KILL $$'
		[ "$status" -eq 137 ]
		run -127 box -- no-such-program
		run box -- /etc/passwd
		[ "$status" -eq 126 ]
		run box --cwd relative -- true
		[ "$status" -eq 125 ]
		[[ $output == *"cwd relative: expected an absolute path"* ]]
	done
}

@test "sandbox: what is written to the host's files is thrown away" {
	for WHO in root user; do
		run box -- sh -c 'echo new >/etc/hull-test && cat /etc/hull-test && mkdir /usr/hull-test &&
			echo x >/usr/hull-test/x && rm -r /usr/hull-test && mkdir /usr/hull-test && ls -A /usr/hull-test'
		[ "$output" = new ]
		[ ! -e /etc/hull-test ]
		[ ! -e /usr/hull-test ]
	done
}

@test "sandbox: a directory of the host's can be removed and made again" {
	local dir=/opt/hull-test.$$
	for WHO in root user; do
		mkdir -p $dir/sub
		touch $dir/sub/file
		[ $WHO = root ] && chown -R 65534:65534 $dir || chown -R $U:$U $dir
		run box --strict -- sh -c "rm -r $dir/sub && mkdir $dir/sub && ls -A $dir/sub"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
		[ -e $dir/sub/file ]
		rm -r $dir
	done
}

@test "sandbox: a mount among many directories of the host's" {
	local dir=/opt/hull-test.$$ n
	mkdir $dir
	for n in $(seq 90); do
		mkdir $dir/$n
		echo "$n" >$dir/$n/file
	done
	mount -t tmpfs tmpfs $dir/7
	echo mounted >$dir/7/file
	for WHO in root user; do
		run box --strict -- sh -c "ls $dir | wc -l; cat $dir/90/file $dir/7/file"
		echo "$output"
		[ "$output" = $'90\n90\nmounted' ] || break
	done
	umount $dir/7
	rm -r $dir
	[ "$output" = $'90\n90\nmounted' ]
}

@test "sandbox: nobody is the host's root, and nobody is privileged" {
	for WHO in root user; do
		run box -- sh -c 'cat /proc/self/uid_map; grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status'
		[ "$status" -eq 0 ]
		[ "$(echo "$output" | awk 'NR == 1 { print $2 }')" != 0 ]
		[ -z "$(grep '^Cap' <<<"$output" | grep -v '0000000000000000$')" ]
		echo "$output" | grep -qx 'NoNewPrivs:.1'
		echo "$output" | grep -qx 'Seccomp:.2'
	done
	WHO=root
	run box -- sh -c 'id -u; cat /proc/self/uid_map'
	[ "${lines[0]}" = 0 ]
	[ "$(echo "${lines[1]}" | awk '{ print $2 }')" = 65534 ]
	[ "$(WHO=user box -- id -u)" = $U ]
	[ "$(WHO=user box --uid 0 -- id -u)" = 0 ]
	for WHO in root user; do
		[ "$(box --uid 1234 -- sh -c 'echo >/usr/made && stat -c %u /usr/made')" = 1234 ]
	done
}

@test "sandbox: every namespace is its own" {
	local ns
	for WHO in root user; do
		for ns in mnt pid ipc uts net user cgroup; do
			[ "$(box -- readlink /proc/self/ns/$ns)" != "$(readlink /proc/self/ns/$ns)" ]
		done
		[ "$(box -- sh -c 'ps ax | wc -l')" -le 6 ]
		[ "$(box -- cat /proc/net/dev | tail -n +3 | grep -cv lo:)" = 0 ]
		[ "$(box --hostname judge -- uname -n)" = judge ]
	done
}

@test "sandbox: /tmp, /run, /var/tmp and /dev/shm are empty and private" {
	touch /tmp/hull-test.$$ /dev/shm/hull-test.$$
	for WHO in root user; do
		run box -- sh -c 'ls -A /tmp /var/tmp /dev/shm; find /run -type f -o -type s; touch /tmp/x /run/x /var/tmp/x /dev/shm/x || :'
		[[ $output != *hull-test* ]]
		[[ $output != *socket* && $output != *.sock* ]]
	done
	rm /tmp/hull-test.$$ /dev/shm/hull-test.$$
}

@test "sandbox: keys and tokens are hidden, in what is shown as well" {
	mkdir -p home/.ssh home/.aws home/src
	echo SECRET >home/.ssh/id_rsa
	echo SECRET >home/.aws/credentials
	echo SECRET >home/.netrc
	echo SECRET >home/src/private
	chown -R $U:$U home
	export HOME=$WORK/home
	for WHO in root user; do
		run box --ro home --hide "$WORK/home/src/private" -- sh -c "cd $WORK/home && cat .ssh/id_rsa .aws/credentials .netrc src/private; ls -A .ssh .aws"
		[[ $output != *SECRET* ]]
		run box --ro home --ro home/.aws -- cat "$WORK/home/.aws/credentials"
		[ "$output" = SECRET ]
	done
	for WHO in root user; do
		[ -z "$(box -- cat /etc/shadow)" ]
	done
}

@test "sandbox: --ro, --rw, --file and --tmpfs" {
	mkdir data
	echo text >data/file
	chown -R $U:$U data
	for WHO in root user; do
		run box --ro data --cwd "$WORK" -- sh -c "cat data/file && ! echo x >data/new"
		[ "$status" -eq 0 ]
		[ "${lines[0]}" = text ]
		run box --rw data --cwd "$WORK" -- sh -c "cd data && echo $WHO >written && cat file"
		[ "$output" = text ]
		[ "$(cat data/written)" = $WHO ]
		[ "$(stat -c %u data/written)" = $U ]
		rm data/written
		run box --ro data:/srv/in --file data/file:/etc/the-file -- cat /srv/in/file /etc/the-file
		[ "$output" = "text"$'\n'"text" ]
		run box --tmpfs /opt/space:1M -- sh -c 'cd /opt/space && ! head -c 3000000 /dev/zero >big; stat -c %s big'
		[ "${lines[-1]}" -le 1048576 ]
	done
	run box --rw missing -- true
	[ "$status" -eq 125 ]
	[[ $output == *"rw missing: no such file or directory"* ]]
}

@test "sandbox: --overlay none refuses writes, a directory keeps them" {
	for WHO in root user; do
		run box --overlay none -- sh -c '! echo x >/etc/hull-test 2>/dev/null && echo x >/tmp/x'
		[ "$status" -eq 0 ]
	done
	mkdir kept
	chown $U:$U kept
	for WHO in root user; do
		box --overlay "$WORK/kept/$WHO" -- sh -c 'echo kept >/etc/hull-test'
		[ "$(box --overlay "$WORK/kept/$WHO" -- cat /etc/hull-test)" = kept ]
		[ "$(cat kept/$WHO/up%2Fetc/hull-test)" = kept ]
	done
	[ ! -e /etc/hull-test ]
}

@test "sandbox: a directory that one may enter but not list is that with every overlay" {
	CHANGED=/opt/hull-test.$$
	mkdir -p $CHANGED/in
	chmod 711 $CHANGED
	for WHO in root user; do
		for overlay in tmp none; do
			run box --overlay $overlay -- sh -c "stat -c %a $CHANGED $CHANGED/in /opt && ! ls $CHANGED 2>/dev/null"
			[ "$status" -eq 0 ]
			[ "$output" = "711"$'\n'"755"$'\n'"$(stat -c %a /opt)" ]
		done
	done
}

@test "sandbox: what --overlay DIR keeps stays where it was when the host has other directories" {
	need_static_init
	make_rootfs "$WORK/rootfs"
	chmod 755 "$WORK/rootfs"
	mkdir -p rootfs/{root-old,user-old,data,m} kept
	chown -R $U:$U kept
	mount -t tmpfs tmpfs rootfs/m # so that there is one overlay for each directory
	chmod 755 rootfs/m
	for WHO in root user; do
		box --root rootfs --overlay "$WORK/kept/$WHO" -- /bin/sh -c 'echo kept >/data/file'
		rmdir rootfs/$WHO-old
		mkdir rootfs/$WHO-{1..12}
		run box --root rootfs --overlay "$WORK/kept/$WHO" -- /bin/sh -c 'cat /data/file; ls /[ru]*-*'
		echo "$output"
		[ "${lines[0]}" = kept ]
		[[ $output != *file* ]]
		[ "$(cat "kept/$WHO/up%2Fdata/file")" = kept ]
	done
	umount rootfs/m
}

@test "sandbox: an empty directory needs no overlay to be thrown away, and gets one where its changes are asked for" {
	need_static_init
	make_rootfs "$WORK/rootfs"
	chmod 755 "$WORK/rootfs"
	mkdir -p rootfs/{m,hollow,full}
	touch rootfs/full/file
	mount -t tmpfs tmpfs rootfs/m # so that there is one overlay for each directory
	chmod 755 rootfs/m
	for WHO in root user; do
		chown 65534:65534 rootfs/hollow
		[ $WHO = root ] || chown $U:$U rootfs/hollow
		chmod 1750 rootfs/hollow
		run box --root rootfs -- /bin/sh -c 'stat -c %a /hollow && echo x >/hollow/x && cat /hollow/x /proc/mounts'
		[ "$status" -eq 0 ]
		[ "${lines[0]} ${lines[1]}" = "1750 x" ]
		grep -q ' /full overlay' <<<"$output"
		! grep ' /hollow overlay' <<<"$output" || false
		run box --root rootfs --changes list -- /bin/sh -c 'echo x >/hollow/x; cat /proc/mounts'
		grep -q ' /hollow overlay' <<<"$output"
		grep -qx 'A /hollow/x' <<<"$output"
		run box --root rootfs --overlay none -- /bin/sh -c 'echo x >/hollow/x'
		[ "$status" -ne 0 ]
		[ -z "$(ls -A rootfs/hollow)" ]
	done
	umount rootfs/m
}

@test "sandbox: a root file system of its own" {
	need_static_init
	make_rootfs "$WORK/rootfs"
	chmod 755 "$WORK/rootfs"
	for WHO in root user; do
		run box --root rootfs -- sh -c 'ls /; echo x >/new; cat /new'
		[ "$status" -eq 0 ]
		[[ $output != *work* ]]
		[ "${lines[-1]}" = x ]
	done
	[ ! -e rootfs/new ]
}

@test "sandbox: of the environment only what is named" {
	export SECRET_TOKEN=1 SHOWN=yes
	for WHO in root user; do
		run box --env SHOWN --env A=b -- env
		[[ $output != *SECRET_TOKEN* ]]
		echo "$output" | grep -qx SHOWN=yes
		echo "$output" | grep -qx A=b
		echo "$output" | grep -q '^PATH=/usr/local/sbin'
	done
}

@test "sandbox: no descriptor of the caller's" {
	exec 7</etc/passwd
	for WHO in root user; do
		[ "$(box -- sh -c 'ls /proc/self/fd' | tr '\n' ' ')" = "0 1 2 3 " ] # 3: of ls itself
	done
}

@test "sandbox: --stdin, --stdout and --stderr; pipes" {
	echo input >in
	for WHO in root user; do
		rm -f out err
		box --stdin in --stdout out --stderr err -- sh -c 'cat; echo bad >&2'
		[ "$(cat out)" = input ]
		[ "$(cat err)" = bad ]
		[ "$(echo through | box -- cat)" = through ]
		[ "$(head -c 300000 /dev/zero | box -- cat | wc -c)" = 300000 ]
		[ "$(box -- cat <in)" = input ]
	done
}

@test "sandbox: stdout and stderr of one file stay in order" {
	for WHO in root user; do
		box -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo $i; echo $i >&2; done' >both 2>&1
		[ "$(tr -d '\n' <both)" = 112233445566778899 ]
	done
}

@test "sandbox: a terminal of its own" {
	for WHO in root user; do
		run script -qec "$(declare -f box as_user); WHO=$WHO U=$U HULL=$HULL; box -- sh -c 'tty; test -t 0 && echo yes'" /dev/null </dev/null
		[[ $output == */dev/pts/0*yes* || $output == */dev/console*yes* ]]
	done
}

@test "sandbox: --wall ends it, with all it has started, whatever it ignores" {
	for WHO in root user; do
		run box --wall 700ms --report report -- sh -c 'trap "" TERM INT HUP; (setsid sleep 987 &); (sleep 987 &) ; sleep 987'
		[ "$status" -eq 137 ]
		[ "$(report .verdict)" = wall_time ]
		[ "$(report .limits.wallMs.enforced)" = 700 ]
		[ "$(report '.wall_ns >= 700000000')" = true ]
		run ! pgrep -f 'sleep 987'
		rm report
	done
}

@test "sandbox: --cpu-time is that of all processes" {
	run box --cpu-time 500ms --report report -- sh -c 'spin() { while :; do :; done; }; spin & spin & wait'
	[ "$status" -eq 137 ]
	[ "$(report .verdict)" = cpu_time ]
	[ "$(report '.cpu_user_ns + .cpu_sys_ns >= 500000000')" = true ]
	[ "$(report '.cpu_user_ns + .cpu_sys_ns < 900000000')" = true ]
}

@test "sandbox: --cpu-time ends a user's program, by its cgroup or each process" {
	for WHO in root user; do
		run box --cpu-time 1s --wall 60s --report report -- sh -c 'while :; do :; done'
		[ "$status" -ne 0 ]
		[ "$(report .verdict)" = cpu_time ]
		[[ "$(report .limits.cpuTimeMs.by)" == cgroup || "$(report .limits.cpuTimeMs.by)" == rlimit ]]
		[ "$(report '.cpu_user_ns + .cpu_sys_ns >= 900000000')" = true ]
		rm report
	done
}

@test "sandbox: --output counts both streams, and not one byte more comes out" {
	for WHO in root user; do
		run --separate-stderr box --output 1000 --report report -- sh -c 'head -c 600 /dev/zero >&2; yes'
		[ "$status" -eq 137 ]
		[ "$(report .verdict)" = output ]
		[ "$(report '.output_bytes | .stdout + .stderr')" = 1000 ]
		[ "$(report .output_bytes.truncated)" = true ]
		rm report
	done
}

@test "sandbox: --disk is all that is written, to /tmp and to the host's files" {
	for WHO in root user; do
		run box --disk 2M --report report -- sh -c 'head -c 1500000 /dev/zero >/tmp/a && head -c 1500000 /dev/zero >/etc/b'
		[ "$status" -ne 0 ]
		[ "$(report .verdict)" = disk ]
		[ "$(report .disk_peak)" = 2097152 ]
		rm report
	done
}

@test "sandbox: --disk bounds how many files there can be, and no other place is without bounds" {
	cat >fill.py <<-'END'
		import os, sys
		for where in sys.argv[1:]:
		    made = 0
		    try:
		        while made < 100000:
		            os.close(os.open(f"{where}/{made}", os.O_CREAT | os.O_WRONLY))
		            made += 1
		    except OSError:
		        pass
		    print(where, made)
		sys.exit(1)
	END
	for WHO in root user; do
		run box --disk 4M --tmpfs /opt/space:1M --file fill.py:/srv/fill.py --report report -- python3 /srv/fill.py /tmp /dev/shm /opt/space /dev
		# A page for each file, and 4096.
		awk '{ most["/tmp"] = 5120; most["/dev/shm"] = 20480; most["/opt/space"] = 4352; most["/dev"] = 4112
			if ($2 >= most[$1] || ($1 != "/dev" && $2 < 2000)) exit 1 }' <<<"$output" || { echo "$output" && false; }
		[ "$(report .verdict)" = disk ]
		rm report
	done
}

@test "sandbox: --fsize, --nofile and --pids" {
	for WHO in root user; do
		run box --fsize 10K --report report -- sh -c 'exec head -c 100000 /dev/zero >/tmp/a'
		[ "$(report .verdict)" = disk ]
		[ "$(report .signal)" = 25 ]
		rm report
		[ "$(box --nofile 50 -- sh -c 'ulimit -n')" = 50 ]
		run box --pids 5 -- sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
		[ "$status" -ne 0 ]
		[[ $output == *ork* ]]
	done
}

@test "sandbox: the report says how it ended" {
	local case
	for WHO in root user; do
		while read -r verdict code signal words; do
			run box --report report -- sh -c "$words"
			[ "$(report '[.verdict, .exit_code, .signal] | join(" ")')" = "${verdict} ${code#-} ${signal#-}" ] ||
				{ cat report; false; }
			[ "$(report .version)" = 1 ]
			rm report
		done <<-END
			ok 0 - true
			exit 3 - exit 3
			signal - 11 kill -SEGV \$\$
			signal - 9 kill -KILL \$\$
			exit 137 - exit 137
		END
		run -127 box --report report -- no-such-program
		[ "$(report .verdict)" = setup_error ]
		[[ "$(report .error)" == *no-such-program* ]]
		rm report
	done
	run box --report fd:9 -- true 9>report
	[ "$(report .verdict)" = ok ]
	# And one that is not as its schema says would be noticed.
	local wrong
	cp report good
	for wrong in '.surprise = 1' 'del(.verdict)' '.verdict = "good"' '.wall_ns = 1.5' '.limits.tape = {}' '.runtime.degraded = [{what: "x"}]'; do
		jq "$wrong" good >report
		run fits_schema
		[ "$status" -eq 1 ] || { echo "$wrong" && false; }
	done
}

@test "sandbox: --seccomp strict ends a program for a call that is not allowed" {
	for WHO in root user; do
		run box --seccomp strict --report report -- true
		[ "$status" -eq 0 ]
		run box --seccomp strict --report report -- unshare --net true
		[ "$status" -eq 159 ]
		[ "$(report .verdict)" = seccomp ]
		rm report
	done
}

@test "sandbox: --seccomp FILE is a profile of the user's own, in place of hull's" {
	cat >own.json <<-'END'
		{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		    { "names": [ "mkdir", "mkdirat" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 30 },
		    { "names": [ "symlink", "symlinkat" ], "action": "SCMP_ACT_KILL_PROCESS" } ] }
	END
	chmod 644 own.json
	for WHO in root user; do
		run box --seccomp ./own.json --report report -- mkdir /tmp/dir
		[ "$status" -eq 1 ]
		[[ $output == *"Read-only file system"* ]]
		[ "$(report '[.verdict, .runtime.seccomp] | join(" ")')" = "exit ./own.json" ]
		run box --seccomp ./own.json --report report -- ln -s target /tmp/link
		[ "$status" -eq 159 ]
		[ "$(report '[.verdict, .signal] | join(" ")')" = "seccomp 31" ]
		# What hull's own would refuse is not.
		run -0 box --seccomp ./own.json -- unshare --user true
		run box -- unshare --user true
		[ "$status" -ne 0 ]
		rm report
	done
	run -0 box --seccomp ./own.json --explain -- true
	grep -qx 'system calls: the profile in ./own.json' <<<"$output"
}

@test "sandbox: --seccomp FILE may be a short list of what is allowed: what hull-init needs is added, and said" {
	need_static_init
	make_rootfs "$WORK/rootfs"
	chmod 755 "$WORK/rootfs"
	# All that echo of busybox needs, and nothing by which it could read what is not in its hands.
	cat >short.json <<-'END'
		{ "defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [
		  { "action": "SCMP_ACT_ALLOW", "names": [ "prctl" ], "args": [ { "index": 0, "value": 16, "op": "SCMP_CMP_EQ" } ] },
		  { "action": "SCMP_ACT_ALLOW", "names": [
		    "brk", "mmap", "munmap", "mprotect", "set_robust_list", "rseq", "prlimit64", "readlink", "readlinkat", "getrandom",
		    "getuid", "setuid", "getgid", "setgid", "fstat", "newfstatat", "ioctl" ] } ] }
	END
	chmod 644 short.json
	for WHO in root user; do
		run -0 box --root rootfs --overlay none --seccomp ./short.json --report report -- echo hello
		[ "$output" = hello ]
		[ "$(report .verdict)" = ok ]
		run box --root rootfs --overlay none --seccomp ./short.json --report report -- mkdir /tmp/x
		[ "$(report .verdict)" = seccomp ]
		[ "$(box --root rootfs --seccomp ./short.json --explain -- true | grep 'hull-init needs')" = \
			"system calls that hull-init needs, and the profile lacks: read write close fcntl execve exit_group arch_prctl set_tid_address prctl rt_sigprocmask rt_sigtimedwait vfork clone wait4 kill getrusage" ]
		rm report
	done
	# Only with the one argument.
	box --root rootfs --seccomp ./short.json --print-bundle -- true >config.json
	[ "$(jq -c '[.linux.seccomp.syscalls[] | select(.names == ["prctl"]) | .args[] | .value]' config.json)" = '[16,4]' ]
}

# Names of the profile that would be in force.
names_in_force() {
	box --seccomp "$1" --print-bundle -- true | jq -r '[.linux.seccomp.syscalls[] | .names[]] | join(" ")'
}

@test "sandbox: --seccomp FILE in the form of engines: what is for no capabilities, this machine and this kernel" {
	[ "$(uname -m)" = x86_64 ] || skip "written for x86-64"
	cat >engine.json <<-'END'
		{ "defaultAction": "SCMP_ACT_ALLOW", "defaultErrno": "",
		  "archMap": [ { "architecture": "SCMP_ARCH_AARCH64", "subArchitectures": [ "SCMP_ARCH_ARM" ] },
		               { "architecture": "SCMP_ARCH_X86_64", "subArchitectures": [ "SCMP_ARCH_X86" ] } ],
		  "syscalls": [
		    { "name": "acct", "action": "SCMP_ACT_ERRNO", "args": null, "comment": "the old form" },
		    { "names": [ "bpf" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "errno": "EPERM", "includes": {}, "excludes": {} },
		    { "names": [ "chroot" ], "action": "SCMP_ACT_ERRNO", "includes": { "caps": [ "CAP_SYS_CHROOT" ] } },
		    { "names": [ "delete_module" ], "action": "SCMP_ACT_ERRNO", "excludes": { "caps": [ "CAP_SYS_MODULE" ] } },
		    { "names": [ "eventfd" ], "action": "SCMP_ACT_ERRNO", "includes": { "arches": [ "s390x", "arm64" ] } },
		    { "names": [ "fanotify_init" ], "action": "SCMP_ACT_ERRNO", "includes": { "arches": [ "amd64", "x32" ] } },
		    { "names": [ "getpgrp" ], "action": "SCMP_ACT_ERRNO", "excludes": { "arches": [ "amd64" ] } },
		    { "names": [ "io_cancel" ], "action": "SCMP_ACT_ERRNO", "includes": { "minKernel": "4.8" } },
		    { "names": [ "io_setup" ], "action": "SCMP_ACT_ERRNO", "includes": { "minKernel": "99.0" } },
		    { "names": [ "keyctl" ], "action": "SCMP_ACT_ERRNO", "excludes": { "minKernel": "4.8" } } ] }
	END
	for WHO in root user; do
		[ "$(names_in_force engine.json)" = "acct bpf delete_module fanotify_init io_cancel" ]
		[ "$(box --seccomp engine.json --print-bundle -- true | jq -c .linux.seccomp.architectures)" = '["SCMP_ARCH_X86"]' ]
	done
	# One of an engine's own, where there is one.
	for file in /usr/share/containers/seccomp.json /etc/docker/seccomp.json; do
		[ ! -e $file ] || [ "$(box --seccomp $file -- echo works)" = works ]
	done
}

@test "sandbox: --seccomp FILE: what is wrong with it is said, and nothing runs" {
	local call='"syscalls": [ { "names": [ "acct" ], "action": "SCMP_ACT_' text wanted
	WHO=root
	while IFS=@ read -r text wanted; do
		echo "{ \"defaultAction\": \"SCMP_ACT_ALLOW\"$text }" >wrong.json
		run -125 box --seccomp ./wrong.json --report report -- touch ran
		[[ $output == *"seccomp"*"$wanted"* ]] || { echo "$output" && false; }
		[ "$(report '[.verdict, .runtime.seccomp] | join(" ")')" = "setup_error ./wrong.json" ]
	done <<-END
		, "sycalls": []@did you mean "syscalls"
		, $call ERRNO" } ]@expected one of
		, ${call}ERRNO", "errnoRt": 1 } ]@did you mean "errnoRet"
		, ${call}ALLOW", "errnoRet": 1 } ]@SCMP_ACT_ALLOW returns no errno
		, ${call}ERRNO", "errno": "ENOSYS" } ]@syscalls[0]: errno "ENOSYS" needs its number, errnoRet
		, ${call}ERRNO", "name": "bpf" } ]@syscalls[0]: name and names exclude each other
		, ${call}ERRNO", "includes": { "minKernel": "new" } } ]@minKernel "new": expected a version such as 4.8
		, ${call}NOTIFY" } ]@SCMP_ACT_NOTIFY: in a sandbox there is nobody to ask
		, "listenerPath": "/run/x"@listenerPath: in a sandbox there is nobody to ask
		, "architectures": [ "SCMP_ARCH_X86" ], "archMap": [ { "architecture": "SCMP_ARCH_X86_64" } ]@architectures and archMap exclude each other
		, "syscalls": [ { "names": [ "wait4", "vfork" ], "action": "SCMP_ACT_ERRNO" } ]@vfork cannot be refused: hull-init, which starts the program under this profile, needs it
		, "syscalls": [ { "names": [] , "action": "SCMP_ACT_ERRNO" } ]@expected at least one name
		, }@expected a name in quotes
	END
	run -125 box --seccomp ./missing.json -- true
	[[ $output == *"missing.json: no such file or directory"* ]]
	run -125 box --seccomp loose -- true
	[[ $output == *'seccomp "loose": expected default, strict or the path of a file'* ]]
	echo '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [ { "names": [ "personality" ], "action": "SCMP_ACT_ERRNO" } ] }' >wrong.json
	run -125 box --deterministic --seccomp ./wrong.json -- true
	[[ $output == *"seccomp ./wrong.json: personality cannot be refused: hull-init"* ]]
	# A condition on the mode leaves no room for the one of --rw.
	mkdir out
	echo '{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [ { "names": [ "chmod" ], "action": "SCMP_ACT_ALLOW",
		"args": [ { "index": 1, "value": 511, "op": "SCMP_CMP_EQ" } ] } ] }' >wrong.json
	run -125 box --seccomp ./wrong.json --rw out -- true
	[[ $output == *"seccomp ./wrong.json: chmod: with --rw"* ]]
}

@test "sandbox: a limit without its controller is an error with --strict, else a warning and an entry" {
	! grep -qw memory "$(cgroup_root)/cgroup.controllers" || skip "the memory controller is here"
	! sanitized || skip "the address space limit in its place leaves no room for AddressSanitizer"
	for WHO in root user; do
		run box --strict --mem 64M -- true
		[ "$status" -eq 125 ]
		[[ $output == *"mem cannot be enforced"*"memory controller"* ]]
		run box --mem 64M --report report -- true
		[ "$status" -eq 0 ]
		[[ $output == *"mem is not enforced"* ]]
		[ "$(report '.runtime.degraded[0].what')" = mem ]
		[ "$(report '.limits.memory.enforced')" = null ]
		# What takes its place ends who alone takes too much.
		run box --mem 300M --report report -- sh -c 'head -c 400000000 /dev/zero | tail -n 1 | wc -c'
		[[ $output == *"tail: memory exhausted"* ]]
		rm report
	done
	run box --profile judge -- true
	[ "$status" -eq 125 ]
}

@test "sandbox: without a cgroup the report says of what its figures are, and which limits are not there" {
	for WHO in root user; do
		as=()
		[ $WHO = root ] || as=(as_user)
		run "${as[@]}" "$HULL" --cgroup-manager=disabled sandbox --pids 20 --cpus 1 --wall 60s --report report -- \
			sh -c 'head -c 30000000 /dev/zero | tail -n 1 | wc -c; exit 3'
		[ "$status" -eq 3 ]
		[[ $output == *"cpus is not enforced: the cpu controller is not there: no cgroup can be made here"* ]]
		[ "$(report '[.verdict, .cpu_from, .mem_from, .limits.pids.by, .limits.wallMs.by] | join(" ")')" = "exit rusage rusage rlimit watched" ]
		[ "$(report '[.pids_peak, .pids_refused, .mem_events.oom_kill, .limits.cpus.enforced, .limits.cpus.by] | unique | tostring')" = "[null]" ]
		[ "$(report '.mem_peak >= 30000000')" = true ]
		[ "$(report '[.runtime.degraded[].what] | join(" ")')" = cpus ]
		run -125 "${as[@]}" "$HULL" --cgroup-manager=disabled sandbox --strict --cpus 1 -- touch ran
		[[ $output == *"cpus cannot be enforced"* ]]
		rm report
	done
}

@test "sandbox: a profile is a file; what it does not know is an error" {
	echo '{"wallMs": 60000, "env": ["A=1"], "rw": ["."], "strict": true}' >profile.json
	for WHO in root user; do
		[ "$(box --profile ./profile.json --env B=2 -- sh -c 'echo $A$B; touch from-'$WHO)" = 12 ]
		[ -e from-$WHO ]
	done
	echo '{"walMs": 60000}' >profile.json
	run box --profile ./profile.json -- true
	[ "$status" -eq 125 ]
	[[ $output == *'did you mean "wallMs"'* ]]
	run box --profile nobody -- true
	[ "$status" -eq 125 ]
	[[ $output == *"expected agent, judge, ci"* ]]
}

@test "sandbox: --print-bundle is a valid configuration, --explain says it in words" {
	for WHO in root user; do
		box --print-bundle --wall 1s -- echo hello >config.json
		[ "$(jq -r '.process.args[2:] | join(" ")' config.json)" = "echo hello" ]
		[ "$(jq -r .process.noNewPrivileges config.json)" = true ]
		[ "$(jq '[.process.capabilities[]?] | flatten | length' config.json)" = 0 ]
		mkdir -p rootfs
		"$HULL" validate
		box --explain --wall 1s -- true | grep -qx 'limit wall: 1000, by watched'
		rm config.json
	done
}

@test "sandbox: it dies with its parent" {
	for WHO in root user; do
		box -- sleep 876 &
		until_true pgrep -f '^sleep 876'
		pkill -KILL -f 'sandbox -- sleep 876'
		until_true eval '! pgrep -f "^sleep 876"'
		wait
	done
	# What was killed could not clean up; the next does.
	for WHO in root user; do box -- true; done
}

@test "sandbox: signals go to the program" {
	for WHO in root user; do
		box --report report -- sh -c 'trap "exit 5" TERM; touch /tmp/ready; while :; do sleep 0.1; done' &
		until_true pgrep -f '^sleep 0.1'
		kill -TERM "$(pgrep -f "^$HULL sandbox --report report|/hull sandbox --report report" | tail -1)"
		wait $! || [ $? -eq 5 ]
		rm report
	done
}

@test "sandbox: what a killed hull left is cleared away by the next" {
	for WHO in root user; do
		rm -f started
		box --rw .:/inside -- sh -c 'touch /inside/started; sleep 654' &
		until_true pgrep -f '^sleep 654'
		pkill -KILL -f 'sandbox --rw .:/inside -- sh'
		wait
		until_true eval '! pgrep -f "^sleep 654"'
		[ -n "$(ls -A /run/hull.sandbox "$XDG_RUNTIME_DIR/hull/.sandbox" 2>/dev/null | grep sandbox-)" ]
		box -- true
		[ -z "$(ls -A /run/hull.sandbox 2>/dev/null)" ]
		[ -z "$(ls -A "$XDG_RUNTIME_DIR"/hull/.sandbox 2>/dev/null)" ]
		[ -z "$(ls -A /run/hull 2>/dev/null | grep sandbox-)" ]
		[ -z "$(ls -A "$XDG_RUNTIME_DIR"/hull 2>/dev/null | grep sandbox-)" ]
	done
}

@test "sandbox: what runs is not cleared away" {
	for WHO in root user; do
		box -- sleep 321 &
		until_true pgrep -f '^sleep 321'
		box -- true
		pgrep -f '^sleep 321'
		pkill -TERM -f 'sandbox -- sleep 321' || :
		wait
	done
}

@test "sandbox: --keep leaves a bundle that runs again" {
	for WHO in root user; do
		run --separate-stderr box --keep --report report -- echo hello
		[ "$output" = hello ]
		kept=$(report .runtime.kept)
		[[ $stderr == "kept: $kept" ]]
		[ "$(jq -r .verdict "$kept/report.json")" = ok ]
		box -- true # does not clear it away
		if [ $WHO = user ]; then
			run as_user "$HULL" run --bundle "$kept" again
		else
			run "$HULL" run --bundle "$kept" again
		fi
		[ "$output" = hello ]
		rm -r "$kept" report
	done
}

@test "sandbox: --deterministic fixes environment, clocks, names and addresses" {
	command -v python3 >/dev/null || skip "no python3 here"
	cat >look.py <<-'END'
		import os, time
		print(sorted(os.environ.items()), os.uname().nodename, os.getpid(), hash("x"), id(os), int(time.monotonic()) // 60,
		      int(time.clock_gettime(time.CLOCK_BOOTTIME)) // 60, time.tzname)
	END
	for WHO in root user; do
		first=$(box --deterministic --file look.py:/tmp/look.py -- python3 /tmp/look.py)
		[[ $first == *"'TZ', 'UTC'"*"sandbox 2 "*" 0 0 "* ]]
		[ "$(box --deterministic --file look.py:/tmp/look.py -- python3 /tmp/look.py)" = "$first" ]
		[ "$(box --file look.py:/tmp/look.py -- python3 /tmp/look.py)" != "$first" ]
		# Only what the option asks for is allowed.
		run box -- setarch -R true
		[ "$status" -ne 0 ]
	done
}

@test "sandbox: --landlock forbids what the mounts would not" {

	for WHO in root user; do
		run box --landlock auto -- sh -c 'echo x >/etc/hull-test; mkdir /etc/hull-dir && mv /etc/hull-test /etc/hull-dir/ && cat /etc/hull-dir/hull-test && echo y >/tmp/y && cat /tmp/y; : >/dev/null'
		[ "$output" = "x"$'\n'"y" ]
		box --landlock auto --print-bundle -- true | jq -r '.annotations["dev.hull.landlock"]' | jq -e '.paths[0].access | index("devices") == null'
		run box --landlock auto --overlay none --rw .:/tmp/out -- sh -c "echo x >/tmp/out/x && echo z >/proc/self/comm && ! mknod /tmp/out/c c 1 3"
		[ "$status" -eq 0 ]
		rm -f x
	done
	run box --landlock always -- true
	[ "$status" -eq 125 ]
}

# A directory of the host's that the program of either user may write to, whose path is $CHANGED.
changed_dir() {
	CHANGED=/opt/hull-test.$$
	rm -rf $CHANGED
	mkdir -p $CHANGED/gone/deep $CHANGED/replaced
	echo old >$CHANGED/file
	echo old >$CHANGED/gone/deep/x
	echo old >$CHANGED/replaced/old
	chmod 644 $CHANGED/file
	[ $WHO = root ] && chown -R 65534:65534 $CHANGED || chown -R $U:$U $CHANGED
	SCRIPT="cd $CHANGED && echo new >file && echo made >made && rm -r gone replaced && mkdir replaced &&
		echo r >replaced/new && ln -s /etc/passwd link && chmod 4755 made && mkfifo fifo && mkdir -p a/b && echo c >a/b/c"
}

@test "sandbox: --changes list and the report say what was written" {
	for WHO in root user; do
		changed_dir
		run --separate-stderr box --changes list --report report -- sh -c "$SCRIPT"
		[ "$status" -eq 0 ]
		[ "$(echo "$stderr" | grep -F "$CHANGED" | sort)" = "$(sort <<-END
			M $CHANGED/file
			A $CHANGED/made
			D $CHANGED/gone
			M $CHANGED/replaced/
			A $CHANGED/replaced/new
			A $CHANGED/link
			A $CHANGED/fifo
			A $CHANGED/a/
			A $CHANGED/a/b/
			A $CHANGED/a/b/c
		END
		)" ]
		[ "$(echo "$stderr" | wc -l)" = 10 ]
		[ "$(report .files.deleted[0])" = $CHANGED/gone ]
		[ "$(report .files.applied)" = false ]
		[ "$(cat $CHANGED/file)" = old ]
		run --separate-stderr box --changes list -- true
		[ -z "$stderr" ]
		rm -r $CHANGED report
	done
	run box --changes some -- true
	[ "$status" -eq 125 ]
	[[ $output == *"expected list, apply or tar:FILE"* ]]
}

@test "sandbox: --changes tar:FILE is a layer" {
	for WHO in root user; do
		changed_dir
		box --changes tar:out.tar -- sh -c "$SCRIPT && mkdir -p $(printf 'long%.0s' {1..30})/more && echo l >$(printf 'long%.0s' {1..30})/more/f && touch .wh.evil" 2>list
		grep -q 'wh.evil (left out' list
		tar tvf out.tar >members
		grep -q "${CHANGED#/}/.wh.gone" members
		grep -q "${CHANGED#/}/replaced/.wh..wh..opq" members
		run ! grep 'wh.evil' members
		run ! grep '^-..s' members
		mkdir x
		tar xf out.tar -C x
		[ "$(cat x$CHANGED/file)" = new ]
		[ "$(cat x$CHANGED/a/b/c)" = c ]
		[ "$(readlink x$CHANGED/link)" = /etc/passwd ]
		[ -p x$CHANGED/fifo ]
		[ "$(cat x$CHANGED/long*/more/f)" = l ]
		rm -r $CHANGED x out.tar
	done
}

@test "sandbox: --changes apply --yes brings it to the host, and only what ended well" {
	for WHO in root user; do
		changed_dir
		box --changes apply --yes -- sh -c "$SCRIPT; exit 3" || [ $? -eq 3 ]
		[ "$(cat $CHANGED/file)" = old ]
		box --changes apply --yes --report report -- sh -c "$SCRIPT"
		[ "$(report .files.applied)" = true ]
		[ "$(cat $CHANGED/file)" = new ]
		[ ! -e $CHANGED/gone ]
		[ ! -e $CHANGED/replaced/old ]
		[ -e $CHANGED/replaced/new ]
		[ "$(readlink $CHANGED/link)" = /etc/passwd ]
		[ -p $CHANGED/fifo ]
		[ "$(cat $CHANGED/a/b/c)" = c ]
		[ "$(stat -c %a $CHANGED/made)" = 755 ]
		[ "$(stat -c %u $CHANGED/file)" = "$([ $WHO = root ] && echo 65534 || echo $U)" ]
		[ -z "$(find $CHANGED -name '.hull-*')" ]
		rm -r $CHANGED report
		run setsid -w "$HULL" sandbox --changes apply -- true
		[ "$status" -eq 125 ]
		[[ $output == *"no terminal to ask on"* ]]
	done
}

@test "sandbox: --changes apply asks on the terminal" {
	WHO=root
	changed_dir
	run script -qec "$HULL sandbox --changes apply -- sh -c 'echo new >$CHANGED/file'" /dev/null < <(for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1; echo n || break; done)
	[[ $output == *"M $CHANGED/file"*"Apply these changes?"* ]]
	[ "$(cat $CHANGED/file)" = old ]
	run script -qec "$HULL sandbox --changes apply -- sh -c 'echo new >$CHANGED/file'" /dev/null < <(for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1; echo y || break; done)
	[ "$(cat $CHANGED/file)" = new ]
	rm -r $CHANGED
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# dev.hull.landlock: enforced in the container and in exec, or refused.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	config '.process.noNewPrivileges = true | .root.readonly = false'
	mkdir -p rootfs/data rootfs/other
	chmod 777 rootfs/data rootfs/other
	echo text >rootfs/data/file
	echo text >rootfs/other/file
	chmod 666 rootfs/*/file
}

teardown() {
	clean_up
}

# landlock JSON: as the container's annotation
landlock() {
	config '.annotations["dev.hull.landlock"] = $l' --arg l "$1"
}

# Skips unless the kernel has Landlock of version $1 at least.
need_abi() {
	local abi
	abi=$(python3 -c 'import ctypes; print(max(0, ctypes.CDLL(None).syscall(444, 0, 0, 1)))')
	[ "$abi" -ge "$1" ] || skip "Landlock of version $abi here, $1 is needed (tests/vm/run --kernel=6.12)"
}

# What every program here needs: to be executed, and to look around.
base='{"path": "/", "access": ["read", "execute"]}, {"path": "/dev", "access": ["read", "write", "ioctl"]}'

@test "landlock: files can be read everywhere and changed in one place" {
	need_abi 5
	landlock '{"paths": ['"$base"', {"path": "/data", "access": ["read", "write", "create", "remove"]}]}'
	program sh -c 'cat /other/file && echo more >>/data/file && : >/data/file && echo x >/data/new && rm /data/new && mkdir /data/dir &&
		for try in "echo x >>/other/file" ": >/other/file" "echo x >/other/new" "rm /other/file" "mkdir /other/dir" \
			"truncate -s 0 /other/file" "ln -s x /other/link" "mkfifo /other/fifo" "mv /data/file /other/"; do
			! sh -c "$try" 2>/dev/null || echo "not refused: $try"
		done'
	run hull run "$ID"
	[ "$status" -eq 0 ]
	[ "$output" = text ]
	[ "$(cat rootfs/other/file)" = text ]
}

@test "landlock: what no path allows is forbidden, reading and executing as well" {
	need_abi 5
	landlock '{"paths": [{"path": "/bin", "access": ["read", "execute"]}, {"path": "/other/file", "access": ["read", "execute", "create"]}, {"path": "/missing", "access": ["read"], "optional": true}]}'
	program sh -c 'cat /other/file; cat /data/file; ls /data'
	run hull run "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *text*"/data/file"*[Pp]"ermission denied"*"/data"*[Pp]"ermission denied"* ]]
	landlock '{"paths": [{"path": "/data", "access": ["read"]}]}'
	run hull run "$ID"
	[ "$status" -eq 126 ]
	[[ $output == *"permission denied"* ]]
	landlock '{"paths": ['"$base"', {"path": "/missing", "access": ["read"]}]}'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"make Landlock's rules: paths[2]: "*"/missing: no such file or directory"* ]]
	nothing_left
}

@test "landlock: a path is looked up in the root" {
	need_abi 5
	ln -s /../../../../../../data rootfs/link
	landlock '{"paths": ['"$base"', {"path": "/link", "access": ["write"]}]}'
	program sh -c 'echo more >>/data/file && ! echo more >>/other/file'
	hull run "$ID" 2>/dev/null
}

@test "landlock: honoured in exec, with the process.json's words as well" {
	need_abi 5
	landlock '{"paths": ['"$base"', {"path": "/data", "access": ["write"]}]}'
	program sleep 1000
	hull run -d "$ID"
	hull exec "$ID" sh -c 'echo more >>/data/file'
	run hull exec "$ID" sh -c 'echo more >>/other/file'
	[ "$status" -ne 0 ]
	run hull exec --user 1000:1000 "$ID" sh -c 'echo more >>/data/file && echo more >>/other/file'
	[ "$status" -ne 0 ]
	[[ $output == *"/other/file"* ]]
	echo '{"args": ["sh", "-c", "echo more >>/other/file"], "cwd": "/", "user": {"uid": 0, "gid": 0}}' >process.json
	run hull exec --process process.json "$ID"
	[ "$status" -ne 0 ]
	echo '{"args": ["true"], "cwd": "/", "noNewPrivileges": false, "user": {"uid": 0, "gid": 0}}' >process.json
	run hull exec --process process.json "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *"needs process.noNewPrivileges"* ]]
	[ "$(cat rootfs/other/file)" = text ]
	[ "$(wc -l <rootfs/data/file)" -eq 3 ]
}

@test "landlock: ports" {
	need_abi 4
	landlock '{"bindTcp": [8080], "connectTcp": []}'
	program sh -c 'nc -l -p 8081; echo "bind $?"; timeout 1 nc -l -p 8080; echo "allowed $?"; nc 127.0.0.1 8080; echo "connect $?"; echo x >/other/file'
	run hull run "$ID"
	[[ $output == *"bind: Permission denied"*"bind 1"*"allowed 1"*"127.0.0.1"*"ermission denied"*"connect 1"* ]] ||
		[[ $output == *"bind: Permission denied"*"bind 1"*"allowed "*"ermission denied"*"connect 1"* ]]
	[ "$(cat rootfs/other/file)" = x ]
}

@test "landlock: signals stay among those that came from one program" {
	need_abi 6
	landlock '{"scope": ["signals", "abstractUnixSockets"]}'
	program sh -c 'sleep 1000 & kill $! && sleep 1000'
	hull run -d "$ID"
	hull exec "$ID" sh -c 'sleep 1000 & kill $!'
	run hull exec "$ID" kill -0 1
	[ "$status" -ne 0 ]
	has_status "$ID" running
	config 'del(.annotations)'
	hull run -d "two-$ID"
	hull exec "two-$ID" kill -0 1
}

@test "landlock: under a filter that forbids its calls" {
	need_abi 5
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	landlock '{"paths": ['"$base"']}'
	program sh -c '! echo x >/other/file'
	hull run "$ID" 2>/dev/null
	hull create "$ID"
	hull start "$ID"
	until_true has_status "$ID" stopped
	[ "$(cat rootfs/other/file)" = text ]
}

@test "landlock: an older kernel only where the annotation says that it will do" {
	need_abi 1
	local abi
	abi=$(python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, 0, 0, 1))')
	landlock '{"paths": ['"$base"'], "minimumAbi": 1}'
	program sh -c '! echo x >/other/new'
	run hull run "$ID"
	[ "$status" -eq 0 ]
	[ ! -e rootfs/other/new ]
	if [ "$abi" -lt 5 ]; then
		[[ $output == *"not restricted, as minimumAbi allows: "*"ioctl of devices"* ]]
		landlock '{"paths": ['"$base"']}'
		run hull run "$ID"
		[ "$status" -eq 125 ]
		[[ $output == *"this kernel offers version $abi of Landlock, and 5 is needed"* ]]
	else
		[[ $output != *minimumAbi* ]]
	fi
	if [ "$abi" -lt 6 ]; then
		landlock '{"scope": ["signals"], "minimumAbi": 1}'
		run hull run "$ID"
		[[ $output == *"and 6 is needed"* ]]
	fi
}

@test "landlock: refused where the kernel has none" {
	local abi
	abi=$(python3 -c 'import ctypes; print(max(0, ctypes.CDLL(None).syscall(444, 0, 0, 1)))')
	[ "$abi" -eq 0 ] || skip "the kernel has it (tests/vm/run --append=lsm=apparmor)"
	landlock '{"paths": ['"$base"'], "minimumAbi": 1}'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"dev.hull.landlock: this kernel has no Landlock"* ]]
	nothing_left
}

@test "landlock: needs no_new_privs" {
	need_abi 5
	config '.process.noNewPrivileges = false'
	landlock '{"paths": ['"$base"']}'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *"dev.hull.landlock: needs process.noNewPrivileges"* ]]
}

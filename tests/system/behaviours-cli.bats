#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line, terminals and streams: what users of other runtimes rely on and is easily missed.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	program sleep 1000
}

teardown() {
	clean_up
	[ -z "${RECEIVER:-}" ] || kill "$RECEIVER" 2>/dev/null || :
}

# Takes a descriptor from socket $1; into file $2 goes the pid behind a pidfd, or with "console" as
# $3 what a terminal prints.
receive() {
	python3 - "$@" <<'PY' &
import array, os, re, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
os.chdir(os.path.dirname(sys.argv[1]))
s.bind(os.path.basename(sys.argv[1]))
s.listen(1)
c, _ = s.accept()
_, anc, _, _ = c.recvmsg(64, socket.CMSG_SPACE(4))
fd = array.array("i", anc[0][2])[0]
out = open(sys.argv[2], "wb", buffering=0)
if len(sys.argv) == 3:
    text = open("/proc/self/fdinfo/%d" % fd).read()
    out.write(re.search(r"^Pid:\s*(-?\d+)", text, re.M).group(1).encode())
while len(sys.argv) > 3:
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

@test "global options: those of other runtimes, before the command" {
	for o in -V -v --version; do
		run -0 "$HULL" $o
		[[ ${lines[0]} == "hull version "* ]]
	done
	for o in -h --help '-?' --usage; do
		run -0 "$HULL" "$o"
		[ "${lines[0]}" = "NAME:" ]
		run -0 "$HULL" kill "$o"
		[[ ${lines[1]} == *"hull kill"* ]]
	done
	hull run -d "$ID"
	run -0 hull --rootless=auto --cgroup-manager=cgroupfs --log-level error list -q
	[ "$output" = "$ID" ]
	run -0 hull -log-format json list -quiet # as Go programs write options
	[ "$output" = "$ID" ]
	run hull --cgroup-manager=nothing list
	[ "$status" -ne 0 ]
	[[ $output == *"expected cgroupfs, systemd or disabled"* ]]
	run hull --rootless=maybe list
	[ "$status" -ne 0 ]
}

@test "an unknown command: No help topic, and nothing else" {
	for words in "foo -h" "foo --help" "help foo" foo; do
		# shellcheck disable=SC2086
		run "$HULL" $words
		[ "$status" -eq 1 ]
		[ "$output" = "No help topic for 'foo'" ]
	done
}

@test "unknown options are named as they were written" {
	for o in -x --frobnicate -frobnicate; do
		run hull kill $o "$ID"
		[ "$status" -eq 1 ]
		[[ $output == *"unknown option $o" ]]
	done
}

@test "kill and delete --regex: all that match and no other" {
	for n in web-a web-b db; do
		hull run -d "$n-$ID"
	done
	hull kill --regex '^web-[a-z]-' KILL
	until_true has_status "web-a-$ID" stopped
	until_true has_status "web-b-$ID" stopped
	has_status "db-$ID" running
	hull kill -r '^web-' KILL # none of them runs
	run hull delete -r '^(web|db)-'
	[ "$status" -ne 0 ]
	[[ $output == *"db-$ID"*"not stopped"* ]]
	[ "$(hull list -q)" = "db-$ID" ]
	hull delete --force --regex '^db-'
	[ -z "$(hull list -q)" ]
	run hull kill -r '(' KILL
	[ "$status" -ne 0 ]
	[[ $output == *--regex* ]]
}

@test "errors carry the words that engines look for" {
	run hull state nothere
	[ "$status" -eq 1 ]
	[ "$output" = 'container "nothere" does not exist' ]
	program true
	hull run --keep "$ID"
	run hull kill "$ID" KILL
	[ "$status" -eq 1 ]
	[ "$output" = "container not running: no such process" ]
	program nothere
	run -127 hull run "$ID-b"
	[ "$output" = 'exec: "nothere": executable file not found in $PATH: no such file or directory' ]
	program /etc
	run -126 hull run "$ID-b"
	[ "$output" = 'exec: "/etc": is a directory: permission denied' ]
	run hull --log-format json state nothere
	[ "$(jq -r .msg <<<"$output")" = 'container "nothere" does not exist' ]
}

@test "an empty process.args is an error" {
	config '.process.args = []'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *process.args* ]]
}

@test "spec: what it writes runs, as root and for an ordinary user" {
	rm config.json
	"$HULL" spec
	config '.process.terminal = false | .process.args = ["echo", "it runs"]'
	run -0 hull run "$ID"
	[ "$output" = "it runs" ]
	"$HULL" spec --rootless -f other.json
	jq -e '.linux.uidMappings and .linux.gidMappings and ([.linux.namespaces[].type] | index("user"))' other.json
}

@test "spec and features need no directory of states" {
	mkdir -m 777 "$BATS_TEST_TMPDIR/free"
	cp "$HULL" "$BATS_TEST_TMPDIR/free/hull"
	local d=$BATS_TEST_TMPDIR
	while [ "$d" != / ]; do
		chmod o+x "$d"
		d=$(dirname "$d")
	done
	cd "$BATS_TEST_TMPDIR/free"
	user=(setpriv --reuid 4711 --regid 4711 --clear-groups env -u XDG_RUNTIME_DIR)
	run -0 "${user[@]}" ./hull spec --rootless
	[ -s config.json ]
	run -0 "${user[@]}" ./hull features
	run -0 "${user[@]}" ./hull list -q
	[ -z "$output" ]
}

@test "features: every list is there" {
	"$HULL" features >out
	jq -e '.ociVersionMin and .ociVersionMax and (.hooks | length == 6) and (.mountOptions | length > 40)
		and (.linux.namespaces | sort == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"])
		and (.linux.capabilities | index("CAP_SYS_ADMIN") and index("CAP_CHECKPOINT_RESTORE"))
		and .linux.cgroup.v2 and .linux.seccomp.enabled
		and (.linux.seccomp.actions | index("SCMP_ACT_NOTIFY"))
		and (.linux.seccomp.operators | index("SCMP_CMP_MASKED_EQ"))
		and (.linux.seccomp.archs | index("SCMP_ARCH_X86_64"))
		and (.linux.seccomp.knownFlags | index("SECCOMP_FILTER_FLAG_LOG"))
		and (.linux.seccomp.supportedFlags | index("SECCOMP_FILTER_FLAG_LOG"))
		and (.linux.apparmor | has("enabled")) and (.linux.selinux | has("enabled"))
		and (.linux.intelRdt | has("enabled")) and .linux.mountExtensions.idmap.enabled
		and .linux.netDevices.enabled and (.linux.memoryPolicy.modes | length > 0)
		and (.linux.cgroup | .v1 == false and .rdma and .systemd == .systemdUser and (.systemd | type == "boolean"))
		and .linux.intelRdt.schemata and .linux.intelRdt.monitoring
		and (.potentiallyUnsafeConfigAnnotations | index("run.oci.") and index("org.systemd.property.")
			and index("org.criu.config") and index("dev.hull."))
		and (.annotations["dev.hull.version"] | length > 0)' out
}

@test "--log: file:, and a path relative to the caller" {
	mkdir elsewhere
	cd elsewhere
	for log in file:one two; do
		run hull --log "$log" --log-format json create -b "$BUNDLE/nothere" "$ID"
		[ "$status" -eq 125 ]
	done
	[ "$(jq -r .level one)" = error ]
	[ "$(jq -r .level two)" = error ]
}

@test "--cgroup-manager=disabled: without a cgroup namespace a cgroup mount shows where it stays" {
	config '.linux.namespaces |= map(select(.type != "cgroup")) | del(.linux.resources, .linux.cgroupsPath) |
		.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	program sh -c 'ls /sys/fs/cgroup/cgroup.procs; mkdir /sys/fs/cgroup/x && echo made; true'
	run -0 hull --cgroup-manager=disabled run "$ID"
	[ "${lines[0]}" = /sys/fs/cgroup/cgroup.procs ]
	[[ $output == *"Read-only file system"* ]]
	[[ $output != *made* ]]
}

@test "pidfds: by run --pidfd-socket, and by annotation" {
	receive "$PWD/one" "$PWD/pid1"
	hull run -d --pidfd-socket "$PWD/one" "$ID"
	until_true test -s pid1
	[ "$(cat pid1)" = "$(pid_of "$ID")" ]
	receive "$PWD/two" pid2
	config '.annotations["run.oci.pidfd_receiver"] = "two"'
	hull create "$ID-b"
	until_true test -s pid2
	[ "$(cat pid2)" = "$(pid_of "$ID-b")" ]
	config '.annotations["run.oci.pidfd_receiver"] = "/nothere/socket"'
	run hull create "$ID-c"
	[ "$status" -eq 125 ]
	[[ $output == *run.oci.pidfd_receiver*"no such file or directory"* ]]
	run hull state "$ID-c"
	[ "$status" -ne 0 ]
}

@test "keep_original_groups: the caller's groups stay" {
	program sh -c 'grep ^Groups /proc/self/status | cut -f2-'
	config '.annotations["run.oci.keep_original_groups"] = "1"'
	run -0 setpriv --groups "$(host_id 4001),$(host_id 4002)" "$HULL" --root "$STATES" run "$ID"
	[ "${output% }" = "4001 4002" ]
	config 'del(.annotations)'
	run -0 setpriv --groups 4001,4002 "$HULL" --root "$STATES" run "$ID"
	[ -z "${output// /}" ]
}

@test "sockets with long paths" {
	long=$PWD/$(printf 'd%.0s' {1..100})/$(printf 'e%.0s' {1..100})
	mkdir -p "$long"
	receive "$long/console" "$PWD/out" console
	config '.process.terminal = true'
	program sh -c 'echo by a long way; sleep 1000'
	hull create --console-socket "$long/console" "$ID"
	hull start "$ID"
	until_true grep -q "by a long way" out
}

@test "closed standard streams are no obstacle" {
	config '.root.readonly = false'
	program sh -c 'echo ran >>/tmp/ran'
	hull run "$ID" <&-
	hull run "$ID" >&-
	hull run "$ID" 2>&-
	hull run "$ID" <&- >&- 2>&- || :
	[ "$(wc -l <rootfs/tmp/ran)" -eq 4 ]
	# What hull opens for itself never becomes a stream of the container's.
	hull create "$ID" <&- >&- 2>&-
	for fd in 0 1 2; do
		[ "$(readlink "/proc/$(pid_of "$ID")/fd/$fd")" = /dev/null ]
	done
}

@test "detached without a terminal: the caller's streams, and create returns" {
	program sh -c 'cat; echo to-stderr >&2; exec sleep 1000'
	mkfifo in
	sleep 100 >in &
	writer=$!
	timeout 20 "$HULL" --root "$STATES" create "$ID" <in >out 2>err
	[ "$(readlink "/proc/$(pid_of "$ID")/fd/1")" = "$PWD/out" ]
	hull start "$ID"
	echo through >in
	until_true grep -q through out
	kill "$writer"
	until_true grep -q to-stderr err
}

@test "every stream is the terminal, by its name inside" {
	config '.process.terminal = true | .process.user = {uid: 1000, gid: 1000}'
	program sh -c 'for fd in 0 1 2; do readlink /proc/self/fd/$fd; done; stat -c %u:%g /dev/pts/0'
	run -0 hull run "$ID" </dev/null
	for i in 0 1 2; do
		[[ ${lines[$i]} == /dev/pts/0* ]]
	done
	[[ ${lines[3]} == 1000:5* ]]
}

@test "/dev/console is the terminal, on a read-only root without a /dev of its own" {
	config '.process.terminal = true | .root.readonly = true |
		.mounts |= map(select(.destination != "/dev" and (.destination | startswith("/dev/") | not)) ) |
		.mounts += [{destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666", "gid=5"]}]'
	mkdir -p rootfs/dev/pts
	touch rootfs/dev/console
	program sh -c 'stat -c %t:%T /dev/console "$(tty)"'
	run -0 hull run "$ID" </dev/null
	[ "${lines[0]}" = "${lines[1]}" ]
}

@test "exec --process: consoleSize is in force; exec -t: the last bytes arrive" {
	hull run -d "$ID"
	jq -n '{terminal: true, consoleSize: {height: 21, width: 43}, user: {uid: 0, gid: 0}, cwd: "/", args: ["/bin/stty", "size"]}' >p.json
	run -0 hull exec -p p.json "$ID" </dev/null
	[[ $output == *"21 43"* ]]
	run -0 hull exec -t "$ID" sh -c 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo -n end' </dev/null
	[[ $output == *"line 1999"*end ]]
}

@test "a reader that is slow costs no processor time, and a window signal without a terminal no life" {
	config '.process.terminal = true'
	program sh -c 'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done'
	mkfifo slow
	"$HULL" --root "$STATES" run "$ID" </dev/null >slow &
	hull=$!
	exec 8<slow
	sleep 1
	before=$(awk '{print $14 + $15}' "/proc/$hull/stat")
	kill -WINCH "$hull"
	sleep 1
	after=$(awk '{print $14 + $15}' "/proc/$hull/stat")
	[ $((after - before)) -lt 20 ] # of 100 ticks
	cat <&8 >all
	exec 8<&-
	wait "$hull"
	grep -q "line 19999" all
}

@test "signals: any that a program can get reaches it" {
	program sh -c 'for s in HUP INT QUIT USR1 USR2 PIPE ALRM TERM CONT WINCH PROF PWR 35 50 64; do
		trap "echo $s >>/tmp/got" $s; done; echo ready >/tmp/got; while :; do sleep 0.1; done'
	config '.root.readonly = false'
	hull run -d "$ID"
	until_true test -s rootfs/tmp/got
	for s in HUP SIGINT quit USR1 sigusr2 13 ALRM TERM CONT WINCH PROF PWR 35 50 64; do
		hull kill "$ID" "$s"
	done
	for s in HUP INT QUIT USR1 USR2 PIPE ALRM TERM CONT WINCH PROF PWR 35 50 64; do
		until_true grep -qx $s rootfs/tmp/got
	done
	for bad in NOPE SIG 65 -65 1x ''; do
		run hull kill "$ID" "$bad"
		[ "$status" -ne 0 ]
	done
	has_status "$ID" running
}

@test "a name that begins with a dot is looked for in PATH" {
	cp rootfs/bin/busybox rootfs/bin/.echo
	ln -s /bin/.echo rootfs/bin/..echo
	printf '#!/bin/sh\necho found\n' >rootfs/bin/.tool
	chmod +x rootfs/bin/.tool
	program .tool
	run -0 hull run "$ID"
	[ "$output" = found ]
}

@test "process.user.username has no effect" {
	config '.process.user.username = "nobody"'
	program id -u
	run -0 hull run "$ID"
	[ "$output" = 0 ]
}

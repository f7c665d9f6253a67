#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# checkpoint and restore, by criu.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	program sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/count; sleep 0.1; done'
	config '.root.readonly = false'
	IMAGES=$BATS_TEST_TMPDIR/images
}

teardown() {
	clean_up
}

# What criu itself needs of the kernel.
need_criu() {
	need_root
	command -v criu >/dev/null || skip "criu is not installed"
	criu check >/dev/null 2>&1 || skip "criu check fails on this kernel (the test VM has one that works)"
}

start_detached() {
	hull run -d "$ID" </dev/null >/dev/null 2>&1
	until_true hull exec "$ID" test -s /tmp/count
}

checkpoint() {
	hull checkpoint --image-path "$IMAGES" "$@" "$ID" || { tail -n 30 "$IMAGES/dump.log"; return 1; }
}

restore() {
	hull restore -d --image-path "$IMAGES" "$@" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 ||
		{ cat "$BATS_TEST_TMPDIR/out"; tail -n 30 "$IMAGES/restore.log"; return 1; }
}

count() {
	hull exec "$ID" cat /tmp/count
}

counts_on() {
	[ "$(count)" -gt "$1" ]
}

# ---- what needs no criu ----

@test "checkpoint and restore: engines ask for help to learn whether they are there" {
	run hull checkpoint --help
	[ "$status" -eq 0 ]
	[[ "$output" == *"checkpoint [options] ID"* ]]
	run hull restore --lsm-mount-context
	[ "$status" -ne 0 ]
	[[ "$output" == *"requires an argument"* ]]
}

@test "checkpoint: an unknown container, and one that only was created" {
	run hull checkpoint --image-path "$IMAGES" nobody
	[ "$status" -eq 1 ]
	[[ "$output" == *'container "nobody" does not exist'* ]]
	hull create "$ID" </dev/null >/dev/null 2>&1
	run hull checkpoint --image-path "$IMAGES" "$ID"
	[ "$status" -eq 1 ]
	[[ "$output" == *"cannot checkpoint container \"$ID\" in the created state"* ]]
}

@test "checkpoint and restore: words and numbers are checked" {
	need_root
	command -v criu >/dev/null || skip "criu is not installed"
	start_detached
	run hull checkpoint --image-path "$IMAGES" --manage-cgroups-mode never "$ID"
	[ "$status" -eq 1 ]
	[[ "$output" == *'--manage-cgroups-mode: expected soft, full, strict or ignore, found "never"'* ]]
	run hull checkpoint --image-path "$IMAGES" --network-lock no "$ID"
	[[ "$output" == *'--network-lock: expected iptables or nftables, found "no"'* ]]
	run hull checkpoint --image-path "$IMAGES" --empty-ns pid "$ID"
	[[ "$output" == *'--empty-ns: expected network, found "pid"'* ]]
	[ "$(state_of "$ID")" = running ]
}

# ---- with criu ----

@test "checkpoint and restore, twice in a row" {
	need_criu
	start_detached
	for _ in 1 2; do
		before=$(count)
		checkpoint
		run hull state "$ID"
		[ "$status" -eq 1 ]
		nothing_left
		restore
		[ "$(state_of "$ID")" = running ]
		until_true counts_on "$before"
		rm -rf "$IMAGES"
	done
	hull kill "$ID" KILL
	until_true has_status "$ID" stopped
	hull delete "$ID"
}

@test "checkpoint --leave-running" {
	need_criu
	start_detached
	checkpoint --leave-running
	[ "$(state_of "$ID")" = running ]
	until_true counts_on "$(count)"
	hull delete --force "$ID"
	restore
	[ "$(state_of "$ID")" = running ]
}

# What an engine's monitor does with a terminal: takes the master from SOCKET, writes to it what comes
# through FIFO, and what it reads to OUT.
monitor() { # SOCKET FIFO OUT
	python3 - "$@" 3>&- <<'PY' &
import array, os, socket, select, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
c = s.accept()[0]
m = array.array("i", c.recvmsg(256, socket.CMSG_SPACE(4))[1][0][2])[0]
i = os.open(sys.argv[2], os.O_RDWR)
o = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
while True:
    for fd in select.select([m, i], [], [])[0]:
        try:
            data = os.read(fd, 4096)
        except OSError:
            sys.exit()
        os.write(o if fd == m else m, data)
PY
	until_true test -S "$1"
}

@test "restore: a terminal goes to the console socket, as with create" {
	need_criu
	config '.process.terminal = true'
	program sh -c 'while read -r line; do echo "got $line"; done'
	mkfifo in1 in2
	monitor "$PWD/s1" in1 out1
	hull run -d --console-socket "$PWD/s1" "$ID"
	echo one >in1
	until_true grep -q "got one" out1
	checkpoint
	monitor "$PWD/s2" in2 out2
	restore --console-socket "$PWD/s2"
	echo two >in2
	until_true grep -q "got two" out2
}

@test "restore: bind mounts, over links and nested; mount points that are gone are made" {
	need_criu
	mkdir -p a/b c d rootfs/real
	ln -s real rootfs/link
	echo c >c/file
	echo d >d/file
	echo f >f
	config '.mounts += [{destination: "/link/data", type: "bind", source: ($w + "/c"), options: ["bind", "ro"]},
		{destination: "/a", type: "bind", source: ($w + "/a"), options: ["rbind"]},
		{destination: "/a/b", type: "bind", source: ($w + "/d"), options: ["bind"]},
		{destination: "/etc/f", type: "bind", source: ($w + "/f"), options: ["bind"]},
		{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]' --arg w "$PWD"
	start_detached
	checkpoint
	rmdir a/b
	rm rootfs/etc/f
	rm -r rootfs/a
	restore
	run -0 hull exec "$ID" cat /real/data/file /a/b/file /etc/f
	[ "$output" = "c
d
f" ]
	run hull exec "$ID" touch /real/data/x
	[ "$status" -ne 0 ]
	counts_on 0
}

@test "restore: into another network namespace that config.json names" {
	need_criu
	ip netns add "one-$ID"
	ip netns add "two-$ID"
	config '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "/run/netns/one-$ID"
	start_detached
	checkpoint
	config '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "/run/netns/two-$ID"
	restore
	[ "$(stat -Lc %i "/proc/$(pid_of "$ID")/ns/net")" = "$(stat -Lc %i "/run/netns/two-$ID")" ]
	hull delete --force "$ID"
	ip netns del "one-$ID"
	ip netns del "two-$ID"
}

@test "checkpoint --pre-dump, then --parent-path, which is relative and must be there" {
	need_criu
	start_detached
	checkpoint --pre-dump
	counts_on "$(count)"
	mv "$IMAGES" "$IMAGES.pre"
	run hull checkpoint --image-path "$IMAGES" --parent-path "$IMAGES.pre" "$ID"
	[ "$status" -eq 1 ]
	[[ $output == *"--parent-path $IMAGES.pre: must be relative to --image-path"* ]]
	run hull checkpoint --image-path "$IMAGES" --parent-path ../gone "$ID"
	[ "$status" -eq 1 ]
	[[ $output == *"--parent-path ../gone"*"no such file or directory"* ]]
	checkpoint --parent-path ../images.pre
	[ -L "$IMAGES/parent" ]
	restore
	counts_on "$(count)"
}

@test "restore: into another cgroup, with the limits of config.json" {
	need_criu
	config '.linux.cgroupsPath = $p' --arg p "/first-$ID"
	start_detached
	checkpoint
	config '.linux.cgroupsPath = $p | .linux.resources.pids.limit = 77' --arg p "/second-$ID"
	restore
	grep -q "0::/second-$ID" "/proc/$(pid_of "$ID")/cgroup"
	[ "$(cat "$(cgroup_root)/second-$ID/pids.max")" = 77 ]
}

@test "restore: a cgroup mount without a cgroup namespace shows the new cgroup" {
	need_criu
	config 'del(.linux.namespaces[] | select(.type == "cgroup")) | .linux.cgroupsPath = $p' --arg p "/first-$ID"
	start_detached
	checkpoint
	config '.linux.cgroupsPath = $p' --arg p "/second-$ID"
	restore
	[ "$(hull exec "$ID" stat -c %i /sys/fs/cgroup)" = "$(stat -c %i "$(cgroup_root)/second-$ID")" ]
	hull exec "$ID" grep ' /sys/fs/cgroup ' /proc/mounts | grep -qw ro
}

@test "checkpoint: org.criu.config names a configuration for criu" {
	need_criu
	echo "log-file=other.log" >mine.conf
	config '.annotations["org.criu.config"] = $f' --arg f "$PWD/mine.conf"
	start_detached
	checkpoint
	[ -e "$IMAGES/other.log" ]
}

@test "checkpoint: of a container that runs in the foreground" {
	need_criu
	hull run "$ID" </dev/null >out1 2>&1 &
	until_true hull exec "$ID" test -s /tmp/count
	checkpoint
	s=0
	wait $! || s=$?
	[ $s -eq 137 ]
	nothing_left
}

@test "checkpoint: of a paused container, which comes back running" {
	need_criu
	start_detached
	hull pause "$ID"
	checkpoint
	restore
	[ "$(state_of "$ID")" = running ]
	counts_on "$(count)"
}

@test "restore: a failure quotes criu and leaves nothing" {
	need_criu
	start_detached
	checkpoint
	rm "$IMAGES/core-1.img"
	run hull restore -d --image-path "$IMAGES" --pid-file "$PWD/pid" "$ID" </dev/null
	[ "$status" -eq 125 ]
	[[ $output == *"criu could not restore the container: "*"restore.log"* ]]
	[ ! -e pid ]
	nothing_left
}

# What is restored gets the streams of whoever restores, as with create.
@test "restore: pipes as streams; with --debug" {
	need_criu
	program sh -c 'while :; do echo tick; sleep 0.1; done'
	hull run -d "$ID" </dev/null > >(exec cat >first 3>&-) 2>&1
	until_true grep -q tick first
	hull --debug --log debug.log checkpoint --image-path "$IMAGES" "$ID" || { tail -n 30 "$IMAGES/dump.log"; return 1; }
	grep -q level=debug debug.log
	nothing_left
	hull --debug --log restored.log restore -d --image-path "$IMAGES" "$ID" </dev/null > >(exec cat >second 3>&-) 2>&1 ||
		{ tail -n 30 "$IMAGES/restore.log"; return 1; }
	until_true grep -q tick second
	grep -q level=debug restored.log
	hull delete --force "$ID"
}

@test "checkpoint and restore: --manage-cgroups-mode ignore, with limits of config.json" {
	need_criu
	start_detached
	checkpoint --manage-cgroups-mode ignore
	restore --manage-cgroups-mode ignore
	[ "$(state_of "$ID")" = running ]
	grep -q "0::/hull/$ID" "/proc/$(pid_of "$ID")/cgroup"
	until_true counts_on "$(count)"
}

@test "restore: into the place below its cgroup that run.oci.delegate-cgroup names" {
	need_criu
	config '.annotations["run.oci.delegate-cgroup"] = "payload"'
	start_detached
	checkpoint
	restore
	grep -q "0::/hull/$ID/payload" "/proc/$(pid_of "$ID")/cgroup"
	until_true counts_on "$(count)"
}

@test "checkpoint: what exec began ends with it, as criu leaves it out" {
	need_criu
	start_detached
	hull exec -d "$ID" sleep 7654 </dev/null >/dev/null 2>&1
	checkpoint
	restore
	hull ps "$ID" | grep -q count
	! hull ps "$ID" | grep 7654
}

# The checkpoint lasts until all of the memory was fetched, so the restored one has another id.
@test "checkpoint --lazy-pages with --page-server and --status-fd, restore --lazy-pages" {
	need_criu
	criu check --feature uffd-noncoop >/dev/null 2>&1 || skip "this kernel or this criu cannot move pages later"
	local port=$((20000 + $$ % 10000)) ready
	start_detached
	before=$(count)
	mkdir from to
	mkfifo ready
	exec {ready}<>ready
	hull checkpoint --lazy-pages --page-server "127.0.0.1:$port" --status-fd "$ready" --image-path "$IMAGES" \
		--work-path from "$ID" >out 2>&1 3>&- &
	dump=$!
	[ "$(timeout 300 head -c 1 <&"$ready" | od -An -tu1 | tr -d ' ')" = 0 ] || { tail -n 30 out from/dump.log; return 1; }
	criu lazy-pages --page-server --address 127.0.0.1 --port "$port" -D "$IMAGES" -W to >pages 2>&1 3>&- &
	pages=$!
	timeout 300 sh -c 'until [ -S to/lazy-pages.socket ]; do sleep 0.1; done' || { cat pages; return 1; }
	ID=$ID-lazy restore --lazy-pages --work-path to
	wait "$dump"
	wait "$pages"
	run hull state "$ID"
	[ "$status" -eq 1 ]
	ID=$ID-lazy
	until_true counts_on "$before"
}

@test "restore: network devices that config.json moved are in the namespace still, joined or not" {
	need_criu
	local name=d$$
	ip netns add "net-$ID"
	ip link add "$name" type dummy
	config '.linux.netDevices = {($d): {}} |
		.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' \
		--arg d "$name" --arg p "/run/netns/net-$ID"
	start_detached
	checkpoint
	restore
	hull exec "$ID" ip link show "$name"
	hull delete --force "$ID"
	ip -n "net-$ID" link del "$name"
	ip netns del "net-$ID"
	rm -r "$IMAGES"

	# Of those that can be moved and need nothing outside, criu knows these, not dummies.
	ip tuntap add "$name" mode tap
	config '.linux.namespaces |= map(if .type == "network" then del(.path) else . end)'
	start_detached
	checkpoint
	restore
	hull exec "$ID" ip link show "$name"
}

@test "checkpoint and restore with systemd's driver: into a new scope, with its limits" {
	need_criu
	[ -d /run/systemd/system ] || skip "no systemd here (the test VM has a variant with it)"
	config '.linux.cgroupsPath = $p | .linux.resources.pids.limit = 66' --arg p "system.slice:hull:$ID"
	local scope=/system.slice/hull-$ID.scope
	"$HULL" --root "$STATES" --systemd-cgroup run -d "$ID" </dev/null >/dev/null 2>&1
	until_true hull exec "$ID" test -s /tmp/count
	before=$(count)
	checkpoint
	until_true test ! -e "$(cgroup_root)$scope"
	hull --systemd-cgroup restore -d --image-path "$IMAGES" "$ID" </dev/null >out 2>&1 ||
		{ cat out; tail -n 30 "$IMAGES/restore.log"; return 1; }
	grep -q "0::$scope" "/proc/$(pid_of "$ID")/cgroup"
	[ "$(cat "$(cgroup_root)$scope/pids.max")" = 66 ]
	until_true counts_on "$before"
	hull delete --force "$ID"
	until_true test ! -e "$(cgroup_root)$scope"
	nothing_left
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# containerd without anything above it.

load helpers

setup_file() { start_engine; }
teardown_file() { stop_engine; }
setup() { name_of_test; cd "$BATS_TEST_TMPDIR" || return; }
teardown() { remove "$C" >/dev/null 2>&1 || :; }

once() {
	container "$C" --rm "$@"
}

start() {
	container "$C" -d "$@"
}

task_is() {
	[ "$(ctr task ls | awk -v name="$C" '$1 == name { print $3 }')" = "$1" ]
}

@test "run: output and exit status" {
	run once -- sh -c 'echo out; exit 42'
	[ "$status" -eq 42 ]
	[ "$output" = out ]
	run once -- sh -c 'kill -9 $$; true'
	[ "$status" -eq 0 ]
}

@test "run: standard input, and a terminal" {
	# ctr tells the size after the program has begun
	run tty ctr run --rm -t --runc-binary "$WORK/runtime" "$IMAGE" "$C" sh -c 'tty; sleep 1; stty size'
	[ "$(echo $output)" = "/dev/pts/0 30 90" ]
}

@test "run: the runtime's error is told" {
	run once -- no-such-program
	[ "$status" -ne 0 ]
	[[ $output == *no-such-program* ]]
	[[ $output == *"runtime create failed"* ]]
	remove "$C" >/dev/null 2>&1 || :
	run once -- /etc/plain
	[ "$status" -ne 0 ]
	[[ $output == *[Pp]ermission\ denied* ]]
}

@test "run: nothing is left of a container that cannot start" {
	run once -- no-such-program
	[ -z "$(find /run/containerd/runc -mindepth 2 2>/dev/null)" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "$C")" ]
}

@test "run: environment, directory, mounts, annotations" {
	mkdir dir
	echo file >dir/file
	run once --env A=1 --cwd /data --annotation org.example.key=value \
		--mount "type=bind,src=$PWD/dir,dst=/dir,options=rbind:ro" -- sh -c 'echo $A $(pwd) $(cat /dir/file); touch /dir/x'
	[ "$status" -eq 1 ]
	[[ $output == *"1 /data file"* ]]
	[[ $output == *Read-only* ]]
}

@test "run: read-only root, privileged, no pivot, host network, seccomp" {
	run once --read-only -- touch /data/x
	[ "$status" -ne 0 ]
	remove "$C" >/dev/null 2>&1 || :
	run once --seccomp -- grep Seccomp: /proc/self/status
	[[ $output == *2 ]]
	remove "$C" >/dev/null 2>&1 || :
	[ "$(once --net-host -- readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
}

@test "run: capabilities, devices" {
	run once --cap-drop CAP_CHOWN --cap-add CAP_SYS_TIME -- grep CapEff /proc/self/status
	[[ $output == *00000000aa0425fa ]]
	remove "$C" >/dev/null 2>&1 || :
	run once --device /dev/fuse -- sh -c 'ls -l /dev/fuse | cut -c1'
	[ "$output" = c ]
}

@test "tasks: exec, with status, terminal, directory, and in the background" {
	start -- sleep 1000
	run ctr task exec --exec-id a "$C" sh -c 'echo $$ in; exit 5'
	[ "$status" -eq 5 ]
	[[ $output == *in ]]
	# not --user: for it ctr mounts the container's overlay once more, which breaks it
	[ "$(ctr task exec --exec-id b --cwd /data "$C" pwd)" = /data ]
	# ctr loses what a program that ends at once has written to a terminal
	run tty ctr task exec -t --exec-id c "$C" sh -c 'tty; sleep 1; stty size'
	[ "$(echo $output)" = "/dev/pts/0 30 90" ]
	ctr task exec -d --exec-id d "$C" sh -c 'echo x >/data/detached'
	until_true 20 ctr task exec --exec-id "e$RANDOM" "$C" test -s /data/detached
	run ctr task exec --exec-id f "$C" no-such-program
	[ "$status" -ne 0 ]
	[[ $output == *no-such-program* ]]
}

@test "tasks: list, processes, metrics" {
	start -- sh -c 'sleep 1001 & exec sleep 1002'
	task_is RUNNING
	until_true 20 eval '[ "$(ctr task ps "$C" | wc -l)" -eq 3 ]'
	need_controllers
	ctr task metrics "$C" | grep -q memory
}

@test "tasks: pause and resume" {
	start -- sleep 1000
	ctr task pause "$C"
	task_is PAUSED
	run timeout 5 ctr task exec --exec-id a "$C" true
	[ "$status" -ne 0 ]
	ctr task resume "$C"
	task_is RUNNING
	ctr task exec --exec-id b "$C" true
}

@test "tasks: signals by name and number, one process or all" {
	start -- handler
	until_true 20 ctr task exec --exec-id "a$RANDOM" "$C" test -e /tmp/ready
	ctr task kill -s TERM "$C"
	until_true 20 task_is STOPPED
	run ctr task rm "$C"
	[[ $output == *"exit code 3"* ]]
	ctr container rm "$C"
	start -- sh -c 'sleep 1003 & exec sleep 1004'
	ctr task kill -a -s 9 "$C"
	until_true 20 task_is STOPPED
	run ctr task rm "$C"
	[[ $output == *"exit code 137"* ]]
}

@test "tasks: signals to a stopped one are refused in the engine's words" {
	start -- true
	until_true 20 task_is STOPPED
	run ctr task kill "$C"
	[ "$status" -ne 0 ]
	[[ $output == *"not found"* ]]
}

@test "tasks: a running one is not removed without force" {
	start -- sleep 1000
	run ctr task rm "$C"
	[ "$status" -ne 0 ]
	ctr task rm -f "$C" || :
	[ -z "$(ctr task ls -q)" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "$C")" ]
}

@test "a container starts again as a new task" {
	start -- sh -c 'echo run >>/data/runs; sleep 0.2; cat /data/runs | wc -l >/data/n'
	until_true 20 task_is STOPPED
	ctr task rm "$C"
	ctr task start -d "$C"
	until_true 20 task_is STOPPED
}

@test "tasks live on when containerd goes, and are found again" {
	start -- sleep 1000
	stop_engine
	start_containerd
	task_is RUNNING
	ctr task exec --exec-id a "$C" true
}

@test "eight at a time" {
	local i pids=()
	for i in 1 2 3 4 5 6 7 8; do
		container "$C-$i" --rm -- sh -c "exit $i" &
		pids+=($!)
	done
	for i in 1 2 3 4 5 6 7 8; do
		status=0
		wait "${pids[i - 1]}" || status=$?
		[ "$status" -eq "$i" ]
	done
}

@test "hull setup containerd: containerd reads it" {
	is_peer && skip "hull's"
	mv /etc/containerd/config.toml before
	"$RUNTIME" setup containerd --default --path /usr/bin/hull
	run containerd config dump
	"$RUNTIME" setup containerd --remove
	mv before /etc/containerd/config.toml
	output=${output//\'/\"} # version 2 writes the others
	[[ $output == *'default_runtime_name = "hull"'* ]]
	[[ $output == *'BinaryName = "/usr/bin/hull"'* ]]
}

@test "limits: memory and processor" {
	need_controllers
	run once --memory-limit 67108864 --cpu-quota 50000 --cpu-period 100000 -- sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max'
	[ "$(echo $output)" = "67108864 50000 100000" ]
}

@test "limits: out of memory is an event" {
	need_controllers
	ctr events >events &
	local pid=$!
	run once --memory-limit 33554432 -- tail /dev/zero
	[ "$status" -eq 137 ]
	until_true 20 grep -q /tasks/oom events
	kill "$pid"
}

@test "checkpoint and restore" {
	need_controllers
	start -- sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/data/count; sleep 0.2; done'
	until_true 20 ctr task exec --exec-id "a$RANDOM" "$C" test -s /data/count
	ctr task checkpoint --exit --image-path "$PWD/image" "$C"
	until_true 20 task_is STOPPED
	ctr task rm "$C" || :
	ctr task start -d --checkpoint "$PWD/image" "$C" || ctr container restore --live "$C" image
	ctr task exec --exec-id b "$C" test -s /data/count
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What people do with podman and docker, whose command lines are alike: ENGINE says which it is.

load helpers

setup_file() { start_engine; }
teardown_file() { stop_engine; }
setup() { name_of_test; cd "$BATS_TEST_TMPDIR" || return; }
teardown() { remove "$C" >/dev/null 2>&1 || :; }

has_state() {
	[ "$(inspect "$1" '{{.State.Status}}')" = "$2" ]
}

in_logs() {
	e logs "$C" 2>&1 | grep -qe "$1"
}

# handled: the container that runs `handler` is ready for signals
ready() {
	until_true 20 e exec "$C" test -e /tmp/ready
}

@test "run: output and errors arrive apart, all of them" {
	once -- sh -c 'echo out; echo err >&2; head -c 300000 /dev/zero | tr "\0" x' >out 2>err
	[ "$(head -n 1 out)" = out ]
	[ "$(wc -c <out)" -eq 300004 ]
	[ "$(cat err)" = err ]
}

@test "run: exit statuses 0, 42 and 255" {
	local n
	for n in 0 42 255; do
		run once -- sh -c "exit $n"
		[ "$status" -eq $n ]
	done
}

@test "run: 125 where the engine itself fails" {
	run e run --rm --mount type=bind,src=/does/not/exist,dst=/x "$IMAGE" true
	[ "$status" -eq 125 ]
}

@test "run: 126 for what may not be executed, and for a directory" {
	run once -- /etc/plain
	[ "$status" -eq 126 ]
	[[ $output == *[Pp]ermission\ denied* ]]
	run once -- /etc
	[ "$status" -eq 126 ]
}

@test "run: 127 for what is not there, with and without a path" {
	run once -- no-such-program
	[ "$status" -eq 127 ]
	[[ $output == *no-such-program* ]]
	run once -- /no/such/program
	[ "$status" -eq 127 ]
	[[ $output == *[Nn]o\ such\ file\ or\ directory* ]]
}

@test "run: a container that cannot start leaves nothing of the runtime's" {
	run once -- no-such-program
	run e ps -aq --filter name="$C"
	[ -z "$output" ]
	[ -z "$(find /run/hull /run/crun /run/runc -mindepth 1 -maxdepth 1 2>/dev/null)" ]
}

@test "run: standard input" {
	[ "$(echo hello | once -i -- cat)" = hello ]
}

@test "run: a terminal, with its size" {
	[ "$(tty "${CLI[@]}" run --rm -it --network none "$IMAGE" sh -c 'sleep 1; tty; stty size' | tail -n 2 | xargs)" = "/dev/pts/0 30 90" ]
}

@test "run: environment, working directory, entry point, user" {
	run once -e A=1 -w /data --entrypoint sh --user user -- -c 'echo $A $FROM_IMAGE $(pwd) $(id -u):$(id -g)'
	[ "$output" = "1 yes /data 1000:1000" ]
}

@test "run: users by number, with a group, with more groups" {
	run once --user 1000:2000 --group-add 3000 -- id
	[[ $output == *uid=1000* ]]
	[[ $output == *gid=2000* ]]
	[[ $output == *3000* ]]
	run once --user 4711 -- id -u
	[ "$output" = 4711 ]
}

@test "run: eight at a time" {
	local i pids=()
	for i in 1 2 3 4 5 6 7 8; do
		e run --rm --network none "$IMAGE" sh -c "exit $i" &
		pids+=($!)
	done
	for i in 1 2 3 4 5 6 7 8; do
		status=0
		wait "${pids[i - 1]}" || status=$?
		[ "$status" -eq "$i" ]
	done
}

@test "create, start -a, wait: the status is kept" {
	e create --name "$C" --network none "$IMAGE" sh -c 'echo hi; exit 9' >/dev/null
	run e start -a "$C"
	[ "$status" -eq 9 ]
	[ "$output" = hi ]
	[ "$(e wait "$C")" = 9 ]
	[ "$(inspect "$C" '{{.State.ExitCode}}')" = 9 ]
	has_state "$C" exited
}

@test "start: an error of the runtime is told, and tells what is missing" {
	e create --name "$C" --network none "$IMAGE" no-such-program >/dev/null
	run e start "$C"
	[ "$status" -ne 0 ]
	[[ $output == *no-such-program* ]]
}

@test "exec: output, status, environment, directory, user" {
	start -- sleep 1000
	run e exec -e B=2 -w /data -u user "$C" sh -c 'echo $B $FROM_IMAGE $(pwd) $(id -u); exit 5'
	[ "$status" -eq 5 ]
	[ "$output" = "2 yes /data 1000" ]
}

@test "exec: standard input, and large output" {
	start -- sleep 1000
	[ "$(head -c 200000 /dev/zero | e exec -i "$C" wc -c)" = 200000 ]
	[ "$(e exec "$C" head -c 200000 /dev/zero | wc -c)" = 200000 ]
}

@test "exec: statuses of what is missing, not executable, killed" {
	start -- sleep 1000
	run e exec "$C" no-such-program
	[ "$status" -eq "${EXEC_MISSING:-127}" ]
	[[ $output == *no-such-program* ]]
	run e exec "$C" /etc/plain
	[ "$status" -eq 126 ]
	run e exec "$C" sh -c 'kill -9 $$'
	[ "$status" -eq 137 ]
}

@test "exec: detached" {
	start -- sleep 1000
	e exec -d "$C" sh -c 'echo $$ >/tmp/detached; exec sleep 1000'
	until_true 20 e exec "$C" test -s /tmp/detached
	e exec "$C" sh -c 'kill -0 $(cat /tmp/detached)'
}

@test "exec: a terminal, with its size" {
	start -- sleep 1000
	[ "$(tty "${CLI[@]}" exec -it "$C" sh -c 'sleep 1; tty; stty size' | tail -n 2 | xargs)" = "/dev/pts/0 30 90" ]
}

@test "exec: is in the container's namespaces and cgroup" {
	start --hostname inside -- sleep 1000
	[ "$(e exec "$C" hostname)" = inside ]
	[ "$(e exec "$C" cat /proc/1/comm)" = sleep ]
	[ "$(e exec "$C" cat /proc/self/cgroup)" = "$(e exec "$C" cat /proc/1/cgroup)" ]
}

@test "exec: privileged has more capabilities" {
	start -- sleep 1000
	[ "$(e exec "$C" grep CapEff /proc/self/status)" != "$(e exec --privileged "$C" grep CapEff /proc/self/status)" ] ||
		has_all_capabilities
}

@test "exec: into a stopped container is refused" {
	start -- true
	e wait "$C"
	run e exec "$C" true
	[ "$status" -ne 0 ]
	[[ $output == *running* || $output == *state\ improper* ]]
}

@test "logs: in order, of both streams, followed to the end" {
	start -- sh -c 'echo one; echo two >&2; sleep 1; echo three'
	run e logs -f "$C"
	[ "$status" -eq 0 ]
	[ "$(sort <<<"$output" | xargs)" = "one three two" ]
}

@test "attach: to the streams of a running container" {
	start -i -- sh -c 'read x; echo got $x; exit 6'
	# Open until the program has answered: docker 20.10 may lose the output once the input has ended.
	run e attach "$C" < <(sleep 1; echo line; sleep 2)
	[[ $output == *"got line"* ]]
	[ "$(e wait "$C")" = 6 ]
}

@test "top: the container's processes" {
	start -- sh -c 'sleep 1001 & exec sleep 1002'
	until_true 20 eval 'e top "$C" | grep -q "sleep 1001"'
	run e top "$C"
	[ "$status" -eq 0 ]
	[[ $output == *"sleep 1002"* ]]
}

@test "stats: of a running container" {
	need_controllers
	start -- sleep 1000
	run e stats --no-stream "$C"
	[ "$status" -eq 0 ]
	[[ $output == *"$C"* ]]
}

@test "pause: nothing goes on, until unpause" {
	start -- sh -c 'while :; do echo x >>/tmp/count; sleep 0.05; done'
	until_true 20 e exec "$C" test -s /tmp/count
	e pause "$C"
	has_state "$C" paused
	run e exec "$C" true
	[ "$status" -ne 0 ]
	local pid before
	pid=$(inspect "$C" '{{.State.Pid}}')
	before=$(stat -c %s "/proc/$pid/root/tmp/count")
	sleep 0.5
	[ "$(stat -c %s "/proc/$pid/root/tmp/count")" = "$before" ]
	e unpause "$C"
	has_state "$C" running
	until_true 20 eval '[ "$(stat -c %s /proc/$pid/root/tmp/count)" -gt '"$before"' ]'
}

@test "stop: a handler of TERM decides about the status" {
	start -- handler
	ready
	e stop -t 20 "$C"
	[ "$(inspect "$C" '{{.State.ExitCode}}')" = 3 ]
	in_logs 'got TERM'
}

@test "stop: without a handler KILL follows, and the status is 137" {
	start -- sleep 1000
	e stop -t 1 "$C"
	[ "$(inspect "$C" '{{.State.ExitCode}}')" = 137 ]
	has_state "$C" exited
}

@test "stop: the signal that the container chose" {
	start --stop-signal HUP -- handler
	ready
	e stop -t 20 "$C"
	[ "$(inspect "$C" '{{.State.ExitCode}}')" = 4 ]
}

@test "kill: KILL, and another signal by name and by number" {
	start -- handler
	ready
	e kill -s USR1 "$C"
	until_true 20 in_logs 'got USR1'
	has_state "$C" running
	e kill -s 1 "$C"
	until_true 20 has_state "$C" exited
	[ "$(inspect "$C" '{{.State.ExitCode}}')" = 4 ]
	e start "$C"
	e kill "$C"
	[ "$(e wait "$C")" = 137 ]
}

@test "kill: a stopped container is refused" {
	start -- true
	e wait "$C"
	run e kill "$C"
	[ "$status" -ne 0 ]
	[[ $output == *running* ]]
}

@test "kill: a paused container" {
	start -- sleep 1000
	e pause "$C"
	e kill "$C"
	until_true 20 has_state "$C" exited ||
		{ e unpause "$C"; until_true 20 has_state "$C" exited; }
}

@test "restart: another process, the same file system" {
	start -- sleep 1000
	e exec "$C" touch /data/kept
	local pid
	pid=$(inspect "$C" '{{.State.Pid}}')
	e restart -t 0 "$C"
	has_state "$C" running
	[ "$(inspect "$C" '{{.State.Pid}}')" != "$pid" ]
	e exec "$C" test -e /data/kept
}

@test "restart: the policy on-failure starts again, as often as it says" {
	start --restart on-failure:2 -- sh -c 'echo run; exit 1'
	until_true 30 eval '[ "$(e logs "$C" | grep -c run)" = 3 ]'
	until_true 20 has_state "$C" exited
	[ "$(inspect "$C" '{{.RestartCount}}')" = 2 ]
}

@test "rm -f: a running container, with its processes and its cgroup" {
	start -- sh -c 'sleep 1003 & exec sleep 1004'
	local pid cgroup
	pid=$(inspect "$C" '{{.State.Pid}}')
	cgroup=$(inspect "$C" '{{.Id}}')
	remove "$C"
	[ ! -d "/proc/$pid" ]
	run pgrep -f 'sleep 100[34]'
	[ "$status" -ne 0 ]
	[ -z "$(find /sys/fs/cgroup -type d -name "*$cgroup*")" ]
	[ -z "$(find /run/hull /run/crun /run/runc -maxdepth 1 -name "$cgroup" 2>/dev/null)" ]
}

@test "the death of init takes the other processes along" {
	start -- sh -c 'sleep 1005 & sleep 1; exit 0'
	e wait "$C"
	run pgrep -f 'sleep 1005'
	[ "$status" -ne 0 ]
}

@test "health: a check that works, and one that begins to fail" {
	start --health-cmd 'test -e /tmp/ready' --health-interval 1s --health-retries 2 -- sh -c 'touch /tmp/ready; exec sleep 1000'
	until_true 30 healthy
	e exec "$C" rm /tmp/ready
	until_true 30 unhealthy
}

@test "init: reaps orphans and passes signals on" {
	start --init -- handler
	ready
	run e exec "$C" cat /proc/1/comm
	[[ $output == *init* || $output == *catatonit* || $output == *tini* ]]
	e exec "$C" sh -c 'sh -c "sleep 0.1 &"; sleep 0.5'
	run e exec "$C" sh -c 'grep -l "State:.Z" /proc/[0-9]*/status'
	[ -z "$output" ]
	e stop -t 20 "$C"
	[ "$(inspect "$C" '{{.State.ExitCode}}')" = 3 ]
}

@test "a read-only root, with a tmpfs that can be written" {
	run once --read-only --tmpfs /scratch:size=1m,mode=1777 -- sh -c \
		'touch /etc/x 2>/dev/null && echo writable; echo y >/scratch/y && df -k /scratch | tail -n 1; grep " / " /proc/mounts'
	[[ $output != *writable* ]]
	[[ $output == *"1024"* ]]
	[[ $output == *" ro,"* ]]
}

@test "volumes: named ones keep what is written" {
	e volume create "$C" >/dev/null
	once -v "$C:/data" -- sh -c 'echo kept >/data/file'
	[ "$(once -v "$C:/data:ro" -- cat /data/file)" = kept ]
	run once -v "$C:/data:ro" -- touch /data/other
	[ "$status" -ne 0 ]
	e volume rm "$C"
}

@test "volumes: a directory and a file of the host, read-write and read-only" {
	mkdir -p dir
	chmod 777 dir
	echo file >file
	once -v "$PWD/dir:/dir" -v "$PWD/file:/etc/file:ro" -- sh -c 'cat /etc/file >/dir/copy'
	[ "$(cat dir/copy)" = file ]
	run once -v "$PWD/file:/etc/file:ro" -- sh -c 'echo x >/etc/file'
	[ "$status" -ne 0 ]
	[[ $output == *[Rr]ead-only* ]]
}

@test "volumes: over something of another kind is refused" {
	mkdir -p dir
	run once -v "$PWD/dir:/etc/plain" -- true
	[ "$status" -ne 0 ]
	[[ $output == *directory* ]]
}

@test "volumes: rslave sees later mounts of the host, rprivate does not" {
	mkdir -p dir/sub
	start -v "$PWD/dir:/slave:rslave" -v "$PWD/dir:/private:rprivate" -- sleep 1000
	mount -t tmpfs tmpfs dir/sub
	touch dir/sub/later
	run e exec "$C" ls /slave/sub /private/sub
	umount dir/sub
	[ "$(grep -c later <<<"$output")" -eq 1 ]
}

@test "volumes: rshared takes mounts of the container to the host" {
	mkdir -p dir/sub
	start -v "$PWD/dir:/shared:rshared" --cap-add SYS_ADMIN --security-opt apparmor=unconfined -- sleep 1000
	e exec "$C" mount -t tmpfs tmpfs /shared/sub
	mountpoint -q dir/sub
	e exec "$C" umount /shared/sub
	run mountpoint -q dir/sub
	[ "$status" -ne 0 ]
}

@test "capabilities: dropped, added" {
	run once --cap-drop ALL -- grep CapEff /proc/self/status
	[[ $output == *0000000000000000 ]]
	run once --cap-drop ALL --cap-add CHOWN --cap-add NET_RAW -- grep CapEff /proc/self/status
	[[ $output == *0000000000002001 ]]
	run once --cap-drop ALL -- chown user /etc/plain
	[ "$status" -ne 0 ]
}

@test "no-new-privileges" {
	run once --security-opt no-new-privileges -- grep NoNewPrivs /proc/self/status
	[[ $output == *1 ]]
	run once -- grep NoNewPrivs /proc/self/status
	[[ $output == *0 ]]
}

@test "seccomp: the engine's own profile, another one, none" {
	run once -- grep Seccomp: /proc/self/status
	[[ $output == *2 ]]
	run once --security-opt seccomp=unconfined -- grep Seccomp: /proc/self/status
	[[ $output == *0 ]]
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}' >profile.json
	run once --security-opt "seccomp=$PWD/profile.json" -- mkdir /data/x
	[ "$status" -ne 0 ]
	[[ $output == *not\ supported* ]]
}

@test "paths of the kernel are masked and read-only" {
	run once -- sh -c 'cat /proc/kcore 2>/dev/null | head -c 1 | wc -c; ls /sys/firmware | wc -l; ( echo x >/proc/sys/kernel/hostname ) 2>/dev/null || echo refused'
	[ "$(echo $output)" = "0 0 refused" ]
}

@test "devices: only those that were given" {
	run once --device /dev/null:/dev/given:rw -- sh -c 'echo x >/dev/given && ls -l /dev/given | cut -c1'
	[ "$output" = c ]
	run once --device /dev/zero:/dev/given:r -- sh -c 'head -c 3 /dev/given | wc -c'
	[ "$output" = 3 ]
}

@test "devices: others cannot be opened, though they can be made" {
	enforces_devices || skip "peers' rules for devices are taken out here (no CAP_SYS_RESOURCE)"
	run once --cap-add MKNOD -- sh -c 'mknod /tmp/fuse c 10 229 && : </tmp/fuse'
	[ "$status" -ne 0 ]
	[[ $output == *permitted* ]]
	mknod "$BATS_TEST_TMPDIR/fuse" c 10 229
	once --device "$BATS_TEST_TMPDIR/fuse:/dev/fuse:r" -- sh -c ': </dev/fuse'
	run once --device "$BATS_TEST_TMPDIR/fuse:/dev/fuse:r" -- sh -c ': >/dev/fuse'
	[ "$status" -ne 0 ]
	[[ $output == *permitted* ]]
}

@test "sysctls of the container's namespaces" {
	run once --sysctl net.ipv4.ip_forward=1 --sysctl kernel.shmmax=12345678 -- cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax
	[ "$(echo $output)" = "1 12345678" ]
}

@test "ulimits" {
	run once --ulimit nofile=100:200 --ulimit core=0 --ulimit nproc=90:90 -- sh -c 'ulimit -n; ulimit -H -n; ulimit -c'
	[ "$(echo $output)" = "100 200 0" ]
}

@test "oom-score-adj, shm-size" {
	run once --oom-score-adj 500 --shm-size 2m -- sh -c 'cat /proc/self/oom_score_adj; df -k /dev/shm | tail -n 1'
	[ "${lines[0]}" = 500 ]
	[[ ${lines[1]} == *2048* ]]
}

@test "host name, /etc/hosts, /etc/resolv.conf" {
	run e run --rm --hostname box --add-host other:10.1.2.3 --dns 10.9.8.7 --dns-search example.org "$IMAGE" \
		sh -c 'hostname; grep other /etc/hosts; cat /etc/resolv.conf'
	[ "${lines[0]}" = box ]
	[[ ${lines[1]} == *10.1.2.3* ]]
	[[ $output == *"nameserver 10.9.8.7"* ]]
	[[ $output == *example.org* ]]
}

@test "bridge network: containers reach each other, a published port reaches in" {
	e run -d --name "$C" -p 18080:80 "$IMAGE" httpd -f -h /web >/dev/null
	local address
	address=$(inspect "$C" '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}')
	until_true 20 eval '[ "$(e run --rm "$IMAGE" wget -qO- "http://'"$address"'/")" = page ]'
	until_true 20 eval '[ "$(busybox wget -qO- http://127.0.0.1:18080/)" = page ]'
}

@test "networks of one's own: names are found" {
	e network create "$C" >/dev/null
	e run -d --name "$C" --network "$C" "$IMAGE" httpd -f -h /web >/dev/null
	until_true 20 e run --rm --network "$C" "$IMAGE" nslookup "$C"
	remove "$C"
	e network rm "$C"
}

@test "namespaces of another container and of the host" {
	start --hostname first -- sleep 1000
	local net
	net=$(e exec "$C" readlink /proc/self/ns/net)
	[ "$(e run --rm --network "container:$C" "$IMAGE" readlink /proc/self/ns/net)" = "$net" ]
	[ "$(e run --rm --network none --pid "container:$C" "$IMAGE" cat /proc/1/comm)" = sleep ]
	[ "$(e run --rm --network host --pid host "$IMAGE" readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
}

@test "cp into and out of a running container, diff, commit" {
	echo text >file
	start -- sleep 1000
	e cp file "$C:/data/file"
	[ "$(e exec "$C" cat /data/file)" = text ]
	e exec "$C" sh -c 'echo more >>/data/file'
	e cp "$C:/data/file" back
	[ "$(wc -l <back)" -eq 2 ]
	e diff "$C" | grep -q /data/file
	e commit "$C" "$C:1" >/dev/null
	[ "$(e run --rm --network none "$C:1" cat /data/file | wc -l)" -eq 2 ]
	e rmi -f "$C:1" >/dev/null
}

@test "build: RUN uses the runtime" {
	mkdir -p context
	printf 'FROM %s\nRUN echo built >/data/built && id -u >>/data/built\nUSER user\nCMD ["cat", "/data/built"]\n' "$IMAGE" >context/Dockerfile
	e build -t "$C:2" context >log 2>&1 || { cat log; false; }
	[ "$(e run --rm --network none "$C:2" | xargs)" = "built 0" ]
	e rmi -f "$C:2" >/dev/null
}

@test "build: a command that fails ends the build and tells its status" {
	mkdir -p context
	printf 'FROM %s\nRUN exit 7\n' "$IMAGE" >context/Dockerfile
	run e build -t "$C:3" context
	[ "$status" -ne 0 ]
	[[ $output == *7* ]]
}

@test "info: the engine knows the runtime" {
	run e info
	[ "$status" -eq 0 ]
	[[ $output == *tested* ]]
}

@test "limits: memory, processes and processors are seen inside" {
	need_controllers
	run once --memory 64m --pids-limit 50 --cpus 0.5 -- sh -c 'cd /sys/fs/cgroup; cat memory.max pids.max cpu.max'
	[ "$(echo $output)" = "67108864 50 50000 100000" ]
}

@test "limits: who takes too much memory is killed, and the engine says why" {
	need_controllers
	start --memory 32m --memory-swap 32m -- tail /dev/zero
	[ "$(e wait "$C")" = 137 ]
	[ "$(inspect "$C" '{{.State.OOMKilled}}')" = true ]
}

@test "update: limits of a running container" {
	need_controllers
	start --memory 64m -- sleep 1000
	e update --memory 128m --memory-swap 128m "$C"
	[ "$(e exec "$C" cat /sys/fs/cgroup/memory.max)" = 134217728 ]
}

@test "privileged: all capabilities, devices, a writable /sys" {
	need_controllers
	run once --privileged -- sh -c 'grep CapEff /proc/self/status; test -e /dev/mem && echo mem; grep " /sys sysfs" /proc/mounts'
	[[ $output == *"1ffffffffff"* ]]
	[[ $output == *"sysfs rw"* ]]
}

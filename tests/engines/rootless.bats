#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# podman of an ordinary user: no cgroup that could be written to, ids from /etc/subuid.

load helpers

setup_file() { start_engine; }
teardown_file() { stop_engine; }
setup() {
	name_of_test
	cd "$BATS_TEST_TMPDIR" || return
	mine .
}
teardown() { remove "$C" "$C-2" >/dev/null 2>&1 || :; }

# mine PATH...: it is the user's, who can also get there
mine() {
	local dir=$PWD
	chown -R $USER_ID:$USER_ID "$@"
	while [ "$dir" != / ]; do
		chmod o+x "$dir"
		dir=$(dirname "$dir")
	done
}

@test "the user is root inside, and somebody with subordinate ids outside" {
	e info --format '{{.Host.Security.Rootless}}' | grep -qx true
	run once -- cat /proc/self/uid_map
	[ "$status" -eq 0 ]
	[ "$(echo $output)" = "0 $USER_ID 1 1 2000000 65536" ]
	start -- sleep 1000
	[ "$(stat -c %u "/proc/$(inspect "$C" '{{.State.Pid}}')")" = $USER_ID ]
}

@test "run: output, errors and input arrive; exit statuses 0, 42, 125, 126, 127, killed" {
	once -- sh -c 'echo out; echo err >&2' >out 2>err
	[ "$(cat out err | xargs)" = "out err" ]
	[ "$(echo hello | once -i -- cat)" = hello ]
	local n
	for n in 0 42; do
		run once -- sh -c "exit $n"
		[ "$status" -eq $n ]
	done
	run once -v /does/not/exist:/x -- true
	[ "$status" -eq 125 ]
	run once -- /etc/plain
	[ "$status" -eq 126 ]
	[[ $output == *"OCI permission denied"* ]]
	run once -- no-such-program
	[ "$status" -eq 127 ]
	run once -- sh -c 'kill -9 $$; true'
	[ "$status" -eq 0 ]
	start -- sleep 1000
	e kill "$C" >/dev/null
	[ "$(e wait "$C")" = 137 ]
}

@test "run: a terminal, with its size" {
	[ "$(tty "${CLI[@]}" run --rm -it --network none "$IMAGE" sh -c 'sleep 1; tty; stty size' | tail -n 2 | xargs)" = "/dev/pts/0 30 90" ]
}

@test "run: users of the image, by name and number; those without an id are refused" {
	run once --user user -- id -u
	[ "$output" = 1000 ]
	run once --user 65536 -- id -u
	[ "$output" = 65536 ]
	run once --user 65537 -- id -u
	[ "$status" -ne 0 ]
}

@test "exec: status, environment, user, standard input, a terminal, in the background" {
	start -- sleep 1000
	run e exec -e B=2 -w /data -u user "$C" sh -c 'echo $B $(pwd) $(id -u); exit 5'
	[ "$status" -eq 5 ]
	[ "$output" = "2 /data 1000" ]
	[ "$(echo in | e exec -i "$C" cat)" = in ]
	[ "$(tty "${CLI[@]}" exec -it "$C" sh -c 'sleep 1; tty; stty size' | tail -n 2 | xargs)" = "/dev/pts/0 30 90" ]
	e exec -d "$C" touch /data/detached
	until_true 20 e exec "$C" test -e /data/detached
	run e exec "$C" no-such-program
	[ "$status" -eq 127 ]
	run e exec "$C" /etc/plain
	[ "$status" -eq 126 ]
}

@test "logs: of both streams, followed to the end" {
	start -- sh -c 'echo one; echo two >&2; sleep 1; echo three'
	run e logs -f "$C"
	[ "$status" -eq 0 ]
	[ "$(sort <<<"$output" | xargs)" = "one three two" ]
}

@test "top, and signals" {
	start -- handler
	until_true 20 e exec "$C" test -e /tmp/ready
	e top "$C" | grep -q handler
	e kill -s USR1 "$C" >/dev/null
	until_true 20 eval 'e logs "$C" | grep -q "got USR1"'
}

@test "stop: a handler decides about the status; without one it is 137" {
	start -- handler
	until_true 20 e exec "$C" test -e /tmp/ready
	e stop -t 20 "$C" >/dev/null
	[ "$(inspect "$C" '{{.State.ExitCode}}')" = 3 ]
	remove "$C"
	start -- sleep 1000
	e stop -t 1 "$C" >/dev/null
	[ "$(inspect "$C" '{{.State.ExitCode}}')" = 137 ]
}

@test "restart: another process, the same file system" {
	local pid
	start -- sleep 1000
	e exec "$C" touch /data/kept
	pid=$(inspect "$C" '{{.State.Pid}}')
	e restart -t 0 "$C" >/dev/null
	[ "$(inspect "$C" '{{.State.Pid}}')" != "$pid" ]
	e exec "$C" test -e /data/kept
}

@test "rm -f: a running container, with its processes and what the runtime kept of it" {
	local pid id
	start -- sh -c 'sleep 1003 & exec sleep 1004'
	pid=$(inspect "$C" '{{.State.Pid}}')
	id=$(inspect "$C" '{{.Id}}')
	[ -n "$(find /run/user/$USER_ID -name "$id" -path "*/$(runtime_name)/*")" ]
	remove "$C"
	[ ! -d "/proc/$pid" ]
	run pgrep -f 'sleep 100[34]'
	[ "$status" -ne 0 ]
	[ -z "$(find /run/user/$USER_ID -name "$id" -path "*/$(runtime_name)/*")" ]
}

@test "attach: to the streams of a running container" {
	start -i -- sh -c 'read x; echo got $x; exit 6'
	run e attach "$C" < <(sleep 1; echo line; sleep 2)
	[[ $output == *"got line"* ]]
	[ "$(e wait "$C")" = 6 ]
}

@test "health: a check that works, and one that begins to fail" {
	start --health-cmd 'test -e /tmp/ready' --health-interval disable --health-retries 2 -- sh -c 'touch /tmp/ready; exec sleep 1000'
	until_true 30 healthy
	e exec "$C" rm /tmp/ready
	until_true 30 unhealthy
}

@test "annotations reach the runtime; a device is the host's" {
	e create --name "$C" --network none --annotation org.example.key=value "$IMAGE" true >/dev/null
	e init "$C" >/dev/null
	[ "$(jq -r '.annotations["org.example.key"]' "$(inspect "$C" '{{.OCIConfigPath}}')")" = value ]
	[ "$(e run --rm --network none --device /dev/zero:/dev/given "$IMAGE" sh -c 'head -c 3 /dev/given | wc -c')" = 3 ]
}

@test "volumes: the user's files are root's inside; read-only; a named one" {
	mkdir dir
	echo file >dir/file
	mine dir
	run once -v "$PWD/dir:/dir" -- sh -c 'stat -c %u /dir/file; echo new >/dir/new; chown 1000 /dir/new'
	[ "$status" -eq 0 ]
	[ "$output" = 0 ]
	[ "$(stat -c %u dir/new)" = 2000999 ]
	run once -v "$PWD/dir:/dir:ro" -- touch /dir/x
	[ "$status" -ne 0 ]
	[[ $output == *Read-only* ]]
	once -v "$C:/data" -- sh -c 'echo kept >/data/file'
	[ "$(once -v "$C:/data" -- cat /data/file)" = kept ]
	e volume rm "$C" >/dev/null
}

@test "volumes: what only root can reach stays out of reach" {
	mkdir secret
	echo x >secret/file
	chown 0:0 secret
	chmod 700 secret
	run once -v "$PWD/secret:/secret" -- cat /secret/file
	[ "$status" -ne 0 ]
	[[ $output != x ]]
}

@test "--userns=keep-id: the user keeps its number, and files theirs" {
	mkdir dir
	mine dir
	run once --userns=keep-id -v "$PWD/dir:/dir" -- sh -c 'id -u; touch /dir/x; stat -c %u /dir/x'
	[ "$status" -eq 0 ]
	[ "$(echo $output)" = "$USER_ID $USER_ID" ]
	[ "$(stat -c %u dir/x)" = $USER_ID ]
	start --userns=keep-id -- sleep 1000
	[ "$(e exec "$C" id -u)" = $USER_ID ]
	[ "$(e exec --user 0 "$C" id -u)" = 0 ]
}

# What is seen from inside counts from podman's own namespace, where 0 is the user.
@test "--userns=nomap" {
	run once --userns=nomap -- cat /proc/self/uid_map
	[ "$status" -eq 0 ]
	[ "$(echo $output)" = "0 1 65536" ]
}

@test "--init: reaps orphans and passes signals on" {
	start --init -- handler
	until_true 20 e exec "$C" test -e /tmp/ready
	run e exec "$C" cat /proc/1/comm
	[[ $output == *init* || $output == *catatonit* ]]
	e exec "$C" sh -c 'sh -c "sleep 0.1 &"; sleep 0.5'
	until_true 20 e exec "$C" sh -c '! grep -sl "State:.Z" /proc/[0-9]*/status'
	e stop -t 20 "$C" >/dev/null
	[ "$(inspect "$C" '{{.State.ExitCode}}')" = 3 ]
}

@test "privileged: all that the user namespace gives, not more" {
	run once --privileged -- sh -c 'grep CapEff /proc/self/status; mount -t tmpfs tmpfs /tmp && touch /tmp/x && echo mounted'
	[ "$status" -eq 0 ]
	[[ $output == *mounted* ]]
	run once --privileged -- sh -c 'echo x >/proc/sysrq-trigger'
	[ "$status" -ne 0 ]
}

@test "a read-only root, capabilities, seccomp, ulimits, sysctls, host name" {
	run once --read-only -- touch /data/x
	[ "$status" -ne 0 ]
	run once --cap-drop ALL --cap-add CHOWN -- grep CapEff /proc/self/status
	[[ $output == *0000000000000001 ]]
	run once -- grep Seccomp: /proc/self/status
	[[ $output == *2 ]]
	run once --ulimit nofile=100:200 --sysctl kernel.shmmax=4711 --hostname inside -- sh -c 'ulimit -n; cat /proc/sys/kernel/shmmax; hostname'
	[ "$(echo $output)" = "100 4711 inside" ]
}

@test "network: of its own by slirp4netns, with a published port; the host's" {
	e run -d --name "$C" -p 127.0.0.1:18080:80 "$IMAGE" httpd -f -h /web >/dev/null
	until_true 30 eval '[ "$(busybox wget -qO- http://127.0.0.1:18080/)" = page ]'
	[ "$(e exec "$C" ls /sys/class/net | xargs)" = "lo tap0" ]
	[ "$(e run --rm --network host "$IMAGE" readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
}

@test "pods: share network, IPC and host name" {
	e pod create --name "$C" --hostname pod --network none >/dev/null
	e run -d --pod "$C" --name "$C-2" "$IMAGE" httpd -f -h /web >/dev/null
	run e run --rm --pod "$C" "$IMAGE" sh -c 'hostname; wget -qO- http://127.0.0.1/'
	e pod rm -f -t 0 "$C" >/dev/null
	[ "$status" -eq 0 ]
	[ "$(echo $output)" = "pod page" ]
}

@test "build: RUN uses the runtime, as root and as another user" {
	mkdir context
	printf 'FROM %s\nRUN id -u >/data/id\nUSER user\nRUN id -u >/tmp/id\n' "$IMAGE" >context/Dockerfile
	mine context
	e build --isolation oci --runtime "$WORK/runtime" --network none -t "$C:1" context >log 2>&1 || { cat log; false; }
	[ "$(e run --rm --network none "$C:1" cat /data/id /tmp/id | xargs)" = "0 1000" ]
}

@test "limits without a cgroup of one's own are told of, not silently dropped" {
	! as_user test -w /sys/fs/cgroup/cgroup.procs || skip "the user may write to cgroups here"
	run once --memory 64m -- true
	[ "$status" -eq 0 ] || [[ $output == *cgroup* ]]
	[ "$status" -ne 0 ] || [[ $output == *[Rr]esource\ limits* ]]
}

@test "hull setup podman --etc ~/.config: a user's own" {
	is_peer && skip "hull's"
	as_user "$RUNTIME" setup podman --etc "$USER_HOME/.config"
	[ "$(e --runtime hull run --rm --network none "$IMAGE" echo yes)" = yes ]
	as_user "$RUNTIME" setup podman --etc "$USER_HOME/.config" --remove
	[ -z "$(find "$USER_HOME/.config" -name '50-hull*')" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What docker has beyond the command line that podman shares with it.

load helpers

setup_file() { start_engine; }
teardown_file() { stop_engine; }
setup() { name_of_test; cd "$BATS_TEST_TMPDIR" || return; }
teardown() { remove "$C" "$C-2" >/dev/null 2>&1 || :; }

@test "the runtime's own words reach the user" {
	run e run --rm --network none "$IMAGE" no-such-program
	[ "$status" -eq 127 ]
	[[ $output == *"runtime create failed"* ]]
	[[ $output == *"executable file not found in \$PATH"* ]]
}

@test "a working directory that is not there is made" {
	[ "$(e run --rm --network none -w /made/for/me "$IMAGE" pwd)" = /made/for/me ]
}

@test "events of a container's life" {
	local since
	since=$(date +%s)
	e run --rm --name "$C" --network none "$IMAGE" sh -c 'exit 3' || :
	run e events --since "$since" --until "$(($(date +%s) + 1))" --filter "container=$C" --format '{{.Action}}'
	[[ $output == *create*start*die*destroy* ]]
}

@test "a runtime of two, by its name, with arguments" {
	e info --format '{{json .Runtimes}}' | jq -e '.tested'
	[ "$(e run --rm --runtime tested --network none "$IMAGE" echo yes)" = yes ]
	[ "$(e info --format '{{.DefaultRuntime}}')" = tested ]
}

@test "BuildKit: RUN uses the runtime, mounts of the build, a command that fails" {
	mkdir context
	printf 'FROM %s\nRUN --mount=type=tmpfs,target=/scratch touch /scratch/x && id -u >/data/id\nUSER user\nRUN id -u >/tmp/id\n' "$IMAGE" >context/Dockerfile
	DOCKER_BUILDKIT=1 e build -t "$C:1" context >log 2>&1 || { cat log; false; }
	[ "$(e run --rm --network none "$C:1" cat /data/id /tmp/id | xargs)" = "0 1000" ]
	printf 'FROM %s\nRUN exit 7\n' "$IMAGE" >context/Dockerfile
	DOCKER_BUILDKIT=1 run e build context
	[ "$status" -ne 0 ]
	[[ $output == *"exit code: 7"* ]]
}

@test "network connect and disconnect of a running container" {
	e network create "$C" >/dev/null
	e run -d --name "$C" "$IMAGE" sleep 1000 >/dev/null
	e network connect "$C" "$C"
	[ "$(e exec "$C" ls /sys/class/net | grep -c eth)" -eq 2 ]
	e network disconnect "$C" "$C"
	[ "$(e exec "$C" ls /sys/class/net | grep -c eth)" -eq 1 ]
	remove "$C"
	e network rm "$C"
}

# in_config ID EXPRESSION: in what docker gave the runtime
in_config() {
	jq -e "$2" "$(find /run/containerd -path "*/moby/$1/config.json")"
}

@test "annotations reach the runtime" {
	need_newer "docker 20.10 has none"
	e run -d --name "$C" --network none --annotation org.example.key=value "$IMAGE" sleep 1000 >/dev/null
	in_config "$(e inspect --format '{{.Id}}' "$C")" '.annotations["org.example.key"] == "value"'
}

@test "volumes: what is read-only is so all the way down" {
	need_newer "docker 20.10 cannot ask for it"
	mkdir -p dir/sub
	mount -t tmpfs tmpfs dir/sub
	run e run --rm --network none --mount "type=bind,src=$PWD/dir,dst=/dir,readonly,bind-propagation=rprivate,bind-recursive=readonly" \
		"$IMAGE" touch /dir/sub/x
	umount dir/sub
	[ "$status" -ne 0 ]
	[[ $output == *"Read-only file system"* ]]
}

@test "user namespaces: all containers' (userns-remap), but not one's that has the host's" {
	local mapped host executed
	printf 'remapped:x:4322:4322::/:/bin/false\n' >>/etc/passwd
	printf 'remapped:x:4322:\n' >>/etc/group
	echo 'remapped:3000000:65536' | tee -a /etc/subuid >>/etc/subgid
	stop_dockerd
	docker_config | jq '. + { "userns-remap": "remapped" }' >/etc/docker/daemon.json
	start_dockerd
	e load -q -i "$ARCHIVE" >/dev/null
	mapped=$(e run --rm --network none "$IMAGE" sh -c 'cat /proc/self/uid_map; stat -c %u:%g /home/user; touch /data/x && stat -c %u /data/x') || :
	host=$(e run --rm --network none --userns host "$IMAGE" cat /proc/self/uid_map) || :
	e run -d --name "$C" "$IMAGE" sleep 1000 >/dev/null || :
	executed=$(e exec --user user "$C" sh -c 'id -u; ls /sys/class/net | grep -c eth; hostname >/tmp/x && stat -c %u /tmp/x') || :
	e rm -f "$C"
	stop_dockerd
	docker_config >/etc/docker/daemon.json
	start_dockerd
	[ "$(xargs <<<"$mapped")" = "0 3000000 65536 1000:1000 0" ]
	[ "$(xargs <<<"$host")" = "0 0 4294967295" ]
	[ "$(xargs <<<"$executed")" = "1000 1 1000" ]
}

@test "exec: through the API, resized while it runs" {
	e run -d --name "$C" --network none "$IMAGE" sleep 1000 >/dev/null
	[ "$(tty docker exec -it "$C" sh -c 'sleep 1; stty size' | tail -n 1)" = "30 90" ]
}

@test "containers live on while the daemon restarts (live-restore)" {
	e run -d --name "$C" --network none "$IMAGE" sleep 1000 >/dev/null
	local pid
	pid=$(e inspect --format '{{.State.Pid}}' "$C")
	kill -9 "$(cat "$WORK/dockerd.pid")"
	until_true 20 eval '! kill -0 "$(cat "$WORK/dockerd.pid")" 2>/dev/null'
	rm -f /run/docker.pid
	start_dockerd || { tail -n 5 "$WORK/dockerd.log"; false; }
	[ -d "/proc/$pid" ] || e start "$C"
	e exec "$C" true
}

@test "checkpoint and start --checkpoint" {
	need_controllers
	e info --format '{{.ExperimentalBuild}}' | grep -q true || skip "needs the daemon's experimental mode"
	e run -d --name "$C" --network none "$IMAGE" sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/data/count; sleep 0.2; done' >/dev/null
	until_true 20 e exec "$C" test -s /data/count
	e checkpoint create "$C" one
	e start --checkpoint one "$C"
	e exec "$C" test -s /data/count
}

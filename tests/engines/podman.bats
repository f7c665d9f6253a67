#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What podman has beyond docker's command line.

load helpers

setup_file() { start_engine; }
teardown_file() { stop_engine; }
setup() { name_of_test; cd "$BATS_TEST_TMPDIR" || return; }
teardown() {
	e pod rm -f -t 0 "$C" >/dev/null 2>&1 || :
	remove "$C" "$C-2" >/dev/null 2>&1 || :
}

@test "the runtime's own words reach the user" {
	run once -- /no/such/program
	[ "$status" -eq 127 ]
	[[ $output == *"OCI runtime attempted to invoke a command that was not found"* ]]
	run once -- /etc/plain
	[ "$status" -eq 126 ]
	[[ $output == *"OCI permission denied"* ]]
}

@test "pods: share network, IPC and host name, not processes" {
	e pod create --name "$C" --hostname pod >/dev/null
	e run -d --pod "$C" --name "$C-1" "$IMAGE" httpd -f -h /web >/dev/null
	run e run --rm --pod "$C" "$IMAGE" sh -c 'hostname; wget -qO- http://127.0.0.1/; readlink /proc/self/ns/ipc; readlink /proc/self/ns/pid'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = pod ]
	[ "${lines[1]}" = page ]
	[ "$(e exec "$C-1" readlink /proc/self/ns/ipc)" = "${lines[2]}" ]
	[ "$(e exec "$C-1" readlink /proc/self/ns/pid)" != "${lines[3]}" ]
}

@test "pods: pause, unpause, stop, start, top, rm" {
	e pod create --name "$C" --share ipc,uts,pid >/dev/null
	e run -d --pod "$C" --name "$C-1" "$IMAGE" sleep 1000 >/dev/null
	[ "$(e exec "$C-1" cat /proc/1/comm)" != sleep ]
	e pod pause "$C"
	[ "$(e inspect --format '{{.State.Status}}' "$C-1")" = paused ]
	e pod unpause "$C"
	e pod top "$C" | grep 'sleep 1000'
	e pod stop -t 0 "$C"
	e pod start "$C"
	[ "$(e inspect --format '{{.State.Status}}' "$C-1")" = running ]
}

@test "annotations reach the runtime: hooks' output, the console's handler" {
	run once --annotation run.oci.keep_original_groups=0 --annotation org.example.key=value -- true
	[ "$status" -eq 0 ]
	e create --name "$C" --annotation org.example.key=value "$IMAGE" true >/dev/null
	e init "$C" >/dev/null
	[ "$(jq -r '.annotations["org.example.key"]' "$(e inspect --format '{{.OCIConfigPath}}' "$C")")" = value ]
}

@test "init makes the container, start runs it" {
	e create --name "$C" --network none "$IMAGE" sh -c 'echo ran' >/dev/null
	e init "$C" >/dev/null
	[ "$(e inspect --format '{{.State.Status}}' "$C")" = initialized ]
	[ "$(e start -a "$C")" = ran ]
}

@test "user namespaces: auto" {
	run once --userns auto:size=1000 -- cat /proc/self/uid_map
	[ "$status" -eq 0 ]
	read -r inside outside size <<<"$output"
	[ "$inside $size" = "0 1000" ]
	[ "$outside" -ge 1000000 ]
}

@test "user namespaces: own maps, for the ids of files and of processes" {
	run once --uidmap 0:1000000:3000 --gidmap 0:1000000:3000 -- sh -c 'cat /proc/self/uid_map; stat -c %u:%g /home/user /etc/passwd; touch /data/x && stat -c %u /data/x'
	[ "$status" -eq 0 ]
	[ "$(echo $output)" = "0 1000000 3000 1000:1000 0:0 0" ]
}

@test "user namespaces: exec, a terminal, a pid namespace's /proc" {
	e run -d --name "$C" --network none --uidmap 0:1000000:3000 "$IMAGE" sleep 1000 >/dev/null
	[ "$(e exec "$C" id -u)" = 0 ]
	[ "$(e exec --user user "$C" id -u)" = 1000 ]
	[ "$(tty "${CLI[@]}" exec -it "$C" tty | tail -n 1)" = /dev/pts/0 ]
	local pid
	pid=$(e inspect --format '{{.State.Pid}}' "$C")
	[ "$(stat -c %u "/proc/$pid")" = 1000000 ]
}

@test "user namespaces: joined with another container's" {
	e run -d --name "$C" --network none --uidmap 0:1000000:3000 "$IMAGE" sleep 1000 >/dev/null
	run e run --rm --network none --userns "container:$C" "$IMAGE" cat /proc/self/uid_map
	[ "$status" -eq 0 ]
	[ "$(echo $output)" = "0 1000000 3000" ]
}

@test "volumes: idmap" {
	mkdir dir
	echo x >dir/file
	chown 5:5 dir/file
	idmap_here || skip "$(stat -f -c %T .) does not take idmapped mounts"
	run once --uidmap 0:1000000:3000 --gidmap 0:1000000:3000 -v "$PWD/dir:/dir:idmap" -- stat -c %u:%g /dir/file
	[ "$status" -eq 0 ]
	[ "$output" = 5:5 ]
}

# Does what the test's folder lies on take idmapped mounts?
idmap_here() {
	unshare --mount --propagation private -- sh -c 'mkdir m && mount --bind -o X-mount.idmap=0:1000000:10 dir m' 2>/dev/null ||
		[ "$(stat -f -c %T .)" != tmpfs ]
}

@test "volumes: overlay leaves the host's folder as it is" {
	mkdir dir
	echo old >dir/file
	run once -v "$PWD/dir:/dir:O" -- sh -c 'echo new >/dir/file; cat /dir/file'
	[ "$output" = new ]
	[ "$(cat dir/file)" = old ]
}

@test "volumes: nosuid, nodev, noexec; a tmpfs; an image" {
	mkdir dir
	cp /bin/busybox dir/
	run once -v "$PWD/dir:/dir:noexec,nosuid,nodev" -- sh -c 'grep " /dir " /proc/mounts; /dir/busybox true'
	[ "$status" -eq 126 ]
	[[ $output == *nosuid,nodev,noexec* ]]
	run once --mount type=tmpfs,dst=/t,tmpfs-mode=700,tmpfs-size=1m -- stat -c %a /t
	[ "$output" = 700 ]
	run once --mount "type=image,src=$IMAGE,dst=/image" -- cat /image/web/index.html
	[ "$output" = page ]
}

@test "secrets, as a file and as a variable" {
	echo -n hidden | e secret create "$C" - >/dev/null
	run once --secret "$C" --secret "$C,type=env,target=S" -- sh -c 'cat /run/secrets/*; echo; echo $S'
	e secret rm "$C" >/dev/null
	[ "$(echo $output)" = "hidden hidden" ]
}

@test "paths masked and unmasked on request" {
	run once --security-opt mask=/web -- sh -c 'ls /web | wc -l'
	[ "$output" = 0 ]
	run once --security-opt unmask=ALL -- grep -c ' /proc/sys ' /proc/mounts
	[ "$output" = 0 ]
}

@test "a read-only root with its tmpfs, --read-only-tmpfs=false without" {
	run once --read-only -- sh -c 'touch /tmp/x /run/x /var/tmp/x && echo written'
	[ "$output" = written ]
	run once --read-only --read-only-tmpfs=false -- touch /tmp/x
	[ "$status" -ne 0 ]
}

@test "no cgroup of its own" {
	run once --cgroups disabled -- cat /proc/self/cgroup
	[ "$status" -eq 0 ]
	run once --cgroupns host -- cat /proc/self/cgroup
	[[ $output == *libpod* ]]
	run once --cgroupns private -- tail -n 1 /proc/self/cgroup
	[ "$output" = "0::/" ]
}

@test "hooks of the engine's hooks.d run at their time, with the state" {
	mkdir hooks
	printf '#!/bin/sh\ncat >%s/state\n' "$PWD" >hook
	chmod 755 hook
	jq -n --arg path "$PWD/hook" '{ version: "1.0.0", hook: { path: $path }, when: { always: true }, stages: ["createRuntime"] }' >hooks/test.json
	"${CLI[@]}" --hooks-dir "$PWD/hooks" run --rm --network none "$IMAGE" true
	[ "$(jq -r .status state)" = creating ] || [ "$(jq -r .status state)" = created ]
	[ "$(jq -r .pid state)" -gt 1 ]
}

@test "a hook that fails ends the creation, and the message says which" {
	mkdir hooks
	jq -n '{ version: "1.0.0", hook: { path: "/bin/false" }, when: { always: true }, stages: ["createRuntime"] }' >hooks/test.json
	run "${CLI[@]}" --hooks-dir "$PWD/hooks" run --rm --network none "$IMAGE" true
	[ "$status" -ne 0 ]
	[[ $output == *hook* ]]
}

@test "descriptors handed on, sd_notify" {
	# Only for this command: on its own descriptor 3 bats reports the result.
	run e run --rm --network none --preserve-fds 1 "$IMAGE" cat /proc/self/fd/3 3<<<'through 3'
	[ "$output" = "through 3" ]
}

@test "a personality and a time zone; a umask" {
	run once --umask 0077 -- sh -c umask
	[ "$output" = 0077 ]
}

@test "a root file system in place of an image" {
	cp -a "$WORK/rootfs" root
	run e run --rm --network none --rootfs "$PWD/root" cat /web/index.html
	[ "$output" = page ]
}

@test "generated and played Kubernetes YAML" {
	e create --name "$C-2" "$IMAGE" sleep 1000 >/dev/null
	e generate kube "$C-2" >pod.yaml
	remove "$C-2"
	e play kube pod.yaml >/dev/null
	run e ps --format '{{.Names}} {{.Status}}' --filter status=running
	e play kube --down pod.yaml >/dev/null
	[[ $output == *"$C-2"* ]]
}

@test "container run as the names runc, crun and krun" {
	is_peer && skip "hull's"
	local name
	for name in runc crun; do
		mkdir "$name"
		cp "$RUNTIME" "$name/$name"
		[ "$("${CLI[@]}" --runtime "$PWD/$name/$name" run --rm --network none "$IMAGE" echo "$name")" = "$name" ]
		run "${CLI[@]}" --runtime "$PWD/$name/$name" run --rm --network none "$IMAGE" no-such-program
		[ "$status" -eq 127 ]
	done
}

@test "hull setup podman: the name hull, with all that podman does for names it knows" {
	is_peer && skip "hull's"
	local before
	before=$(find /etc/containers -type f | sort)
	"$RUNTIME" setup podman --path "$RUNTIME"
	[ "$("${CLI[@]}" --runtime hull run --rm --network none --cgroups disabled "$IMAGE" echo yes)" = yes ]
	run "${CLI[@]}" --runtime hull run --rm --network none "$IMAGE" /etc/plain
	[ "$status" -eq 126 ]
	[[ $output == *"OCI permission denied"* ]]
	"$RUNTIME" setup podman --remove
	[ "$(find /etc/containers -type f | sort)" = "$before" ]
}

@test "stats and update of a pod's container" {
	need_controllers
	e run -d --name "$C" --network none --cpus 0.5 "$IMAGE" sleep 1000 >/dev/null
	e stats --no-stream "$C" | grep "$C"
	e update --cpus 0.25 "$C"
	[ "$(e exec "$C" cat /sys/fs/cgroup/cpu.max)" = "25000 100000" ]
}

@test "checkpoint and restore" {
	need_controllers
	e run -d --name "$C" --network none "$IMAGE" sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/data/count; sleep 0.2; done' >/dev/null
	until_true 30 e exec "$C" test -s /data/count
	e container checkpoint "$C"
	[ "$(e inspect --format '{{.State.Status}}' "$C")" = exited ]
	e container restore "$C"
	local before
	before=$(e exec "$C" cat /data/count)
	[ "$before" -gt 0 ]
	until_true 30 eval '[ "$(e exec "$C" cat /data/count)" -gt '"$before"' ]'
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Pods and containers as the kubelet asks for them: every call goes through CRI.

load helpers

setup_file() { start_engine; }
teardown_file() { stop_engine; }
setup() { name_of_test; cd "$BATS_TEST_TMPDIR" || return; mkdir logs; }
teardown() { remove "$C" >/dev/null 2>&1 || :; }

# pod [JSON]: a pod named $C, in $POD; JSON is merged into its configuration
pod() {
	jq -nc --arg name "$C" --arg logs "$PWD/logs" --argjson more "${1:-"{}"}" '{ metadata: { name: $name, uid: $name, namespace: "default" },
		hostname: $name, logDirectory: $logs, linux: { cgroupParent: ("/" + $name) } } * $more' >pod.json
	POD=$(cri RunPodSandbox "$(jq -c '{ config: ., runtimeHandler: "tested" }' pod.json)" | jq -r .podSandboxId)
	[ -n "$POD" ]
}

# create NAME JSON COMMAND...: a container of the pod, in $ID; what it prints is in logs/NAME
create() {
	local name=$1 more=$2
	shift 2
	ID=$(cri CreateContainer "$(jq -c --arg pod "$POD" --arg name "$name" --arg image "$IMAGE" --argjson more "$more" '{
		podSandboxId: $pod, sandboxConfig: ., config: ({ metadata: { name: $name }, image: { image: $image }, logPath: $name,
		command: $ARGS.positional, linux: { securityContext: { namespaceOptions: { pid: "CONTAINER" } } } } * $more) }' \
		pod.json --args -- "$@")" | jq -r .containerId)
	[ -n "$ID" ]
}

# start NAME JSON COMMAND...
start() {
	create "$@"
	cri StartContainer "$(id)"
}

# id [ID]: how requests name a container
id() {
	jq -nc --arg id "${1:-$ID}" '{ containerId: $id }'
}

pod_id() {
	jq -nc --arg id "$POD" '{ podSandboxId: $id }'
}

# status EXPRESSION: of the container
status() {
	cri ContainerStatus "$(id)" | jq -r ".status$1"
}

has_state() {
	[ "$(status .state)" = "CONTAINER_$1" ]
}

ends() {
	until_true 30 has_state EXITED
}

# printed NAME: a container's output, without times
printed() {
	cut -d' ' -f4- "logs/$1"
}

# once JSON COMMAND...: in a container that has ended, its output in $output
once() {
	start once "$@" >/dev/null
	ends
	output=$(printed once)
}

# exec_sync COMMAND...: the answer
exec_sync() {
	cri ExecSync "$(jq -nc --arg id "$ID" '{ containerId: $id, cmd: $ARGS.positional, timeout: 60 }' --args -- "$@")"
}

# said COMMAND...: what an ExecSync prints
said() {
	exec_sync "$@" | jq -r '.stdout // ""' | base64 -d
}

# stream METHOD JSON: what the program prints, and its status
stream() {
	"$BATS_TEST_DIRNAME/cri" stream "$(cri "$1" "$(jq -nc --arg id "$ID" --argjson more "$2" '{ containerId: $id, stdout: true } + $more')" | jq -r .url)"
}

@test "the runtime is ready, and a handler that is not there is refused" {
	cri Status | jq -e '[.status.conditions[] | select(.type == "RuntimeReady").status] == [true]'
	run cri RunPodSandbox "$(jq -nc '{ config: { metadata: { name: "x", uid: "x", namespace: "default" } }, runtimeHandler: "missing" }')"
	[ "$status" -ne 0 ]
	[[ $output == *missing* ]]
}

@test "pods: made, listed, with an address, stopped, removed, and nothing left" {
	pod
	cri PodSandboxStatus "$(pod_id)" >answer
	[ "$(jq -r .status.state answer)" = SANDBOX_READY ]
	[[ $(jq -r .status.network.ip answer) == 10.88.* ]]
	[ "$(cri ListPodSandbox | jq -r --arg id "$POD" '[.items[] | select(.id == $id)] | length')" = 1 ]
	start one '{}' sleep 1000
	cri StopPodSandbox "$(pod_id)"
	[ "$(cri PodSandboxStatus "$(pod_id)" | jq -r .status.state)" = SANDBOX_NOTREADY ]
	has_state EXITED
	[ "$(status .exitCode)" = 137 ]
	cri RemovePodSandbox "$(pod_id)"
	run cri PodSandboxStatus "$(pod_id)"
	[ "$status" -ne 0 ]
	[ -z "$(find /run/containerd/runc/k8s.io -mindepth 1 2>/dev/null)" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "*$POD*")" ]
}

@test "containers: made, started, ended, removed; the states between" {
	pod
	create one '{}' sh -c 'sleep 1; exit 42'
	has_state CREATED
	cri StartContainer "$(id)"
	has_state RUNNING
	ends
	[ "$(status .exitCode)" = 42 ]
	[ "$(status .reason)" = Error ]
	cri RemoveContainer "$(id)"
	run cri ContainerStatus "$(id)"
	[ "$status" -ne 0 ]
	once '{}' true
	[ "$(status .reason)" = Completed ]
	[ "$(status .exitCode)" = 0 ]
}

@test "logs: both streams, whole" {
	pod
	once '{}' sh -c 'echo out; echo err >&2; head -c 100000 /dev/zero | tr "\0" x'
	grep -q ' stdout F out$' logs/once
	grep -q ' stderr F err$' logs/once
	[ "$(printed once | tr -cd x | wc -c)" -eq 100000 ]
}

@test "a program that is missing, and one that may not be executed" {
	pod
	create missing '{}' no-such-program
	run cri StartContainer "$(id)"
	[ "$status" -ne 0 ]
	[[ $output == *no-such-program*"executable file not found in \$PATH"* ]]
	has_state EXITED
	[ "$(status .exitCode)" = 128 ]
	[ "$(status .reason)" = StartError ]
	create plain '{}' /etc/plain
	run cri StartContainer "$(id)"
	[ "$status" -ne 0 ]
	[[ $output == *[Pp]ermission\ denied* ]]
}

@test "ExecSync: output, errors, status, a time limit, what is missing" {
	pod
	start one '{}' sleep 1000
	exec_sync sh -c 'echo out; echo err >&2; exit 7' >answer
	[ "$(jq -r .stdout answer | base64 -d)" = out ]
	[ "$(jq -r .stderr answer | base64 -d)" = err ]
	[ "$(jq -r .exitCode answer)" = 7 ]
	[ "$(exec_sync sh -c 'kill -9 $$' | jq -r .exitCode)" = 137 ]
	run exec_sync no-such-program
	[ "$status" -ne 0 ]
	[[ $output == *no-such-program* ]]
	run cri ExecSync "$(jq -nc --arg id "$ID" '{ containerId: $id, cmd: ["sleep", "100"], timeout: 1 }')"
	[ "$status" -ne 0 ]
	[[ $output == *[Dd]eadline* || $output == *timeout* || $output == *"timed out"* ]]
	[ "$(said cat /proc/1/comm)" = sleep ]
}

@test "Exec: a stream with input and a status, a terminal" {
	pod
	start one '{}' sleep 1000
	run stream Exec '{ "cmd": ["sh", "-c", "read x; echo got $x; exit 5"], "stdin": true, "stderr": true }' <<<word
	[ "$output" = "got word" ]
	[ "$status" -eq 5 ]
	# Of a terminal without input containerd sends no output.
	run stream Exec '{ "cmd": ["sh", "-c", "tty; sleep 1"], "stdin": true, "tty": true }' <<<""
	[ "$(tr -d '\r' <<<"$output" | tail -n 1)" = /dev/pts/0 ]
}

@test "Attach: to a container's input and output" {
	pod
	start one '{ "stdin": true, "stdinOnce": true }' sh -c 'read x; echo got $x; sleep 1; exit 6'
	run stream Attach '{ "stdin": true, "stderr": true }' <<<word
	[[ $output == *"got word"* ]]
	ends
	[ "$(status .exitCode)" = 6 ]
}

@test "a pod's containers share network, IPC and host name; processes as they ask" {
	local net ipc
	pod
	start one '{}' httpd -f -h /web
	net=$(said readlink /proc/self/ns/net)
	ipc=$(said readlink /proc/self/ns/ipc)
	[ "$(said hostname)" = "$C" ]
	[ "$(said cat /proc/1/comm)" = httpd ]
	start two '{ "linux": { "securityContext": { "namespaceOptions": { "pid": "POD" } } } }' sleep 1000
	[ "$(said readlink /proc/self/ns/net)" = "$net" ]
	[ "$(said readlink /proc/self/ns/ipc)" = "$ipc" ]
	[ "$(said cat /proc/1/comm)" = sleep ]
	said ps | grep 'sleep 1000000'
	until_true 20 eval '[ "$(said wget -qO- http://127.0.0.1/)" = page ]'
}

@test "a pod on the host's network, processes and IPC" {
	pod '{ "hostname": "", "linux": { "securityContext": { "namespaceOptions": { "network": "NODE", "pid": "NODE", "ipc": "NODE" } } } }'
	start one '{ "linux": { "securityContext": { "namespaceOptions": { "network": "NODE", "pid": "NODE", "ipc": "NODE" } } } }' sleep 1000
	for ns in net pid ipc; do
		[ "$(said readlink "/proc/self/ns/$ns")" = "$(readlink "/proc/self/ns/$ns")" ]
	done
}

@test "pods reach each other, and a host's port reaches in" {
	local address
	pod '{ "portMappings": [{ "containerPort": 80, "hostPort": 18080, "protocol": "TCP" }] }'
	start one '{}' httpd -f -h /web
	address=$(cri PodSandboxStatus "$(pod_id)" | jq -r .status.network.ip)
	until_true 20 eval '[ "$(busybox wget -qO- "http://'"$address"'/")" = page ]'
	until_true 20 eval '[ "$(busybox wget -qO- http://10.88.0.1:18080/)" = page ]'
}

@test "stop: a handler of TERM decides about the status, without one KILL follows" {
	pod
	start one '{}' handler
	until_true 20 eval '[ "$(said ls /tmp/ready)" = /tmp/ready ]'
	cri StopContainer "$(jq -nc --arg id "$ID" '{ containerId: $id, timeout: 20 }')"
	[ "$(status .exitCode)" = 3 ]
	[[ $(printed one) == *"got TERM"* ]]
	start two '{}' sleep 1000
	cri StopContainer "$(jq -nc --arg id "$ID" '{ containerId: $id, timeout: 1 }')"
	[ "$(status .exitCode)" = 137 ]
}

@test "environment, directory, user, groups" {
	pod
	once '{ "envs": [{ "key": "A", "value": "MQ==" }], "workingDir": "/data", "linux": { "securityContext": {
		"runAsUser": { "value": "1000" }, "runAsGroup": { "value": "2000" }, "supplementalGroups": ["3000"] } } }' \
		sh -c 'echo $A $FROM_IMAGE $(pwd) $(id -u):$(id -g) $(id -G)'
	[[ $output == "1 yes /data 1000:2000 "*3000* ]]
}

@test "capabilities, no new privileges, seccomp, a read-only root, masked paths" {
	pod
	once '{ "linux": { "securityContext": { "capabilities": { "dropCapabilities": ["ALL"], "addCapabilities": ["CHOWN"] },
		"noNewPrivs": true, "readonlyRootfs": true, "seccomp": { "profileType": "RuntimeDefault" },
		"maskedPaths": ["/web"], "readonlyPaths": ["/proc/sys"] } } }' \
		sh -c 'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; touch /data/x 2>&1; ls /web | wc -l; grep -c " /proc/sys .*ro," /proc/mounts'
	[ "$(tr '\t' ' ' <<<"$output" | xargs)" = "CapEff: 0000000000000001 NoNewPrivs: 1 Seccomp: 2 touch: /data/x: Read-only file system 0 1" ]
}

@test "seccomp: a profile in a file" {
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}' >profile.json
	pod
	once "$(jq -nc --arg path "$PWD/profile.json" '{ linux: { securityContext: { seccomp: { profileType: "Localhost", localhostRef: $path } } } }')" mkdir /data/x
	[[ $output == *not\ supported* ]]
	[ "$(status .exitCode)" != 0 ]
}

@test "mounts: read-only, and such that see later ones of the host" {
	mkdir -p dir/sub
	echo file >dir/file
	pod
	start one "$(jq -nc --arg dir "$PWD/dir" '{ mounts: [{ hostPath: $dir, containerPath: "/ro", readonly: true },
		{ hostPath: $dir, containerPath: "/slave", propagation: "PROPAGATION_HOST_TO_CONTAINER" }] }')" sleep 1000
	[ "$(said cat /ro/file)" = file ]
	[ "$(exec_sync touch /ro/x | jq -r .exitCode)" = 1 ]
	mount -t tmpfs tmpfs dir/sub
	touch dir/sub/later
	run said ls /slave/sub /ro/sub
	umount dir/sub
	[ "$(grep -c later <<<"$output")" -eq 1 ]
}

@test "devices and sysctls" {
	pod '{ "linux": { "sysctls": { "net.ipv4.ip_forward": "1", "kernel.shmmax": "12345678" } } }'
	once '{ "devices": [{ "hostPath": "/dev/zero", "containerPath": "/dev/given", "permissions": "r" }] }' \
		sh -c 'head -c 3 /dev/given | wc -c; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax'
	[ "$(xargs <<<"$output")" = "3 1 12345678" ]
}

@test "host name and name servers" {
	pod '{ "hostname": "box", "dnsConfig": { "servers": ["10.9.8.7"], "searches": ["example.org"] } }'
	once '{}' sh -c 'hostname; cat /etc/hostname /etc/resolv.conf'
	[ "$(xargs <<<"$output")" = "box box search example.org nameserver 10.9.8.7" ]
}

@test "annotations of a pod reach the runtime" {
	pod '{ "annotations": { "org.example.key": "value", "com.example.other": "none" } }'
	start one '{}' sleep 1000
	for id in "$POD" "$ID"; do
		jq -e '.annotations | .["org.example.key"] == "value" and (has("com.example.other") | not)' \
			"/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id/config.json"
	done
}

@test "two pods, with two containers each, at a time" {
	local name pids=()
	for name in "$C-a" "$C-b"; do
		(
			C=$name
			mkdir -p "$name/logs"
			cd "$name"
			pod
			start one '{}' sh -c "exit 11"
			ends
			[ "$(status .exitCode)" = 11 ]
			start two '{}' sh -c "exit 12"
			ends
			[ "$(status .exitCode)" = 12 ]
			remove "$name"
		) &
		pids+=($!)
	done
	wait "${pids[0]}"
	wait "${pids[1]}"
}

@test "pods live on when containerd goes, and are found again" {
	pod
	start one '{}' sleep 1000
	stop_containerd
	start_containerd
	until_true 20 has_state RUNNING
	[ "$(said echo yes)" = yes ]
}

@test "stats of a container" {
	need_controllers
	pod
	start one '{}' sleep 1000
	until_true 30 eval 'cri ContainerStats "$(id)" | jq -e ".stats.memory.workingSetBytes.value | tonumber > 0"'
	cri ContainerStats "$(id)" | jq -e '.stats.cpu.usageCoreNanoSeconds.value | tonumber > 0'
}

@test "limits are seen inside, and UpdateContainerResources changes them" {
	need_controllers
	pod
	start one '{ "linux": { "resources": { "memoryLimitInBytes": "67108864", "cpuQuota": "50000", "cpuPeriod": "100000", "cpuShares": "512" } } }' sleep 1000
	[ "$(said cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max | xargs)" = "67108864 50000 100000" ]
	cri UpdateContainerResources "$(jq -nc --arg id "$ID" '{ containerId: $id, linux: { memoryLimitInBytes: "134217728", cpuQuota: "25000", cpuPeriod: "100000" } }')"
	[ "$(said cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max | xargs)" = "134217728 25000 100000" ]
}

@test "who takes too much memory is killed, and the status says why" {
	need_controllers
	pod
	start one '{ "linux": { "resources": { "memoryLimitInBytes": "33554432" } } }' tail /dev/zero
	ends
	[ "$(status .exitCode)" = 137 ]
	[ "$(status .reason)" = OOMKilled ]
}

@test "privileged: all capabilities" {
	has_all_capabilities || skip "the engine itself lacks some"
	pod '{ "linux": { "securityContext": { "privileged": true } } }'
	once '{ "linux": { "securityContext": { "privileged": true } } }' sh -c 'grep CapEff /proc/self/status; grep " /sys sysfs" /proc/mounts'
	[[ $output == *1ffffffffff*"sysfs rw"* ]]
}

@test "what the runtime can is told of its handler, and a mount is read-only all the way down" {
	need_newer "containerd 1.6 does not ask the runtime"
	cri Status | jq -e '.runtimeHandlers[] | select(.name == "tested").features | .recursiveReadOnlyMounts and .userNamespaces'
	mkdir -p dir/sub
	mount -t tmpfs tmpfs dir/sub
	pod
	once "$(jq -nc --arg dir "$PWD/dir" '{ mounts: [{ hostPath: $dir, containerPath: "/ro", readonly: true, recursiveReadOnly: true }] }')" \
		touch /ro/sub/x || :
	umount dir/sub
	[[ $output == *"Read-only file system"* ]]
}

@test "a pod in a user namespace of its own" {
	need_newer "containerd 1.6 has none"
	local namespaces='{ "namespaceOptions": { "pid": "CONTAINER", "usernsOptions": { "mode": "POD",
		"uids": [{ "containerId": 0, "hostId": 1000000, "length": 65536 }], "gids": [{ "containerId": 0, "hostId": 1000000, "length": 65536 }] } } }'
	pod "{ \"linux\": { \"securityContext\": $namespaces } }"
	once "{ \"linux\": { \"securityContext\": $namespaces } }" sh -c 'cat /proc/self/uid_map; stat -c %u:%g /home/user; touch /data/x && stat -c %u /data/x'
	[ "$(xargs <<<"$output")" = "0 1000000 65536 1000:1000 0" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A Swarm of three nodes with the runtime as every node's default, which is what services get.

load helpers

setup_file() { start_engine; }
teardown_file() { stop_engine; }
setup() {
	name_of_test
	cd "$BATS_TEST_TMPDIR" || return
	until_true 60 all_ready
}
teardown() {
	remove "$C" >/dev/null 2>&1 || :
	e secret rm "$C" >/dev/null 2>&1 || :
	e config rm "$C" >/dev/null 2>&1 || :
	until_true 60 eval 'e network rm "$C" >/dev/null 2>&1 || ! e network inspect "$C" >/dev/null 2>&1'
}

# service [options] -- COMMAND...: named $C
service() {
	local options command
	split "$@"
	e service create -q --detach --no-resolve-image --name "$C" "${options[@]}" bb "${command[@]}" >/dev/null
}

# tasks NODE: how many of the service's run there; "" for all
tasks() {
	e service ps "$C" --filter desired-state=running --format '{{.Node}} {{.CurrentState}}' | grep -c "^node$1.* Running" || :
}

run_tasks() {
	[ "$(tasks "")" -eq "$1" ]
}

# Containers that are alive on a node, whatever the manager believes.
containers() {
	on "$1" ps -q --filter "label=com.docker.swarm.service.name=$C" --filter status=running | wc -l
}

# first_on NODE: a container of the service there
first_on() {
	on "$1" ps -q --filter "label=com.docker.swarm.service.name=$C" --filter status=running | head -n 1
}

node_is() {
	[ "$(e node inspect --format '{{.Status.State}}' "node$1")" = "$2" ]
}

all_ready() {
	local n
	for n in "${NODES[@]}"; do
		node_is "$n" ready || return
	done
}

@test "three nodes are ready" {
	local n
	for n in "${NODES[@]}"; do
		[ "$(on "$n" info --format '{{.DefaultRuntime}}')" = tested ]
	done
}

@test "a service of eight replicas is spread over the nodes, and scaled" {
	service --replicas 8 -- sleep 1000
	until_true 120 run_tasks 8
	[ "$(tasks 1)" -ge 1 ]
	[ "$(tasks 2)" -ge 1 ]
	[ "$(tasks 3)" -ge 1 ]
	[ "$(on 2 inspect --format '{{.HostConfig.Runtime}}' "$(first_on 2)")" = tested ]
	on 3 exec "$(first_on 3)" true
	e service scale -d "$C=3" >/dev/null
	until_true 60 run_tasks 3
	until_true 60 eval '[ $(($(containers 1) + $(containers 2) + $(containers 3))) -eq 3 ]'
}

@test "a node that is drained loses its tasks to the others, and gets new ones later" {
	service --replicas 6 -- sleep 1000
	until_true 120 run_tasks 6
	e node update --availability drain node3 >/dev/null
	until_true 60 eval '[ "$(containers 3)" -eq 0 ]'
	until_true 60 run_tasks 6
	e node update --availability active node3 >/dev/null
	e service scale -d "$C=9" >/dev/null
	until_true 60 eval '[ "$(tasks 3)" -eq 3 ]'
}

@test "a task that dies is replaced" {
	service --replicas 2 --restart-delay 1s -- sleep 1000
	until_true 120 run_tasks 2
	local n=1
	until [ -n "$(first_on $n)" ]; do
		n=$((n + 1))
	done
	on "$n" kill "$(first_on $n)" >/dev/null
	until_true 60 eval 'e service ps "$C" --format "{{.CurrentState}}" | grep -q Failed'
	until_true 60 run_tasks 2
	e service ps "$C" --format '{{.Error}}' | grep -q 137
}

@test "a rolling update takes all tasks to the new image, and back" {
	service --replicas 8 --update-parallelism 2 --update-monitor 1s --rollback-monitor 1s --stop-grace-period 1s -- sleep 1000
	until_true 120 run_tasks 8
	e service update -q -d --no-resolve-image --image bb:newer --env-add NEW=yes "$C" >/dev/null
	until_true 180 eval '[ "$(e service inspect --format "{{.UpdateStatus.State}}" "$C")" = completed ]'
	run_tasks 8
	[ "$(e service ps "$C" --filter desired-state=running --format '{{.Image}}' | sort -u)" = bb:newer ]
	[ "$(on 2 exec "$(first_on 2)" sh -c 'echo $NEW')" = yes ]
	e service rollback -q -d "$C" >/dev/null
	until_true 180 eval '[ "$(e service inspect --format "{{.UpdateStatus.State}}" "$C")" = rollback_completed ]'
	[ "$(e service ps "$C" --filter desired-state=running --format '{{.Image}}' | sort -u)" = bb:latest ]
}

@test "secrets and configs are files, and read-only" {
	echo hidden | e secret create "$C" - >/dev/null
	echo shown | e config create "$C" - >/dev/null
	service --replicas 3 --secret "source=$C,target=s,uid=1000,mode=0400" --config "source=$C,target=/etc/c" -- sleep 1000
	until_true 120 run_tasks 3
	local n
	for n in "${NODES[@]}"; do
		[ "$(on "$n" exec "$(first_on "$n")" cat /run/secrets/s /etc/c | xargs)" = "hidden shown" ]
		[ "$(on "$n" exec "$(first_on "$n")" stat -c %u:%a /run/secrets/s)" = 1000:400 ]
		run on "$n" exec "$(first_on "$n")" sh -c 'echo x >/run/secrets/s'
		[ "$status" -ne 0 ]
	done
}

@test "an overlay network joins tasks on different nodes" {
	overlay_here || skip "no vxlan in this kernel"
	e network create -d overlay --attachable "$C" >/dev/null
	service --mode global --network "$C" --endpoint-mode dnsrr -- httpd -f -h /web
	until_true 120 run_tasks 3
	local address n
	address=$(on 3 inspect --format "{{(index .NetworkSettings.Networks \"$C\").IPAddress}}" "$(first_on 3)")
	for n in 1 2; do
		until_true 60 eval '[ "$(on '$n' exec "$(first_on '$n')" wget -T 5 -qO- "http://'"$address"'/")" = page ]'
	done
	[ "$(on 1 exec "$(first_on 1)" nslookup "$C" 2>/dev/null | grep -c '^Address:* *[0-9]* *:* *10\.')" -ge 3 ]
}

overlay_here() {
	ip link add vxlan-here type vxlan id 42 dstport 4790 && ip link del vxlan-here
}

@test "a port of the host's reaches a task on each node" {
	service --mode global --publish mode=host,published=18080,target=80 -- httpd -f -h /web
	until_true 120 run_tasks 3
	local n
	for n in "${NODES[@]}"; do
		until_true 20 eval '[ "$(busybox wget -qO- http://192.0.2.'"$n"':18080/)" = page ]'
	done
}

@test "a node that dies: its tasks are made anew on the others; it comes back" {
	service --replicas 8 -- sleep 1000
	until_true 120 run_tasks 8
	kill_node 3
	until_true 120 node_is 3 down
	until_true 120 eval '[ $(($(containers 1) + $(containers 2))) -eq 8 ]'
	rm -f "$WORK/node3/pid"
	start_node 3
	until_true 180 node_is 3 ready
	e service update -q -d --force --no-resolve-image --update-parallelism 0 "$C" >/dev/null
	until_true 180 eval '[ "$(containers 3)" -ge 2 ]'
	until_true 60 run_tasks 8
}

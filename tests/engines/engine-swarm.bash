# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A Swarm of three dockers on machines of their own, as far as namespaces make machines: network, processes,
# mounts, host name.  e talks to the first, which manages; on N ... to node N.

# shellcheck source=tests/engines/engine-docker.bash
. "$BATS_TEST_DIRNAME/engine-docker.bash"

NODES=(1 2 3)

start_engine() {
	local n token
	make_runtime
	make_archive
	mkdir -p /etc/docker /etc/containerd
	containerd_config >/etc/containerd/config.toml
	docker_config >/etc/docker/daemon.json
	ip link add nodes type bridge
	ip addr add 192.0.2.254/24 dev nodes
	ip link set nodes up
	for n in "${NODES[@]}"; do
		node_network "$n"
		start_node "$n"
	done
	for n in "${NODES[@]}"; do
		until_true 180 eval "on $n version >/dev/null 2>&1" || { tail "$WORK/node$n.log"; return 1; }
		on "$n" load -q -i "$ARCHIVE" >/dev/null
		on "$n" tag bb:latest bb:newer
	done
	e swarm init --advertise-addr 192.0.2.1 >/dev/null
	token=$(e swarm join-token -q worker)
	for n in 2 3; do
		on "$n" swarm join --token "$token" --advertise-addr "192.0.2.$n" 192.0.2.1:2377 >/dev/null
	done
}

# live-restore and a Swarm exclude each other.
docker_config() {
	jq -n --arg path "$WORK/runtime" '{ "default-runtime": "tested", runtimes: { tested: { path: $path } },
		"storage-driver": "overlay2" }'
}

node_network() {
	ip netns add "node$1"
	ip link add "node$1" type veth peer name eth0 netns "node$1"
	ip link set "node$1" master nodes up
	ip -n "node$1" addr add "192.0.2.$1/24" dev eth0
	ip -n "node$1" link set eth0 up
	ip -n "node$1" link set lo up
	ip -n "node$1" route add default via 192.0.2.254
}

# start_node N: its first process is in $WORK/nodeN.pid, and with it go all others
start_node() {
	mkdir -p "$WORK/node$1"
	nsenter --net="/run/netns/node$1" unshare --mount --uts --ipc --pid --fork --kill-child --mount-proc --propagation private \
		"$BASH" "$BATS_TEST_DIRNAME/node" "$1" "$WORK/node$1" >>"$WORK/node$1.log" 2>&1 3>&- &
	echo $! >"$WORK/node$1.pid"
}

# kill_node N: as if its machine had lost its power
kill_node() {
	local pid
	read -r pid <"$WORK/node$1.pid"
	kill -9 "$pid"
	until_true 20 eval "! kill -0 $pid 2>/dev/null"
	until_true 20 eval "! pgrep -f '$WORK/node$1/data' >/dev/null"
}

stop_engine() {
	local n
	for n in "${NODES[@]}"; do
		kill_node "$n"
	done
}

# on N ARGUMENTS OF DOCKER...
on() {
	docker -H "unix:///run/node$1.sock" "${@:2}"
}

e() {
	on 1 "$@"
}

remove() {
	e service rm "$@"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The network of VM mode in the test machine: one machine in a namespace that was there before, most
# tests share it; one whose namespace gets its interface between create and start, as docker does it.
# tests/vm/run --smp=1 --env=HULL=... tests/vm/microvm-net.bats

bats_require_minimum_version 1.5.0
load ../system/helpers
load microvm

setup_file() {
	need_microvm
	command -v ip >/dev/null || skip "ip is missing (Debian: iproute2)"
	modprobe tun
	make_machine sh cat echo sleep ip ping rm grep wget httpd nslookup md5sum ls head arp
	head -c 3145728 /dev/urandom >"$M/rw/data"
	make_network
	config '.process.terminal = false | .root.readonly = false |
		.process.args = ["sh", "-c", "ip addr; ip route; while :; do sleep 1; done"] |
		.linux.resources.memory.limit = 67108864 |
		.process.capabilities |= map_values(. + ["CAP_NET_RAW", "CAP_NET_ADMIN"]) |
		.linux.namespaces |= map(if .type == "network" then .path = "/run/netns/hull-vm" else . end) |
		.mounts += [{destination: "/rw", source: $rw, type: "bind", options: ["rbind"]}]' --arg rw "$M/rw"
	start_machine
	# bats waits for who has its descriptors.
	"$BUSYBOX" httpd -f -p 8080 -h "$M/rw" >/dev/null 2>&1 3>&- 4>&- &
	echo $! >"$M/httpd"
	inside 'httpd -p 8080 -h /rw'
}

teardown_file() {
	[ ! -e "${M:-/nowhere}/httpd" ] || kill "$(cat "$M/httpd")" || true
	remove_machines machine
	ip netns del hull-vm 2>/dev/null || true
}

# As an engine would: two ends, addresses, routes with metrics, a static neighbour.
make_network() {
	ip link set lo up
	ip netns add hull-vm
	ip link add host0 mtu 9000 type veth peer name eth0 mtu 9000 netns hull-vm
	ip addr add 10.88.0.1/24 dev host0
	ip addr add fd00:88::1/64 dev host0 nodad
	ip link set host0 up
	there ip link set lo up
	there ip addr add 10.88.0.2/24 broadcast 10.88.0.255 dev eth0
	there ip addr add fd00:88::2/64 dev eth0 nodad
	there ip link set eth0 up
	there ip route add default via 10.88.0.1 metric 123 mtu 1500
	there ip -6 route add default via fd00:88::1 metric 77
	there ip neigh add 10.88.0.9 lladdr 02:01:02:03:04:05 dev eth0 nud permanent
}

there() {
	nsenter --net=/run/netns/hull-vm "$@"
}

# Waits for a later change to arrive.
until_inside() {
	for _ in $(seq 30); do
		! inside "$*" || return 0
		sleep 1
	done
	return 1
}

sum() {
	md5sum <"$M/rw/data"
}

@test "vm net: the interface has its name, address, MTU and routes before the program runs" {
	cat "$M/out"
	grep -q 'eth0: .*UP.* mtu 9000 ' "$M/out"
	grep -q 'inet 10.88.0.2/24 .*brd 10.88.0.255 ' "$M/out"
	grep -q 'inet6 fd00:88::2/64 ' "$M/out"
	grep -q '^default via 10.88.0.1 dev eth0 .*metric 123' "$M/out"
	run inside 'ip -6 route; arp -n; ip link; ls /sys/class/net'
	[[ "$output" == *"default via fd00:88::1 dev eth0"*"metric 77"* ]]
	[[ "$output" == *"02:01:02:03:04:05"* ]]
	[[ "$output" != *eth1* ]]
	[[ "$output" == *"$(there cat /sys/class/net/eth0/address)"* ]]
}

@test "vm net: ping both ways, v4 and v6" {
	inside 'ping -c 3 -W 10 10.88.0.1'
	inside 'ping -c 3 -W 10 fd00:88::1'
	"$BUSYBOX" ping -c 3 -W 10 10.88.0.2
	"$BUSYBOX" ping -c 3 -W 10 fd00:88::2
}

@test "vm net: 3 MB over TCP arrive whole, in both directions, v4 and v6" {
	[ "$(inside 'wget -q -O- http://10.88.0.1:8080/data | md5sum')" = "$(sum)" ]
	[ "$("$BUSYBOX" wget -q -O- http://10.88.0.2:8080/data | md5sum)" = "$(sum)" ]
	[ "$(inside 'wget -q -O- "http://[fd00:88::1]:8080/data" | md5sum')" = "$(sum)" ]
	[ "$("$BUSYBOX" wget -q -O- "http://[fd00:88::2]:8080/data" | md5sum)" = "$(sum)" ]
}

# A name server that knows one address; its questions and answers are UDP.
name_server() {
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(LocalAddr => "10.88.0.1", LocalPort => 53, Proto => "udp") or die;
		alarm 120;
		while ($s->recv(my $q, 512)) {
			my $a = unpack("n", substr($q, -4, 2)) == 1;
			$s->send(substr($q, 0, 2) . pack("n5", 0x8180, 1, $a ? 1 : 0, 0, 0) . substr($q, 12) .
				($a ? pack("n3NnC4", 0xc00c, 1, 1, 60, 4, 203, 0, 113, 77) : ""));
		}' >/dev/null 2>&1 3>&- 4>&- &
	NAME_SERVER=$!
}

@test "vm net: UDP both ways" {
	command -v perl >/dev/null || skip "perl is missing"
	name_server
	run inside 'sleep 2; nslookup a.example 10.88.0.1'
	kill "$NAME_SERVER"
	echo "$output"
	[[ "$output" == *203.0.113.77* ]]
}

@test "vm net: packets of 9000 bytes" {
	inside 'ping -c 2 -W 10 -s 8972 10.88.0.1'
	"$BUSYBOX" ping -c 2 -W 10 -s 8972 10.88.0.2
}

@test "vm net: the monitor and its helper: one capability each at most, and a filter" {
	local pid found=0
	grep -q '^CapEff:	0000000000000000$' "/proc/$(cat "$M/pid")/status"
	for pid in $(pidof hull-vmm); do
		[[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" == *"--network "* ]] || continue
		found=1
		grep -E '^(Cap|NoNew|Seccomp)' "/proc/$pid/status"
		grep -q '^CapEff:	0000008000001000$' "/proc/$pid/status" # NET_ADMIN, BPF
		grep -q '^NoNewPrivs:	1$' "/proc/$pid/status"
		grep -q '^Seccomp:	2$' "/proc/$pid/status"
	done
	[ $found = 1 ]
}

@test "vm net: addresses, routes and the MTU that change later" {
	there ip addr add 10.99.0.2/24 dev eth0
	there ip route add 192.0.2.0/24 via 10.88.0.1
	until_inside 'ip route | grep -q "192.0.2.0/24 via 10.88.0.1"'
	ip addr add 10.99.0.1/24 dev host0
	inside 'ping -c 2 -W 10 10.99.0.1'
	there ip addr del 10.99.0.2/24 dev eth0
	until_inside '! ip addr | grep -q 10.99.0.2'
	ip link set host0 mtu 1400
	there ip link set eth0 mtu 1400
	until_inside 'ip link show eth0 | grep -q "mtu 1400 "'
	inside 'ping -c 2 -W 10 -s 1372 10.88.0.1'
	[ "$(inside 'wget -q -O- http://10.88.0.1:8080/data | md5sum')" = "$(sum)" ]
	[ "$("$BUSYBOX" wget -q -O- http://10.88.0.2:8080/data | md5sum)" = "$(sum)" ]
}

@test "vm net: an interface that comes later, and goes" {
	ip link add host1 type veth peer name tmp1 netns hull-vm
	ip addr add 10.77.0.1/24 dev host1
	ip link set host1 up
	there ip link set tmp1 name eth1
	there ip addr add 10.77.0.2/24 dev eth1
	there ip link set eth1 up
	until_inside 'ip addr show eth1 | grep -q 10.77.0.2/24'
	inside 'ping -c 2 -W 10 10.77.0.1'
	"$BUSYBOX" ping -c 2 -W 10 10.88.0.2
	ip link del host1
	until_inside '! ip link | grep -q eth1'
	"$BUSYBOX" ping -c 2 -W 10 10.88.0.2
}

@test "vm net: delete leaves no tap and no process" {
	h delete --force machine
	run ! pidof hull-vmm
	run there ip link
	[[ "$output" != *hulltap* ]]
}

@test "vm net: a new namespace gets its interface between create and start" {
	local pid
	cd "$M"
	config '.linux.namespaces |= map(if .type == "network" then del(.path) else . end) |
		.process.args = ["sh", "-c", "ip addr; ping -c 2 -W 10 10.66.0.1"]'
	h create --isolation=vm --pid-file "$M/pid" late >"$M/out" 2>&1 </dev/null
	pid=$(cat "$M/pid")
	ip link add host2 type veth peer name eth0 netns "$pid"
	ip addr add 10.66.0.1/24 dev host2
	ip link set host2 up
	nsenter --net="/proc/$pid/ns/net" ip addr add 10.66.0.2/24 dev eth0
	nsenter --net="/proc/$pid/ns/net" ip link set eth0 up
	h start late
	for _ in $(seq 60); do
		[ "$(h state late | jq -r .status)" != stopped ] || break
		sleep 1
	done
	cat "$M/out"
	grep -q '10.66.0.2/24' "$M/out"
	grep -q '2 packets received' "$M/out"
	h delete late
	run ! pidof hull-vmm
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# linux.netDevices: interfaces of the host move into the container.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	command -v ip >/dev/null || skip "ip is missing (Debian: iproute2)"
	# A namespace that plays the host, so that nothing of the real one moves.
	NETNS=hull-$$-$BATS_TEST_NUMBER
	ip netns add "$NETNS" || skip "no network namespace can be made"
	on_host ip link add dum0 type veth peer name peer0 || skip "no veth pairs in this kernel"
	config '.linux.netDevices = {"dum0": {}} | .process.args = ["sh", "-c", "ip addr; ip link"]'
}

teardown() {
	clean_up
	[ -z "${NETNS:-}" ] || ip netns del "$NETNS"
}

# nsenter leaves the mounts, and so the cgroups, as they are; `ip netns exec` does not.
on_host() {
	nsenter --net="/run/netns/$NETNS" "$@"
}

run_there() {
	run on_host "$HULL" --root "$STATES" run "$ID"
}

@test "a device keeps MTU, hardware address and global addresses, and is up" {
	on_host ip link set dum0 mtu 1444 address 02:11:22:33:44:55
	on_host ip addr add 10.9.8.7/24 broadcast 10.9.8.255 dev dum0
	on_host ip addr add 169.254.1.2/16 scope link dev dum0
	on_host ip addr add fd00:1::7/64 dev dum0
	run_there
	[ "$status" -eq 0 ]
	[[ $output == *dum0* && $output == *"mtu 1444"* && $output == *02:11:22:33:44:55* ]]
	[[ $output == *"inet 10.9.8.7/24 brd 10.9.8.255"* ]]
	[[ $output == *"inet6 fd00:1::7/64"* ]]
	[[ $output != *169.254.1.2* ]]
	[[ $output == *dum0@*UP* ]]
	! on_host ip link show dum0
}

@test "a device gets its new name, also with %d" {
	config '.linux.netDevices = {"dum0": {name: "eth7"}}'
	run_there
	[[ $output == *eth7* && $output != *dum0* ]]
	on_host ip link add dum0 type veth peer name peer1
	on_host ip addr add 10.9.8.7/24 dev dum0
	config '.linux.netDevices = {"dum0": {name: "net%d"}}'
	run_there
	[[ $output == *net0* && $output == *10.9.8.7/24* ]]
}

@test "a name that is taken, and a device that is missing, are errors" {
	config '.linux.netDevices = {"dum0": {name: "lo"}}'
	run_there
	[ "$status" -ne 0 ]
	[[ $output == *'linux.netDevices["dum0"]'* ]]
	on_host ip link show dum0
	config '.linux.netDevices = {"none0": {}}'
	run_there
	[ "$status" -ne 0 ]
	[[ $output == *'linux.netDevices["none0"]'*"no such device"* ]]
}

@test "with a user namespace, and into a namespace that is joined" {
	config '.linux.namespaces |= map(select(.type != "user")) + [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -R 100000:100000 rootfs
	run_there
	[ "$status" -eq 0 ]
	[[ $output == *dum0* ]]
	ip netns add "two-$NETNS"
	on_host ip link add dum0 type veth peer name peer1
	config 'del(.linux.uidMappings, .linux.gidMappings)
		| .linux.namespaces |= map(select(.type != "user")
			| if .type == "network" then .path = $path else . end)' \
		--arg path "/run/netns/two-$NETNS"
	run_there
	left=$(ip -n "two-$NETNS" link)
	ip netns del "two-$NETNS"
	[[ $left == *dum0* ]]
}

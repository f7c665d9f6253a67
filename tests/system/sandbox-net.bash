# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A world for tests of `hull sandbox --net ALLOW`: hull's host is a network namespace with the addresses
# 203.0.113.2 and 2001:db8::2, whose way out leads to another one with servers; documentation addresses
# stand for public ones.
#
#	host (hull, pasta)  eth0 203.0.113.2 --- 203.0.113.1  servers: .1 DNS, .5 and .6, 2001:db8::5, 10.9.9.9

# What `inside the world` needs; skips what this machine has not.
world_setup() {
	local tool
	for tool in pasta nft ip nsenter python3; do
		command -v $tool >/dev/null || skip "no $tool here"
	done
	[ -c /dev/net/tun ] || skip "no /dev/net/tun here"
	WORLD=$BATS_TEST_TMPDIR/world
	mkdir -p "$WORLD"
	echo 'nameserver 203.0.113.1' >"$WORLD/resolv.conf"
	cp "$BATS_TEST_DIRNAME/../system/net-client.py" "$WORLD/client.py"
	unshare -n sleep 1000 3>&- &
	HOST_NET=$!
	unshare -n sleep 1000 3>&- &
	WORLD_NET=$!
	wait_for_net $HOST_NET
	wait_for_net $WORLD_NET
	make_links
	start_servers
	chmod -R a+rX "$WORLD"
}

wait_for_net() {
	local own i
	own=$(readlink /proc/self/ns/net)
	for i in $(seq 100); do
		[ "$(readlink /proc/"$1"/ns/net)" = "$own" ] || return 0
		sleep 0.1
	done
	return 1
}

in_host() {
	nsenter --net=/proc/$HOST_NET/ns/net -- "$@"
}

in_world() {
	nsenter --net=/proc/$WORLD_NET/ns/net -- "$@"
}

make_links() {
	local a
	in_host ip link set lo up
	in_world ip link set lo up
	in_host ip link add eth0 type veth peer name world netns $WORLD_NET
	in_host ip addr add 203.0.113.2/24 dev eth0
	in_host ip -6 addr add 2001:db8::2/64 dev eth0 nodad
	in_host ip link set eth0 up
	for a in 203.0.113.1/24 203.0.113.5/24 203.0.113.6/24 10.9.9.9/24 169.254.169.254/16; do
		in_world ip addr add $a dev world
	done
	for a in 2001:db8::1/64 2001:db8::5/64; do
		in_world ip -6 addr add $a dev world nodad
	done
	in_world ip link set world up
	in_host ip route add default via 203.0.113.1
	in_host ip -6 route add default via 2001:db8::1
}

start_one() {
	local name=$1 i
	shift
	"$@" >"$WORLD/$name.out" 2>&1 3>&- &
	PIDS="${PIDS:-} $!"
	for i in $(seq 150); do
		! grep -q ready "$WORLD/$name.out" || return 0
		sleep 0.1
	done
	cat "$WORLD/$name.out"
	return 1
}

start_servers() {
	local py=$BATS_TEST_DIRNAME/../system/net-world.py
	: >"$WORLD/asked"
	start_one dns nsenter --net=/proc/$WORLD_NET/ns/net -- python3 "$py" dns 203.0.113.1 "$WORLD/asked" \
		good.example=203.0.113.5 good.example=2001:db8::5 alias.example='>good.example' sub.wild.example=203.0.113.6 \
		wild.example=203.0.113.6 big.example=203.0.113.5 big.example=2001:db8::5 other.example=203.0.113.6 \
		loop.example=127.0.0.1 private.example=10.9.9.9 meta.example=169.254.169.254 mixed.example=10.9.9.9 \
		mixed.example=203.0.113.5 six.example=::1 mapped.example=::ffff:10.9.9.9 host.example=203.0.113.2
	start_one servers nsenter --net=/proc/$WORLD_NET/ns/net -- python3 "$py" servers 203.0.113.5@80 203.0.113.5@443 \
		203.0.113.6@80 203.0.113.6@53 2001:db8::5@80 2001:db8::5@443 10.9.9.9@80 169.254.169.254@80 203.0.113.1@80
	start_one local nsenter --net=/proc/$HOST_NET/ns/net -- python3 "$py" servers 127.0.0.1@8080 203.0.113.2@8080 ::1@8080
}

world_teardown() {
	local pid
	for pid in ${PIDS:-} ${HOST_NET:-} ${WORLD_NET:-}; do
		kill "$pid" 2>/dev/null || true
	done
	wait
	# Nobody of any sandbox is left.
	! pgrep -f "hull-net .*$BATS_TEST_NUMBER.marker.example"
}

# net_box ALLOW OPTIONS -- CMD...: hull sandbox as $WHO, whose host is the world's.
net_box() {
	local allow=$1
	shift
	# A name of this test's own, by which its processes are found.
	set -- sandbox --net "$allow,$BATS_TEST_NUMBER.marker.example" "$@"
	if [ "${WHO:-root}" = user ]; then
		set -- setpriv --reuid $U --regid $U --clear-groups -- "$HULL" "$@"
	else
		set -- "$HULL" "$@"
	fi
	# shellcheck disable=SC2016 # of the other shell
	in_host unshare --mount --propagation private -- sh -c \
		'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"' sh "$WORLD/resolv.conf" "$@"
}

# try ALLOW TRIES...: what net-client.py says, in $output; the report in the file "report".
try() {
	local allow=$1
	shift
	rm -f report
	run net_box "$allow" --report report --file "$WORLD/client.py:/tmp/client.py" -- \
		env python3 /tmp/client.py "$@"
	echo "$output"
}

# came WHAT WHERE: of the line of `try`; refused: of one that got nothing.
came() {
	[[ $output == *"$1: this is ${2:-${1#* }}"* ]]
}

refused() {
	[[ $output == *"$1: no"* ]]
}

# denied FILTER: an entry of that kind is in the report.
denied() {
	jq -e ".net.denied | any($1)" report >/dev/null || { jq .net report && return 1; }
}

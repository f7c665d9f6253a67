#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# hull sandbox --net ALLOW: what it may reach, and what the report says.

bats_require_minimum_version 1.5.0
load helpers
load sandbox
load sandbox-net

setup() {
	sandbox_setup
	need_overlay
	world_setup
}

teardown() {
	world_teardown
	sandbox_teardown
}

@test "sandbox --net: a name with its port is reached, by IPv4 and IPv6, and nothing else" {
	for WHO in root user; do
		try good.example:80 tcp:good.example@80 tcp:203.0.113.5@80 tcp:2001:db8::5@80 udp:203.0.113.5@80 \
			tcp:good.example@443 tcp:203.0.113.6@80 tcp:other.example@80
		[ "$status" -eq 0 ]
		came "tcp good.example@80" 2001:db8::5@80 || came "tcp good.example@80" 203.0.113.5@80
		came "tcp 203.0.113.5@80" 203.0.113.5@80
		came "tcp 2001:db8::5@80" 2001:db8::5@80
		came "udp 203.0.113.5@80" 203.0.113.5@80
		refused "tcp good.example@443"
		refused "tcp 203.0.113.6@80"
		refused "tcp other.example@80"
		[ "$(report .net.mode)" = allow ]
		[ "$(report '.net.allowed[0]')" = good.example:80 ]
		denied '.name == "other.example" and .count >= 1'
		denied '.address == "203.0.113.5" and .port == 443 and .protocol == "tcp" and .count == 1'
		denied '.address == "203.0.113.6" and .port == 80'
		run ! denied '.name == "good.example"'
		fits_schema
	done
}

@test "sandbox --net: an address is reached only once its name was asked for" {
	try good.example tcp:203.0.113.5@80 tcp:good.example@80 tcp:203.0.113.5@443
	[[ ${lines[0]} == "tcp 203.0.113.5@80: no" ]]
	[[ ${lines[1]} == *"this is"* ]]
	came "tcp 203.0.113.5@443" 203.0.113.5@443
}

@test "sandbox --net: names below a domain, an alias, addresses and ranges with ports, several at once" {
	for WHO in root user; do
		try '*.wild.example:80,alias.example' tcp:sub.wild.example@80 tcp:wild.example@80 tcp:alias.example@443
		came "tcp sub.wild.example@80" 203.0.113.6@80
		refused "tcp wild.example@80"
		came "tcp alias.example@443" 203.0.113.5@443 || came "tcp alias.example@443" 2001:db8::5@443
		try '203.0.113.4/31:443,[2001:db8::5]:80,10.9.0.0/16' tcp:203.0.113.5@443 tcp:203.0.113.5@80 \
			tcp:2001:db8::5@80 tcp:2001:db8::5@443 tcp:10.9.9.9@80
		came "tcp 203.0.113.5@443" 203.0.113.5@443
		refused "tcp 203.0.113.5@80"
		came "tcp 2001:db8::5@80" 2001:db8::5@80
		refused "tcp 2001:db8::5@443"
		came "tcp 10.9.9.9@80" 10.9.9.9@80
	done
}

@test "sandbox --net: an answer that is too long for UDP is had by TCP" {
	for WHO in root user; do
		try big.example:80 tcp:big.example@80 tcp:big.example@443
		came "tcp big.example@80" 2001:db8::5@80 || came "tcp big.example@80" 203.0.113.5@80
		refused "tcp big.example@443"
	done
}

@test "sandbox --net: a range of everything is not the private ones" {
	try '0.0.0.0/0,::/0' tcp:203.0.113.6@80 tcp:2001:db8::5@80 tcp:10.9.9.9@80 tcp:169.254.169.254@80
	came "tcp 203.0.113.6@80" 203.0.113.6@80
	came "tcp 2001:db8::5@80" 2001:db8::5@80
	refused "tcp 10.9.9.9@80"
	refused "tcp 169.254.169.254@80"
	denied '.address == "169.254.169.254" and .port == 80'
}

@test "sandbox --net: its own loopback works" {
	run net_box good.example -- env python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 9999))
c = socket.create_connection(("127.0.0.1", 9999))
print("connected")'
	[ "$output" = connected ]
}

@test "sandbox --net: what is wrong with the list is said before anything runs" {
	run -125 box --net 10.0.0.1/8 -- touch ran
	[[ $output == *'net "10.0.0.1/8": expected ADDRESS/BITS with no bits set behind BITS'* ]]
	run -125 box --net 127.0.0.1:80 -- touch ran
	[[ $output == *"the host's is never reached"* ]]
	run -125 box --net none --net good.example -- touch ran
	[[ $output == *'net "good.example": none stands alone'* ]]
	run -125 box --net good.example:http -- touch ran
	[[ $output == *"expected a port from 1 to 65535"* ]]
	[ ! -e ran ]
}

@test "sandbox --net: a missing program is named with its package, and nothing runs" {
	local tool package
	for tool in pasta:passt nft:nftables; do
		package=${tool#*:}
		tool=$(realpath -s "$(command -v "${tool%:*}")")
		# shellcheck disable=SC2016 # of the other shell
		run -125 unshare --mount --propagation private -- sh -c 'mount --bind /dev/null "$1" && shift && exec "$@"' sh \
			"$tool" "$HULL" sandbox --net good.example --rw "$WORK" -- touch ran
		[[ $output == *"net: the program ${tool##*/} is missing"*"(Debian: apt-get install $package)"* ]]
		[ ! -e ran ]
	done
}

@test "sandbox --net: without a way out of the host it is an error that says so" {
	# shellcheck disable=SC2016 # of the other shell
	run -125 unshare --net -- "$HULL" sandbox --net good.example --rw "$WORK" -- touch ran
	[[ $output == *"net: "*pasta* ]]
	[ ! -e ran ]
}

@test "sandbox --net: a resolver of the host's that does not answer is a failure of the name alone" {
	echo 'nameserver 203.0.113.99' >"$WORLD/resolv.conf"
	try good.example,203.0.113.6:80 dns:127.0.0.53@good.example tcp:203.0.113.6@80
	refused "dns 127.0.0.53@good.example" || [[ $output == *"code 2 answers 0"* ]]
	came "tcp 203.0.113.6@80" 203.0.113.6@80
}

@test "sandbox --net: --explain and --print-bundle show it, and make nothing" {
	for WHO in root user; do
		run box --net good.example:443,10.9.0.0/16 --explain -- true
		[ "$status" -eq 0 ]
		[[ $output == *"network: its own, by "*"pasta, with rules of nftables by "*nft* ]]
		[[ $output == *"allowed: good.example:443"* ]]
		[[ $output == *"allowed: 10.9.0.0/16 (any port but those of DNS)"* ]]
		box --net good.example:443 --print-bundle -- true >config.json
		[[ $(jq -r '.linux.namespaces[] | select(.type == "network").path' config.json) == */sandbox-*/net ]]
		jq -e '.mounts | any(.destination == "/etc/resolv.conf")' config.json
	done
}

@test "sandbox --net: from a profile's file" {
	echo '{"net": ["good.example:80"]}' >profile.json
	run net_box_of profile.json
	[[ $output == *"this is"* ]]
}

# The same as net_box, with what the profile allows.
net_box_of() {
	# shellcheck disable=SC2016 # of the other shell
	in_host unshare --mount --propagation private -- sh -c \
		'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"' sh "$WORLD/resolv.conf" \
		"$HULL" sandbox --profile "$PWD/$1" --file "$WORLD/client.py:/tmp/client.py" -- \
		env python3 /tmp/client.py tcp:good.example@80
}

@test "sandbox --net: the recipe of the man page" {
	local page=$BATS_TEST_DIRNAME/../../man/hull-sandbox.1.scd
	[ -e "$page" ] || skip "no man pages here"
	awk '/^```/ { inside = !inside; next } inside && /--net/' "$page" >example
	[ -s example ]
	mkdir bin
	ln -s "$HULL" bin/hull
	PATH=$PWD/bin:$PATH in_host sh -eux example
	[ "$(jq -r .net.mode report.json)" = allow ]
}

@test "sandbox --net: the exit status, streams and limits are as ever" {
	for WHO in root user; do
		run net_box good.example -- sh -c 'cat; exit 7' <<<"through"
		[ "$status" -eq 7 ]
		[ "$output" = through ]
		run net_box good.example --wall 1s --report report -- sleep 60
		[ "$(report .verdict)" = wall_time ]
		[ "$(report .net.mode)" = allow ]
		rm report
	done
}

@test "sandbox --net: nothing is left when hull is killed" {
	local box i
	for WHO in root user; do
		net_box good.example --rw "$WORK" -- sh -c 'echo $$ >started; sleep 600' 3>&- &
		for i in $(seq 100); do
			[ ! -s started ] || break
			sleep 0.2
		done
		[ -s started ] || [ $WHO = root ] # root's program is nobody, who may not write here
		[ $WHO = user ] || sleep 3
		box=$(pgrep -f "^$HULL sandbox --net good.example,$BATS_TEST_NUMBER.marker.example")
		[ -n "$(pgrep -f "hull-net .*$BATS_TEST_NUMBER.marker.example")" ]
		kill -KILL $box
		for i in $(seq 50); do
			pgrep -f "hull-net .*$BATS_TEST_NUMBER.marker.example" || break
			sleep 0.1
		done
		run ! pgrep -f "hull-net .*$BATS_TEST_NUMBER.marker.example"
		! pgrep -f "pasta .*--netns /proc/" || sleep 1
		rm -f started
		# The next one clears its files away.
		box -- true
	done
}

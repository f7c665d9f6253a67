#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a program in a sandbox tries to reach beyond its allow-list.

bats_require_minimum_version 1.5.0
load ../system/helpers
load ../system/sandbox
load ../system/sandbox-net

setup() {
	sandbox_setup
	need_overlay
	world_setup
}

teardown() {
	world_teardown
	sandbox_teardown
}

@test "sandbox --net: no DNS server but its own is asked, not even at an allowed address" {
	for WHO in root user; do
		try good.example,203.0.113.6 dns:203.0.113.1@good.example dns:203.0.113.1@other.example \
			udp:203.0.113.6@53 tcp:203.0.113.6@53 tcp:203.0.113.6@80 dns:127.0.0.53@good.example
		refused "dns 203.0.113.1@good.example"
		refused "dns 203.0.113.1@other.example"
		refused "udp 203.0.113.6@53"
		refused "tcp 203.0.113.6@53"
		came "tcp 203.0.113.6@80" 203.0.113.6@80
		[[ $output == *"dns 127.0.0.53@good.example: code 0 answers 1"* ]]
		denied '.address == "203.0.113.1" and .port == 53 and .protocol == "udp"'
		denied '.address == "203.0.113.6" and .port == 53'
	done
	try 203.0.113.6:53 udp:203.0.113.6@53 # that is its port, by name
	came "udp 203.0.113.6@53" 203.0.113.6@53
}

@test "sandbox --net: names that are not allowed never leave the host" {
	try good.example dns:127.0.0.53@secret.other.example dns:127.0.0.53@good.example.other.example \
		dns:127.0.0.53@xgood.example dns:127.0.0.53@good.example
	[[ $output == *"127.0.0.53@secret.other.example: code 3 answers 0"* ]]
	denied '.name == "secret.other.example"'
	denied '.name == "good.example.other.example"'
	denied '.name == "xgood.example"'
	[ "$(sort -u "$WORLD/asked")" = "good.example 1" ]
}

@test "sandbox --net: only addresses are asked for: nothing goes out in other records" {
	run net_box good.example -- env python3 -c 'import socket, struct
for kind in 16, 65, 255, 12, 1:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect(("127.0.0.53", 53))
    s.send(struct.pack(">HHHHHH", 7, 256, 1, 0, 0, 0) + b"\4good\7example\0" + struct.pack(">HH", kind, 1))
    print(kind, struct.unpack(">HHHHHH", s.recv(1000)[:12])[3])'
	[[ $output == *$'16 0\n65 0\n255 0\n12 0\n1 1'* ]]
	[ "$(sort -u "$WORLD/asked")" = "good.example 1" ]
}

@test "sandbox --net: a name that leads to loopback, the private network or the metadata leads nowhere" {
	for WHO in root user; do
		try loop.example,private.example,meta.example,mixed.example,six.example,mapped.example \
			tcp:loop.example@8080 tcp:private.example@80 tcp:meta.example@80 tcp:six.example@8080 \
			tcp:mapped.example@80 tcp:mixed.example@80 tcp:10.9.9.9@80 tcp:169.254.169.254@80
		refused "tcp loop.example@8080"
		refused "tcp private.example@80"
		refused "tcp meta.example@80"
		refused "tcp six.example@8080"
		refused "tcp mapped.example@80"
		came "tcp mixed.example@80" 203.0.113.5@80
		refused "tcp 10.9.9.9@80"
		refused "tcp 169.254.169.254@80"
		denied '.name == "loop.example" and .address == "127.0.0.1"'
		denied '.name == "private.example" and .address == "10.9.9.9"'
		denied '.name == "meta.example" and .address == "169.254.169.254"'
		denied '.name == "mixed.example" and .address == "10.9.9.9"'
	done
	try private.example,10.9.0.0/16:80 tcp:private.example@80 # a range allows it
	came "tcp private.example@80" 10.9.9.9@80
}

@test "sandbox --net: the host's loopback and its own address are not the program's" {
	for WHO in root user; do
		try good.example,host.example,203.0.113.1 tcp:127.0.0.1@8080 tcp:::1@8080 tcp:203.0.113.2@8080 \
			tcp:host.example@8080 tcp:203.0.113.1@8080
		refused "tcp 127.0.0.1@8080"
		refused "tcp ::1@8080"
		refused "tcp 203.0.113.2@8080"
		refused "tcp host.example@8080"
		refused "tcp 203.0.113.1@8080" # the gateway, which pasta could map to loopback
	done
}

@test "sandbox --net: no UDP, no ICMP, no IPv6 around it" {
	for WHO in root user; do
		try good.example:80 udp:203.0.113.6@80 udp:2001:db8::5@80 tcp:2001:db8::5@80 ping:203.0.113.6 ping:2001:db8::5 \
			tcp:fe80::1%eth0@80 udp:ff02::1%eth0@5353 udp:255.255.255.255@80
		! [[ $output == *": this is"* || $output == *": echo"* ]]
		denied '.address == "2001:db8::5" and .protocol == "udp"'
	done
}

@test "sandbox --net: rules, links and addresses are not the program's to change, as whatever user it is" {
	for WHO in root user; do
		for uid in 0 1000; do
			[ $WHO$uid != root1000 ] || continue # root's is one user, and a sandbox needs its 0
			run net_box good.example --uid $uid -- env python3 -c 'import socket, fcntl, struct
def attempt(what, call):
    try:
        call()
        print("ESCAPED", what)
    except OSError:
        pass
def deltable():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
    def m(kind, flags, family, id, body=b""):
        return struct.pack("=IHHII", 20 + len(body), kind, flags, 1, 0) + struct.pack(">BBH", family, 0, id) + body
    s.settimeout(3)
    s.send(m(16, 1, 0, 10) + m(10 << 8 | 2, 5, 1, 0, struct.pack("=HH", 9, 1) + b"hull\0\0\0\0") + m(17, 1, 0, 10))
    if struct.unpack("=i", s.recv(1000)[16:20])[0] != 0:
        raise OSError
def down():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fcntl.ioctl(s, 0x8914, struct.pack("16sh22x", b"lo", 0))
attempt("nft", deltable)
attempt("link", down)
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 255))
attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 768))
attempt("port 53", lambda: socket.socket().bind(("127.0.0.1", 53)))
attempt("mark", lambda: socket.socket().setsockopt(1, 36, 1))
for path in ("ip_forward", "conf/all/forwarding", "ip_unprivileged_port_start"):
    attempt(path, lambda: open("/proc/sys/net/ipv4/" + path, "w").write("0"))
print("done")'
			[ "$output" = "done" ] || { echo "$output" && false; }
		done
	done
}

@test "sandbox --net: no new namespace gives rights over the network" {
	for WHO in root user; do
		run net_box good.example --uid 0 -- sh -c 'unshare -Ur nft flush ruleset; nft flush ruleset; nsenter -t 1 -n true
			for ns in /proc/[0-9]*/ns/net; do nsenter --net=$ns nft flush ruleset; done; ls /proc | grep -c "^[0-9]"; true'
		[ "$status" -eq 0 ]
	done
	try good.example tcp:203.0.113.6@80
	refused "tcp 203.0.113.6@80"
}

@test "sandbox --net: its helpers are out of reach" {
	for WHO in root user; do
		run net_box good.example -- sh -c 'ls /proc | grep "^[0-9]" | while read p; do tr "\0" " " </proc/$p/cmdline; done'
		[[ $output != *hull-net* && $output != *pasta* ]]
		run net_box good.example -- sh -c 'kill -9 -1; echo alive'
		[[ $output == *alive* ]]
	done
}

@test "sandbox --net: its helpers have given up what they do not need" {
	local pid n
	for WHO in root user; do
		net_box good.example -- sleep 432 3>&- &
		until_true pgrep -f '^sleep 432'
		n=0
		for pid in $(pgrep -f "hull-net .*$BATS_TEST_NUMBER.marker.example"); do
			[ "$(readlink /proc/$pid/exe)" != "$HULL" ] || continue
			n=$((n + 1))
			grep -qx 'Seccomp:.2' /proc/$pid/status
			grep -qx 'NoNewPrivs:.1' /proc/$pid/status
			# The first nothing, the second CAP_NET_ADMIN of its own user namespace.
			grep -qx "CapPrm:.$([ $n = 1 ] && echo 0000000000000000 || echo 0000000000001000)" /proc/$pid/status
			[ $n = 1 ] || [ "$(readlink /proc/$pid/ns/user)" != "$(readlink /proc/self/ns/user)" ]
		done
		[ $n = 2 ]
		kill -KILL "$(pgrep -f '^sleep 432')"
		wait %% || :
	done
}

@test "sandbox --net: a flood of questions and of packets ends with a bounded report" {
	run net_box good.example --wall 20s --report report -- env python3 -c 'import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("127.0.0.53", 53))
for i in range(3000):
    name = b"%05d" % i
    try:
        s.send(struct.pack(">HHHHHH", i, 256, 1, 0, 0, 0) + b"\5" + name + b"\7example\0" + b"\0\1\0\1")
        s.send(b"\0" * (i % 200))
    except OSError:
        pass
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(3000):
    try:
        u.sendto(b"x", ("198.51.100.%d" % (i % 250 + 1), i % 60000 + 1))
    except OSError:
        pass'
	[ "$status" -eq 0 ]
	[ "$(report '.net.denied | length <= 128')" = true ]
	[ "$(report '.net.denied_more > 0')" = true ]
	[ "$(report '.net.cut_off')" = false ]
	fits_schema
}

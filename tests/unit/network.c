/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The helper for a machine's network, in namespaces of the test's: packets through taps, changes.
 */
#include "microvm/network.h"
#include "base/own.h"
#include "lc_test.h"
#include "sys/netlink.h"
#include "veth.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct lc_error e;
static struct network network;
static struct net_state now;
static int sock, outside, inside; /* rtnetlink, and two namespaces; the test is in the second */

static int this_namespace(void)
{
	return openat(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void enter(void)
{
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		SKIP("a network namespace cannot be made: %s", lc_errno_text(errno));
	outside = this_namespace();
	CHECK_INT(unshare(CLONE_NEWNET), 0);
	inside = this_namespace();
	sock = nl_open(0, &e);
	CHECK(sock >= 0);
}

static int index_of(const char *name)
{
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, name, strlen(name));
	return ioctl(sock, SIOCGIFINDEX, &r) < 0 ? 0 : r.ifr_ifindex;
}

static void set(const char *name, const char *new_name, unsigned up, uint32_t mtu)
{
	struct ifinfomsg info = { .ifi_index = index_of(name),
				  .ifi_flags = up,
				  .ifi_change = IFF_UP };
	struct nl_request r;

	nl_begin(&r, RTM_NEWLINK, 0, &info, sizeof(info));
	if (new_name)
		nl_add(&r, IFLA_IFNAME, new_name, strlen(new_name) + 1);
	if (mtu)
		nl_add_u32(&r, IFLA_MTU, mtu);
	CHECK_INT(nl_do(sock, &r), 0);
}

static void set_outside(const char *name, unsigned up)
{
	int saved = sock;

	CHECK_INT(setns(outside, CLONE_NEWNET), 0);
	sock = nl_open(0, &e);
	set(name, NULL, up, 0);
	close(sock);
	sock = saved;
	CHECK_INT(setns(inside, CLONE_NEWNET), 0);
}

/* The peer is outside. */
static void add_pair(const char *name, const char *peer, uint32_t mtu)
{
	veth_add(sock, name, peer, outside, mtu);
	set(name, NULL, IFF_UP, mtu);
	set_outside(peer, IFF_UP);
}

static void remove_link(const char *name)
{
	struct ifinfomsg info = { .ifi_index = index_of(name) };
	struct nl_request r;

	nl_begin(&r, RTM_DELLINK, 0, &info, sizeof(info));
	CHECK_INT(nl_do(sock, &r), 0);
}

static void add_address(const char *name, const char *text)
{
	struct ifaddrmsg info = { .ifa_family = AF_INET,
				  .ifa_prefixlen = 24,
				  .ifa_index = (uint32_t)index_of(name) };
	struct nl_request r;
	uint8_t address[4];

	inet_pton(AF_INET, text, address);
	nl_begin(&r, RTM_NEWADDR, NLM_F_CREATE, &info, sizeof(info));
	nl_add(&r, IFA_LOCAL, address, 4);
	CHECK_INT(nl_do(sock, &r), 0);
}

static int open_tap(void)
{
	int fd = openat(AT_FDCWD, "/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		SKIP("/dev/net/tun: %s", lc_errno_text(errno));
	return fd;
}

/* Whether this kernel has what packets are redirected with. */
static void look(void)
{
	if (network_look(&network, &now, &e) == 0)
		return;
	if (strstr(e.msg, "redirect packets"))
		SKIP("%s", e.msg);
	FAIL("%s", e.msg);
}

/* ---- packets ---- */

static int open_wire(const char *name)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct ifreq r = { 0 };
	int fd;

	CHECK_INT(setns(outside, CLONE_NEWNET), 0);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	memcpy(r.ifr_name, name, strlen(name));
	CHECK_INT(ioctl(fd, SIOCGIFINDEX, &r), 0);
	address.sll_ifindex = r.ifr_ifindex;
	CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_INT(setns(inside, CLONE_NEWNET), 0);
	return fd;
}

enum { MARK = 0x88b5 }; /* for experiments */

static void fill(uint8_t *p, size_t len, uint8_t seed)
{
	memset(p, 0xff, 6);
	memcpy(p + 6, "\2\0\0\0\0\7", 6);
	p[12] = MARK >> 8;
	p[13] = MARK & 0xff;
	for (size_t i = 14; i < len; i++)
		p[i] = (uint8_t)(i * seed);
}

/* Whether @fd gives the packet at @p, behind a header of @header bytes; others are the kernel's. */
static bool comes(int fd, const uint8_t *p, size_t len, size_t header)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	static uint8_t got[9100];

	while (poll(&ready, 1, 300) > 0) {
		ssize_t n = read(fd, got, sizeof(got));

		if (n == (ssize_t)(len + header) && !memcmp(got + header, p, len))
			return true;
	}
	return false;
}

/* An interface drops what it gets in the moment after it came up. */
static void check_passes(int from, int to, const uint8_t *p, size_t len, size_t header_from,
			 size_t header_to)
{
	for (int tries = 0; tries < 30; tries++) {
		CHECK_INT(write(from, p, len), len);
		if (comes(to, p + header_from, len - header_from, header_to))
			return;
	}
	FAIL("a packet of %zu bytes does not come through", len);
}

static void check_both_ways(int tap, const char *peer, size_t len)
{
	static uint8_t p[9100];
	int wire = open_wire(peer);

	fill(p, len, 3);
	check_passes(wire, tap, p, len, 0, 12);
	memset(p, 0, 12);
	fill(p + 12, len, 5);
	check_passes(tap, wire, p, len + 12, 12, 0);
	close(wire);
}

static const struct net_item *link_named(const char *name)
{
	for (size_t i = 0; i < now.n; i++)
		if (now.v[i].kind == NET_LINK && !strcmp(now.v[i].name, name))
			return &now.v[i];
	FAIL("there is no interface %s", name);
}

static bool has_address(const char *text)
{
	uint8_t address[16] = { 0 };

	inet_pton(AF_INET, text, address);
	for (size_t i = 0; i < now.n; i++)
		if (now.v[i].kind == NET_ADDRESS && !memcmp(now.v[i].address, address, 16))
			return true;
	return false;
}

static int taps[3];

static void begin(unsigned n)
{
	enter();
	for (unsigned i = 0; i < n; i++)
		taps[i] = open_tap();
	CHECK_OK(network_init(&network, taps, n, &e), &e);
}

TEST(packets_go_both_ways_and_whole)
{
	begin(3);
	add_pair("eth0", "wire0", 1500);
	add_pair("eth1", "wire1", 9000);
	look();
	CHECK_INT(link_named("eth1")->mtu, 9000);
	check_both_ways(taps[link_named("eth0")->link], "wire0", 60);
	check_both_ways(taps[link_named("eth0")->link], "wire0", 1514);
	check_both_ways(taps[link_named("eth1")->link], "wire1", 9014);
}

TEST(the_taps_are_nobodys_interfaces)
{
	begin(2);
	add_pair("eth0", "wire0", 1500);
	look();
	CHECK_INT(index_of(TAP_PREFIX "0") > 0, true);
	look();
	for (size_t i = 0; i < now.n; i++)
		CHECK(strncmp(now.v[i].name, TAP_PREFIX, strlen(TAP_PREFIX)) != 0);
	CHECK_INT(now.v[0].link, 0);
}

/* As `docker network connect` and disconnect do it. */
TEST(interfaces_come_and_go_and_their_numbers_are_told_first)
{
	begin(1);
	add_pair("eth0", "wire0", 1500);
	look();
	remove_link("eth0");
	add_pair("eth1", "wire1", 1400);
	look();
	CHECK_INT(now.n, 0); /* that it is gone */
	CHECK(network.again);
	look();
	CHECK_INT(link_named("eth1")->link, 0);
	CHECK(!network.again);
	check_both_ways(taps[0], "wire1", 1400);
}

TEST(addresses_names_and_mtu_are_seen)
{
	begin(1);
	add_pair("veth99", "wire0", 1500);
	add_address("veth99", "10.1.0.2");
	look();
	CHECK(has_address("10.1.0.2"));
	set("veth99", NULL, 0, 1500);
	set("veth99", "eth0", IFF_UP, 1280);
	look();
	CHECK_INT(link_named("eth0")->mtu, 1280);
	CHECK_INT(link_named("eth0")->flags, 1);
	check_both_ways(taps[0], "wire0", 1294);
}

TEST(more_interfaces_than_taps_are_refused)
{
	begin(1);
	add_pair("eth0", "wire0", 1500);
	look();
	add_pair("eth1", "wire1", 1500);
	CHECK_INT(network_look(&network, &now, &e), -1);
	CHECK_STR(e.msg, "interface eth1: a virtual machine has at most 1");
	network.n = 0;
	network.map.index[0] = 0;
	CHECK_INT(network_look(&network, &now, &e), -1);
	CHECK_STR(e.msg, "interface eth0: /dev/net/tun cannot be opened (modprobe tun)");
}

TEST(a_namespace_of_another_machine_is_refused)
{
	struct network second;
	int tap;

	begin(1);
	add_pair("eth0", "wire0", 1500);
	look();
	tap = open_tap();
	CHECK_OK(network_init(&second, &tap, 1, &e), &e);
	CHECK_INT(network_look(&second, &now, &e), -1);
	CHECK_CONTAINS(e.msg, "another virtual machine has it");
}

/* ---- the process ---- */

static struct network_message message;

static int hear(int hub)
{
	struct pollfd p = { .fd = hub, .events = POLLIN };

	if (poll(&p, 1, 5000) <= 0)
		return -1;
	return recv(hub, &message, sizeof(message), 0) > 0 ? (int)message.head.what : -1;
}

static void hear_state(int hub)
{
	int what;

	now.n = 0;
	while ((what = hear(hub)) == NETWORK_ITEMS) {
		memcpy(now.v + now.n, message.items, message.head.n * sizeof(*message.items));
		now.n += message.head.n;
	}
	if (what == NETWORK_FAILED && strstr(message.error.msg, "redirect packets"))
		SKIP("%s", message.error.msg);
	CHECK_INT(what, NETWORK_END);
}

TEST(the_process_tells_when_asked_and_then_of_changes_under_its_filter)
{
	int hub[2], status;
	pid_t pid;

	begin(1);
	add_pair("eth0", "wire0", 1500);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, hub), 0);
	pid = fork();
	if (pid == 0) {
		close(hub[0]);
		status = network_main(hub[1], taps, 1, &e) < 0 ? 1 : 0;
		/* Before _exit() a sanitizer would make calls that are not on the list. */
		syscall(SYS_exit_group, status);
	}
	close(hub[1]);
	add_address("eth0", "10.1.0.2");
	CHECK_INT(write(hub[0], "r", 1), 1);
	hear_state(hub[0]);
	CHECK(has_address("10.1.0.2"));
	add_address("eth0", "10.2.0.2");
	hear_state(hub[0]);
	CHECK(has_address("10.1.0.2") && has_address("10.2.0.2"));
	close(hub[0]);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

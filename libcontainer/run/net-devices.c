/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * linux.netDevices: moves network interfaces of the host into the container's namespace.
 *
 * The kernel keeps an interface's MTU and hardware address on the way, but takes it down and drops
 * its addresses: the permanent global ones are given back on the other side.
 */
#include "run/net-devices.h"
#include "base/own.h"
#include "run/process.h"
#include "sys/fd.h"
#include "sys/netlink.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { MAX_ADDRESSES = 64 };

struct address {
	struct ifaddrmsg info;
	uint32_t flags;
	unsigned char local[16], peer[16], broadcast[16];
	size_t local_len, peer_len, broadcast_len;
};

struct device {
	int index;
	struct address addresses[MAX_ADDRESSES];
	size_t n;
	bool too_many;
};

/* ---- on the host ---- */

static void take_index(void *ctx, const struct nlmsghdr *m)
{
	const struct ifinfomsg *info = NLMSG_DATA(m);

	*(int *)ctx = info->ifi_index;
}

/* Index of the interface of this name; -1 with errno. */
static int find_link(int sock, const char *name)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_request r;
	int index = 0;

	nl_begin(&r, RTM_GETLINK, 0, &info, sizeof(info));
	nl_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	if (nl_ask(sock, &r, RTM_NEWLINK, sizeof(info), take_index, &index) < 0)
		return -1;
	errno = ENODEV;
	return index > 0 ? index : -1;
}

static size_t copy_data(const struct rtattr *a, unsigned char to[16])
{
	size_t len = a ? RTA_PAYLOAD(a) : 0;

	if (len > 16)
		len = 0;
	if (len)
		memcpy(to, RTA_DATA(a), len);
	return len;
}

static void take_address(void *ctx, const struct nlmsghdr *m)
{
	struct device *d = ctx;
	const struct ifaddrmsg *info = NLMSG_DATA(m);
	const struct rtattr *flags = nl_find(m, sizeof(*info), IFA_FLAGS);
	struct address a = { .info = *info, .flags = info->ifa_flags };

	if ((int)info->ifa_index != d->index || info->ifa_scope != RT_SCOPE_UNIVERSE)
		return;
	if (flags && RTA_PAYLOAD(flags) == sizeof(a.flags))
		memcpy(&a.flags, RTA_DATA(flags), sizeof(a.flags));
	if (!(a.flags & IFA_F_PERMANENT))
		return;
	a.local_len = copy_data(nl_find(m, sizeof(*info), IFA_LOCAL), a.local);
	a.peer_len = copy_data(nl_find(m, sizeof(*info), IFA_ADDRESS), a.peer);
	a.broadcast_len = copy_data(nl_find(m, sizeof(*info), IFA_BROADCAST), a.broadcast);
	d->too_many = d->n == MAX_ADDRESSES;
	if (!d->too_many)
		d->addresses[d->n++] = a;
}

static int read_addresses(int sock, struct device *d)
{
	struct ifaddrmsg info = { .ifa_family = AF_UNSPEC };
	struct nl_request r;

	nl_begin(&r, RTM_GETADDR, NLM_F_DUMP, &info, sizeof(info));
	return nl_ask(sock, &r, RTM_NEWADDR, sizeof(info), take_address, d);
}

/* Moves it, under its new name. */
static int move_link(int sock, int index, pid_t pid, const char *new_name)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
				  .ifi_index = index,
				  .ifi_change = IFF_UP };
	uint32_t to = (uint32_t)pid;
	struct nl_request r;

	nl_begin(&r, RTM_NEWLINK, 0, &info, sizeof(info));
	nl_add(&r, IFLA_NET_NS_PID, &to, sizeof(to));
	nl_add(&r, IFLA_IFNAME, new_name, strlen(new_name) + 1);
	return nl_do(sock, &r);
}

/* ---- in the container ---- */

struct indices {
	int v[256];
	size_t n;
};

static void add_index(void *ctx, const struct nlmsghdr *m)
{
	struct indices *list = ctx;
	const struct ifinfomsg *info = NLMSG_DATA(m);

	if (list->n < ARRAY_SIZE(list->v))
		list->v[list->n++] = info->ifi_index;
}

static int list_links(int sock, struct indices *list)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_request r;

	list->n = 0;
	nl_begin(&r, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
	return nl_ask(sock, &r, RTM_NEWLINK, sizeof(info), add_index, list);
}

/* A name with "%d" was completed by the kernel: the interface is the one that was not there. */
static int find_new(int sock, const struct indices *before)
{
	struct indices after;

	if (list_links(sock, &after) < 0)
		return -1;
	for (size_t i = 0; i < after.n; i++) {
		bool known = false;

		for (size_t j = 0; j < before->n; j++)
			known |= after.v[i] == before->v[j];
		if (!known)
			return after.v[i];
	}
	errno = ENODEV;
	return -1;
}

static int give_address(int sock, int index, const struct address *a)
{
	struct ifaddrmsg info = a->info;
	struct nl_request r;

	info.ifa_index = (uint32_t)index;
	info.ifa_flags = 0;
	nl_begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
	if (a->local_len)
		nl_add(&r, IFA_LOCAL, a->local, a->local_len);
	if (a->peer_len)
		nl_add(&r, IFA_ADDRESS, a->peer, a->peer_len);
	if (a->broadcast_len)
		nl_add(&r, IFA_BROADCAST, a->broadcast, a->broadcast_len);
	return nl_do(sock, &r);
}

static int bring_up(int sock, int index)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
				  .ifi_index = index,
				  .ifi_flags = IFF_UP,
				  .ifi_change = IFF_UP };
	struct nl_request r;

	nl_begin(&r, RTM_NEWLINK, 0, &info, sizeof(info));
	return nl_do(sock, &r);
}

/* ---- both ---- */

/* A socket stays in the namespace it was made in: a process goes there and sends it back. */
static int open_and_send(int netns, int to)
{
	struct lc_error ignored;
	int fd;

	if (setns(netns, CLONE_NEWNET) < 0)
		return errno;
	fd = nl_open(0, &ignored);
	if (fd < 0)
		return ignored.sys_errno;
	return fd_send(to, "x", 1, &fd, 1) < 0 ? errno : 0;
}

static int open_in(pid_t pid, struct lc_error *e)
{
	char path[32], c;
	auto_fd netns = -1, pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	int pair[2], got = -1, status = 0;
	size_t n = 0;
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	netns = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return lc_err_errno(e, "open %s", path);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return lc_err_errno(e, "socketpair");
	child = sys_clone3(&args);
	if (child == 0)
		_exit(open_and_send(netns, pair[1]));
	close(pair[1]);
	if (child > 0)
		fd_recv(pair[0], &c, 1, &got, 1, &n);
	close(pair[0]);
	if (child < 0)
		return lc_err_errno(e, "clone");
	if (process_wait(pidfd, &status, e) < 0 || got < 0) {
		fd_release(&got);
		errno = status ? status : EPROTO;
		return lc_err_errno(e, "enter the container's network namespace");
	}
	return got;
}

static int move_device(int here, int there, pid_t pid, const struct plan_net_device *plan,
		       struct lc_error *e)
{
	const char *new_name = plan->rename ? plan->rename : plan->name;
	struct device d = { 0 };
	struct indices before;
	int index;

	d.index = find_link(here, plan->name);
	if (d.index < 0)
		return lc_err_errno(e, "find the interface");
	if (read_addresses(here, &d) < 0)
		return lc_err_errno(e, "read its addresses");
	if (d.too_many)
		return lc_err(e, LC_EUNSUPPORTED, "it has more than %d addresses", MAX_ADDRESSES);
	/* The kernel would notice only after the move, and a virtual interface would go with the
	 * namespace. */
	if (!strchr(new_name, '%') && find_link(there, new_name) >= 0)
		return lc_err(e, LC_ECONFIG, "the container has an interface %s already", new_name);
	if (list_links(there, &before) < 0)
		return lc_err_errno(e, "list the container's interfaces");
	if (move_link(here, d.index, pid, new_name) < 0)
		return lc_err_errno(e, "move it into the container as %s", new_name);
	index = strchr(new_name, '%') ? find_new(there, &before) : find_link(there, new_name);
	if (index < 0)
		return lc_err_errno(e, "find it again in the container");
	for (size_t i = 0; i < d.n; i++)
		if (give_address(there, index, &d.addresses[i]) < 0)
			return lc_err_errno(e, "give it its address %zu back", i);
	if (bring_up(there, index) < 0)
		return lc_err_errno(e, "bring it up in the container");
	return 0;
}

int net_devices_move(const struct plan *plan, pid_t pid, const struct lc_log *log,
		     struct lc_error *e)
{
	auto_fd here = -1, there = -1;

	if (!plan->net_devices.n)
		return 0;
	here = nl_open(0, e);
	there = here < 0 ? -1 : open_in(pid, e);
	if (there < 0)
		return lc_err_in(e, "linux.netDevices");
	for (size_t i = 0; i < plan->net_devices.n; i++) {
		const struct plan_net_device *d = &plan->net_devices.v[i];

		log_debug(log, "move network device %s", d->name);
		if (move_device(here, there, pid, d, e) < 0)
			return lc_err_in(e, "linux.netDevices[\"%s\"]", d->name);
	}
	return 0;
}
